"""Somebody who reported says that they are not safe now: their case is open and of the highest severity, its
objectives count from now, and whoever must act is written to at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.outbox.registry import on
from tocsin.domains.cases import case_clocks, late, opening, timeline
from tocsin.domains.cases.actions import reopen_within, touch
from tocsin.domains.cases.models import Case
from tocsin.domains.reports.models import Severity
from tocsin.domains.staff.mail import write

_ME = system("cases")


@on("report.not_safe", "cases.reporter_not_safe")
def reporter_not_safe(data: Mapping[str, Any]) -> None:
    """Bring the case of the report to the people who can help, opening one where there is none."""
    with act(_ME, "case.reporter_not_safe") as work:
        case = opening.for_report(work, data["report"])
        people = late.responsible(case)
        _wake(work, case, data["number"])
        text = late.words("Somebody who reported to us says that they are not safe now.", late.address(case))
        for person in people:
            key = f"{case.pk}:{case.revision}"
            write(person, "case.not_safe", "Tocsin: somebody is not safe now", text, key=key)
        work.emit("case.not_safe", {"case": case.pk}, key=f"{case.pk}:{case.revision}")


def _wake(work: Work, case: Case, number: str) -> None:
    said = f"The reporter of {number} is not safe now"
    timeline.add(work, case, "reporter", said)
    opening.got_worse(work, case, Severity.S0, "its reporter is not safe")
    if case.state == Case.State.CLOSED:
        reopen_within(work, case, said)
    elif case.state == Case.State.AWAITING_INFO:
        case.state = Case.State.INVESTIGATING
    if case.state == Case.State.REOPENED:
        case.assignee = None  # whoever had it before may not be there: somebody takes it anew
    case_clocks.begin_again(work, case)
    touch(work, case, "case.reporter_not_safe")
