"""What happens to a report afterwards: messages, promises kept and missed, withdrawing, severity, outcome."""

import datetime as dt
import json

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from tests.domains.actors import integration, staff
from tests.domains.reports.world import ANYBODY
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.clocks.fire import fire_due
from tocsin.core.clocks.models import Clock
from tocsin.core.crypto.seal import open_text
from tocsin.core.errors import AccessDenied, InvalidInput
from tocsin.core.outbox.models import OutboxMessage
from tocsin.domains.reports import actions, following, messages, queries, reasons, status
from tocsin.domains.reports.models import Report

pytestmark = pytest.mark.django_db
SPECIALIST = staff("specialist")
SUPERVISOR = staff("supervisor", staff_id="stf_super")


def file(**data: object) -> Report:
    told = {"narrative": "He shouted at me.", "codes": ["CON.harassment"], "safe_now": "yes", **data}
    return actions.file_report(ANYBODY, channel="web", data=told, region="US-CA").report


def clock(report: Report, name: str) -> Clock:
    return Clock.objects.filter(subject_id=report.pk, name=name).latest("started_at")


def test_what_the_reporter_adds_is_kept_in_order_and_reaches_who_works_on_it() -> None:
    report = file()
    me = following.reporter(report)
    actions.add_message(me, report.pk, "He had a red car.")
    actions.write_to_reporter(SPECIALIST, report.pk, "Which day was it?", question=True)
    assert status.public_status(report, "en").waiting_for_you
    actions.add_message(me, report.pk, "Tuesday.")
    lines = [(line.direction, line.kind, line.text) for line in messages.history(report)]
    assert lines == [
        ("in", "message", "He had a red car."),
        ("out", "question", "Which day was it?"), ("in", "answer", "Tuesday."),
    ]  # fmt: skip
    assert not status.public_status(report, "en").waiting_for_you


def test_a_person_who_writes_has_answered_and_gives_the_next_date() -> None:
    report = file()
    first = report.next_update_by
    actions.write_to_reporter(SPECIALIST, report.pk, "We are reading it.")
    report.refresh_from_db()
    assert clock(report, "answer").state == "met"
    assert first is not None
    assert report.next_update_by == clock(report, "update").due_at
    assert Clock.objects.filter(subject_id=report.pk, name="update", state="met").count() == 1


def test_a_machine_that_writes_has_not_answered() -> None:
    report = file()
    with act(system("cases"), "test") as work:
        messages.to_reporter(work, report, "We have your report.")
    assert clock(report, "answer").state == "running"


def test_a_missed_promise_is_owned_up_to_and_renewed() -> None:
    report = file(language="es", reporter={"kind": "customer", "email": "ana@example.com"})
    update = clock(report, "update")
    with time_machine.travel(update.due_at + dt.timedelta(seconds=1), tick=False):
        fire_due()
    report.refresh_from_db()
    lines = messages.history(report)
    assert [line.kind for line in lines] == ["delay"]
    assert lines[0].text is not None
    assert lines[0].text.startswith("Le dijimos que ya sabría de nosotros")
    renewed = clock(report, "update")
    assert renewed.pk != update.pk
    assert report.next_update_by == renewed.due_at
    assert Clock.objects.get(pk=update.pk).state == "breached"


def test_an_objective_nobody_met_is_said_aloud() -> None:
    report = file()
    answer = clock(report, "answer")
    with time_machine.travel(answer.due_at + dt.timedelta(seconds=1), tick=False):
        fire_due()
    assert Clock.objects.get(pk=answer.pk).state == "breached"
    late = next(
        row for row in queries.attainment(timezone.now() - dt.timedelta(days=1)) if row.severity == "S2"
    )
    assert (late.in_time, late.late, late.waiting, late.percent) == (0, 1, 0, 0)


def test_attainment_counts_by_severity() -> None:
    for _ in range(3):
        actions.write_to_reporter(SPECIALIST, file().pk, "We are reading it.")
    file()
    file(safe_now="no")
    rows = {row.severity: row for row in queries.attainment(timezone.now() - dt.timedelta(days=1))}
    assert (rows["S2"].in_time, rows["S2"].late, rows["S2"].waiting, rows["S2"].percent) == (3, 0, 1, 100)
    assert (rows["S0"].waiting, rows["S0"].percent) == (1, None)
    assert list(rows) == ["S0", "S1", "S2", "S3", "S4"]


def test_an_e_mail_says_that_there_is_something_and_not_what() -> None:
    report = file(narrative="secret words", reporter={"kind": "customer", "email": "ana@example.com"})
    actions.write_to_reporter(SPECIALIST, report.pk, "We spoke with the shopper.")
    row = OutboxMessage.objects.get(kind="email")
    body = json.loads(open_text(row.key_scope, "outbox", row.body_sealed))
    assert body["to"] == "ana@example.com"
    for hidden in ("secret", "shopper", report.number, "harass"):
        assert hidden not in json.dumps(body)
    assert "/help/follow-up/" in body["text"]


def test_somebody_with_rules_about_contact_gets_no_mail_from_a_machine() -> None:
    report = file(
        reporter={"kind": "customer", "email": "ana@example.com"},
        contact_rules="Never by e-mail, he reads it",
    )
    actions.write_to_reporter(SPECIALIST, report.pk, "We are reading it.")
    assert not OutboxMessage.objects.filter(kind="email").exists()


def test_the_outcome_ends_the_promises_and_the_reporter_can_still_write() -> None:
    report = file()
    actions.tell_outcome(SPECIALIST, report.pk, "We looked into it and took action.")
    report.refresh_from_db()
    assert (report.status, report.next_update_by) == ("outcome_told", None)
    assert not Clock.objects.filter(subject_id=report.pk, state="running").exists()
    actions.add_message(following.reporter(report), report.pk, "Thank you.")
    assert status.public_status(report, "en").stage == "told"


