"""How cases come to be: one trouble, one piece of work; nothing told is lost."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from tests.domains import matter
from tests.domains.matter import as_, case_about, report, settle, somebody, taken
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.domains.cases import actions
from tocsin.domains.cases.handlers import open_for_report
from tocsin.domains.cases.models import Case, CaseReport
from tocsin.domains.reports import actions as report_actions
from tocsin.domains.reports.messages import history
from tocsin.domains.reports.models import Report
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


def waiting(case: Case) -> dict[str, dt.datetime]:
    """The case's running clocks by name."""
    return {clock.name: clock.due_at for clock in clocks.running("case", case.pk)}


def test_a_report_opens_a_case_with_everybody_in_it(world: None) -> None:
    case = case_about(["CON.harassment"])
    assert (case.state, case.severity, case.desk, case.source) == ("open", "S2", "conduct", "report")
    assert (case.region, case.zone, case.codes) == ("US-WA", "America/Los_Angeles", ["CON.harassment"])
    parts = {(row.part, row.account.ref) for row in case.parties.select_related("account")}
    assert parts == {("subject", "shopper:s-1"), ("reporter", "customer:c-1")}
    assert Report.objects.get().status == "in_case"
    assert set(waiting(case)) == {"owner", "protect", "update"}
    assert case.next_due_at == min(waiting(case).values())


def test_routine_trouble_goes_to_support_and_comes_back_when_it_is_more(world: None) -> None:
    filed = report(["DEL.late"])
    settle()
    assert not Case.objects.exists()
    report_actions.raise_severity(
        as_(somebody("specialist")), filed.report.pk, "S2", "The driver threatened to keep the food."
    )
    settle()
    assert Case.objects.get().severity == "S2"
    assert Report.objects.get().status == "in_case"


def test_a_second_report_about_the_same_person_joins(world: None) -> None:
    case = case_about(["CON.harassment"])
    joined = case_about(["CON.offensive_language", "CON.harassment"], reporter={"kind": "bystander"})
    assert joined.pk == case.pk
    joined.refresh_from_db()
    assert joined.codes == ["CON.harassment", "CON.offensive_language"]
    assert joined.revision > case.revision
    assert CaseReport.objects.filter(case=joined).count() == 2


def test_another_desk_or_another_person_is_another_case(world: None) -> None:
    first = case_about(["CON.harassment"])
    assert case_about(["FRD-W.order_theft"]).pk != first.pk
    assert case_about(["CON.harassment"], subject={"kind": "customer", "id": "c-2"}, order="").pk != first.pk


def test_handling_a_report_twice_opens_one_case(world: None) -> None:
    case = case_about(["CON.harassment"])
    open_for_report({"report": Report.objects.get().pk})
    assert Case.objects.count() == 1
    assert case.timeline.filter(kind="report").count() == 1
    assert Clock.objects.filter(subject_id=case.pk).count() == 3


def test_what_joins_late_does_not_miss_what_was_due_before(world: None, supervisor: Staff) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=True):
        case = taken(case_about(["CON.harassment"]), supervisor)
    # two business days have passed by then, whatever weekend or holidays lie between
    with time_machine.travel(start + dt.timedelta(days=10), tick=True):
        while clocks.fire_due(timezone.now()):
            pass
        assert case.timeline.filter(summary="Missed: update").count() == 1
        report(["CON.harassment"])
        settle()
        # it has an owner: nobody is waited for, and everything else counts from now
        assert set(waiting(case)) == {"protect", "update"}
        assert min(waiting(case).values()) > timezone.now()


def test_a_graver_report_raises_the_case_and_its_clocks(world: None) -> None:
    case = case_about(["SAF.reckless_driving"])
    before = waiting(case)
    report(["SAF.threat"])
    settle()
    case.refresh_from_db()
    assert case.severity == "S1"
    assert waiting(case)["owner"] < before["owner"]
    assert case.timeline.filter(summary__startswith="Severity raised from S2 to S1").count() == 1


def test_severity_goes_up_with_a_reason_and_down_with_a_supervisor(world: None, supervisor: Staff) -> None:
    case = case_about(["CON.harassment"])
    for wrong in ("S2", "S3", "S9", "", "S", "S11"):
        with pytest.raises(InvalidInput):
            actions.raise_severity(as_(supervisor), case.pk, wrong, "It got worse over night.")
    with pytest.raises(InvalidInput):
        actions.raise_severity(as_(supervisor), case.pk, "S1", " ")
    actions.raise_severity(as_(supervisor), case.pk, "S1", "Ana Ruiz called again.")
    case.refresh_from_db()
    assert case.severity == "S1"
    line = case.timeline.get(summary="Severity raised from S2 to S1")
    assert "Ruiz" not in line.summary
    actions.lower_severity(as_(supervisor), case.pk, "S3", "It was a misunderstanding.")
    settle()
    case.refresh_from_db()
    assert case.severity == "S3"


