"""Work is late: whoever must act hears of it by e-mail, which says where to look and nothing of what it is.

That is its owner, and the supervisors of the region; nobody who is kept away from it. What nobody can wait
for is told at once, each time; everything else at most once an hour and person, because the queue shows what
is late first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.conf import settings

from tocsin.core.outbox.registry import on
from tocsin.domains.cases import walls
from tocsin.domains.cases.models import Case, CaseReport
from tocsin.domains.people.models import Account
from tocsin.domains.reports.models import Report
from tocsin.domains.staff.mail import write, write_at_most_hourly
from tocsin.domains.staff.models import Staff

#: A pack asks for this when nobody can wait.
_AT_ONCE = "page_supervisor"
_QUEUE = "/console/queue/?tab=due"


@on("case.clock_missed", "cases.tell_of_late_case")
def case_is_late(data: Mapping[str, Any]) -> None:
    """A promise or objective of a case was missed."""
    case = Case.objects.select_related("assignee").get(pk=data["case"])
    _tell(responsible(case), data, address(case))


@on("report.clock_missed", "cases.tell_of_late_report")
def report_is_late(data: Mapping[str, Any]) -> None:
    """A promise to a reporter was missed: whoever has the case answers for it, or the region as long as there
    is none."""
    link = CaseReport.objects.select_related("case__assignee").filter(report=data["report"]).first()
    if link is not None:
        _tell(responsible(link.case), data, address(link.case))
        return
    report = Report.objects.select_related("reporter_account", "subject_account").get(pk=data["report"])
    about = [one for one in (report.reporter_account, report.subject_account) if one is not None]
    _tell(supervisors(report.region, walls.around(about)), data, _QUEUE)


def _tell(people: Iterable[Staff], data: Mapping[str, Any], where: str) -> None:
    if data["asks"] == _AT_ONCE:
        text = words("Work that you look after is late, and nobody can wait for it.", where)
        for person in people:
            write(person, "work.late_urgent", "Tocsin: urgent work is late", text, key=data["clock_id"])
        return
    text = words("Work that you look after is late. It comes first in your queue.", _QUEUE)
    for person in people:
        write_at_most_hourly(person, "work.late", "Tocsin: work is late", text)


def words(what: str, path: str) -> str:
    """The text of an e-mail: what there is to do, and where."""
    return f"{what}\n\nOpen {settings.TOCSIN_PUBLIC_URL}{path} to see it.\n"


def address(case: Case) -> str:
    """The page of a case."""
    return f"/console/case/{case.reference}/"


def responsible(case: Case) -> list[Staff]:
    """Who must act on a case: its owner, and the supervisors of its region."""
    owner = [case.assignee] if case.assignee is not None and case.assignee.is_active else []
    people = (*owner, *supervisors(case.region, case.walled_off))
    return list({person.pk: person for person in people}.values())


def responsible_for(account: Account) -> list[Staff]:
    """Who must act where there is no case: the supervisors of the account's region."""
    return supervisors(account.region, walls.around([account]))


def supervisors(region: str, kept_away: Collection[str]) -> list[Staff]:
    """The supervisors who work for a region, without those who are kept away."""
    people = Staff.objects.filter(is_active=True, roles__contains=["supervisor"]).exclude(pk__in=kept_away)
    return [one for one in people.order_by("pk") if not region or one.actor().covers_region(region)]
