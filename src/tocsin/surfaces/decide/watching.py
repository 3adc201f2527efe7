"""Drift of the models at work: counted in the host, written beside the log for others to read, and told as
metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tocsin.core.faults import said
from tocsin.engine.engine import Engine
from tocsin.engine.scores.observed import WATCHED_FILE, drift_of, read_watched, write_watched
from tocsin.engine.scores.watching import ModelWatch

log = logging.getLogger("tocsin.decide")

EVERY_S: Final = 60.0
"""How often what was counted is written down: what a crash may lose of it."""


class Watching:
    """Watches the models of an engine. Begun again when it goes on with other rules.

    A watch that fails is dropped until then: it is no reason to stop deciding.
    """

    def __init__(self, folder: Path) -> None:
        """``folder``: of the log."""
        self._file = folder / WATCHED_FILE
        self._watch: ModelWatch | None = None

    def begin(self, engine: Engine) -> None:
        """Look at every batch from now on."""
        self._engine = engine
        try:
            before = self._watch.watched() if self._watch is not None else read_watched(self._file)
            self._watch = ModelWatch(engine, before)
        except Exception:
            self._drop()
        engine.after_batch = self._look

    def _look(self, lanes: int) -> None:
        if self._watch is None:
            return
        try:
            self._watch.look(lanes)
        except Exception:
            self._drop()

    def _drop(self) -> None:
        self._watch = None
        log.exception("what models see is not counted until the rules change or decide starts again")

    def write(self) -> None:
        """Write down what was counted. A full disk is no reason to stop deciding."""
        if self._watch is None:
            return
        try:
            write_watched(self._file, self._watch.watched())
        except OSError as error:
            log.warning("what models see could not be written down: %s", said(error))

    def indices(self) -> Iterator[tuple[str, str, float]]:
        """Model, input, and its stability index over the last day; "score" for the score itself."""
        if self._watch is None:
            return
        for name, watched in self._watch.watched().items():
            drift = drift_of(self._engine.rules.models[name], watched)
            if drift.score is not None:
                yield name, "score", drift.score
            yield from ((name, input_, index) for input_, index in drift.inputs.items())
