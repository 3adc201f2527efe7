"""The machine: Python, the home, room on the disk, keys, ports, and what is optional."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from tocsin.surfaces.cli.checks.findings import Finding, note, ok, wrong
from tocsin.surfaces.cli.environment import CommandError, Environment
from tocsin.surfaces.cli.ports import free_sip_port, listening
from tocsin.surfaces.cli.runfiles import RunFiles

_PYTHON = (3, 11)
_PRIVATE = ("keys", "evidence", "decide", "mail", "line", "postgres")
#: Below the first something is wrong, below the second it is worth a note.
_DISK_LEAST_MB, _DISK_LITTLE_MB = 512, 4096
_ANSWER_S = 5.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _PYTHON:
        yield wrong(f"Python {version}", "install Python 3.11 or newer and run `make run` again")
    else:
        yield ok(f"Python {version}")


def home(env: Environment) -> Iterator[Finding]:
    """It is there, it can be written, and nobody else reads what is private."""
    if not env.home.is_dir():
        yield note(f"the home {env.home} is not there yet", "`tocsin up` makes it")
        return
    if not os.access(env.home, os.W_OK | os.X_OK, effective_ids=True):
        yield wrong(f"the home {env.home} cannot be written", "run as its owner, or set TOCSIN_HOME")
        return
    open_to_others = [path for path in _private_paths(env) if _others_may(path)]
    for path in open_to_others:
        yield wrong(f"{path} can be read by others", f"chmod go-rwx {path}")
    if not open_to_others:
        yield ok(f"the home {env.home} can be written, and what is private in it is private")


def _private_paths(env: Environment) -> Iterator[Path]:
    for name in _PRIVATE:
        if (env.home / name).exists():
            yield env.home / name
    yield from sorted((env.home / "keys").rglob("*"))


def _others_may(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def disk(env: Environment) -> Iterator[Finding]:
    place = next(path for path in (env.home, *env.home.parents) if path.exists())
    free_mb = shutil.disk_usage(place).free // 2**20
    text = f"{free_mb:,} MB free where the home lies"
    if free_mb < _DISK_LEAST_MB:
        yield wrong(text, "make room; without it nothing new can be kept, and Tocsin will say so and refuse")
    elif free_mb < _DISK_LITTLE_MB:
        yield note(text, "make room soon")
    else:
        yield ok(text)


def keys(env: Environment) -> Iterator[Finding]:
    """Whether keys have been made. Whether they open what is kept is asked of the database."""
    if env.keys != "file":
        yield ok(f"master keys are kept by {env.keys.split(':', 1)[0]}")
        return
    current = env.home / "keys" / "master" / "current"
    if current.exists():
        yield ok(f"the master key {current.read_text().strip()} is in {current.parent}")
    else:
        yield note("there is no master key yet", "it is made when the first personal value is kept")


def ports(env: Environment) -> Iterator[Finding]:
    """When Tocsin does not run, its ports should be free."""
    if RunFiles(env.home).is_running():
        return
    for name, port in (("web", env.web_port), ("live", env.live_port), ("decide", env.decide_port)):
        try:
            listening(name, port).close()
        except CommandError:
            yield wrong(
                f"port {port} for {name} is taken by another program",
                f"end that program, or set TOCSIN_{name.upper()}_PORT to another port (0: any free one)",
            )
        else:
            yield ok(f"port {port} for {name} is free" if port else f"{name} takes any free port")


def telephone(env: Environment) -> Iterator[Finding]:
    """When Tocsin does not run, the telephone's port should be free."""
    if RunFiles(env.home).is_running():
        return
    try:
        free_sip_port("line", env.line_host, env.line_port)
    except (CommandError, OSError) as error:
        yield wrong(f"the telephone cannot answer at {env.line_host}:{env.line_port}", str(error))
    else:
        where = f"port {env.line_port} for line is free" if env.line_port else "line takes any free port"
        yield ok(where)


def browser() -> Iterator[Finding]:
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found:
        yield ok(f"a browser for the tests is at {found}")
    else:
        yield note("no Chromium here; only the tests need one", "apt-get install chromium")


def voices() -> Iterator[Finding]:
    """Whether the telephone line has a voice for each of its languages."""
    from tocsin.domains.line.prompts import all_prompts
    from tocsin.surfaces.line.speech.voices import ESPEAK, has_voice

    for language in sorted(all_prompts()):
        if has_voice(language):
            yield ok(f"the telephone line has a voice for {language}")
        else:
            yield note(
                f"the telephone line has no voice for {language}, and reads it as if it were English",
                f"apt-get install {ESPEAK}, and start Tocsin again",
            )


def antivirus(env: Environment) -> Iterator[Finding]:
    """Optional; but when it is configured it has to answer."""
    if not env.clamd:
        yield note(
            "evidence is not scanned for viruses", "set TOCSIN_CLAMD to the socket of clamd if you have one"
        )
        return
    try:
        with _connected(env.clamd) as clamd:
            clamd.sendall(b"zPING\0")
            answer = clamd.recv(64)
    except OSError as error:
        yield wrong(
            f"clamd does not answer at {env.clamd}: {error.strerror or error}",
            "start clamd, or unset TOCSIN_CLAMD",
        )
        return
    if answer.startswith(b"PONG"):
        yield ok("clamd answers")
    else:
        yield wrong(f"what listens at {env.clamd} is not clamd", "set TOCSIN_CLAMD to the socket of clamd")


def _connected(spec: str) -> socket.socket:
    """A connection to a socket's path or ``host:port``."""
    host, colon, port = spec.rpartition(":")
    if colon and port.isdigit() and "/" not in spec:
        return socket.create_connection((host, int(port)), timeout=_ANSWER_S)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(_ANSWER_S)
    try:
        made.connect(spec.removeprefix("unix:"))
    except OSError:
        made.close()
        raise
    return made
