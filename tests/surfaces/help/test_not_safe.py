"""Somebody presses "I am not safe now": whatever their report was before, people are called at once."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from tests.domains import matter
from tests.support.web import Visitor
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import prepare
from tocsin.domains.cases.actions import close
from tocsin.domains.cases.models import Case
from tocsin.domains.reports import actions
from tocsin.domains.reports.filing import Filed
from tocsin.domains.reports.models import Report, ReportMessage
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def supervisor() -> Staff:
    matter.marketplace()
    return matter.somebody("supervisor", "Sunita")


def press(visitor: Visitor, filed: Filed) -> None:
    visitor.post("/help/follow-up/", {"number": filed.number, "pin": filed.pin})
    visitor.post("/help/follow-up/report/unsafe/", {})
    assert visitor.page.status_code == 302
    matter.settle()


def waiting(subject: str, subject_id: str) -> set[str]:
    return {clock.name for clock in clocks.running(subject, subject_id)}


def called() -> list[str]:
    """Who was written to, in the order of their addresses."""
    rows = OutboxMessage.objects.filter(kind="email", topic="case.not_safe")
    return sorted(prepare(row).to for row in rows)


def test_a_closed_emergency_begins_again_and_its_people_are_called(
    visitor: Visitor, supervisor: Staff
) -> None:
    investigator = matter.somebody("investigator", "Ines")
    filed = matter.report(["SAF.weapon"])
    matter.settle()
    case = matter.taken(Case.objects.get(), investigator)
    close(matter.as_(supervisor), case.pk, "no_breach", "Nothing was found.")
    matter.settle()
    assert waiting("report", filed.report.pk) == waiting("case", case.pk) == set()
    press(visitor, filed)
    report, case = Report.objects.get(), Case.objects.get()
    assert (report.severity, report.status, report.safe_now) == ("S0", "emergency_active", "no")
    assert waiting("report", report.pk) == {"answer", "update"}
    assert (case.severity, case.state, case.assignee) == ("S0", "reopened", None)
    assert waiting("case", case.pk) == {"owner", "protect", "update"}
    assert called() == ["ines@example.com", "sunita@example.com"]
    visitor.get("/help/follow-up/report/")
    assert "We have told a supervisor that you are not safe" in visitor.text
    assert "I am not safe now." in visitor.text


def test_an_open_emergency_keeps_its_owner_and_its_objectives_count_from_now(
    visitor: Visitor, supervisor: Staff
) -> None:
    filed = matter.report(["SAF.weapon"])
    matter.settle()
    case = matter.taken(Case.objects.get(), supervisor)
    assert "protect" not in waiting("case", case.pk)  # the machine kept the two apart at once
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=3), tick=True):
        moment = timezone.now()
        press(visitor, filed)
    case.refresh_from_db()
    assert (case.state, case.assignee_id) == ("investigating", supervisor.pk)
    assert waiting("case", case.pk) == {"protect", "update"}
    begun = Clock.objects.filter(subject_id__in=[case.pk, filed.report.pk], state="running")
    assert {clock.name for clock in begun if clock.started_at >= moment} == {"answer", "protect", "update"}
    assert called() == ["sunita@example.com"]


def test_twice_within_a_minute_is_once_and_later_it_calls_again(visitor: Visitor, supervisor: Staff) -> None:
    filed = matter.report(["SAF.weapon"])
    matter.settle()
    press(visitor, filed)
    press(visitor, filed)
    assert ReportMessage.objects.filter(kind="not_safe").count() == 1
    assert called() == ["sunita@example.com"]
    with time_machine.travel(timezone.now() + actions.SAID_AGAIN * 2, tick=True):
        press(visitor, filed)
    assert ReportMessage.objects.filter(kind="not_safe").count() == 2
    assert called() == ["sunita@example.com"] * 2


def test_a_routine_report_becomes_the_emergency_it_is(visitor: Visitor, supervisor: Staff) -> None:
    filed = matter.report(["DEL.missing"])
    matter.settle()
    assert (filed.report.severity, Case.objects.count()) == ("S4", 0)
    press(visitor, filed)
    case = Case.objects.get()
    assert (case.severity, case.report_links.get().report_id) == ("S0", filed.report.pk)
    assert waiting("case", case.pk) == {"owner", "protect", "update"}
    assert called() == ["sunita@example.com"]
