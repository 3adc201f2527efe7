"""A stand-in for ClamAV's daemon, speaking its INSTREAM protocol, that finds the EICAR test file."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: The harmless test file every scanner knows.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        command = self.rfile.readline().strip()
        assert command == b"nINSTREAM", command
        data = b""
        while (size := struct.unpack("!L", self.rfile.read(4))[0]) > 0:
            data += self.rfile.read(size)
            if len(data) > self.server.most:  # type: ignore[attr-defined]
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\n")
                return
        self.server.scanned.append(data)  # type: ignore[attr-defined]
        found = b"Eicar-Test-Signature FOUND" if EICAR in data else b"OK"
        self.wfile.write(b"stream: " + found + b"\n")


class Clamd:
    """``scanned`` is what was looked at, ``spec`` what ``TOCSIN_CLAMD`` has to say."""

    def __init__(self, spec: str, scanned: list[bytes]) -> None:
        self.spec = spec
        self.scanned = scanned


@contextmanager
def clamd(socket: Path | None = None, most: int = 25 * 1024 * 1024) -> Iterator[Clamd]:
    """A daemon on a free port of this machine, or on a socket."""
    kind = socketserver.ThreadingUnixStreamServer if socket else socketserver.ThreadingTCPServer
    with kind(str(socket) if socket else ("127.0.0.1", 0), _Handler) as server:  # type: ignore[arg-type]
        server.scanned, server.most = [], most  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        spec = str(socket) if socket else f"127.0.0.1:{server.server_address[1]}"
        yield Clamd(spec, server.scanned)  # type: ignore[attr-defined]
        server.shutdown()
