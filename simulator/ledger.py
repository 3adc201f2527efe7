"""What Tocsin has acknowledged, written down before we act on it.

One JSON object a line, forced to disk before the reply is used. After a crash of either side the ledger can
be counted: nothing acknowledged may be missing, nothing may have been done twice.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class Ledger:
    """An append-only file. With no path it keeps nothing and costs nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, entries: Iterable[dict[str, Any]]) -> None:
        """Append entries and return when they are on the disk."""
        if self._file is None:
            return
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        if not lines:
            return
        remaining = memoryview(lines.encode())
        while remaining:
            remaining = remaining[os.write(self._file, remaining) :]
        os.fdatasync(self._file)

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


PLURALS = {"event": "events", "report": "reports", "delivery": "deliveries", "confirmation": "confirmations"}


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line; a last line cut short by a crash was never relied upon and is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def audit(path: Path) -> dict[str, int]:
    """Count the ledger, and count what would be wrong whatever happened in between.

    `events_changed`: one event id with two different verdicts or sequence numbers.
    `reports_doubled`: one telling that got two report numbers.
    `deliveries_doubled`: one webhook delivery carried out twice.
    """
    seen: dict[str, dict[str, Any]] = {"event": {}, "report": {}, "delivery": {}}
    counts: Counter[str] = Counter()
    for entry in read(path):
        kind = entry["kind"]
        counts[PLURALS[kind]] += 1
        match kind:
            case "event":
                answer = (entry["verdict"], entry.get("seq"))
                if seen["event"].setdefault(entry["event_id"], answer) != answer:
                    counts["events_changed"] += 1
            case "report":
                number = entry["number"]
                if seen["report"].setdefault(entry["external_id"], number) != number:
                    counts["reports_doubled"] += 1
            case "delivery":
                if entry["delivery_id"] in seen["delivery"]:
                    counts["deliveries_doubled"] += 1
                seen["delivery"][entry["delivery_id"]] = True
    for problem in ("events_changed", "reports_doubled", "deliveries_doubled"):
        counts.setdefault(problem, 0)
    return dict(counts)
