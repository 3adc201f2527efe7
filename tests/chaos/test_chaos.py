"""Whatever is killed and when: nothing acknowledged is lost, and nothing happens twice.

A marketplace is in motion, a specialist decides, deadlines fall due; meanwhile the worker, the decide
process, the web, the live process and the database are killed with SIGKILL, in turn, again and again, and at
last all at once. These tests count what is left. What a power cut could take is another matter: that nobody
is answered before the disk has it is tested where the log is written.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.conftest import Aftermath
from tests.chaos.deadlines import CLOCKS
from tests.chaos.killing import DATABASE, PROCESSES, ROUNDS
from tocsin.domains.detection.alerts import ALERTING

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


def test_everything_was_killed_and_much_was_done_meanwhile(aftermath: Aftermath) -> None:
    assert Counter(aftermath.killed) == dict.fromkeys((*PROCESSES, DATABASE), ROUNDS + 1)
    processes = aftermath.stack.files.processes()
    for name in PROCESSES:
        assert processes[name]["restarts"] == ROUNDS + 1, aftermath.stack.log(name)[-4000:]
    for kind in ("event", "report", "delivery"):
        assert any(aftermath.marketplace.entries(kind)), kind
    assert aftermath.decider.filed
    assert aftermath.decider.retries, "somebody noticed the killing"
    assert aftermath.count("SELECT count(*) FROM detection_alert") > 0


def test_every_acknowledged_event_arrives_once_with_its_verdict(aftermath: Aftermath) -> None:
    arrived = aftermath.rows("SELECT event_id, seq, verdict FROM detection_event")
    assert [one for one, times in Counter(row[0] for row in arrived).items() if times > 1] == []
    assert [one for one, times in Counter(row[1] for row in arrived).items() if times > 1] == []
    known = {event: (seq, verdict) for event, seq, verdict in arrived}
    told = {one["event_id"]: (one["seq"], one["verdict"]) for one in aftermath.marketplace.entries("event")}
    assert {event: known.get(event) for event in told} == told


def test_what_was_shipped_is_what_the_log_holds(aftermath: Aftermath) -> None:
    logged = [(record.decision().event_id, record.seq, record.decision().verdict) for record in aftermath.log]
    assert aftermath.rows("SELECT event_id, seq, verdict FROM detection_event ORDER BY seq") == logged
    flagged = [(event, seq, verdict) for event, seq, verdict in logged if verdict != "allow"]
    assert aftermath.rows("SELECT event_id, seq, verdict FROM detection_verdict ORDER BY seq") == flagged


def test_every_hit_of_a_rule_is_counted_once(aftermath: Aftermath) -> None:
    fired = Counter(
        one.rule
        for record in aftermath.log
        if record.explain
        for one in record.explain.fired
        if one.verdict in ALERTING
    )
    assert fired
    assert dict(aftermath.rows("SELECT rule, sum(hits)::int FROM detection_alert GROUP BY rule")) == fired


def test_the_marketplace_finds_everything_again(aftermath: Aftermath) -> None:
    again = aftermath.marketplace.recheck()
    assert again.returncode == 0, again.stdout + again.stderr


def test_every_report_exists_once_and_is_in_one_case(aftermath: Aftermath) -> None:
    told = {(one["external_id"], one["number"]) for one in aftermath.marketplace.entries("report")}
    kept = aftermath.rows("SELECT external_id, number FROM reports_report")
    assert [one for one, times in Counter(external for external, _ in kept).items() if times > 1] == []
    assert told <= set(kept)
    astray = aftermath.rows(
        "SELECT r.number, r.status, count(c.id)"
        " FROM reports_report r LEFT JOIN cases_report c ON c.report_id = r.id"
        " GROUP BY r.id HAVING count(c.id) <> CASE WHEN r.status = 'routed_support' THEN 0 ELSE 1 END"
    )
    assert astray == []


def test_every_alert_is_in_one_case(aftermath: Aftermath) -> None:
    astray = aftermath.rows(
        "SELECT a.id, count(c.id) FROM detection_alert a LEFT JOIN cases_alert c ON c.alert_id = a.id"
        " GROUP BY a.id HAVING count(c.id) <> 1"
    )
    assert astray == []


def test_every_decision_was_filed_once_with_one_action_and_one_letter(aftermath: Aftermath) -> None:
    filed = {(one.id, one.case, one.account) for one in aftermath.decider.filed}
    assert aftermath.decider.refused == []
    assert set(aftermath.rows("SELECT id, case_id, subject_id FROM enforcement_decision")) == filed
    assert len(aftermath.decider.filed) == len(filed)
    for table, what in (("action", "type"), ("notice", "kind"), ("strike", "clause_id")):
        made = aftermath.rows(
            f"SELECT decision_id, {what} FROM enforcement_{table} WHERE decision_id IS NOT NULL"
        )
        expected = {"action": "warn", "notice": "statement_of_reasons", "strike": "C2.1"}[table]
        assert Counter(made) == {(one.id, expected): 1 for one in aftermath.decider.filed}


def test_every_deadline_fired_once(aftermath: Aftermath) -> None:
    assert len(set(aftermath.planted)) == CLOCKS
    states = aftermath.rows(
        "SELECT state, count(*) FROM core_clock WHERE id = ANY(%s) GROUP BY state", aftermath.planted
    )
    assert states == [("breached", CLOCKS)]
    fired = aftermath.rows(
        "SELECT refs->>'clock', count(*) FROM cases_timeline WHERE refs ? 'clock' GROUP BY 1"
    )
    assert {clock: times for clock, times in fired if times != 1} == {}
    assert set(aftermath.planted) <= {clock for clock, _ in fired}


def test_every_breach_is_audited_once(aftermath: Aftermath) -> None:
    counted = aftermath.rows(
        "SELECT c.id, count(e.id) FROM core_clock c LEFT JOIN core_audit_entry e"
        " ON e.object_type = 'core.clock' AND e.object_id = c.id AND e.verb = 'clock.breach'"
        " WHERE c.state = 'breached' GROUP BY c.id HAVING count(e.id) <> 1"
    )
    assert counted == []


def test_handlers_took_effect_once(aftermath: Aftermath) -> None:
    states = aftermath.rows("SELECT DISTINCT state FROM core_outbox_message WHERE kind = 'handler'")
    assert states == [("done",)]
    twice = aftermath.rows(
        "SELECT case_id, kind, refs, count(*) FROM cases_timeline WHERE refs <> '{}'"
        " GROUP BY case_id, kind, refs, summary HAVING count(*) > 1"
    )
    assert twice == []
    for topic, table in (
        ("case.opened", "cases_case"),
        ("alert.raised", "detection_alert"),
        ("report.received", "reports_report"),
        ("notice.issued", "enforcement_notice"),
    ):
        told = aftermath.rows(
            "SELECT destination, count(*) FROM core_outbox_message"
            " WHERE topic = %s AND kind = 'handler' GROUP BY 1",
            topic,
        )
        expected = aftermath.count(f"SELECT count(*) FROM {table}")
        assert told
        assert {times for _, times in told} == {expected}, topic


def test_every_delivery_that_counts_as_done_was_carried_out_once(aftermath: Aftermath) -> None:
    heard = Counter(one["delivery_id"] for one in aftermath.marketplace.entries("delivery"))
    assert {one: times for one, times in heard.items() if times > 1} == {}
    done = aftermath.rows("SELECT id FROM core_outbox_message WHERE kind = 'webhook' AND state = 'done'")
    assert {one for (one,) in done} <= set(heard)
    sent = aftermath.rows("SELECT id FROM core_outbox_message WHERE kind = 'webhook'")
    assert set(heard) <= {one for (one,) in sent}


def test_every_acknowledged_confirmation_is_kept(aftermath: Aftermath) -> None:
    told = {one["action_id"] for one in aftermath.marketplace.entries("confirmation")}
    # what was undone before the marketplace confirmed it stays undone
    kept = aftermath.rows("SELECT id FROM enforcement_action WHERE status <> 'requested'")
    assert told <= {one for (one,) in kept}


def test_the_audit_is_whole(aftermath: Aftermath) -> None:
    verified = aftermath.stack.tocsin("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
