"""A caller for measurements: SIP and RTP by hand over UDP on loopback, so that nothing of the line's library
is on this side, every packet's arrival is stamped by the kernel, and signalling can be lost on purpose.

A call goes by what is heard: a key is pressed while a prompt is being spoken, the statement begins after the
tone, and the end is the voice that says thanks.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tocsin.surfaces.line.speech.g711 import decode

FRAME = 160
_FRAME_S = 0.02
_SILENCE = b"\xff" * FRAME
_T1_S = 0.5
_SO_TIMESTAMPNS = 35
_EVENT = 101
_LOUD = 400.0
_TONE_HZ = 440


@dataclass
class Heard:
    """What a caller has heard lately, in frames of 20 ms."""

    sound: int = 0
    quiet: int = 0
    tone: int = 0
    arrivals: list[float] = field(default_factory=list)

    def take(self, payload: bytes, at: float) -> None:
        """One frame."""
        self.arrivals.append(at)
        samples = decode(payload).astype(np.float32)
        loudness = float(np.sqrt(np.mean(samples * samples)))
        loud = loudness > _LOUD
        self.sound = self.sound + 1 if loud else self.sound
        self.quiet = 0 if loud else self.quiet + 1
        self.tone = self.tone + 1 if loud and _is_tone(samples, loudness) else 0

    def anew(self) -> None:
        """Forget what was heard; what comes counts from here."""
        self.sound = self.quiet = self.tone = 0


_AT = np.exp(-2j * np.pi * _TONE_HZ * np.arange(FRAME) / 8000)


def _is_tone(samples: np.ndarray, loudness: float) -> bool:
    return bool(abs(samples @ _AT) * np.sqrt(2) / FRAME > 0.8 * loudness)


class Lost(Exception):
    """A call did not go as it should; the message says where."""


class Call:
    """One call, from INVITE to BYE."""

    def __init__(self, lines: Lines, number: int, statement: list[bytes]) -> None:
        self.id = f"bench-{os.getpid()}-{number}"
        self.heard = Heard()
        self.setup_s = 0.0
        self.said = 0
        self._lines, self._statement = lines, statement
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.bind(("127.0.0.1", 0))
        self._rtp.setblocking(False)
        self._rtp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._to: tuple[str, int] | None = None
        self._seq, self._stamp, self._ssrc = 0, 0, random.getrandbits(32)
        self._queue: list[tuple[int, bytes, bool]] = []
        self._answers: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self._tag = ""

    async def run(self, keys: str) -> None:
        """Call, answer each menu with one of ``keys``, make the statement, hear thanks, hang up.

        Raises:
            Lost: it did not go so.
        """
        asyncio.get_running_loop().add_reader(self._rtp.fileno(), self._received)
        try:
            await self._invite()
            for key in keys:
                await self._until(lambda: self.heard.sound > 25, f"the menu before {key}")
                self._press(key)
                await self._until(lambda: self.heard.quiet > 3, "the menu to stop")
                self.heard.anew()
            await self._until(lambda: self.heard.tone > 8, "the tone")
            await self._until(lambda: self.heard.quiet > 1, "the end of the tone")
            self._queue += [(0, frame, False) for frame in self._statement]
            await self._until(lambda: not self._queue, "the statement to be said")
            self.said = len(self._statement)
            self._press("#")
            self.heard.anew()
            await self._until(lambda: self.heard.sound > 25, "thanks")
            await self._ask("BYE", 2)
        finally:
            self._lines.calls.pop(self.id, None)
            asyncio.get_running_loop().remove_reader(self._rtp.fileno())
            self._rtp.close()

    def send_frame(self) -> None:
        """Every 20 ms: the next frame of what is to be said, or silence."""
        if self._to is None:
            return
        kind, payload, marked = self._queue.pop(0) if self._queue else (0, _SILENCE, False)
        self._seq = (self._seq + 1) & 0xFFFF
        if kind == 0:
            self._stamp = (self._stamp + FRAME) & 0xFFFFFFFF
        header = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if marked else 0), self._seq, self._stamp, self._ssrc
        )
        if not self._lines.loses_sound():
            self._rtp.sendto(header + payload, self._to)

    def answered(self, status: int, message: str) -> None:
        """A response to one of our requests."""
        self._answers.put_nowait((status, message))

    def _press(self, key: str) -> None:
        """RFC 4733: the event grows while it is held, its end is sent three times."""
        code = "0123456789*#".index(key)
        for frame in range(1, 6):
            self._queue.append((_EVENT, struct.pack("!BBH", code, 10, frame * FRAME), frame == 1))
        self._queue += [(_EVENT, struct.pack("!BBH", code, 0x8A, 5 * FRAME), False)] * 3

    def _received(self) -> None:
        try:
            data, extra, _, _ = self._rtp.recvmsg(2048, 64)
        except BlockingIOError:
            return
        if len(data) != FRAME + 12 or data[1] & 0x7F:
            return
        seconds, nanos = struct.unpack("ll", extra[0][2])
        self.heard.take(data[12:], seconds + nanos / 1e9)

    async def _until(self, true: object, what: str, patience_s: float = 60.0) -> None:
        deadline = time.monotonic() + patience_s
        while not true():  # type: ignore[operator]
            if time.monotonic() > deadline:
                raise Lost(f"waited for {what}")
            await asyncio.sleep(_FRAME_S)

    async def _invite(self) -> None:
        port = self._rtp.getsockname()[1]
        offer = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 {_EVENT}\r\na=rtpmap:0 PCMU/8000\r\n"
            f"a=rtpmap:{_EVENT} telephone-event/8000\r\na=fmtp:{_EVENT} 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        )
        began = time.monotonic()
        answer = await self._ask("INVITE", 1, offer)
        self.setup_s = time.monotonic() - began
        found = re.search(r"^m=audio (\d+) ", answer, re.MULTILINE)
        if found is None:
            raise Lost("the answer has no sound")
        self._to = ("127.0.0.1", int(found.group(1)))

    async def _ask(self, method: str, number: int, body: str = "") -> str:
        """Send a request until it is answered; the 200 that answers it."""
        pause = _T1_S
        self._lines.send(self._request(method, number, body))
        while True:
            try:
                status, message = await asyncio.wait_for(self._answers.get(), pause)
            except TimeoutError:
                if pause > 16:
                    raise Lost(f"{method} was not answered") from None
                pause *= 2
                self._lines.send(self._request(method, number, body))
                continue
            if status < 200 or f"CSeq: {number} " not in message:
                continue
            if status != 200:
                raise Lost(f"{method} was answered {status}")
            if method == "INVITE":
                tagged = re.search(r"^To:.*;tag=([^\s;]+)", message, re.MULTILINE | re.IGNORECASE)
                self._tag = f";tag={tagged.group(1)}" if tagged else ""
                self._lines.send(self._request("ACK", number))
            return message

    def again_ok(self) -> None:
        """The 200 to our INVITE came once more: our ACK was lost."""
        self._lines.send(self._request("ACK", 1))

    def _request(self, method: str, number: int, body: str = "") -> bytes:
        host = f"127.0.0.1:{self._lines.port}"
        branch = f"z9hG4bK{self.id}{method}"
        typed = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} sip:safety@127.0.0.1:{self._lines.to[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host};branch={branch};rport\r\nMax-Forwards: 70\r\n"
            f"From: <sip:+14155550142@127.0.0.1>;tag={self.id}\r\nTo: <sip:safety@127.0.0.1>{self._tag}\r\n"
            f"Call-ID: {self.id}\r\nCSeq: {number} {method}\r\nContact: <sip:bench@{host}>\r\n{typed}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


class Lines(asyncio.DatagramProtocol):
    """The signalling of all calls, over one socket. ``loss``: the share that is lost in each direction;
    ``sound_loss``: the share of packets of sound that is lost on the way to the line."""

    def __init__(self, to: tuple[str, int], loss: float, sound_loss: float = 0.0) -> None:
        self.to = to
        self.port = 0
        self.calls: dict[str, Call] = {}
        self._loss, self._sound_loss = loss, sound_loss
        self._random = random.Random(11)
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def loses_sound(self) -> bool:
        """Whether the next packet of sound is lost."""
        return self._random.random() < self._sound_loss

    def send(self, message: bytes) -> None:
        """Send to the line, or lose it."""
        if self._transport is not None and self._random.random() >= self._loss:
            self._transport.sendto(message, self.to)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = data.decode(errors="replace")
        found = re.search(r"^Call-ID: *(\S+)", message, re.MULTILINE | re.IGNORECASE)
        call = self.calls.get(found.group(1)) if found else None
        if call is None or self._random.random() < self._loss or not message.startswith("SIP/2.0 "):
            return
        status = int(message[8:11])
        if status == 200 and "CSeq: 1 INVITE" in message and call.setup_s:
            call.again_ok()
        else:
            call.answered(status, message)

    async def pace(self) -> None:
        """Send a frame of every call each 20 ms, for as long as it runs."""
        loop = asyncio.get_running_loop()
        at = loop.time()
        while True:
            for call in list(self.calls.values()):
                call.send_frame()
            at += _FRAME_S
            await asyncio.sleep(max(0.0, at - loop.time()))
