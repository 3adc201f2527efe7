"""Somebody with a telephone: calls the line over SIP, listens, presses keys, speaks, hangs up.

    with somebody_calls(stack) as caller:
        caller.hears("Welcome.")
        caller.presses("1")
        caller.says(sentence)

What is heard is compared with what the line's own voice makes of the words, so that a caller who "hears" a
sentence has had its sound on the wire. Nothing waits by the clock.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from baresip import Account, Call, CallState, Config, Event, Runtime, StackEvent, UserAgent
from baresip.errors import AudioNotActive, AudioRestarted, BaresipError, StaleHandleError

from tests.support.stack import Stack, until
from tocsin.surfaces.line.endpoint.recorder import beep
from tocsin.surfaces.line.speech.g711 import RATE, SECOND, Samples
from tocsin.surfaces.line.speech.voices import voice_of

T = TypeVar("T")
#: A sentence is known by its first part, and sounds like it when they correlate this much.
_KNOWN_BY, _ALIKE = int(0.9 * RATE), 0.75
_HEAR_S = 30.0
#: So much sound may be between the line and an ear.
_UNDER_WAY = int(0.4 * RATE)


class Telephones:
    """The SIP library's one event loop of this process, in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.runtime = Runtime()
        self.agent: UserAgent = self.do(self._open())

    async def _open(self) -> UserAgent:
        more = "audio_jitter_buffer_type off\n"
        await self.runtime.start(
            Config(net_interface="127.0.0.1", max_concurrent_calls=None, extra_config_text=more)
        )
        account = Account(
            user="+14155550142", domain="127.0.0.1", password="", reg_interval=0, dtmf_mode="auto",
            extra_params=("video_codecs=none",),
        )  # fmt: skip
        return await UserAgent.create(self.runtime, account)

    def close(self) -> None:
        """Hang up everywhere; this process calls nobody any more."""
        self.do(self.runtime.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it on the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_HEAR_S)


@lru_cache(maxsize=1)
def telephones() -> Telephones:
    """Those of this process."""
    return Telephones()


def pytest_sessionfinish() -> None:
    if telephones.cache_info().currsize:
        telephones().close()


