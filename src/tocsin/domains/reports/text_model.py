"""The text model: how likely each code is for a text. A linear model over TF-IDF of ``text_features``, stored
as whole numbers in ``data/triage/model.npz``; ``benchmarks/triage_training.py`` makes it.

Reading it needs NumPy only. The file holds no pickles, so that loading it runs no code.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.domains.reports.text_features import features


class TextModel:
    """Softmax regression: one row of weights a code.

    Args:
        classes: the codes.
        vocabulary: features by name, in the order of the columns.
        idf: inverse document frequency of each feature, float32, shape (features,).
        weights: int8, shape (codes, features); times ``scale`` (codes,) they are the weights.
        bias: float32, shape (codes,).
    """

    def __init__(
        self,
        classes: list[str],
        vocabulary: list[str],
        idf: NDArray[np.float32],
        weights: NDArray[np.int8],
        scale: NDArray[np.float32],
        bias: NDArray[np.float32],
    ) -> None:
        self.classes = classes
        self._column = {name: column for column, name in enumerate(vocabulary)}
        self._idf = idf
        self._weights = weights
        self._scale = scale
        self._bias = bias

    @classmethod
    def load(cls, path: Path) -> TextModel:
        """Read a stored model."""
        with np.load(path, allow_pickle=False) as kept:
            return cls(
                str(kept["classes"]).split("\n"),
                str(kept["vocabulary"]).split("\n"),
                kept["idf"],
                kept["weights"],
                kept["scale"],
                kept["bias"],
            )

    def likely(self, text: str) -> dict[str, float]:
        """The probability of every code, 0 to 1; together they are 1."""
        counts = Counter(column for name in features(text) if (column := self._column.get(name)) is not None)
        columns = np.fromiter(counts, dtype=np.intp, count=len(counts))
        value = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))) * self._idf[
            columns
        ]
        value /= max(float(np.linalg.norm(value)), 1e-9)
        scores = (self._weights[:, columns].astype(np.float32) @ value) * self._scale + self._bias
        odds = np.exp(scores - scores.max())
        return dict(zip(self.classes, (odds / odds.sum()).tolist(), strict=True))


@lru_cache(maxsize=1)
def packaged_model() -> TextModel:
    """The model that comes with Tocsin."""
    with as_file(files("tocsin") / "data" / "triage" / "model.npz") as path:
        return TextModel.load(path)
