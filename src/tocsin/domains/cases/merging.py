"""Two cases about the same thing become one. Nothing is deleted: what was in the one moves into the other,
and the one that ends says where it went. There is no way back."""

from __future__ import annotations

from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.domains.cases import case_clocks, timeline
from tocsin.domains.cases.access import may_see, no_such_case, visible
from tocsin.domains.cases.actions import OVER, lock_for, open_for, touch
from tocsin.domains.cases.models import Case
from tocsin.domains.cases.opening import add_party, got_worse, widen

_SHORTEST_REASON = 3


def merge(
    actor: Actor, case_id: str, into: str, reason: str, *, revision: int | None = None
) -> tuple[Case, Case]:
    """Merge a case into another, named by its reference or id. Returns (the one that ended, the one it went
    into).

    Raises:
        InvalidInput: no reason, or no such other case. AccessDenied: the actor may not work both.
        Conflict: one of them is over, changed since it was read, or waits for a second reader.
    """
    if len(reason.strip()) < _SHORTEST_REASON:
        raise InvalidInput("A reason is needed.", "Say why in a sentence.", fields={"reason": "Say why."})
    first_look = Case.objects.filter(pk=case_id).first()
    if first_look is None:
        raise no_such_case()
    may_see(actor, first_look, "cases.work", "P3")  # before anything is told about the other
    target_id = _named(actor, case_id, into)
    with act(actor, "case.merge") as work:
        for pk in sorted((case_id, target_id)):  # in one order, so that two mergers never wait for each other
            lock_for(work, actor, pk, "cases.work", "P3")
        ending = open_for(work, actor, case_id, "cases.close", "P3", revision)
        staying = open_for(work, actor, target_id, "cases.work", "P3")
        if ending.state == Case.State.DECISION_PENDING:
            raise Conflict(
                f"A decision in case {ending.reference} waits for a second reader.",
                "Let it be read first, or merge the other way round.",
                code="decision_pending",
            )
        _move(work, ending, staying)
        _end(work, ending, staying, reason.strip())
        case_clocks.joined(work, staying)
        timeline.add(
            work, staying, "merged", f"{ending.reference} was merged into this case",
            refs={"case": ending.pk},
        )  # fmt: skip
        touch(work, staying, "case.merged_in", merged=ending.pk)
        work.emit("case.merged", {"case": ending.pk, "into": staying.pk}, key=ending.pk)
    return ending, staying


def _named(actor: Actor, case_id: str, into: str) -> str:
    wanted = into.strip().upper()
    # one that the actor may not know of looks like none at all
    known = Case.objects.filter(visible(actor))
    other = known.filter(reference=wanted).first() or known.filter(pk=into.strip()).first()
    if other is None or other.pk == case_id or other.state in OVER:
        words = "this case itself" if other is not None and other.pk == case_id else "an open case"
        problem = (
            f"That is {words}." if words.startswith("this") else f"{into.strip() or 'That'} is not {words}."
        )
        raise InvalidInput(problem, "Enter the reference of another open case.", fields={"into": problem})
    return other.pk


def _move(work: Work, ending: Case, staying: Case) -> None:
    for report in ending.report_links.select_for_update():
        work.watch(report)
        report.case = staying
        work.save(report, "case.move_report")
    for alert in ending.alert_links.select_for_update():
        work.watch(alert)
        alert.case = staying
        work.save(alert, "case.move_alert")
    for earlier in Case.objects.filter(merged_into=ending).order_by("pk").select_for_update():
        work.watch(earlier)
        earlier.merged_into = staying
        work.save(earlier, "case.follow_merge")
    for party in ending.parties.select_related("account"):
        add_party(work, staying, party.account, party.part)
    widen(work, staying, ending.codes, ending.data_class)
    got_worse(work, staying, ending.severity, f"{ending.reference} was merged into it")
    if staying.order_id is None:
        staying.order_id = ending.order_id


def _end(work: Work, ending: Case, staying: Case, reason: str) -> None:
    clocks.cancel(work, "case", ending.pk, because="the case was merged")
    ending.state = Case.State.MERGED
    ending.merged_into = staying
    timeline.add(
        work, ending, "merged", f"Merged into {staying.reference}", body=reason, refs={"case": staying.pk}
    )
    touch(work, ending, "case.merge", into=staying.pk)
