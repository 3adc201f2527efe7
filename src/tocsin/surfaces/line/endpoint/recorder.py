"""Listens to a caller and knows when they are done."""

from __future__ import annotations

import logging

import numpy as np

from tocsin.surfaces.line.endpoint.spool import Take
from tocsin.surfaces.line.speech.g711 import RATE, SECOND

log = logging.getLogger(__name__)

#: Below this loudness (root mean square of 16-bit samples, -44 dB of full scale) nobody is speaking.
_SILENCE = 200.0


class Recorder:
    """Writes what is said to ``take``, until ``silence_s`` of silence or ``longest_s``."""

    def __init__(self, take: Take, *, longest_s: float, silence_s: float) -> None:
        self._take = take
        self._longest_s, self._silence_s = longest_s, silence_s
        self._quiet_s = 0.0
        self._trouble: OSError | None = None

    @property
    def done(self) -> bool:
        """Whether it has become too long, or too quiet. Raises ``OSError`` when it cannot be written."""
        if self._trouble is not None:
            raise self._trouble
        return self._take.seconds >= self._longest_s or self._quiet_s >= self._silence_s

    def hear(self, pcm: bytes) -> None:
        """Take the next piece of sound."""
        try:
            self._take.write(pcm)
        except OSError as error:
            # told to the conversation: whoever moves the sound has other callers too
            self._trouble = error
            return
        samples = np.frombuffer(pcm, np.int16).astype(np.float32)
        if np.sqrt(np.mean(samples * samples)) < _SILENCE:
            self._quiet_s += len(pcm) / SECOND
        else:
            self._quiet_s = 0.0


def beep() -> bytes:
    """A tone of 440 Hz for 300 ms that says "now"."""
    at = np.arange(int(0.3 * RATE)) / RATE
    return (np.sin(2 * np.pi * 440 * at) * 8_000).astype(np.int16).tobytes()
