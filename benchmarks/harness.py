"""A real decide process for a benchmark, and a kept-open connection to it."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parents[1]
START_SECONDS = 240  # the first start of a version compiles its kernels


class Door:
    """One kept-open connection to a decide endpoint."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=120)
        self._path = f"{parts.path.rstrip('/')}/v1/decide"
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Tocsin-Replay": "1",
        }

    def send(self, body: bytes) -> None:
        """Send a request; `receive` must follow. Between the two the client may prepare the next one."""
        self._connection.request("POST", self._path, body, self._headers)

    def receive(self) -> bytes:
        """The body of the answer. Raises RuntimeError, with what the server said, when it is a refusal."""
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {body[:2000].decode(errors='replace')}")
        return body


@contextmanager
def decide_process(rules: Path, home: Path | None = None) -> Iterator[tuple[str, str]]:
    """A real decide process on a free port; gives its address and a key, and stops it at the end."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as scratch:
        folder = home or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        secret = secrets.token_urlsafe(32)
        record = {
            "secret_sha256": hashlib.sha256(secret.encode()).hexdigest(),
            "scopes": ["decide", "replay"],
            "revoked": False,
        }
        keys, port_file, output = folder / "keys.json", folder / "port", folder / "decide.log"
        keys.write_text(json.dumps({"bench": record}))
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
        command += ["--folder", str(folder / "decide"), "--rules", str(rules), "--keys", str(keys)]
        with output.open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{_port(process, port_file, output)}", f"tsk_bench_{secret}"
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def _port(process: subprocess.Popen[bytes], port_file: Path, output: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while not port_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the decide process did not start:\n{output.read_text()}")
        time.sleep(0.05)
    return int(port_file.read_text())
