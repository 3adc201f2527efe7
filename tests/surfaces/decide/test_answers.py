"""What a marketplace gets: decisions, the same answer twice, conflicts, batches, late events."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.surfaces.decide.server import Server, now, order
from tocsin.engine.log import EventRecord, read_log


def test_a_decision_has_everything_the_contract_says(server: Server) -> None:
    for number in range(2):
        assert server.post(order(f"full-{number}", "full")).json["verdict"] == "allow"
    reply = server.post(order("full-2", "full", entities={"customer": "full", "order": "o1"}))
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    decision = reply.json
    decided_at = dt.datetime.fromisoformat(decision.pop("decided_at"))
    assert abs(decided_at.timestamp() * 1000 - now()) < 60_000
    assert decision.pop("rules_version").startswith("r-")
    assert decision.pop("seq") == server.position()
    assert decision == {
        "event_id": "full-2",
        "verdict": "review",
        "reasons": [
            {
                "code": "V1",
                "rule": "third_order",
                "text": "This is order number three or more: 2 came before.",
                "values": {"orders": 2},
            }
        ],
        "actions": [{"type": "hold_order", "target": {"kind": "order", "id": "o1"}}],
        "engine_version": "e2",
        "late": False,
        "duplicate": False,
    }


def test_the_same_event_gets_the_same_answer_and_is_stored_once(server: Server) -> None:
    event = order("twice", "twice")
    first, position = server.post(event).json, server.position()
    again = server.post(dict(reversed(event.items()))).json
    assert again == {**first, "duplicate": True}
    assert server.position() == position


def test_the_same_id_with_other_content_is_a_conflict(server: Server) -> None:
    server.post(order("other", "other"))
    position = server.position()
    reply = server.post(order("other", "somebody else"))
    assert (reply.status, reply.headers["content-type"]) == (409, "application/problem+json")
    assert reply.json["errors"] == [{"path": "id", "message": "Already used for other content."}]
    assert server.position() == position


def test_a_batch_is_answered_in_order_with_conflicts_in_their_place(server: Server) -> None:
    events = [order("b0", "batch"), order("b1", "batch"), order("b0", "other"), order("b2", "batch")]
    events.append(events[1])
    reply = server.post({"events": events})
    assert reply.status == 200
    decisions = reply.json["decisions"]
    assert [d.get("event_id") for d in decisions] == ["b0", "b1", None, "b2", "b1"]
    assert [d.get("verdict") for d in decisions] == ["allow", "allow", None, "review", "allow"]
    assert decisions[2]["error"]["status"] == 409
    assert decisions[4] == {**decisions[1], "duplicate": True}


def test_a_late_event_says_so(server: Server) -> None:
    assert server.post(order("early", ts=now())).json["late"] is False
    assert server.post(order("late", ts=now() - 3_600_000)).json["late"] is True


def test_the_ingest_door_decides_the_same(server: Server) -> None:
    reply = server.post(order("ingest-1"), key="ingest", path="/v1/events")
    assert (reply.status, reply.json["event_id"]) == (200, "ingest-1")


def test_the_log_keeps_what_was_sent_and_what_was_answered(server: Server) -> None:
    body = b' {"type": "order.placed","id":"raw-1", "ts": %d, "fields":{"mood":"\\u00fc"}} ' % now()
    reply = server.post(body)
    [record] = read_log(server.folder, server.codec, reply.json["seq"] - 1, 1)
    assert isinstance(record, EventRecord)
    assert (record.raw, record.decision_json, record.key) == (body.strip(), reply.body, "k1")


def test_history_needs_the_header_and_the_scope(server: Server) -> None:
    old = order("old", ts=now() - 31 * 86_400_000)
    assert server.post(old).status == 422
    assert server.post(old, key="plain", Tocsin_Replay="1").status == 403
    reply = server.post(old, Tocsin_Replay="1")
    assert reply.status == 422  # this engine lives in the present: 31 days ago would be counted now
    assert reply.json["errors"][0]["path"] == "ts"
    assert "Replay history from its beginning" in reply.json["errors"][0]["message"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health(server: Server, path: str) -> None:
    reply = server.request("GET", path)
    assert (reply.status, reply.body) == (200, b"ok\n")


def test_metrics_count_what_happens(server: Server) -> None:
    name = 'tocsin_decide_decisions_total{verdict="allow"}'
    before = server.metric(name)
    server.post(order("counted", "counted"))
    assert server.metric(name) == before + 1
    assert server.metric("tocsin_decide_waiting_events") == 0
