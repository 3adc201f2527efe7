"""What enforcement does when something happens below: protect at once, time what the engine asked for, end
what has an end, and have a person look at what stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import on_breach
from tocsin.core.outbox.registry import on
from tocsin.domains.cases import case_clocks, timeline
from tocsin.domains.cases.actions import OVER, touch
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.models import Alert, Verdict
from tocsin.domains.enforcement import doing, engine_asks, handing_on, protection, reversal
from tocsin.domains.enforcement.models import Action, Appeal, Decision

_ME = system("enforcement")


@on("case.opened", "enforcement.protect_at_once")
@on("case.joined", "enforcement.protect_at_once")
@on("case.severity_raised", "enforcement.protect_at_once")
@on("case.not_safe", "enforcement.protect_at_once")
def protect_at_once(data: Mapping[str, Any]) -> None:
    """Take what the taxonomy says is taken at once for this kind of trouble. Safe to run twice.

    What only a rule saw is left to the engine, which has protected already."""
    with act(_ME, "case.protect_at_once") as work:
        case = work.lock(Case, data["case"])
        if case.state in OVER or not case.report_links.exists():
            return
        if protection.automatic(work, case):
            touch(work, case, "case.protected")


@on("case.merged", "enforcement.follow_case")
def follow_case(data: Mapping[str, Any]) -> None:
    """What protects in a case that was merged goes on in the one it went into. Safe to run twice."""
    with act(_ME, "case.follow_merge") as work:
        case = work.lock(Case, data["into"])
        running = Action.objects.select_for_update().filter(case=data["case"], status__in=doing.NOT_ENDED)
        for action in running.order_by("id"):
            work.watch(action)
            action.case = case
            work.save(action, "action.follow_case")


@on("decision.reversed", "enforcement.follow_reversal")
def follow_reversal(data: Mapping[str, Any]) -> None:
    """What was decided in a case that was merged since is decided anew where it went.

    On its own, after the reversal: mergers lock the case things go into first, a reversal its own case."""
    merged = Case.objects.filter(pk=data["case"], state=Case.State.MERGED).first()
    if merged is None or merged.merged_into_id is None:
        return
    with act(_ME, "case.follow_reversal") as work:
        case = work.lock(Case, merged.merged_into_id)
        while case.merged_into_id is not None:
            case = work.lock(Case, case.merged_into_id)
        timeline.add(
            work, case, "reversal", f"A decision in {merged.reference}, merged into this case, was reversed",
            refs={"decision": data["decision_id"], "case": merged.pk},
        )  # fmt: skip
        reversal.look_again_in(work, case, Decision.objects.get(pk=data["decision_id"]))


@on("case.closed", "enforcement.end_protection")
def end_protection(data: Mapping[str, Any]) -> None:
    """What protected until it was known what happened ends with the case, unless an open one asks for it
    too: then it goes on there. Safe to run twice."""
    if not Case.objects.filter(pk=data["case"], state=Case.State.CLOSED).exists():
        return
    for action_id, into in engine_asks.asked_elsewhere(data["case"]):
        with act(_ME, "case.hand_on_protection") as work:
            case = work.lock(Case, into)
            if engine_asks.hand_on(work, case, work.lock(Action, action_id)):
                touch(work, case, "case.protection_handed_on")
    with act(_ME, "case.end_protection") as work:
        case = work.lock(Case, data["case"])
        if case.state == Case.State.CLOSED:
            protection.end_all(work, case)


@on("case.walled_off", "enforcement.let_go_of_appeals")
def let_go_of_appeals(data: Mapping[str, Any]) -> None:
    """Whoever is kept away from a case does not hear an appeal in it either."""
    with act(_ME, "appeal.let_go") as work:
        handing_on.keep_away(work, work.lock(Case, data["case"]))


@on("staff.deactivated", "enforcement.put_appeals_back")
def put_appeals_back(data: Mapping[str, Any]) -> None:
    """Whoever works here no longer hears no appeal: what they heard waits for somebody else."""
    with act(_ME, "appeal.let_go") as work:
        handing_on.left(work, data["staff"])


@on("alert.in_case", "enforcement.engine_actions")
def engine_actions(data: Mapping[str, Any]) -> None:
    """What the engine blocked or locked becomes a timed, reversible action with a person's review."""
    verdict = Verdict.objects.filter(pk=data["seq"]).first()
    if verdict is None:
        return
    with act(_ME, "case.engine_actions") as work:
        case = work.lock(Case, data["case"])
        if case.state in OVER:
            return
        taken = engine_asks.take(work, case, Alert.objects.get(pk=data["alert"]), verdict)
        for action in taken:
            if action.account is not None:
                protection.tell(work, case, action.account, action)
        if taken:
            case_clocks.protected(work, case)
            touch(work, case, "case.engine_actions")


@on("alert.cleared", "enforcement.let_go")
def let_go(data: Mapping[str, Any]) -> None:
    """What the engine held is let go once nobody asks for it any more. Safe to run twice."""
    for case_id in sorted({data["case"], *engine_asks.cases_asked(data["alert"])}):
        with act(_ME, "case.let_go") as work:
            case = work.lock(Case, case_id)
            if engine_asks.let_go(work, case) and case.state not in OVER:
                touch(work, case, "case.let_go")


@on_breach("release_hold", subject_type="action")
@on_breach("review_interim", subject_type="action")
def time_is_up(clock: Clock, work: Work) -> None:
    """An action that has an end, ends; one that merely waits for a second look gets it."""
    if clock.name != doing.END:
        ask_for_review(clock, work)
        return
    case, action = _locked(clock, work)
    if not doing.undo(work, action, "its time was up", expired=True) or case is None:
        return
    timeline.add(
        work, case, "protection", f"Ended, its time was up: {doing.label(action)}", refs={"action": action.pk}
    )
    if case.state not in OVER:
        touch(work, case, "case.protection_expired")


@on_breach("escalate", subject_type="action")
def ask_for_review(clock: Clock, work: Work) -> None:
    """A standing measure has to be looked at again."""
    case, action = _locked(clock, work)
    if action.status not in doing.RUNNING:
        return
    told = {"action": action.pk, "case": action.case_id, "clock_id": clock.pk}
    work.emit("action.review_due", told, key=clock.pk)
    if case is not None:
        timeline.add(
            work, case, "clock", f"Due for review: {doing.label(action)}", refs={"action": action.pk}
        )
        if case.state not in OVER:
            touch(work, case, "case.review_due")


def _locked(clock: Clock, work: Work) -> tuple[Case | None, Action]:
    """The case and the action of a clock, the case first as everywhere: the one it is in now."""
    held = Action.objects.values_list("case_id", flat=True).get(pk=clock.subject_id)
    case = work.lock(Case, held) if held else None
    return case, work.lock(Action, clock.subject_id)


@on_breach("escalate", subject_type="appeal")
@on_breach("page_supervisor", subject_type="appeal")
def appeal_is_late(clock: Clock, work: Work) -> None:
    """An appeal missed a promise: it shows in the case, and somebody is told."""
    appeal = Appeal.objects.select_related("decision").get(pk=clock.subject_id)
    case = work.lock(Case, appeal.decision.case_id)
    timeline.add(
        work, case, "clock", f"Appeal late: {clock.name}", refs={"appeal": appeal.pk, "clock": clock.pk}
    )
    told = {"appeal": appeal.pk, "clock": clock.name, "clock_id": clock.pk, "asks": clock.on_breach}
    work.emit("appeal.late", told, key=clock.pk)
