"""How many callers the telephone line holds at once on one core, and how well.

    python -m benchmarks.line [--calls 100] [--say 20] [--loss 0.0] [--json]

Starts a whole Tocsin in a home of its own and calls its line over SIP on loopback. Every caller presses a key
in each menu while it is being spoken, tells what happened for ``--say`` seconds after the tone, presses the
pound key, hears the thanks and hangs up. ``--loss`` loses that share of the signalling in each direction.

* ``setup_p95_ms``: from the INVITE to the 200 that answers it.
* ``gap_p99_ms``: between two packets of sound that reach a caller, by the kernel's time stamps (20 is ideal).
* ``core_share``: processor time of the line process, without the process that speaks, by the time during
  which calls were up. 1.0 is one core.
* ``recording_completeness_min``: of the call that fared worst, the share of the frames of 20 ms that were
  said which are in the sealed recording, bit by bit.
* ``lost_calls``: calls that did not go through to the end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.line_caller import FRAME, Call, Lines, Lost
from benchmarks.report import percentile, show
from tocsin.surfaces.cli.runfiles import RunFiles
from tocsin.surfaces.line.speech.g711 import encode

#: English, recorded, fraud, no live order.
_KEYS = "1122"
_START_S, _HAND_OVER_S = 240.0, 60.0
#: New calls are spread like this, so that they do not all hear the same at the same moment.
_EVERY_S = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--say", type=float, default=20.0, help="seconds of the statement")
    parser.add_argument("--loss", type=float, default=0.0, help="share of the signalling that is lost")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-line-") as folder:
        return _run(Path(folder), args)


def _run(home: Path, args: argparse.Namespace) -> int:
    os.environ |= {f"TOCSIN_{name}_PORT": "0" for name in ("WEB", "LIVE", "DECIDE", "LINE")}
    os.environ |= {
        "TOCSIN_HOME": str(home),
        "TOCSIN_LINE_CALLS": str(max(120, args.calls + 20)),
        "DJANGO_SETTINGS_MODULE": "tocsin.config.settings",
    }
    files = RunFiles(home)
    with (home / "up.log").open("wb") as out:
        up = subprocess.Popen([sys.executable, "-m", "tocsin.config.main", "up"], stdout=out, stderr=out)
        try:
            _wait(lambda: bool(files.ports()), _START_S, "Tocsin to come up")
            _wait(lambda: _all_spoken(home), _START_S, "the prompts to be spoken")
            figures = asyncio.run(_measure(files, args))
            figures["recording_completeness_min"] = _completeness(home, figures.pop("said"))
        finally:
            up.send_signal(signal.SIGINT)
            up.wait()
    rows = [("figure", "value"), *((name, str(value)) for name, value in figures.items())]
    show(figures, rows, args.json)
    good = figures["lost_calls"] == 0 and figures["recording_completeness_min"] >= 0.995
    return 0 if good and figures["core_share"] <= 1.0 else 1


async def _measure(files: RunFiles, args: argparse.Namespace) -> dict[str, Any]:
    to = ("127.0.0.1", files.ports()["line"])
    line = int(files.processes()["line"]["pid"])
    _, lines = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Lines(to, args.loss), local_addr=("127.0.0.1", 0)
    )
    pacing = asyncio.create_task(lines.pace())
    calls = [Call(lines, number, statement_of(number, args.say)) for number in range(args.calls)]
    processor, began = _processor_s(line), time.monotonic()
    work = []
    for call in calls:
        lines.calls[call.id] = call
        work.append(asyncio.create_task(call.run(_KEYS)))
        await asyncio.sleep(_EVERY_S)
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    took, used = time.monotonic() - began, _processor_s(line) - processor
    pacing.cancel()
    for outcome in outcomes:
        if isinstance(outcome, Lost):
            print(f"lost: {outcome}", file=sys.stderr)
        elif isinstance(outcome, BaseException):
            raise outcome
    gaps = np.concatenate([np.diff(call.heard.arrivals) for call in calls]) * 1000
    return {
        "calls": args.calls,
        "signalling_loss": args.loss,
        "core_share": round(used / took, 3),
        "setup_p95_ms": round(percentile([call.setup_s * 1000 for call in calls if call.setup_s], 0.95), 1),
        "gap_p99_ms": round(float(np.percentile(gaps, 99)), 1),
        "gap_max_ms": round(float(gaps.max()), 1),
        "lost_calls": sum(isinstance(outcome, Lost) for outcome in outcomes),
        "said": {number: call.said for number, call in enumerate(calls) if call.said},
    }


def statement_of(number: int, seconds: float) -> list[bytes]:
    """Noise that no other call makes, frame by frame."""
    noise = np.random.default_rng(number).normal(0, 4_000, int(seconds * 50) * FRAME)
    sound = encode(noise.clip(-30_000, 30_000).astype(np.int16))
    return [sound[at : at + FRAME] for at in range(0, len(sound), FRAME)]


def _completeness(home: Path, said: dict[int, int]) -> float:
    """Looks every frame that was said up in the recordings, wherever in them it is."""
    import django

    django.setup()
    from tocsin.core.evidence.models import Evidence
    from tocsin.core.evidence.reading import read
    from tocsin.domains.line.models import Recording

    spool = home / "line" / "spool"
    _wait(lambda: not list(spool.glob("*.json")), _HAND_OVER_S, "the recordings to be handed over")
    recorded = [
        encode(np.frombuffer(read(Evidence.objects.get(pk=one.evidence_id))[44:], np.int16))
        for one in Recording.objects.all()
    ]
    worst = 1.0
    for number, frames in said.items():
        statement = statement_of(number, frames / 50)
        worst = min(worst, max((_share(statement, sound) for sound in recorded), default=0.0))
    return round(worst, 4)


def _share(statement: list[bytes], sound: bytes) -> float:
    # a recording of another call has none of the first frames
    if not any(frame in sound for frame in statement[5:10]):
        return 0.0
    return sum(frame in sound for frame in statement) / len(statement)


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _all_spoken(home: Path) -> bool:
    """Whether no new prompt came for a moment."""
    before = len(list((home / "line" / "prompts").glob("*.ulaw")))
    time.sleep(1.0)
    return 0 < before == len(list((home / "line" / "prompts").glob("*.ulaw")))


def _wait(true: Any, patience_s: float, what: str) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
