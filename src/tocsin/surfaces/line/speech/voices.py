"""Who speaks which language. Nothing is fetched at run time: the English voice is in its package, the other
languages are spoken by the program espeak-ng when the machine has it."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from importlib.metadata import version
from typing import Protocol

import numpy as np

from tocsin.surfaces.line.speech.g711 import Samples, from_voice

ESPEAK = "espeak-ng"
#: What espeak-ng calls the voices we ask for, and how fast they speak, in words a minute.
_ESPEAK_VOICES = {"es": "es-419"}
_ESPEAK_PACE = 150
_ESPEAK_RATE = 22_050
_WAV_HEADER = 44
_TIMEOUT_S = 30.0


class Voice(Protocol):
    """``name`` says which voice in which version, and changes whenever the same words sound otherwise."""

    @property
    def name(self) -> str: ...

    def say(self, text: str) -> Samples:
        """The sentence as sound."""
        ...


class English:
    """hibari: American English, made by a network of 8 MB."""

    def __init__(self) -> None:
        from hibari import SAMPLE_RATE, Hibari

        self.name = f"hibari {version('hibari-tts')}"
        self._rate = SAMPLE_RATE
        self._speak = Hibari()

    def say(self, text: str) -> Samples:
        return from_voice(self._speak(text, seed=0), self._rate)


class Espeak:
    """The program espeak-ng, by the name of one of its voices."""

    def __init__(self, voice: str) -> None:
        told = subprocess.run([ESPEAK, "--version"], capture_output=True, text=True, check=True)
        self.name = f"{ESPEAK} {voice} {told.stdout.split(':')[1].split()[0]}"
        self._command = [ESPEAK, "-v", voice, "-s", str(_ESPEAK_PACE), "--stdin", "--stdout"]

    def say(self, text: str) -> Samples:
        # by standard input: what is on a command line can be read by everybody, and this may be a PIN
        spoken = subprocess.run(
            self._command, input=text.encode(), capture_output=True, check=True, timeout=_TIMEOUT_S
        )
        samples = np.frombuffer(spoken.stdout[_WAV_HEADER:], np.int16)
        return from_voice(samples.astype(np.float32), _ESPEAK_RATE)


def has_voice(language: str) -> bool:
    """Whether this machine speaks a language as it should sound."""
    return language == "en" or (language in _ESPEAK_VOICES and shutil.which(ESPEAK) is not None)


@lru_cache(maxsize=8)
def voice_of(language: str) -> Voice:
    """Who speaks this language. Where nobody does, the English voice reads the words by English rules, which
    is hard to understand, and better than silence."""
    if language != "en" and has_voice(language):
        return Espeak(_ESPEAK_VOICES[language])
    return English() if language == "en" else voice_of("en")
