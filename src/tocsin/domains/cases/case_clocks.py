"""The clocks of a case: an owner, protection, the next word to its reporters; as the pack of its place
says."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.packs.today import rules_for
from tocsin.domains.cases.models import Case

OWNER, PROTECT, UPDATE = "owner", "protect", "update"


def opened(work: Work, case: Case) -> None:
    """Start what waits for somebody, counted from when the case was opened. Twice starts nothing twice."""
    _start_waiting(work, case, case.opened_at)


def joined(work: Work, case: Case) -> None:
    """Something joined a case that was open already: whoever was not waiting before waits from now."""
    _start_waiting(work, case, timezone.now())


def severity_changed(work: Work, case: Case) -> None:
    """A new severity has its own objectives, counted from now."""
    for name in (OWNER, PROTECT, UPDATE):
        clocks.cancel(work, "case", case.pk, name, because="the severity changed")
    _start_waiting(work, case, timezone.now())


def begin_again(work: Work, case: Case) -> None:
    """Somebody is in danger now: every objective counts from now, that of protection also where they were
    protected before."""
    for name in (OWNER, PROTECT, UPDATE):
        clocks.cancel(work, "case", case.pk, name, because="its reporter is not safe")
    now = timezone.now()
    _start_waiting(work, case, now)
    _start(work, case, PROTECT, now)


def told(work: Work, case: Case) -> None:
    """The reporters heard from us; the next word is promised."""
    clocks.meet(work, "case", case.pk, UPDATE)
    _start(work, case, UPDATE, timezone.now())


def protected(work: Work, case: Case) -> None:
    """Somebody or something protected the people of the case."""
    clocks.meet(work, "case", case.pk, PROTECT)


def owned(work: Work, case: Case) -> None:
    """The case has an owner."""
    clocks.meet(work, "case", case.pk, OWNER)


def _start_waiting(work: Work, case: Case, since: dt.datetime) -> None:
    if case.assignee_id is None:
        _start(work, case, OWNER, since)
    if not _was_protected(case):
        _start(work, case, PROTECT, since)
    if case.report_links.exists():
        _start(work, case, UPDATE, since)


def _was_protected(case: Case) -> bool:
    return Clock.objects.filter(
        subject_type="case", subject_id=case.pk, name=PROTECT, state=Clock.State.MET
    ).exists()


def _start(work: Work, case: Case, name: str, since: dt.datetime) -> None:
    spec = rules_for(case.region).clock(f"response.{case.severity}.{name}")
    if spec is not None:
        clocks.start(
            work,
            spec,
            subject_type="case",
            subject_id=case.pk,
            zone=case.zone,
            region=case.region,
            start_at=since,
            name=name,
        )
