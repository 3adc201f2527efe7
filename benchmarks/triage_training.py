"""Train the text model of triage from the examples that come with Tocsin, and store it.

    python -m benchmarks.triage_training

Run it again after a change to ``data/triage/examples``, ``concepts.toml``, ``seen.jsonl`` or the taxonomy.
The unseen incidents are never read here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from tocsin.domains.reports.taxonomy import current
from tocsin.domains.reports.taxonomy_form import LANGUAGES
from tocsin.domains.reports.text_features import features

INCIDENTS = Path(__file__).parent / "incidents"
_DATA = Path(__file__).parents[1] / "src" / "tocsin" / "data" / "triage"


def pipeline(least: int = 2) -> Pipeline:
    """The text model before training; a feature has to stand in ``least`` texts."""
    return make_pipeline(
        TfidfVectorizer(analyzer=_features, min_df=least, sublinear_tf=True, dtype=np.float32),
        LogisticRegression(C=30, max_iter=300),
    )


def _features(text: str) -> list[str]:
    return list(features(text))


def examples() -> tuple[list[str], list[str]]:
    """Texts and their codes: the written examples, and each code's title with its explanation."""
    pairs = [
        (text, code)
        for path in sorted((_DATA / "examples").glob("*.toml"))
        for code, said in msgspec.toml.decode(path.read_bytes())["codes"].items()
        for language in LANGUAGES
        for text in said[language]
    ]
    pairs += [
        (f"{entry.title[one]}. {entry.text[one]}", entry.code) for entry in current() for one in LANGUAGES
    ]
    return [text for text, _ in pairs], [code for _, code in pairs]


def incidents(half: str) -> list[dict[str, Any]]:
    """The delivery incidents of one half: ``seen`` or ``unseen``."""
    return [json.loads(line) for line in (INCIDENTS / f"{half}.jsonl").read_text().splitlines()]


def train(seen: Sequence[dict[str, Any]]) -> Pipeline:
    """A model from the examples and these incidents, each under each of its codes."""
    texts, codes = examples()
    for incident in seen:
        texts += [incident["text"]] * len(incident["codes"])
        codes += incident["codes"]
    return pipeline().fit(texts, codes)


def store(model: Pipeline, path: Path) -> None:
    """Write a trained model as ``TextModel.load`` reads it: weights as whole numbers of eight bits."""
    words, linear = model[0], model[1]
    scale = (np.abs(linear.coef_).max(axis=1) / 127).astype(np.float32)
    np.savez_compressed(
        path,
        classes=np.array("\n".join(linear.classes_)),
        vocabulary=np.array("\n".join(words.get_feature_names_out())),
        idf=words.idf_.astype(np.float32),
        weights=np.rint(linear.coef_ / scale[:, None]).astype(np.int8),
        scale=scale,
        bias=linear.intercept_.astype(np.float32),
    )


if __name__ == "__main__":
    store(train(incidents("seen")), _DATA / "model.npz")
