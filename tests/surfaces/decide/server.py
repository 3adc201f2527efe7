"""A real decide process for tests: its own folder, rules and keys, any free port."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tocsin.core.crypto.day_codec import DayCodec
from tocsin.surfaces.decide.log_keys import KeyFolder

SECRET = "s3cret_with_underscores"
KEYS = {
    "k1": ["decide", "events:write", "replay"],
    "plain": ["decide"],
    "ingest": ["events:write"],
    "gone": ["decide"],
}
RULES = """
orders = count("order.placed", per=customer, within="24h")


class third_order(Rule):
    "Third order in a day"

    on = "order.placed"
    when = orders >= 2
    verdict = "review"
    severity = "S3"
    code = "V1"
    clause = "FRD-C.stolen_payment"
    reason = "This is order number three or more: {orders} came before."
    actions = [hold_order(order)]
"""


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait for something to become true; fail when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not so within {seconds} s: {condition}")


def now() -> int:
    return time.time_ns() // 1_000_000


def order(ident: str, customer: str = "c", **changes: Any) -> dict[str, Any]:
    return {"id": ident, "type": "order.placed", "ts": now(), "entities": {"customer": customer}, **changes}


class Server:
    """Start, talk, signal, kill, start again on the same folder."""

    def __init__(self, home: Path, *options: str, rules: str = RULES) -> None:
        self.home = home
        self.folder = home / "decide"
        self.rules = home / "rules"
        self.options = options
        self.rules.mkdir(parents=True, exist_ok=True)
        self.write_rules(rules)
        self.write_keys()
        self.process: subprocess.Popen[bytes]
        self.port = 0

    @property
    def codec(self) -> DayCodec:
        """Opens its log."""
        return DayCodec(KeyFolder(self.home / "decide-keys"))

    def write_rules(self, text: str) -> None:
        (self.rules / "shop.rules").write_text(text)

    def write_stages(self, text: str) -> None:
        (self.rules / "stages.toml").write_text(text)

    def write_keys(self, revoked: tuple[str, ...] = ("gone",)) -> None:
        digest = hashlib.sha256(SECRET.encode()).hexdigest()
        keys = {k: {"secret_sha256": digest, "scopes": s, "revoked": k in revoked} for k, s in KEYS.items()}
        draft = self.home / "keys.new"
        draft.write_text(json.dumps(keys))
        draft.rename(self.home / "keys.json")

    def start(self) -> Server:
        port_file = self.home / "port"
        port_file.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "tocsin.surfaces.decide",
            "--port",
            "0",
            "--port-file",
            str(port_file),
        ]
        command += [
            "--folder",
            str(self.folder),
            "--rules",
            str(self.rules),
            "--keys",
            str(self.home / "keys.json"),
        ]
        with (self.home / "log.txt").open("ab") as out:
            self.process = subprocess.Popen([*command, *self.options], stdout=out, stderr=out)
        # the first start on a machine compiles the kernels
        until(lambda: port_file.exists() or self.process.poll() is not None, 120)
        if self.process.poll() is not None:
            raise AssertionError(self.output())
        self.port = int(port_file.read_text())
        return self

    def output(self) -> str:
        return (self.home / "log.txt").read_text()

    def stop(self) -> int:
        """Ask it to stop; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def hang_up(self) -> None:
        os.kill(self.process.pid, signal.SIGHUP)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, payload: Any, key: str = "k1", path: str = "/v1/decide", **headers: str) -> Reply:
        """A decide request; `payload` as JSON, or bytes as they are. Header names with _ for -."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = {"Authorization": f"Bearer tsk_{key}_{SECRET}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, body, {name: value for name, value in sent.items() if value})

    def metric(self, name: str) -> float:
        for line in self.request("GET", "/metrics").body.decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no metric {name}")

    def position(self) -> int:
        return int(self.metric("tocsin_decide_log_position"))
