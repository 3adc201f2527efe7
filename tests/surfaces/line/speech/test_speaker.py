"""Sentences become sound: made once when they last, never kept when they may name somebody."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.core.postgres import hands
from tests.support.stack import until
from tocsin.surfaces.line.speech import voices
from tocsin.surfaces.line.speech.g711 import SECOND
from tocsin.surfaces.line.speech.lasting import Sentence, lasting_sentences
from tocsin.surfaces.line.speech.speaker import Speaker

WELCOME = Sentence("en", "This is the safety line.", "1")
PIN = "Your PIN is: 1, 2, 3, 4, 5, 6."


@pytest.fixture
def speaker(tmp_path: Path) -> Iterator[Speaker]:
    made = Speaker(tmp_path, [WELCOME])
    yield made
    made.close()


def test_a_lasting_sentence_is_made_once(speaker: Speaker, tmp_path: Path) -> None:
    async def story() -> tuple[bytes, bytes]:
        first = await speaker.say("en", WELCOME.text)
        (file,) = tmp_path.iterdir()
        file.write_bytes(b"\xff" * 8_000)
        return first, await speaker.say("en", WELCOME.text)

    first, second = asyncio.run(story())
    assert 1 < len(first) / SECOND < 4
    assert np.abs(np.frombuffer(first, np.int16)).max() > 10_000
    assert second == bytes(SECOND)


def test_what_names_somebody_is_not_kept(speaker: Speaker, tmp_path: Path) -> None:
    spoken = asyncio.run(speaker.say("en", PIN))
    assert 2 < len(spoken) / SECOND < 8
    assert list(tmp_path.iterdir()) == []


def test_other_words_or_another_version_are_another_file(tmp_path: Path) -> None:
    names = set()
    for sentence in (WELCOME, WELCOME._replace(version="2"), WELCOME._replace(text="Good day.")):
        speaker = Speaker(tmp_path, [sentence])
        asyncio.run(speaker.prepare())
        speaker.close()
        # what nobody says any more is gone
        (file,) = tmp_path.iterdir()
        names.add(file.name)
    assert len(names) == 3


def test_it_speaks_on_when_its_process_was_killed(speaker: Speaker) -> None:
    async def story() -> tuple[bytes, bytes]:
        first = await speaker.say("en", PIN)
        (pid,) = speaker.processes
        os.kill(pid, signal.SIGKILL)
        return first, await speaker.say("en", PIN)

    first, second = asyncio.run(story())
    assert first == second


def test_it_speaks_on_when_its_process_hung(tmp_path: Path) -> None:
    speaker = Speaker(tmp_path, [WELCOME], hangs_after_s=8.0)

    async def story() -> tuple[bytes, bytes]:
        first = await speaker.say("en", PIN)
        (pid,) = speaker.processes
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            await speaker.say("en", PIN)
        return first, await speaker.say("en", PIN)

    first, second = asyncio.run(story())
    speaker.close()
    assert first == second


TALKS = """
import asyncio, pathlib, sys
from tocsin.surfaces.line.speech.speaker import Speaker
if __name__ == "__main__":
    speaker = Speaker(pathlib.Path(sys.argv[1]), [])
    asyncio.run(speaker.say("en", "Hello."))
    print(*speaker.processes, flush=True)
    input()
"""


def test_the_process_that_speaks_ends_with_the_one_it_speaks_for(tmp_path: Path) -> None:
    program = tmp_path / "talks.py"
    program.write_text(TALKS)
    with subprocess.Popen(
        [sys.executable, str(program), str(tmp_path / "prompts")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as talking:  # fmt: skip
        assert talking.stdout is not None
        child = int(talking.stdout.readline())
        assert hands.runs(child)
        talking.kill()
    until(lambda: not hands.runs(child), "the process that speaks to end")


def test_spanish_has_a_voice_of_its_own() -> None:
    if not voices.has_voice("es"):
        pytest.skip("there is no espeak-ng here")
    spoken = voices.voice_of("es").say("Esta es la línea de seguridad.")
    assert voices.voice_of("es").name.startswith("espeak-ng es-419 ")
    assert 1 < len(spoken) / 8_000 < 4


def test_without_a_voice_the_words_are_still_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    voices.voice_of.cache_clear()
    try:
        assert not voices.has_voice("es")
        assert voices.voice_of("es").name == voices.voice_of("en").name
        assert len(voices.voice_of("es").say("Para español, oprima 2.")) > 8_000
    finally:
        voices.voice_of.cache_clear()


def test_only_sentences_of_the_house_last() -> None:
    texts = {one.text for one in lasting_sentences("Ines", "911")}
    assert any("This is the Ines safety line." in text and "9, 1, 1" in text for text in texts)
    assert any("línea de seguridad de Ines" in text for text in texts)
    assert not any(told in text for text in texts for told in ("PIN is", "number is", "You are number", "{"))
