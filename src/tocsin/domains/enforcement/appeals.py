"""Appeals: another look, by somebody who had no part in the decision."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from tocsin.core.access.check import Scope, allows, more_sensitive, require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.crypto.seal import seal
from tocsin.core.errors import Conflict, InvalidInput, NotFound
from tocsin.core.ids import new_id
from tocsin.core.outbox.notify import tick
from tocsin.core.packs.today import rules_for
from tocsin.domains.cases import timeline
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import disclosure, notices
from tocsin.domains.enforcement.decisions import case_of
from tocsin.domains.enforcement.models import Appeal, Decision
from tocsin.domains.enforcement.reversal import undo_all
from tocsin.domains.staff.models import Staff

_CLOCKS = {"acknowledge": "appeals.acknowledge", "decide": "appeals.decide", "limit": "appeals.limit"}


def lodge(
    actor: Actor, decision_id: str, grounds: str, *, language: str = "en", channel: str = "web"
) -> Appeal:
    """Ask for another look at a decision.

    Surfaces have made sure that the actor is the person or speaks for them; staff and systems need the right
    to lodge. Lodging again while one is open gives the open one back, so that a second click does nothing.

    Raises:
        NotFound: no such decision, or none the actor may know of. AccessDenied: without ``appeals.lodge``.
        Conflict: the decision is not in force, was appealed before, or the window has passed.
        InvalidInput: no grounds.
    """
    text = grounds.strip()
    if not 10 <= len(text) <= 10_000:
        raise InvalidInput(
            "Tell us why you think the decision is wrong, in 10 to 10,000 characters.", "",
            fields={"grounds": "Between 10 and 10,000 characters, please."},
        )  # fmt: skip
    with act(actor, "appeal.lodge") as work:
        case = work.lock(Case, case_of(decision_id))
        _may_lodge(actor, case)
        decision = work.lock(Decision, decision_id)
        present = Appeal.objects.filter(decision=decision, state__in=Appeal.OPEN_STATES).first()
        if present is not None:
            return present
        _check_appealable(decision)
        appeal_id = new_id("apl")
        appeal = Appeal(
            id=appeal_id, decision=decision, lodged_by=actor.ref, channel=channel,
            grounds_sealed=seal(case.key_scope, f"appeal:{appeal_id}:grounds", text), language=language,
            lodged_at=timezone.now(), decider_id=decision.decider_id or "",
            second_reader_id=decision.second_reader_id or "",
        )  # fmt: skip
        work.save(appeal, "appeal.lodge")
        _start_clocks(work, appeal, decision)
        timeline.add(
            work, case, "appeal", "Appeal lodged", refs={"appeal": appeal.pk, "decision": decision.pk}
        )
        work.emit("appeal.lodged", {"appeal": appeal.pk, "decision": decision.pk}, key=appeal.pk)
        tick("queue")
    return appeal


def _may_lodge(actor: Actor, case: Case) -> None:
    """People appeal their own decisions; whoever does it for them needs the right to, in that region, and
    must not be kept from the matter. What is in the case stays out of sight."""
    if actor.kind not in ("staff", "api_key"):
        return
    if actor.kind == "staff" and actor.id in case.walled_off:
        raise NotFound("There is no such decision.", "Check the identifier.")
    require(actor, "appeals.lodge", Scope(region=case.region))


def _check_appealable(decision: Decision) -> None:
    if decision.state != Decision.State.IN_FORCE or decision.finding != Decision.Finding.SUBSTANTIATED:
        raise Conflict("There is no decision in force to appeal.", "Look at your latest notice.")
    if decision.appeal_until is not None and timezone.now() > decision.appeal_until:
        raise Conflict(
            f"The time to appeal ended on {decision.appeal_until:%Y-%m-%d}.",
            "If something new has come to light, write to us through a report.", code="window_closed",
        )  # fmt: skip
    if decision.appeals.exists():
        raise Conflict("This decision was appealed and answered before.", "Look at the answer you were sent.")


def _start_clocks(work: Work, appeal: Appeal, decision: Decision) -> None:
    subject = decision.subject
    region, zone = (subject.region, subject.zone) if subject else ("", "UTC")
    for name, path in _CLOCKS.items():
        spec = rules_for(region).clock(path)
        if spec is not None:
            clocks.start(
                work, spec, subject_type="appeal", subject_id=appeal.pk, zone=zone, region=region, name=name
            )


def may_hear(actor: Actor, appeal: Appeal) -> bool:
    """Whether the actor may take this appeal, as far as access goes: role and purpose, region, a role that
    reaches what is in the case once it is theirs, no wall, and no part in the decision."""
    case = appeal.decision.case
    return allows(actor, "appeals.decide", scope_to_hear(case)) and not had_a_part(actor, appeal)


def scope_to_hear(case: Case) -> Scope:
    """The scope of hearing an appeal in a case."""
    # taking it is what assigns the work, so the sensitivity of the case is looked at as if it were theirs
    return Scope(
        region=case.region, assigned=True, data_class=more_sensitive("P3", case.data_class),
        walled_off=frozenset(case.walled_off),
    )  # fmt: skip


def had_a_part(actor: Actor, appeal: Appeal) -> bool:
    """Whether the actor decided, or confirmed, what is appealed."""
    return actor.id in (appeal.decision.decider_id, appeal.decision.second_reader_id)


def take(actor: Actor, appeal_id: str) -> Appeal:
    """Take an appeal to hear it. The database refuses whoever decided or confirmed the decision.

    Raises:
        NotFound: none the actor may know of. AccessDenied: not theirs to hear, or not under this purpose.
        Conflict: they had a part in the decision, somebody else hears it, or it was answered.
    """
    with act(actor, "appeal.assign") as work:
        case, appeal = locked(work, actor, appeal_id)
        _take(work, actor, case, appeal)
    return appeal


def locked(work: Work, actor: Actor, appeal_id: str) -> tuple[Case, Appeal]:
    """The case and the appeal, the case first as everywhere."""
    held = Appeal.objects.filter(pk=appeal_id).values_list("decision__case_id", flat=True).first()
    case = work.lock(Case, held) if held else None
    if case is None or (actor.kind == "staff" and actor.id in case.walled_off):
        raise NotFound("There is no such appeal.", "Check the identifier.")
    return case, work.lock(Appeal, appeal_id)


def _take(work: Work, actor: Actor, case: Case, appeal: Appeal) -> None:
    require(actor, "appeals.decide", scope_to_hear(case))
    if appeal.state not in Appeal.OPEN_STATES:
        raise Conflict("This appeal has been answered.", "Reload to read the answer.")
    if appeal.reviewer_id == actor.id:
        return
    if appeal.reviewer_id is not None:
        raise Conflict("Somebody else is hearing this appeal.", "Ask them.")
    refuse_own(actor, appeal)
    give(work, case, appeal, Staff.objects.get(pk=actor.id), f"Appeal taken by {actor.label}")


def give(work: Work, case: Case, appeal: Appeal, reviewer: Staff, summary: str) -> None:
    """Give an appeal to somebody who may hear it, and open the case to them. Callers have checked access."""
    appeal.reviewer = reviewer
    appeal.state = Appeal.State.ASSIGNED
    try:
        with transaction.atomic():
            work.save(appeal, "appeal.assign", to=reviewer.pk)
    except IntegrityError as error:  # the constraint is the last word, whatever the code above says
        raise own_decision() from error
    open_to_hearers(work, case)
    clocks.meet(work, "appeal", appeal.pk, "acknowledge")
    timeline.add(work, case, "appeal", summary, refs={"appeal": appeal.pk})


def open_to_hearers(work: Work, case: Case) -> None:
    """Open the case for reading to those who hear an appeal in it now, and to nobody who did before."""
    heard = Appeal.objects.filter(decision__case=case, state__in=Appeal.OPEN_STATES, reviewer__isnull=False)
    hearers = sorted(set(heard.values_list("reviewer_id", flat=True)))
    if hearers != case.heard_by:
        case.heard_by = hearers
        work.save(case, "case.heard_by", hearers=hearers)


def own_decision() -> Conflict:
    """The refusal of somebody who decided or confirmed the decision."""
    return Conflict(
        "You had a part in this decision, so you cannot hear the appeal.",
        "Somebody else will take it.",
        code="the_decider_never_hears_the_appeal",
    )


def refuse_own(actor: Actor, appeal: Appeal) -> None:
    """Raises Conflict when the actor decided or confirmed what is appealed."""
    if had_a_part(actor, appeal):
        raise own_decision()


def answer(actor: Actor, appeal_id: str, outcome: str, reasons: str) -> Appeal:
    """Answer an appeal. A reversal undoes all that the decision caused, in the same transaction.

    Raises:
        AccessDenied: the actor may not decide appeals, or not under this purpose.
        Conflict: the actor decided the case, or the appeal was answered already.
    """
    if outcome not in Appeal.Outcome.values:
        raise InvalidInput("Choose an outcome.", "", fields={"outcome": "Choose an outcome."})
    if not 10 <= len(reasons.strip()) <= 5000:
        raise InvalidInput(
            "Give reasons the person can read, in 10 to 5,000 characters.", "",
            fields={"reasons": "Between 10 and 5,000 characters."},
        )  # fmt: skip
    with act(actor, "appeal.decide") as work:
        case, appeal = locked(work, actor, appeal_id)
        _take(work, actor, case, appeal)
        decision = work.lock(Decision, appeal.decision_id)
        disclosure.check(case, decision.subject, "reasons", reasons)
        work.watch(appeal)
        appeal.outcome = outcome
        appeal.reasons_sealed = seal(case.key_scope, f"appeal:{appeal.pk}:reasons", reasons.strip())
        appeal.decided_at = timezone.now()
        appeal.state = Appeal.State.DECIDED
        if outcome == Appeal.Outcome.UPHOLD:
            _tell(work, case, decision, outcome, reasons)
        else:
            state = Decision.State.MODIFIED if outcome == Appeal.Outcome.MODIFY else Decision.State.REVERSED
            # a decision that is changed or made anew does not say that nothing happened
            wrong = outcome == Appeal.Outcome.REVERSE
            undo_all(work, case, decision, reasons, state=state, wrong=wrong)
            appeal.state = Appeal.State.REMEDIED
            appeal.remedied_at = timezone.now()
        work.save(appeal, "appeal.decide", outcome=outcome)
        open_to_hearers(work, case)
        clocks.cancel(work, "appeal", appeal.pk, because="the appeal was answered")
        timeline.add(
            work, case, "appeal", f"Appeal answered: {appeal.get_outcome_display().lower()}", body=reasons,
            refs={"appeal": appeal.pk},
        )  # fmt: skip
        work.emit(
            "appeal.decided",
            {"appeal_id": appeal.pk, "decision_id": decision.pk, "outcome": outcome},
            key=appeal.pk,
        )
    return appeal


def _tell(work: Work, case: Case, decision: Decision, outcome: str, reasons: str) -> None:
    if decision.subject is not None:
        words = notices.words(f"outcome_{outcome}", notices.language_of(decision.subject))
        notices.to_account(
            work, "appeal_outcome", decision.subject, case, {"outcome": words, "reasons": reasons},
            decision=decision,
        )  # fmt: skip
