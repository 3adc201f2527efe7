"""Keeps processes running: starts them, pumps their words, starts them again when they end, stops them all.

Every child is the head of a session of its own, so that Ctrl-C in the terminal reaches only us, and is tied
to us (``tether.py``), so that none is left behind when we are killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tocsin.surfaces.cli import tether
from tocsin.surfaces.cli.printing import LogFile, Printer

#: How long a child may take to stop before it is killed.
STOP_S = 10.0
#: Pauses before starting a child again, the first time and on. One that stayed up begins anew.
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SETTLED_S = 30.0
_CHUNK = 2**16

#: Asked with the moment the process was started (seconds since the epoch): does it do its work yet?
Ready = Callable[[float], Awaitable[bool]]
_ASK_EVERY_S = 0.05


@dataclass(frozen=True)
class Child:
    """A process to keep. ``fds`` are sockets it inherits."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Ready
    fds: Sequence[int] = ()


@dataclass
class _Kept:
    child: Child
    log: LogFile
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    since: str = ""
    ready: asyncio.Event = field(default_factory=asyncio.Event)


class NotReady(Exception):
    """A child did not come up."""


class Supervisor:
    """Keeps its children until ``stop`` is called. ``changed`` is told the state whenever it changes."""

    def __init__(
        self, logs: Path, printer: Printer, changed: Callable[[Mapping[str, Mapping[str, Any]]], None]
    ) -> None:
        self._logs = logs
        self._printer = printer
        self._changed = changed
        self._kept: dict[str, _Kept] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    def add(self, child: Child) -> None:
        """Start to keep ``child``."""
        kept = _Kept(child, LogFile(self._logs, child.name))
        self._kept[child.name] = kept
        self._tasks.append(asyncio.create_task(self._keep(kept)))

    async def until_ready(self, name: str, timeout_s: float, attempts: int = 3) -> None:
        """Wait until a child does its work.

        Raises:
            NotReady: it ended ``attempts`` times, or needs longer than ``timeout_s``.
        """
        kept = self._kept[name]
        deadline = time.monotonic() + timeout_s
        while not self._stopping.is_set() and not kept.ready.is_set():
            if kept.restarts >= attempts:
                raise NotReady(_trouble(kept, f"ended {kept.restarts} times"))
            if time.monotonic() > deadline:
                raise NotReady(_trouble(kept, f"is not ready after {timeout_s:.0f} s"))
            await asyncio.sleep(_ASK_EVERY_S)

    async def stop(self, names: Sequence[str] | None = None) -> None:
        """End the children, or those of ``names``, all at once: politely, after ``STOP_S`` by force."""
        if names is None:
            self._stopping.set()
        chosen = [kept for kept in self._kept.values() if names is None or kept.child.name in names]
        for kept in chosen:
            self._signal(kept, signal.SIGTERM)
        running = [kept.process.wait() for kept in chosen if kept.process is not None]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*running), STOP_S)
        for kept in chosen:
            self._kill_group(kept)
        if names is None:
            await asyncio.gather(*self._tasks)
            for kept in self._kept.values():
                kept.log.close()

    def kill(self) -> None:
        """End every child at once."""
        self._stopping.set()
        for kept in self._kept.values():
            self._kill_group(kept)

    async def _keep(self, kept: _Kept) -> None:
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            process, words = await self._start(kept)
            pump = asyncio.create_task(self._pump(kept, words))
            asking = asyncio.create_task(self._ask(kept, time.time()))
            code = await process.wait()
            asking.cancel()
            # whatever the child started itself must not outlive it, nor hold on to its voice
            self._kill_group(kept)
            await pump
            kept.process = None
            kept.ready.clear()
            self._tell()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - started > _SETTLED_S else failures + 1
            kept.restarts += 1
            pause = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
            self._say(kept, f"{_ended(code)}; starting it again in {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _start(self, kept: _Kept) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
        child = kept.child
        words, voice = await _pipe()
        try:
            process = kept.process = await asyncio.create_subprocess_exec(
                *tethered(child.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=voice,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(child.environment),
                pass_fds=child.fds,
                start_new_session=True,
            )
        finally:
            os.close(voice)
        kept.since = datetime.now(UTC).isoformat(timespec="seconds")
        self._tell()
        if self._stopping.is_set():
            self._signal(kept, signal.SIGTERM)
        return process, words

    async def _ask(self, kept: _Kept, started: float) -> None:
        while not await kept.child.ready(started):
            await asyncio.sleep(_ASK_EVERY_S)
        kept.ready.set()
        self._tell()

    async def _pump(self, kept: _Kept, words: asyncio.StreamReader) -> None:
        """Copy what the child says, line by line, to its log and the terminal."""
        rest = b""
        while chunk := await words.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._put(kept, line)
        if rest:
            self._put(kept, rest)

    def _put(self, kept: _Kept, line: bytes) -> None:
        kept.log.write(line)
        self._printer.line(kept.child.name, line.decode(errors="replace"))

    def _say(self, kept: _Kept, text: str) -> None:
        self._put(kept, f"{datetime.now(UTC).isoformat(timespec='seconds')} supervisor: {text}".encode())

    def _signal(self, kept: _Kept, number: signal.Signals) -> None:
        if kept.process is not None and kept.process.returncode is None:
            with suppress(ProcessLookupError):
                kept.process.send_signal(number)

    def _kill_group(self, kept: _Kept) -> None:
        """Kill the child and what it started; they share the session the child leads."""
        if kept.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(kept.process.pid, signal.SIGKILL)

    def _tell(self) -> None:
        self._changed(
            {
                name: {
                    "pid": kept.process.pid,
                    "restarts": kept.restarts,
                    "since": kept.since,
                    "ready": kept.ready.is_set(),
                }
                for name, kept in self._kept.items()
                if kept.process is not None
            }
        )


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    """A pipe: where to read, and the descriptor to write to."""
    reading, writing = os.pipe()
    words = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(words), os.fdopen(reading, "rb")
    )
    return words, writing


def tethered(command: Sequence[str]) -> list[str]:
    """The command that runs ``command`` tied to this process."""
    return [sys.executable, str(Path(tether.__file__)), str(os.getpid()), *command]


def _trouble(kept: _Kept, what: str) -> str:
    return "\n".join([f"{kept.child.name} {what}. Its last words:", *kept.log.tail()])


def _ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
