"""SIP and RTP by baresip. Nothing outside of this file knows which library it is."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from baresip import Account, Call, Config, Event, Runtime, StackEvent, UserAgent
from baresip.errors import AudioNotActive, AudioRestarted, BaresipError

from tocsin.surfaces.line.endpoint.leg import HungUp
from tocsin.surfaces.line.endpoint.limits import Limits
from tocsin.surfaces.line.speech.g711 import RATE, SECOND

log = logging.getLogger(__name__)

#: How often sound is moved between callers and us.
_TICK_S = 0.02
#: How much sound the library holds in advance: as long as this, a busy moment of ours is heard by nobody.
_AHEAD = int(0.6 * SECOND)
_EVERYTHING = 2 * SECOND
#: How long sound is under way after the library has let go of it.
_UNDER_WAY_TICKS = 6
#: A caller of whom nothing at all is heard for so long has vanished.
_VANISHED_S = 60
_USER = "safety"
#: How far what was heard may lag behind the clock before silence stands in for what the network has lost.
_LAG_S = 0.1
#: What the library cannot be told by its own settings. Its jitter buffer is off: it drops frames of its own
#: accord, and what is in it when somebody hangs up is lost to the recording.
_MORE_CONFIG = """sip_listen {host}:{port}
sip_transports udp,tcp
rtp_ports 16384-32768
audio_jitter_buffer_type off
"""


class SipLeg:
    """A call as a ``Leg``."""

    def __init__(self, call: Call) -> None:
        self.ref = f"sip-{uuid.uuid4().hex}"
        self.caller = _claimed(call.peer or "")
        self.over = False
        self._call = call
        self._keys: deque[str] = deque()
        self._changed = asyncio.Event()
        self._out = bytearray()
        self._playing, self._under_way = False, 0
        self._hear: Callable[[bytes], None] | None = None
        self._heard, self._listening_since = 0, 0.0
        call.on(self._happened)

    def play(self, pcm: bytes) -> None:
        self._out += pcm
        self._playing, self._under_way = True, _UNDER_WAY_TICKS

    def hush(self) -> None:
        self._out.clear()
        self._playing = False
        with suppress(AudioNotActive, AudioRestarted):
            self._call.audio.flush_tx()

    async def played(self) -> None:
        while self._playing:
            await self._change()

    async def key(self, patience_s: float) -> str:
        while not self._keys:
            try:
                async with asyncio.timeout(None if self._playing else patience_s):
                    await self._change()
            except TimeoutError:
                return ""
        return self._keys.popleft()

    def listen(self, hear: Callable[[bytes], None] | None) -> None:
        received = self._received()
        if self._hear is not None:
            self._hand_on(received)
        self._hear, self._heard = hear, 0
        self._listening_since = asyncio.get_running_loop().time()

    async def hang_up(self) -> None:
        if not self.over:
            with suppress(BaresipError):
                await self._call.hangup()

    def tick(self) -> None:
        """Move sound in both directions."""
        if self._hear is not None:
            self._hand_on(self._received())
        if self._playing:
            self._send()

    def _hand_on(self, received: bytes) -> None:
        """Hand on what was heard, as long as it took: what never came is silence."""
        assert self._hear is not None  # noqa: S101  (whoever calls has looked)
        due = int((asyncio.get_running_loop().time() - self._listening_since) * RATE) * 2
        if (lag := due - self._heard - len(received)) > _LAG_S * SECOND:
            received = bytes(lag) + received
        if received:
            self._heard += len(received)
            self._hear(received)

    def _received(self) -> bytes:
        try:
            return bytes(self._call.audio.read(_EVERYTHING))
        except (AudioNotActive, AudioRestarted):
            return b""

    def _send(self) -> None:
        try:
            waiting = self._call.audio.info().tx_buffered
            if self._out and waiting < _AHEAD:
                del self._out[: self._call.audio.write(bytes(self._out[: _AHEAD - waiting]))]
            elif not self._out and not waiting:
                self._under_way -= 1
                if self._under_way == 0:
                    self._playing = False
                    self._changed.set()
        except (AudioNotActive, AudioRestarted):
            return

    async def _change(self) -> None:
        """Until a key comes or everything was played. Raises ``HungUp``."""
        if self.over:
            raise HungUp
        self._changed.clear()
        await self._changed.wait()

    def _happened(self, event: StackEvent) -> None:
        if event.event is Event.CALL_DTMF_START and event.text:
            self._keys.append(event.text)
            self._changed.set()
        elif event.event is Event.CALL_CLOSED:
            self.over = True
            self._changed.set()


class SipTelephone:
    """Answers calls to ``sip:safety@HOST:PORT`` and hands each to ``take``. ``refused``: how many came from
    addresses that call too much."""

    def __init__(self, take: Callable[[SipLeg], Awaitable[None]], *, most_calls: int, limits: Limits) -> None:
        self._take = take
        self._most_calls = most_calls
        self._limits = limits
        self.refused = 0
        self._legs: set[SipLeg] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._runtime = Runtime()
        self._died = asyncio.Event()

    @property
    def calls(self) -> int:
        """Calls at the moment."""
        return len(self._legs)

    async def open(self, host: str, port: int) -> None:
        """Listen. ``host`` is an address of this machine."""
        self._runtime.on_dead = self._died.set
        await self._runtime.start(
            Config(
                net_interface=host,
                max_concurrent_calls=self._most_calls,
                expose_headers=("Via",),
                rtp_timeout=_VANISHED_S,
                extra_config_text=_MORE_CONFIG.format(host=host, port=port),
            )
        )
        account = Account(
            user=_USER, domain=host, password="", reg_interval=0, dtmf_mode="auto",
            extra_params=("catchall=yes", "video_codecs=none"),
        )  # fmt: skip
        agent = await UserAgent.create(self._runtime, account, transfer_policy="reject")
        agent.on_incoming(self._came)

    async def serve(self) -> None:
        """Move sound until cancelled.

        Raises:
            ConnectionError: the library has died, and cannot be started again in this process.
        """
        loop = asyncio.get_running_loop()
        at = loop.time()
        while not self._died.is_set():
            for leg in list(self._legs):
                self._move_sound(leg)
            at = max(at + _TICK_S, loop.time())
            await asyncio.sleep(at - loop.time())
        raise ConnectionError("the SIP library has died")

    async def close(self) -> None:
        """End every call, and listen no longer."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(BaresipError):
            await self._runtime.close()

    def _came(self, call: Call) -> None:
        source = _source(call.headers.get("Via", ""))
        answer = self._converse(call, source) if self._limits.enters(source) else self._refuse(call)
        self._begin(answer)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _move_sound(self, leg: SipLeg) -> None:
        """A fault in one call ends that one only."""
        try:
            leg.tick()
        except Exception:
            log.exception("%s is hung up by a fault of ours", leg.ref)
            self._legs.discard(leg)
            self._begin(leg.hang_up())

    async def _converse(self, call: Call, source: str) -> None:
        leg = SipLeg(call)
        self._legs.add(leg)
        try:
            await call.answer()
            await self._take(leg)
        except BaresipError as error:
            log.info("a call ended before it was answered: %s", error)
        except Exception:
            log.exception("%s ended by a fault of ours", leg.ref)
        finally:
            self._legs.discard(leg)
            self._limits.leaves(source)
            await leg.hang_up()

    async def _refuse(self, call: Call) -> None:
        # counted, and not logged one by one: a flood should not fill the disk
        self.refused += 1
        with suppress(BaresipError):
            await call.reject()


def _source(via: str) -> str:
    """The address a call says it comes from, without its port. The library answers to where the packet really
    came from and does not tell us, so a liar gets our answer all the same."""
    found = re.match(r"SIP/2\.0/\w+\s+(\[[0-9a-fA-F:.]+\]|[^\s:;,]+)", via)
    return found.group(1) if found else ""


def _claimed(peer: str) -> str:
    """The telephone number in the caller's address, or the address; a claim either way."""
    user = peer.partition(":")[2].partition("@")[0].partition(";")[0]
    return user if re.fullmatch(r"\+?[0-9]{3,15}", user) else peer[:60]
