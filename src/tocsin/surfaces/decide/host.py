"""Everything around the pump: opening and recovering, keys, rules, snapshots, stopping."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tocsin.core.crypto.day_codec import scope_of
from tocsin.core.faults import said
from tocsin.engine.engine import ENGINE_VERSION
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import NO_RULES, RuleSet, load_folder
from tocsin.engine.log import LogDamagedError, LogWriter
from tocsin.engine.log.frames import segments
from tocsin.engine.log.state import Recovered, recover, snapshots
from tocsin.engine.runtime.warm import warm
from tocsin.surfaces.decide.config import DecideConfig
from tocsin.surfaces.decide.keys import KeyRecord, check, split_token, unknown_key
from tocsin.surfaces.decide.metrics import Metrics
from tocsin.surfaces.decide.problems import busy
from tocsin.surfaces.decide.pump import Pump
from tocsin.surfaces.decide.watching import EVERY_S, Watching

log = logging.getLogger("tocsin.decide")

PUMP_DIED: Final = 70  # exit status: internal software error (sysexits.h)
_UNKNOWN_KEY_EVERY: Final = 1.0  # seconds between extra looks for a key nobody knows
_SNAPSHOT_LOOK: Final = 1.0


class Host:
    """One decide process."""

    def __init__(self, config: DecideConfig) -> None:
        self.config = config
        self.metrics = Metrics()
        self.pump: Pump
        self.ready = False
        self._tasks: list[asyncio.Task] = []
        self._running: asyncio.Task
        self._keys_at = float("-inf")
        self._snapshotter: asyncio.subprocess.Process | None = None
        self._looked_at = float("-inf")
        self._rules_at = config.rules_dir

    async def start(self) -> None:
        """Open the log, rebuild the engine, start to pump. Raises what makes it impossible."""
        config = self.config
        rules = self._rules()
        # in a thread, because keys are asked for on the way
        writer, recovered = await asyncio.to_thread(
            self._open, rules if isinstance(rules, RuleSet) else NO_RULES
        )
        if isinstance(rules, RuleError):
            if recovered.engine.seq == 0:
                writer.close()
                raise rules
            log.error("the rules are refused, those in force before stay in force:\n%s", rules)
            rules = recovered.engine.rules
        if recovered.differing:
            log.warning(
                "%d recorded decisions differ from a replay; the recorded ones stand", recovered.differing
            )
        self.pump = Pump(recovered.engine, writer, self.metrics, config.queue_limit, config.turn_limit)
        self.watching = Watching(config.folder)
        self._describe()
        with suppress(Exception):
            await self._refresh_keys()
        self._running = asyncio.create_task(self.pump.run(), name="pump")
        self._running.add_done_callback(self._pump_ended)
        if recovered.engine.seq == 0 or recovered.engine.rules_version != rules.version:
            await self.pump.switch(rules)
        self.watching.begin(self.pump.engine)
        self._tasks = [
            self._forever(self._keep_keys()),
            self._forever(self._keep_rules()),
            self._forever(self._keep_sealing()),
            self._forever(self._keep_snapshots()),
            self._forever(self._keep_watching()),
        ]
        self.ready = True
        log.info(
            "ready at record %d, %d replayed, rules %s", writer.position, recovered.replayed, rules.version
        )

    def _open(self, rules: RuleSet) -> tuple[LogWriter, Recovered]:
        """The log, opened to be written, and the engine at its end."""
        config = self.config
        writer = LogWriter(config.folder, config.codec, config.segment_bytes, config.segment_seconds)
        try:
            _refuse_a_lost_log(config.folder, writer.committed, config.shipped())
            config.codec.begin(config.today())
            for draft in config.folder.glob("*.tmp"):
                draft.unlink(missing_ok=True)
            warm()
            return writer, recover(config.folder, config.codec, rules)
        except BaseException:
            writer.close()
            raise

    def _rules(self) -> RuleSet | RuleError:
        self._rules_at = self._rules_folder()
        try:
            return load_folder(self._rules_at)
        except RuleError as error:
            return error

    def _rules_folder(self) -> Path:
        """The folder itself, not the link to it, which may lead elsewhere while files are read."""
        published = self.config.published
        return published.resolve() if published is not None and published.exists() else self.config.rules_dir

    async def stop(self) -> None:
        """Answer what waits, then let go of the log."""
        self.ready = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._snapshotter is not None and self._snapshotter.returncode is None:
            self._snapshotter.terminate()
            await self._snapshotter.wait()
        self.pump.stop()
        await self._running
        self.watching.write()
        self.pump.close()

    async def reload(self) -> bool:
        """Read the rules again. A set with a mistake is refused as a whole; the old one stays in force."""
        rules = await asyncio.to_thread(self._rules)
        if isinstance(rules, RuleError):
            self.metrics.counts["reload_refused"] += 1
            log.error("the new rules are refused, the old ones stay in force:\n%s", rules)
            return False
        if rules.version != self.pump.engine.rules_version:
            await self.pump.switch(rules)
            self.watching.begin(self.pump.engine)
        log.info("rules %s are in force", rules.version)
        return True

    async def look_for(self, authorization: str | None) -> None:
        """Read the keys again when this one is not known yet, but not for everybody who makes one up."""
        token = split_token(authorization)
        now = time.monotonic()
        if token is None or self.config.keys.lookup(token[0]) or now - self._looked_at <= _UNKNOWN_KEY_EVERY:
            return
        self._looked_at = now
        with suppress(Exception):
            await self._refresh_keys()

    def authenticate(self, authorization: str | None) -> tuple[str, KeyRecord]:
        """Key id and record of a live key. Raises Problem 401, or 503 when keys are too old to be trusted."""
        token = split_token(authorization)
        if token is None:
            raise unknown_key()
        if time.monotonic() - self._keys_at > self.config.keys_stale:
            raise busy(5)
        return token[0], check(token[1], self.config.keys.lookup(token[0]))

    async def _refresh_keys(self) -> None:
        await asyncio.to_thread(self.config.keys.refresh)
        self._keys_at = time.monotonic()

    async def _keep_keys(self) -> None:
        while True:
            await asyncio.sleep(self.config.keys_every)
            try:
                await self._refresh_keys()
            except (
                Exception
            ) as error:  # whatever the store's driver raises: the last keys stay in use for now
                log.warning("keys could not be read: %s", said(error))

    async def _keep_rules(self) -> None:
        """Go on with other rules soon after they were put into force."""
        while True:
            await asyncio.sleep(self.config.rules_every)
            if self._rules_folder() != self._rules_at:
                await self.reload()

    async def _keep_sealing(self) -> None:
        """Seal under the key of the day. While it cannot be had, the key before stays in use."""
        codec = self.config.codec
        while True:
            await asyncio.sleep(self.config.sealing_every)
            today = self.config.today()
            if codec.current() == scope_of(today):
                continue
            try:
                await asyncio.to_thread(codec.begin, today)
            except Exception as error:  # whatever the key service or the database says
                self.metrics.counts["sealing_key_late"] += 1
                log.warning(
                    "there is no key yet to seal the log of %s with; %s stays in use, nothing is lost: %s",
                    today,
                    codec.current(),
                    said(error),
                )

    async def _keep_snapshots(self) -> None:
        """Every so many records, and every so often, have another process write a snapshot of what is durable
        now."""
        done = max((position for position, _ in snapshots(self.config.folder)), default=0)
        at = time.monotonic()
        while True:
            await asyncio.sleep(_SNAPSHOT_LOOK)
            position = self.pump.committed
            old = time.monotonic() - at >= self.config.snapshot_seconds
            if position - done >= self.config.snapshot_every or (position > done and old):
                await self._snapshot(position)
                done, at = position, time.monotonic()

    async def _keep_watching(self) -> None:
        """Write down what models see, for who looks at them."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.watching.write()

    async def _snapshot(self, position: int) -> None:
        self._snapshotter = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tocsin.surfaces.decide.snapshotter",
            str(self.config.folder),
            str(position),
            stdin=asyncio.subprocess.PIPE,
        )
        await self._snapshotter.communicate(self.config.codec.hand_over())
        if status := self._snapshotter.returncode:
            self.metrics.counts["snapshot_failed"] += 1
            log.error("no snapshot at record %d: exit status %d; the log has everything", position, status)

    def _forever(self, work: Coroutine[Any, Any, None]) -> asyncio.Task:
        return asyncio.create_task(work)

    def _pump_ended(self, task: asyncio.Task) -> None:
        """A dead pump takes the process down: nobody is kept waiting, and a restart rebuilds from the log."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.ready = False
        log.critical(
            "the pump died; the process ends now, everything acknowledged is in the log", exc_info=error
        )
        asyncio.get_running_loop().call_later(0.2, os._exit, PUMP_DIED)

    def _describe(self) -> None:
        pump, folder = self.pump, self.config.folder
        self.metrics.gauges = {
            "waiting_events": lambda: pump.waiting,
            "log_position": lambda: pump.committed,
            "log_segments": lambda: len(segments(folder)),
            "engine_clock_seconds": lambda: pump.engine.clock / 1000,
            "engine_rows": lambda: pump.engine.sizes()["rows"],
            "engine_answers": lambda: pump.engine.sizes()["answers"],
            "snapshot_position": lambda: max((p for p, _ in snapshots(folder)), default=0),
            "keys_age_seconds": lambda: min(time.monotonic() - self._keys_at, 1e9),
        }
        self.metrics.drift = lambda: self.watching.indices()
        self.metrics.info = lambda: {"rules": pump.engine.rules_version, "engine": ENGINE_VERSION}


def _refuse_a_lost_log(folder: Path, end: int, shipped: int) -> None:
    """Numbers that were given out would be given out again, and what is decided under them would never reach
    the database.

    Raises:
        LogDamagedError: the log ends before what was shipped from it.
    """
    if end < shipped:
        raise LogDamagedError(
            f"The log in {folder} ends at record {end}, but {shipped} records were shipped from it to the "
            f"database. Nothing was changed. Put the folder back from a copy. If there is none, "
            f"`tocsin log begin` starts a new one after record {shipped}, with an engine that remembers "
            f"nothing."
        )
