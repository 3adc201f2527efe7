"""Speaks sentences in a process of its own, so that a sentence being made never makes another caller's sound
stutter; keeps the lasting ones as files."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

from tocsin.surfaces.cli.tether import die_with_parent
from tocsin.surfaces.line.speech.g711 import decode, encode
from tocsin.surfaces.line.speech.lasting import Sentence
from tocsin.surfaces.line.speech.voices import voice_of

log = logging.getLogger(__name__)
T = TypeVar("T")
#: No sentence takes so long, not even the first one of a new process on a busy machine [D].
_HANGS_AFTER_S = 15.0


class Speaker:
    """``folder`` holds the lasting sentences, each under a hash of its voice, language, version and words.
    A process that speaks one sentence for longer than ``hangs_after_s`` is replaced."""

    def __init__(
        self, folder: Path, lasting: Iterable[Sentence], hangs_after_s: float = _HANGS_AFTER_S
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lasting = {(one.language, one.text): one for one in lasting}
        self._files: dict[Sentence, Path] = {}
        self._hangs_after_s = hangs_after_s
        self._turn = asyncio.Lock()
        self._pool = _pool()

    async def say(self, language: str, text: str) -> bytes:
        """The sentence as 16-bit sound at 8 kHz. Raises ``TimeoutError`` when it cannot be spoken."""
        sentence = self._lasting.get((language, text))
        content = await (self._kept(sentence) if sentence else self._spoken(language, text))
        return decode(content).tobytes()

    async def prepare(self) -> None:
        """Speak every lasting sentence that is not there yet, and forget those nobody says any more."""
        for sentence in self._lasting.values():
            await self._kept(sentence)
        known = set(self._files.values())
        for file in self._folder.iterdir():
            if file not in known:
                file.unlink(missing_ok=True)

    @property
    def processes(self) -> list[int]:
        """The ids of the processes that speak; none before the first sentence."""
        return list(self._pool._processes or {})

    def close(self) -> None:
        """End the process that speaks, whatever it does at the moment."""
        for process in list((self._pool._processes or {}).values()):
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _kept(self, sentence: Sentence) -> bytes:
        file = self._files.get(sentence)
        if file is None:
            voice = await self._in_pool(_voice_name, sentence.language)
            file = self._files[sentence] = self._folder / f"{_digest(voice, *sentence)}.ulaw"
        try:
            return file.read_bytes()
        except FileNotFoundError:
            content = await self._spoken(sentence.language, sentence.text)
            draft = file.with_suffix(f".{os.getpid()}.tmp")
            try:
                draft.write_bytes(content)
                draft.replace(file)
            except OSError as error:
                log.error("a sentence is spoken again each time, it cannot be kept: %s", error)
            return content

    async def _spoken(self, language: str, text: str) -> bytes:
        return await self._in_pool(_speak, language, text)

    async def _in_pool(self, work: Callable[..., T], *args: str) -> T:
        # one at a time: a sentence has its time from its own turn on, however long the queue is
        async with self._turn:
            try:
                return await self._run(work, *args)
            except BrokenProcessPool:
                log.warning("the process that speaks has died; it is started again")
                self._pool = _pool()
                return await self._run(work, *args)

    async def _run(self, work: Callable[..., T], *args: str) -> T:
        try:
            async with asyncio.timeout(self._hangs_after_s):
                return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        except TimeoutError:
            log.error("the process that speaks hangs; it is replaced, and the caller goes without a sentence")
            self.close()
            self._pool = _pool()
            raise


def _pool() -> ProcessPoolExecutor:
    spawning = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, spawning, initializer=_settle, initargs=(os.getpid(),))


def _settle(parent: int) -> None:
    """Stand back behind the process that moves sound, and end with it, however it ends."""
    die_with_parent(parent)
    os.nice(10)


def _speak(language: str, text: str) -> bytes:
    return encode(voice_of(language).say(text))


def _voice_name(language: str) -> str:
    return voice_of(language).name


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
