"""The running processes: are they up, and does the worker keep up?"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

from tocsin.surfaces.cli.checks.findings import Finding, note, ok, wrong
from tocsin.surfaces.cli.environment import Environment
from tocsin.surfaces.cli.runfiles import RunFiles, heartbeat_file

_BEAT_STALE_S = 30.0


def processes(env: Environment) -> Iterator[Finding]:
    files = RunFiles(env.home)
    if not files.is_running():
        yield note("Tocsin does not run in this home", "start it with `tocsin up` (or `make run`)")
        return
    ports = files.ports()
    for name, state in files.processes().items():
        where = f" on port {ports[name]}" if name in ports else ""
        text = f"{name} runs{where} (process {state['pid']}, started again {state['restarts']} times)"
        if not _alive(state["pid"]):
            yield wrong(
                f"{name} has just ended", f"it is started again by itself; see {env.home / 'logs'}/{name}.log"
            )
        elif not state["ready"]:
            yield wrong(f"{name} runs and is not ready", f"see {env.home / 'logs'}/{name}.log")
        elif state["restarts"] > 2:
            yield wrong(text, f"see {env.home / 'logs'}/{name}.log for why it ends")
        else:
            yield ok(text)
    yield from _chores(env)
    if "line" in files.processes():
        yield from _line(env)


def _chores(env: Environment) -> Iterator[Finding]:
    beat = heartbeat_file(env.home, "worker")
    if not beat.exists():
        yield wrong("the worker has not said anything yet", f"see {env.home / 'logs'}/worker.log")
        return
    age = time.time() - beat.stat().st_mtime
    if age > _BEAT_STALE_S:
        yield wrong(f"the worker has been silent for {age:.0f} s", f"see {env.home / 'logs'}/worker.log")
        return
    failing = {
        name: state["error"] for name, state in json.loads(beat.read_text()).items() if state["failures"]
    }
    for name, error in failing.items():
        yield wrong(f"the worker's chore {name} fails: {error}", f"see {env.home / 'logs'}/worker.log")
    if not failing:
        yield ok("every chore of the worker went well the last time")


def _line(env: Environment) -> Iterator[Finding]:
    """Whether what callers said reaches the reports."""
    spool, log = env.home / "line" / "spool", env.home / "logs" / "line.log"
    refused = len(list((spool / "refused").glob("*.json")))
    waiting = len(list(spool.glob("*.json")))
    if refused:
        yield wrong(
            f"{refused} recordings or ends of calls were refused and are kept in {spool / 'refused'}",
            f"see {log}",
        )
    elif waiting:
        yield note(
            f"{waiting} recordings or ends of calls wait to be handed over", f"if they stay, see {log}"
        )
    else:
        yield ok("everything callers said was handed over")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
