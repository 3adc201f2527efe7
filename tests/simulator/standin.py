"""A small stand-in for Tocsin's public API, so that the simulator can be tested on its own.

It keeps the contract that matters to a client: first answers for repeated events, 409 for a changed one,
errors for single items of a batch, idempotency keys, bearer keys, signed webhooks, and trouble on request.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from simulator.receiver import sign

KEY = "tsk_standin_secret"
SECRET = "whsec_standin"
EVENT_FIELDS = {"id", "type", "ts", "region", "zone", "entities", "fields"}
Judge = Callable[[dict[str, Any]], dict[str, Any]]
"""Event in, {"verdict", "reasons"?, "actions"?} out."""


class Trouble:
    """What to do with a coming request instead of answering it well."""

    def __init__(self, status: int, retry_after: str | None = None, *, after_commit: bool = False) -> None:
        self.status = status
        self.retry_after = retry_after
        self.after_commit = after_commit
        """Do the work, then break the connection before the reply."""


def allow(event: dict[str, Any]) -> dict[str, Any]:
    return {"verdict": "allow"}


class StandIn:
    """Start with `with StandIn() as api:`; `api.url` is its address."""

    def __init__(self, judge: Judge = allow) -> None:
        self.judge = judge
        self.lock = threading.Lock()
        self.events: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.order: list[str] = []
        self.entities: dict[tuple[str, str], dict[str, Any]] = {}
        self.reports: dict[str, dict[str, Any]] = {}
        self.messages: list[tuple[str, str]] = []
        self.webhooks: dict[str, str] = {}
        self.confirmations: list[tuple[str, str]] = []
        self.troubles: deque[Trouble] = deque()
        self.calls: list[tuple[float, str, str, str | None]] = []
        self.counts: Counter[str] = Counter()
        self._replies: dict[str, tuple[int, Any]] = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def handle_any(self) -> None:
                api.handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> StandIn:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    # -- one request -------------------------------------------------------------------------------

    def handle(self, http: BaseHTTPRequestHandler) -> None:
        body = http.rfile.read(int(http.headers.get("Content-Length") or 0))
        key = http.headers.get("Idempotency-Key")
        with self.lock:
            self.calls.append((time.monotonic(), http.command, http.path, key))
            trouble = self.troubles.popleft() if self.troubles else None
            if trouble is not None and not trouble.after_commit:
                status, reply = trouble.status, {"title": "trouble"}
            elif http.headers.get("Authorization") != f"Bearer {KEY}":
                status, reply = 401, {"title": "unknown key"}
            else:
                status, reply = self.answer(http.command, http.path, body, key)
        if trouble is not None and trouble.after_commit:
            http.close_connection = True
            http.connection.close()
            return
        data = json.dumps(reply).encode()
        http.send_response(status)
        http.send_header("Content-Type", "application/json")
        http.send_header("Content-Length", str(len(data)))
        if trouble is not None and trouble.retry_after is not None:
            http.send_header("Retry-After", trouble.retry_after)
        http.end_headers()
        http.wfile.write(data)

    def answer(self, method: str, path: str, body: bytes, key: str | None) -> tuple[int, Any]:
        if method == "POST" and key is None:
            return 422, {"title": "Idempotency-Key is needed"}
        if key is not None and f"{path} {key}" in self._replies and path != "/v1/decide":
            self.counts["replayed"] += 1
            return self._replies[f"{path} {key}"]
        try:
            given = json.loads(body) if body else {}
        except ValueError:
            return 400, {"title": "not JSON"}
        status, reply = self.route(method, path, given)
        if key is not None:
            self._replies[f"{path} {key}"] = (status, reply)
        return status, reply

    def route(self, method: str, path: str, given: dict[str, Any]) -> tuple[int, Any]:
        if path == "/v1/decide":
            return self.decide(given)
        if (method, path) == ("POST", "/v1/entities"):
            if len(given["entities"]) > 1000:
                return 422, {"title": "too many"}
            for entity in given["entities"]:
                self.entities.setdefault((entity["kind"], entity["id"]), {}).update(entity["attributes"])
            return 200, {"stored": len(given["entities"])}
        if (method, path) == ("POST", "/v1/reports"):
            number = f"TS-{len(self.reports):05d}-AAAAA-0"
            self.reports[number] = given
            return 201, {"number": number, "pin": "0000", "severity": "S3", "status": "received"}
        if found := re.fullmatch(r"/v1/reports/([^/]+)(/messages)?", path):
            if found[1] not in self.reports:
                return 404, {"title": "no such report"}
            if found[2]:
                self.messages.append((found[1], given["text"]))
            return (201 if found[2] else 200), {"number": found[1], "status": "received"}
        if (method, path) == ("POST", "/v1/webhooks"):
            if set(given) - {"url", "topics", "description"}:
                return 422, {"title": "wrong fields"}
            ident = f"wh_{len(self.webhooks)}"
            self.webhooks[ident] = given["url"]
            return 201, {"id": ident, "secret": SECRET}
        if method == "DELETE" and path.startswith("/v1/webhooks/"):
            return (204, {}) if self.webhooks.pop(path.rsplit("/", 1)[1], None) else (404, {})
        if found := re.fullmatch(r"/v1/actions/([^/]+)/confirmation", path):
            self.confirmations.append((found[1], given["status"]))
            return 200, {}
        return 404, {"title": "no such page"}

    def decide(self, given: dict[str, Any]) -> tuple[int, Any]:
        if "events" not in given:
            return self.one(given)
        answers = []
        for event in given["events"]:
            status, answer = self.one(event)
            answers.append(answer if status == 200 else {"error": {"status": status, **answer}})
        return 200, {"decisions": answers}

    def one(self, event: dict[str, Any]) -> tuple[int, Any]:
        if set(event) - EVENT_FIELDS or not re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", event.get("id", "")):
            return 422, {"title": "wrong fields", "errors": [{"path": "", "message": "unknown name or id"}]}
        known = self.events.get(event["id"])
        if known is not None:
            if known[0] != event:
                return 409, {"title": "same id, other content"}
            self.counts["duplicates"] += 1
            return 200, {**known[1], "duplicate": True}
        judged = self.judge(event)
        if "error" in judged:
            return 422, judged["error"]
        decision = {
            "event_id": event["id"],
            "reasons": [],
            "actions": [],
            "rules_version": "standin",
            "engine_version": "standin",
            "seq": len(self.events) + 1,
            "decided_at": datetime.now(UTC).isoformat(),
            "late": False,
            "duplicate": False,
            **judged,
        }
        self.events[event["id"]] = (event, decision)
        self.order.append(event["id"])
        return 200, decision

    # -- what tests ask ----------------------------------------------------------------------------

    def of_type(self, event_type: str) -> list[dict[str, Any]]:
        with self.lock:
            return [self.events[i][0] for i in self.order if self.events[i][0]["type"] == event_type]

    def send_webhook(
        self, kind: str, data: dict[str, Any], *, delivery: str, url: str | None = None, secret: str = SECRET
    ) -> int:
        """Deliver a signed webhook to the first subscriber; its status."""
        body = json.dumps({"id": delivery, "type": kind, "created_at": "", "data": data}).encode()
        return post_webhook(url or next(iter(self.webhooks.values())), body, delivery, secret=secret)


def post_webhook(
    url: str,
    body: bytes,
    delivery: str,
    *,
    secret: str = SECRET,
    age_s: float = 0,
    signature: str | None = None,
) -> int:
    """One delivery as Tocsin makes it (several secrets, with commas, sign it several times); the status."""
    timestamp = str(int(time.time() - age_s))
    request = urllib.request.Request(
        url,
        data=body,
        headers={
            "Content-Type": "application/json",
            "Tocsin-Delivery-Id": delivery,
            "Tocsin-Timestamp": timestamp,
            "Tocsin-Signature": signature
            or ",".join(sign(one, timestamp, body) for one in secret.split(",")),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
