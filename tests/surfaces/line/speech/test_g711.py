"""Sound as telephones have it, against the values of ITU-T G.711."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from tocsin.surfaces.line.speech.g711 import RATE, decode, encode, from_voice, wav


@pytest.mark.parametrize(
    ("sample", "code"),
    [(0, 0xFF), (32_767, 0x80), (-32_768, 0x00), (8_031, 0xA0), (-8_031, 0x20), (-1, 0x7F)],
)
def test_known_samples(sample: int, code: int) -> None:
    assert encode(np.array([sample], np.int16)) == bytes([code])


def test_every_code_survives() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # a second zero
    assert encode(decode(codes)) == codes


def test_a_tone_keeps_its_pitch_and_what_telephones_cannot_carry_is_gone() -> None:
    at = np.arange(24_000) / 24_000
    heard = from_voice(
        (np.sin(2 * np.pi * 440 * at) + np.sin(2 * np.pi * 9_000 * at)).astype(np.float32), 24_000
    )
    assert len(heard) == RATE
    assert np.argmax(np.abs(np.fft.rfft(heard))) == 440
    assert np.abs(heard).max() == int(0.7 * 32_767)


def test_a_wav_file_holds_what_was_recorded() -> None:
    pcm = np.arange(800, dtype=np.int16).tobytes()
    with wave.open(io.BytesIO(wav(pcm))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        assert file.readframes(800) == pcm
