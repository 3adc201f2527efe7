"""The ledger keeps what was acknowledged and can tell when something was done twice."""

from __future__ import annotations

from pathlib import Path

from simulator import ledger
from simulator.ledger import Ledger


def event(ident: str, verdict: str = "allow", seq: int = 1) -> dict[str, object]:
    return {"kind": "event", "event_id": ident, "verdict": verdict, "seq": seq}


def test_entries_survive_and_later_runs_append(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.jsonl"
    for ident in ("ev-1", "ev-2"):
        book = Ledger(path)
        book.add([event(ident), {"kind": "report", "external_id": f"rep-{ident}", "number": f"TS-{ident}"}])
        book.close()
    assert [entry.get("event_id") for entry in ledger.read(path)] == ["ev-1", None, "ev-2", None]
    assert path.stat().st_mode & 0o077 == 0


def test_a_last_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    book = Ledger(path)
    book.add([event("ev-1")])
    book.close()
    with path.open("ab") as file:
        file.write(b'{"kind": "event", "event_id": "ev-2", "ver')
    assert [entry["event_id"] for entry in ledger.read(path)] == ["ev-1"]


def test_the_audit_finds_what_was_changed_or_doubled(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    book = Ledger(path)
    book.add([event("ev-1"), event("ev-1"), event("ev-2"), event("ev-2", "block"), event("ev-3", seq=3)])
    book.add(
        [
            {"kind": "report", "external_id": "rep-1", "number": "TS-1"},
            {"kind": "report", "external_id": "rep-1", "number": "TS-1"},
            {"kind": "report", "external_id": "rep-2", "number": "TS-2"},
            {"kind": "report", "external_id": "rep-2", "number": "TS-3"},
            {"kind": "delivery", "delivery_id": "d1", "type": "action.requested"},
            {"kind": "delivery", "delivery_id": "d1", "type": "action.requested"},
            {"kind": "confirmation", "action_id": "act_1", "status": "applied"},
        ]
    )
    book.close()
    assert ledger.audit(path) == {
        "events": 5,
        "events_changed": 1,
        "reports": 4,
        "reports_doubled": 1,
        "deliveries": 2,
        "deliveries_doubled": 1,
        "confirmations": 1,
    }


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    book = Ledger(None)
    book.add([event("ev-1")])
    book.close()
    assert list(tmp_path.iterdir()) == []
