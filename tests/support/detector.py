"""A detector of somebody else's on a free port. It speaks the protocol of ``docs/integrate/detectors.md``:
checks signatures and times, and scores events."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Event = Mapping[str, Any]


class OutsideDetector:
    """``score`` says what it thinks of an event. While ``down`` it answers 503. ``asked``: the events it was
    asked about, in order; ``refused``: calls that it did not believe."""

    def __init__(self, score: Callable[[Event], float]) -> None:
        self.secret = ""
        self.down = False
        self.asked: list[Event] = []
        self.refused: list[str] = []
        detector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = detector.answer(dict(self.headers), body, score)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/score"

    def answer(
        self, headers: Mapping[str, str], body: bytes, score: Callable[[Event], float]
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a call."""
        if self.down:
            return 503, {"error": "down for maintenance"}
        stamp = headers["Tocsin-Timestamp"]
        wanted = hmac.new(self.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(headers["Tocsin-Signature"], f"v1={wanted}"):
            self.refused.append("signature")
        elif abs(time.time() - int(stamp)) > 300:
            self.refused.append("stale")
        else:
            events = json.loads(body)["events"]
            self.asked += events
            return 200, {"scores": {event["id"]: score(event) for event in events}}
        return 401, {"error": self.refused[-1]}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
