"""What has to reach the web process, and is kept on disk until it has: recordings while they are made, voice
messages, the end of calls. A process that is killed finds it again.

Each entry is ``ID.json`` (where to, and the fields) and, with sound, ``ID.pcm`` (16-bit, 8 kHz), both on the
disk before anything else is said about it. ``ID.held`` becomes an entry when what it waits for has ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tocsin.core.ids import new_id
from tocsin.surfaces.line.endpoint.webhooks import WebAway, Webhooks, WebRefused
from tocsin.surfaces.line.speech.g711 import SECOND, wav

log = logging.getLogger(__name__)

#: Recordings are written this often, in bytes: a quarter of a second is lost when the process is killed.
_BUFFER = SECOND // 4
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0


class Entry(msgspec.Struct, frozen=True):
    """``sound``: a recording belongs to it."""

    url: str
    fields: dict[str, str]
    sound: bool = False


class Take:
    """A recording being made."""

    def __init__(self, name: str, file: Path) -> None:
        self.name = name
        self._file = file.open("wb", buffering=_BUFFER)
        self._bytes = 0

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return self._bytes / SECOND

    def write(self, pcm: bytes) -> None:
        """Add sound."""
        self._file.write(pcm)
        self._bytes += len(pcm)

    def close(self) -> None:
        """It is whole, and on the disk."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())


class Spool:
    """The entries of one folder. What the web process refuses is kept in ``refused``, for people to look
    at."""

    def __init__(self, folder: Path, web: Webhooks) -> None:
        self._folder = folder
        self._web = web
        self._open: set[str] = set()
        self._more = asyncio.Event()
        self._refused = folder / "refused"
        self._refused.mkdir(parents=True, exist_ok=True)
        self._tidy()

    def __len__(self) -> int:
        """How many wait to be handed over."""
        return len(self._waiting())

    @contextmanager
    def afterwards(self, url: str, fields: Mapping[str, str]) -> Iterator[None]:
        """Hand this over, without sound, when the block has ended, or after a new start.

        Raises:
            OSError: it could be kept neither before the block nor after it.
        """
        entry, held = Entry(url, dict(fields)), self._folder / f"{new_id('spool')}.held"
        try:
            self._write(held, entry)
        except OSError as error:
            log.error("an end cannot be kept in advance, and would be lost if we were killed: %s", error)
        try:
            yield
        finally:
            if held.exists():
                self._let_go(held)
            else:
                self._write(self._paper(new_id("spool")), entry)
            self._more.set()

    def begin(self, url: str, fields: Mapping[str, str]) -> Take:
        """Begin a recording; it is handed over when it was closed, or after a new start.

        Raises:
            OSError: nothing can be kept, as on a full disk.
        """
        name = new_id("spool")
        self._write(self._paper(name), Entry(url, {**fields, "RecordingSid": name}, sound=True))
        take = Take(name, self._sound(name))
        self._open.add(name)
        return take

    def close(self, take: Take) -> None:
        """The recording has ended. Raises ``OSError`` when its last part cannot be kept; the rest is."""
        try:
            take.close()
        finally:
            self._open.discard(take.name)
            self._more.set()

    async def hand_over(self) -> None:
        """Hand everything over, oldest first, for as long as the process lives."""
        pause = _SHORTEST_PAUSE_S
        while True:
            self._more.clear()
            if await self._send_all():
                pause = _SHORTEST_PAUSE_S
                await self._more.wait()
            else:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _send_all(self) -> bool:
        """Whether all that waits was handed over. What cannot be holds up nothing else."""
        trouble: Exception | None = None
        for name in self._waiting():
            try:
                await self._send(name)
            except (WebAway, OSError) as error:
                trouble = error
        if trouble is not None:
            log.warning("%d things wait to be handed over: %s", len(self), trouble)
        return trouble is None

    async def _send(self, name: str) -> None:
        try:
            entry = msgspec.json.decode(self._paper(name).read_bytes(), type=Entry)
        except msgspec.DecodeError as error:
            self._set_aside(name, f"it cannot be read: {error}")
            return
        pcm = self._sound(name).read_bytes() if self._sound(name).exists() else b""
        try:
            if entry.sound and pcm:
                recording = wav(pcm)
                fields = {
                    "RecordingDuration": f"{len(pcm) / SECOND:.3f}",
                    "RecordingSha256": hashlib.sha256(recording).hexdigest(),
                }
                await self._web.send(entry.url, entry.fields | fields, recording)
            elif not entry.sound:
                await self._web.send(entry.url, entry.fields)
        except WebRefused as error:
            self._set_aside(name, f"it was refused: {error}")
            return
        # the paper last: sound without it would never be looked at again
        self._sound(name).unlink(missing_ok=True)
        self._paper(name).unlink()

    def _set_aside(self, name: str, why: str) -> None:
        """Keep it for people to look at. The paper goes first: a new start lets the sound follow it."""
        log.error("%s is kept in %s: %s", name, self._refused, why)
        for file in (self._paper(name), self._sound(name)):
            if file.exists():
                file.rename(self._refused / file.name)

    def _tidy(self) -> None:
        """Finish what a killed process had begun."""
        for held in self._folder.glob("*.held"):
            self._let_go(held)
        for draft in self._folder.glob("*.tmp"):
            draft.unlink()
        for sound in self._folder.glob("*.pcm"):
            if (self._refused / f"{sound.stem}.json").exists():
                sound.rename(self._refused / sound.name)
            elif not self._paper(sound.stem).exists():
                sound.unlink()

    def _let_go(self, held: Path) -> None:
        """What was held is an entry from now on, after all recordings that came before this moment."""
        held.rename(self._paper(new_id("spool")))
        self._sync()

    def _waiting(self) -> list[str]:
        names = (file.stem for file in self._folder.glob("*.json"))
        return sorted(name for name in names if name not in self._open)

    def _write(self, target: Path, entry: Entry) -> None:
        draft = target.with_suffix(".tmp")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(entry))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
        self._sync()

    def _sync(self) -> None:
        """The names in the folder are on the disk."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _paper(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _sound(self, name: str) -> Path:
        return self._folder / f"{name}.pcm"
