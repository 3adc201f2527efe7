"""What a reporter adds to a report afterwards is seen by a person, whatever the report was at first."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.domains import matter
from tests.support.web import Visitor
from tests.surfaces.help.test_reporting import PNG
from tocsin.core.clocks import service as clocks
from tocsin.domains.cases.actions import close, message_reporter
from tocsin.domains.cases.handlers import WITH_THE_REPORT
from tocsin.domains.cases.models import Case
from tocsin.domains.reports import actions, following
from tocsin.domains.reports.filing import Filed
from tocsin.domains.reports.models import Report

pytestmark = pytest.mark.django_db
GUN = "The driver is back at my door and has a gun, please help"


@pytest.fixture
def routine(visitor: Visitor) -> Filed:
    """A report that went to customer support, opened by its reporter."""
    matter.marketplace()
    filed = matter.report(["DEL.missing"])
    matter.settle()
    assert (Report.objects.get().status, Case.objects.count()) == ("routed_support", 0)
    sign_in(visitor, filed)
    return filed


def sign_in(visitor: Visitor, filed: Filed) -> None:
    visitor.post("/help/follow-up/", {"number": filed.number, "pin": filed.pin})


def add(visitor: Visitor, text: str, *files: SimpleUploadedFile) -> None:
    visitor.get("/help/follow-up/report/")
    form = {"text": text, "token": visitor.hidden("token"), "files": list(files)}
    visitor.post("/help/follow-up/report/message/", form)
    assert visitor.page.status_code == 302
    matter.settle()


def picture() -> SimpleUploadedFile:
    return SimpleUploadedFile("door.png", PNG, "image/png")


def test_words_of_danger_in_a_message_make_a_routine_report_an_emergency(
    visitor: Visitor, routine: Filed
) -> None:
    add(visitor, GUN)
    report, case = Report.objects.get(), Case.objects.get()
    assert (report.severity, report.status, case.severity) == ("S0", "emergency_active", "S0")
    assert report.severity_reasons[-1]["rule"].startswith("words:")
    assert {clock.name for clock in clocks.running("case", case.pk)} == {"owner", "protect", "update"}


def test_any_message_to_a_routine_report_reaches_a_person(visitor: Visitor, routine: Filed) -> None:
    add(visitor, "The milk was in the bag after all, but the eggs are broken.")
    report, case = Report.objects.get(), Case.objects.get()
    assert (report.severity, report.status, case.severity) == ("S4", "in_case", "S4")
    said = list(case.timeline.order_by("at").values_list("summary", flat=True))
    assert said[-1] == f"The reporter of {report.number} wrote"


def test_a_picture_that_comes_later_reaches_a_person_and_one_that_came_along_went_to_support(
    visitor: Visitor, routine: Filed
) -> None:
    add(visitor, "", picture())
    assert Case.objects.count() == 0
    later = timezone.now() + WITH_THE_REPORT + dt.timedelta(minutes=1)
    with time_machine.travel(later, tick=True):
        add(visitor, "", SimpleUploadedFile("eggs.png", PNG + b"\0", "image/png"))
    said = list(Case.objects.get().timeline.order_by("at").values_list("summary", flat=True))
    assert said[-1] == f"The reporter of {routine.number} handed something in"


def test_why_a_routine_report_is_taken_back_makes_no_work_unless_it_means_danger(
    visitor: Visitor, routine: Filed
) -> None:
    visitor.post("/help/follow-up/report/withdraw/", {"reason": "I found the milk."})
    matter.settle()
    assert (Report.objects.get().status, Case.objects.count()) == ("closed", 0)
    other = matter.report(["DEL.missing"])
    matter.settle()
    visitor.post("/help/follow-up/end/", {})
    sign_in(visitor, other)
    visitor.post("/help/follow-up/report/withdraw/", {"reason": GUN})
    matter.settle()
    report = Report.objects.get(pk=other.report.pk)
    assert (report.severity, report.status) == ("S0", "emergency_active")
    assert Case.objects.get().severity == "S0"


def test_words_of_danger_open_a_closed_case_at_the_severity_they_ask_for(visitor: Visitor) -> None:
    matter.marketplace()
    supervisor = matter.somebody("supervisor")
    filed = matter.report(["CON.harassment"])
    matter.settle()
    case = matter.taken(Case.objects.get(), supervisor)
    assert case.severity > "S0"
    close(matter.as_(supervisor), case.pk, "no_breach", "Nothing was found.")
    matter.settle()
    sign_in(visitor, filed)
    add(visitor, GUN)
    case.refresh_from_db()
    assert (case.state, case.severity) == ("reopened", "S0")
    assert Report.objects.get().severity == "S0"


def test_a_report_that_its_reporter_reopens_has_a_date_again_and_shows_it(visitor: Visitor) -> None:
    matter.marketplace()
    supervisor = matter.somebody("supervisor")
    filed = matter.report(["CON.harassment"])
    other = matter.report(["CON.harassment"], narrative="It happened to me too.")
    matter.settle()
    case = matter.taken(Case.objects.get(), supervisor)
    actions.withdraw(following.reporter(other.report), other.report.pk)
    close(matter.as_(supervisor), case.pk, "no_breach", "Nothing was found.")
    matter.settle()
    assert {row.next_update_by for row in Report.objects.all()} == {None}
    sign_in(visitor, filed)
    add(visitor, "I have more to say.")
    report, case = Report.objects.get(pk=filed.report.pk), Case.objects.get()
    assert (report.status, case.state) == ("reopened", "reopened")
    assert Report.objects.get(pk=other.report.pk).status == "outcome_told"  # its reporter took it back
    due = {clock.name: clock.due_at for clock in clocks.running("report", report.pk)}
    assert set(due) == {"answer", "update"}
    assert report.next_update_by == due["update"]
    visitor.get("/help/follow-up/report/")
    assert "A specialist works on it" in visitor.text
    promised = next(one for one in clocks.running("report", report.pk) if one.name == "update")
    message_reporter(matter.as_(supervisor), case.pk, report.pk, "Thank you, we look again.")
    report.refresh_from_db()
    (anew,) = clocks.running("report", report.pk)
    assert (anew.name, anew.due_at) == ("update", report.next_update_by)
    assert anew.pk != promised.pk


def test_a_report_taken_back_goes_on_when_its_reporter_writes_again(visitor: Visitor, routine: Filed) -> None:
    visitor.post("/help/follow-up/report/withdraw/", {"reason": "I found the milk."})
    matter.settle()
    assert Report.objects.get().status == "closed"
    add(visitor, "It was somebody else's milk.")
    report = Report.objects.get()
    assert (report.status, report.closed_at) == ("reopened", None)
    assert Case.objects.get().report_links.get().report_id == report.pk