@pytest.mark.parametrize(("codes", "closes"), [(["CON.harassment"], False), (["FOO.spoiled"], True)])
def test_withdrawing_closes_only_what_harmed_nobody(codes: list[str], closes: bool) -> None:
    report = file(codes=codes)
    me = following.reporter(report)
    actions.withdraw(me, report.pk, "I do not want this any more.")
    actions.withdraw(me, report.pk, "Again.")
    report.refresh_from_db()
    assert report.withdrawn_at is not None
    assert (report.status == "closed") is closes
    assert Clock.objects.filter(subject_id=report.pk, state="running").exists() is not closes
    assert [line.text for line in messages.history(report)] == ["I do not want this any more."]


def test_the_reporter_may_say_that_it_got_worse() -> None:
    report = file()
    actions.raise_severity(following.reporter(report), report.pk, "S0", "He is back.")
    report.refresh_from_db()
    assert (report.severity, report.status, report.severity_set_by) == (
        "S0",
        "emergency_active",
        f"reporter:{report.pk}",
    )
    answer = clock(report, "answer")
    assert answer.due_at - answer.started_at == dt.timedelta(seconds=60)
    assert Clock.objects.filter(subject_id=report.pk, name="answer").count() == 2


def test_only_a_supervisor_lowers_and_only_with_a_reason() -> None:
    report = file()
    for actor in (
        SPECIALIST,
        staff("investigator"),
        following.reporter(report),
        integration("reports:write"),
    ):
        with pytest.raises(AccessDenied):
            actions.lower_severity(actor, report.pk, "S3", "It was nothing.")
    with pytest.raises(InvalidInput):
        actions.lower_severity(SUPERVISOR, report.pk, "S3", "  ")
    with pytest.raises(InvalidInput):
        actions.lower_severity(SUPERVISOR, report.pk, "S1", "This is not lower.")
    assert Report.objects.get(pk=report.pk).severity == "S2"
    actions.lower_severity(SUPERVISOR, report.pk, "S3", "Both say it was loud, not threatening.")
    assert Report.objects.get(pk=report.pk).severity == "S3"


def test_raising_to_something_milder_is_refused() -> None:
    report = file()
    with pytest.raises(InvalidInput):
        actions.raise_severity(SPECIALIST, report.pk, "S3", "milder")
    assert Report.objects.get(pk=report.pk).severity == "S2"


def test_a_code_given_later_stops_the_clock_that_waits_for_it() -> None:
    report = file(codes=[])
    assert clock(report, "recode").state == "running"
    with pytest.raises(InvalidInput):
        actions.recode(SPECIALIST, report.pk, ["CON.nonsense"], "It fits.")
    actions.recode(SPECIALIST, report.pk, ["SAF.sexual_assault"], "It fits.")
    report.refresh_from_db()
    assert (report.alleged_codes, report.data_class) == (["SAF.sexual_assault"], "P4")
    assert clock(report, "recode").state == "met"


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001, "\0"])
def test_an_empty_or_endless_message_is_not_sent(text: str) -> None:
    report = file()
    with pytest.raises(InvalidInput):
        actions.add_message(following.reporter(report), report.pk, text)
    assert messages.history(report) == []


def test_staff_see_a_narrative_only_with_the_right_and_the_work() -> None:
    report = file()
    for actor in (SPECIALIST, staff("auditor", regions=("GB",)), staff("support_agent")):
        with pytest.raises(AccessDenied):
            queries.opened(actor, report)
    assigned = queries.scope_of(report, assigned=True)
    assert queries.opened(SPECIALIST, report, assigned).details["narrative"] == "He shouted at me."
    assert queries.by_number(SPECIALIST, report.number) == report


def test_lists_count_what_they_leave_out() -> None:
    file()
    file(codes=["SAF.sexual_assault"])
    seen, hidden = queries.listing(staff("specialist", regions=("US-NY",)))
    assert (seen, hidden) == ([], 2)
    seen, hidden = queries.listing(SPECIALIST)
    assert ([report.alleged_codes for report in seen], hidden) == ([["CON.harassment"]], 1)
    assert queries.listing(SUPERVISOR)[1] == 0


def test_the_status_speaks_of_nobody_else() -> None:
    report = file(order="o-1", codes=["CON.harassment"])
    shown = status.public_status(report, "es")
    assert shown.titles == ("Acoso",)
    assert [step.code for step in shown.steps] == ["received", "checking", "working", "told"]
    assert [step.state for step in shown.steps] == ["done", "now", "next", "next"]
    assert shown.next_update_by == report.next_update_by
    assert len(shown.outcomes) >= 2


def test_what_a_person_gave_as_reason_is_sealed_and_can_be_read_back() -> None:
    report = file()
    actions.raise_severity(SPECIALIST, report.pk, "S0", "Zanzibar Smith called again.")
    actions.recode(SPECIALIST, report.pk, ["SAF.threat"], "Quetzal fits better.")
    report.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(row_to_json(t)::text, '') FROM reports_reportevent t")
        stored = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(payload, '') FROM core_audit_entry")
        stored += cursor.fetchone()[0]
    assert "Zanzibar" not in stored
    assert "Quetzal" not in stored
    said = [(one.rule, one.text) for one in reasons.opened(report)]
    assert said[0] == ("code:CON.harassment", "Harassment")
    assert said[-2:] == [("person", "Zanzibar Smith called again."), ("recoded", "Quetzal fits better.")]