class Caller:
    """One call. ``heard`` is all that was heard so far, 16-bit at 8 kHz."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._looked = 0
        self.heard = bytearray()
        self._listening = telephones().loop.create_task(self._listen())

    @property
    def is_over(self) -> bool:
        """Whether somebody has hung up."""
        return self._call.state is CallState.CLOSED

    def hears(self, text: str, language: str = "en") -> None:
        """Wait until the beginning of this sentence was heard, after what was heard before."""
        self.hears_one_of(text, language=language)

    def hears_one_of(self, *texts: str, language: str = "en") -> str:
        """Wait for the beginning of any of these sentences; returns the one that came first."""
        return self._hears({text: sound_of(text, language)[:_KNOWN_BY] for text in texts})

    def hears_the_beep(self) -> None:
        """Wait for the tone, to its end."""
        self._hears({"the tone": np.frombuffer(beep(), np.int16)})

    def _hears(self, wanted: Mapping[str, Samples]) -> str:
        """Wait for any of these sounds, by what they are; returns which came first, and listens on after
        it."""
        came: list[tuple[int, str]] = []

        def now() -> bool:
            rest = np.frombuffer(bytes(self.heard), np.int16)[self._looked :]
            found = [
                (at, what) for what, piece in wanted.items() if (at := found_at(piece, rest)) is not None
            ]
            came.extend(sorted(found)[:1])
            return bool(came)

        until(now, f"the caller to hear {' or '.join(map(repr, wanted))}", _HEAR_S)
        at, what = came[0]
        self._looked += at + len(wanted[what])
        return what

    def hears_all(self, text: str, language: str = "en") -> None:
        """Wait until this sentence was heard from the beginning to the end."""
        wanted = sound_of(text, language)
        self.hears(text, language)
        start = self._looked - _KNOWN_BY
        whole = start + len(wanted)
        until(lambda: len(self.heard) // 2 >= whole or self.is_over, "the sentence to end", _HEAR_S)
        # what was on its way when the line hung up is lost in any telephone
        lost = max(0, whole - len(self.heard) // 2)
        assert lost <= _UNDER_WAY, f"{text!r} was cut short by {lost / RATE:.2f} s"
        for at in range(0, len(wanted) - lost - _KNOWN_BY, _KNOWN_BY // 2):
            part = wanted[at : at + _KNOWN_BY]
            near = np.frombuffer(bytes(self.heard), np.int16)[max(0, start + at - 800) :][: len(part) + 1600]
            assert found_at(part, near) is not None, f"second {at / RATE:.1f} of {text!r} sounds otherwise"

    def presses(self, keys: str) -> None:
        """Press these keys. The line may hang up at the last one, before it is let go."""
        with suppress(StaleHandleError):
            telephones().do(self._call.send_dtmf(keys))

    def says(self, pcm: bytes) -> None:
        """Speak, to the end."""
        telephones().do(self._speak(pcm))

    def hangs_up(self) -> None:
        """End the call."""
        with suppress(BaresipError):
            telephones().do(self._call.hangup())
        until(lambda: self.is_over, "the call to end")

    async def _listen(self) -> None:
        while not self.is_over:
            with suppress(AudioNotActive, AudioRestarted):
                self.heard += self._call.audio.read(SECOND * 2)
            await asyncio.sleep(0.02)

    async def _speak(self, pcm: bytes) -> None:
        rest = pcm
        while rest or self._call.audio.info().tx_buffered:
            if rest:
                rest = rest[self._call.audio.write(rest) :]
            await asyncio.sleep(0.02)


@contextmanager
def somebody_calls(stack: Stack) -> Iterator[Caller]:
    """A call to the line of a running Tocsin, answered; it is over at the end."""
    try:
        caller = telephones().do(_dial(stack.files.ports()["line"]))
    except Exception as error:
        raise AssertionError(f"the line did not answer; it said:\n{stack.log('line')[-3000:]}") from error
    try:
        yield caller
    finally:
        caller.hangs_up()


async def _dial(port: int) -> Caller:
    # the line may answer before the library has given us the call, which then never hears of it
    early: list[StackEvent] = []
    runtime = telephones().runtime
    runtime.subscribe(early.append)
    try:
        call = await telephones().agent.dial(f"sip:safety@127.0.0.1:{port}")
    finally:
        runtime.unsubscribe(early.append)
    answered = any(one.call == call.handle and one.event is Event.CALL_ESTABLISHED for one in early)
    if not answered:
        await call.wait_established(_HEAR_S)
    return Caller(call)


@lru_cache(maxsize=256)
def sound_of(text: str, language: str = "en") -> Samples:
    """The sentence as the line's voice says it."""
    return voice_of(language).say(text)


def found_at(wanted: Samples, heard: Samples) -> int | None:
    """Where a piece of sound begins in what was heard, at any loudness; None when it is not there."""
    if len(heard) < len(wanted):
        return None
    piece, all_of_it = wanted.astype(np.float64), heard.astype(np.float64)
    size = 1 << (len(all_of_it) + len(piece)).bit_length()
    spectrum = np.fft.rfft(all_of_it, size) * np.conj(np.fft.rfft(piece, size))
    product = np.fft.irfft(spectrum, size)[: len(all_of_it) - len(piece) + 1]
    energy = np.concatenate([[0.0], np.cumsum(all_of_it * all_of_it)])
    loudness = np.sqrt((energy[len(piece) :] - energy[: -len(piece)]) * (piece @ piece)) + 1.0
    alike = product / loudness
    best = int(np.argmax(alike))
    return best if alike[best] > _ALIKE else None
