"""Ask Tocsin again about everything it once acknowledged: is it all still there, and the same?

An event sent again must come back as a duplicate with its first verdict and sequence number; a report's
number must still be known. Nothing here adds anything new, unless something was lost.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from simulator import ledger
from simulator.client import Door

BATCH = 200


async def recheck(path: Path, hot: Door, web: Door) -> dict[str, int]:
    """Counts: events kept, changed, lost; reports kept, lost; plus the ledger's own audit."""
    counts: Counter[str] = Counter(ledger.audit(path))
    for name in ("events_kept", "events_altered", "events_lost", "reports_kept", "reports_lost"):
        counts.setdefault(name, 0)
    events: list[dict[str, Any]] = []
    numbers: dict[str, None] = {}
    for entry in ledger.read(path):
        if entry["kind"] == "event":
            events.append(entry)
        elif entry["kind"] == "report":
            numbers[entry["number"]] = None
    for start in range(0, len(events), BATCH):
        await _events(events[start : start + BATCH], hot, counts)
    for number in numbers:
        reply = await web.call("GET", f"/v1/reports/{number}", tries=8)
        counts["reports_kept" if reply.ok else "reports_lost"] += 1
    return dict(counts)


async def _events(entries: list[dict[str, Any]], hot: Door, counts: Counter[str]) -> None:
    body = {"events": [entry["event"] for entry in entries]}
    reply = await hot.call("POST", "/v1/decide", body, key=f"recheck/{entries[0]['event_id']}", tries=8)
    if not reply.ok:
        raise RuntimeError(f"Tocsin did not take the events again: {reply.problem}")
    for entry, answer in zip(entries, reply.body["decisions"], strict=True):
        if not answer.get("duplicate"):
            counts["events_lost"] += 1
        elif (answer["verdict"], answer.get("seq")) != (entry["verdict"], entry["seq"]):
            counts["events_altered"] += 1
        else:
            counts["events_kept"] += 1