def test_a_promise_that_was_missed_shows_in_the_case(world: None) -> None:
    case = case_about(["CON.harassment"])
    due = waiting(case)["owner"]
    clocks.fire_due(due + dt.timedelta(seconds=1))
    assert case.timeline.filter(summary="Missed: owner").count() == 1
    assert "owner" not in waiting(case)


def test_a_question_waits_and_an_answer_wakes(world: None, supervisor: Staff) -> None:
    case = taken(case_about(["CON.harassment"]), supervisor)
    filed = Report.objects.get()
    actions.message_reporter(as_(supervisor), case.pk, filed.pk, "What did he say?", question=True)
    case.refresh_from_db()
    assert case.state == "awaiting_info"
    report_actions.add_message(matter.MARKETPLACE, filed.pk, "He said that I am stupid.", channel="api")
    settle()
    case.refresh_from_db()
    assert case.state == "investigating"
    assert [line.kind for line in history(filed)] == ["question", "answer"]


def test_a_question_does_not_hide_that_a_second_reader_is_waited_for(world: None, supervisor: Staff) -> None:
    case = taken(case_about(["SAF.threat"]), supervisor)
    matter.decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",))
    actions.message_reporter(
        as_(supervisor), case.pk, Report.objects.get().pk, "Which weapon was it?", question=True
    )
    case.refresh_from_db()
    assert case.state == "decision_pending"


def test_what_a_reporter_writes_after_the_end_is_read(world: None, supervisor: Staff) -> None:
    case = taken(case_about(["CON.harassment"]), supervisor)
    actions.close(as_(supervisor), case.pk, "inconclusive", "Word against word.")
    settle()
    report_actions.add_message(
        matter.MARKETPLACE, Report.objects.get().pk, "I found a photo of it.", channel="api"
    )
    settle()
    case.refresh_from_db()
    assert case.state == "reopened"


def test_closing_tells_the_outcome_and_ends_the_clocks(world: None, supervisor: Staff) -> None:
    case = taken(case_about(["CON.harassment"]), supervisor)
    actions.close(as_(supervisor), case.pk, "no_breach", "The camera shows a quiet hand-over.")
    settle()
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("closed", "no_breach")
    assert waiting(case) == {}
    filed = Report.objects.get()
    assert filed.status == "outcome_told"
    said = [line.text for line in history(filed) if line.kind == "outcome"]
    assert len(said) == 1
    assert "did not find" in str(said[0])
    assert "camera" not in str(said[0])


@pytest.mark.parametrize(
    ("code", "outcome", "error"),
    [
        ("CON.harassment", "action_taken", "no_decision"),
        ("CON.offensive_language", "action_taken", "no_decision"),
        ("CON.harassment", "no_action_needed", "needs_a_finding"),
        ("SAF.threat", "no_action_needed", "needs_a_finding"),
    ],
)
def test_a_case_does_not_end_with_an_untruth(
    world: None, supervisor: Staff, code: str, outcome: str, error: str
) -> None:
    case = taken(case_about([code]), supervisor)
    with pytest.raises(Conflict) as caught:
        actions.close(as_(supervisor), case.pk, outcome, "Enough of it.")
    assert caught.value.code == error
    now = Case.objects.get(pk=case.pk)
    assert (now.state, now.revision) == (case.state, case.revision)
    assert Report.objects.get().status == "in_case"


def test_a_mild_case_may_end_without_a_finding(world: None, supervisor: Staff) -> None:
    case = taken(case_about(["CON.offensive_language"]), supervisor)
    actions.close(as_(supervisor), case.pk, "no_action_needed", "They made up with each other.")
    assert Case.objects.get().outcome == "no_action_needed"


def test_withdrawing_closes_nothing_grave(world: None) -> None:
    case = case_about(["SAF.threat"])
    report_actions.withdraw(matter.MARKETPLACE, Report.objects.get().pk, "I do not want trouble.")
    settle()
    case.refresh_from_db()
    assert case.state == "open"
    assert case.timeline.filter(summary__endswith="withdrew it").count() == 1


def test_other_codes_bring_other_protection(world: None) -> None:
    case = case_about(["CON.offensive_language"])
    assert not case.actions.exists()
    report_actions.raise_severity(
        as_(somebody("specialist")), Report.objects.get().pk, "S1", "There were threats in it."
    )
    report_actions.recode(
        as_(somebody("specialist")), Report.objects.get().pk, ["SAF.threat"], "There were threats in it."
    )
    settle()
    case.refresh_from_db()
    assert "SAF.threat" in case.codes
    assert set(case.actions.values_list("type", flat=True)) == {"unmatch", "suspend_interim"}
