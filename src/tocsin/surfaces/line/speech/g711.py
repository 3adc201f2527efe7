"""Sound as telephones have it: 8000 samples a second, 16-bit while we work with it, ITU-T G.711 µ-law at
rest."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

RATE = 8000
#: Bytes of a second of 16-bit sound.
SECOND = 2 * RATE
Samples = NDArray[np.int16]

_BIAS, _CLIP = 0x84, 32_635
_LOUDEST = 0.7  # of full scale, so that narrow lines do not clip


def encode(samples: Samples) -> bytes:
    """µ-law, one byte a sample."""
    wide = samples.astype(np.int32)
    magnitude = np.minimum(np.abs(wide), _CLIP) + _BIAS
    exponent = np.frexp(magnitude)[1] - 8  # magnitude is in [2**(exponent + 7), 2**(exponent + 8))
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(wide < 0, 0x80, 0)
    return bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8))


def decode(content: bytes) -> Samples:
    """16-bit samples of µ-law."""
    return _DECODED[np.frombuffer(content, np.uint8)]


def from_voice(sound: NDArray[np.float32], rate: int) -> Samples:
    """What a voice made (in any unit, at its own rate), band-limited to telephones and at one loudness."""
    if not len(sound):
        return np.zeros(0, np.int16)
    kept = round(len(sound) * RATE / rate)
    spectrum = np.fft.rfft(sound)[: kept // 2 + 1]
    narrow = np.fft.irfft(spectrum, kept)
    loudest = float(np.abs(narrow).max()) or 1.0
    return (narrow * (_LOUDEST * 32_767 / loudest)).astype(np.int16)


def wav(pcm: bytes) -> bytes:
    """A WAV file of 16-bit sound."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm)
    return file.getvalue()


def _decoded() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << (code >> 4 & 7)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_DECODED = _decoded()
