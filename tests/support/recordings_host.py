"""A carrier's recordings, as its HTTP API keeps them: basic authentication, the sound at ``….wav`` once it is
ready, DELETE on the recording itself."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class RecordingsHost(ThreadingHTTPServer):
    """``recordings`` by their path; ``asked`` is every request in order, with its answer."""

    def __init__(self, account: str, key: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wanted: str | None = "Basic " + base64.b64encode(f"{account}:{key}".encode()).decode()
        self.recordings: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, int]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: RecordingsHost

    def do_GET(self) -> None:
        self._answer(self.server.recordings.get(self.path.removesuffix(".wav")), 200)

    def do_DELETE(self) -> None:
        self._answer(self.server.recordings.pop(self.path, None), 204)

    def _answer(self, found: bytes | None, good: int) -> None:
        status = good if found is not None else 404
        if self.headers.get("Authorization") != self.server.wanted:
            status, found = 401, None
        self.server.asked.append((self.command, self.path, status))
        body = found if found is not None and status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@contextmanager
def recordings_host(account: str, key: str) -> Iterator[RecordingsHost]:
    """It answers until the end."""
    server = RecordingsHost(account, key)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
