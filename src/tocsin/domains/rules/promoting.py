"""Taking a rule from paper into force step by step, and out again in one."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.domains.rules import comparison
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.rules.moves import row_of, step
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.stages import SHARES

State = DetectionRule.State
#: How long a rule should be in shadow (handbook §4).
SHADOW_TIME: Final = dt.timedelta(days=7)
CANARY_SHARE: Final = 500  # of 10,000 accounts (handbook §4)
MAX_REASON: Final = 500
MAX_CAP: Final = 1_000_000
_NEXT: Final = {
    State.BACKTESTED: State.SHADOW,
    State.SHADOW: State.CANARY,
    State.CANARY: State.ACTIVE,
}


def next_state(rule: DetectionRule) -> str:
    """Where a rule goes when it is promoted; nothing when it cannot be."""
    return _NEXT.get(State(rule.state), "")


def promote(
    actor: Actor,
    name: str,
    *,
    to: str,
    reason: str,
    share: int = CANARY_SHARE,
    early: bool = False,
    hourly_cap: int | None = None,
) -> DetectionRule:
    """Take a rule one step on. Into shadow, where it changes no answer, its author may take it; into canary
    and into force only a second person.

    Args:
        to: where the caller saw it go; that it is there already is no mistake.
        share: of 10,000 accounts, who a canary acts on.
        early: leave shadow before its time is over; the reason should say why.
        hourly_cap: at so many hits in an hour the brake pauses it; None leaves the cap as it is.

    Raises:
        AccessDenied: without ``rules.promote``, or the author's own rule. NotFound.
        InvalidInput: no reason, a share or cap that cannot be, or too early. Conflict: it cannot go there
        from here, or met no traffic in shadow.
    """
    require(actor, "rules.promote")
    reason = _reason(reason)
    with act(actor, "rule.promote") as work:
        rule = work.lock(DetectionRule, name)
        if rule.state == to:
            return rule
        if not to or next_state(rule) != to:
            raise Conflict(
                f"{name} is {rule.state}, and cannot be made {to or 'anything else'} from there.",
                "Reload the page to see what can be done with it now.",
            )
        if to != State.SHADOW:
            _second_person(rule, actor)
            rule.share = _share(share) if to == State.CANARY else SHARES
            rule.hourly_cap = _cap(rule.hourly_cap if hourly_cap is None else hourly_cap)
        if to == State.CANARY and not early and timezone.now() - rule.state_since < SHADOW_TIME:
            told = f"Wait until it has been in shadow for {SHADOW_TIME.days} days, or say that it is early."
            raise InvalidInput("This rule has not been in shadow for long.", told, fields={"early": told})
        step(work, rule, to, reason, compared=_compared(rule, to))
        if to == State.ACTIVE and rule.replaces:
            _replace(work, rule)
        _refuse_what_cannot_be_used()
    return rule


def pause(actor: Actor, name: str, *, reason: str) -> DetectionRule:
    """Stop a running rule at once; what it counts goes on. Its author may too.

    Raises:
        AccessDenied. NotFound. InvalidInput: no reason. Conflict: it does not run.
    """
    require(actor, "rules.promote")
    reason = _reason(reason)
    with act(actor, "rule.pause") as work:
        rule = row_of(work, name)
        if rule.state == State.PAUSED:
            return rule
        halt(work, rule, reason)
    return rule


def halt(work: Work, rule: DetectionRule, reason: str) -> None:
    """Pause a locked rule inside a larger act. Raises Conflict when it does not run."""
    if rule.state not in DetectionRule.RUNNING:
        raise Conflict(f"{rule.name} is {rule.state}; it does not run.", "There is nothing to pause.")
    rule.paused_from = rule.state
    step(work, rule, State.PAUSED, reason)


def withdraw(work: Work, rule: DetectionRule, reason: str) -> None:
    """What a locked rule rests on is gone: inside a larger act, one on paper is retired, one that runs is
    paused, and one that is neither stays as it is."""
    if rule.state in DetectionRule.ON_PAPER:
        step(work, rule, State.RETIRED, reason[:MAX_REASON])
    elif rule.state in DetectionRule.RUNNING:
        halt(work, rule, reason[:MAX_REASON])


def resume(actor: Actor, name: str, *, reason: str) -> DetectionRule:
    """Let a paused rule go on where it was; one that acts needs a second person again.

    Raises:
        AccessDenied: without ``rules.promote``, or the author's own rule. NotFound. InvalidInput: no reason.
        Conflict: it is not paused.
    """
    require(actor, "rules.promote")
    reason = _reason(reason)
    with act(actor, "rule.resume") as work:
        rule = work.lock(DetectionRule, name)
        if rule.state != State.PAUSED:
            raise Conflict(f"{name} is {rule.state}, not paused.", "There is nothing to let go on.")
        if rule.paused_from != State.SHADOW:
            _second_person(rule, actor)
        back, rule.paused_from = rule.paused_from, ""
        step(work, rule, back, reason)
        _refuse_what_cannot_be_used()
    return rule


def roll_back(actor: Actor, name: str, *, reason: str) -> DetectionRule:
    """Take a rule out of force, and put back what it replaced, as it was: one act.

    Raises:
        AccessDenied. NotFound. InvalidInput: no reason. Conflict: it neither runs nor is paused.
    """
    require(actor, "rules.promote")
    reason = _reason(reason)
    with act(actor, "rule.roll_back") as work:
        rule = row_of(work, name)
        if rule.state == State.RETIRED:
            return rule
        if rule.state not in (*DetectionRule.RUNNING, State.PAUSED):
            raise Conflict(f"{name} was never put to use.", "There is nothing to take back.")
        step(work, rule, State.RETIRED, reason)
        if rule.replaces:
            _put_back(work, rule)
        _refuse_what_cannot_be_used()
    return rule


def _replace(work: Work, rule: DetectionRule) -> None:
    old = row_of(work, rule.replaces)
    if old.state in (*DetectionRule.RUNNING, State.PAUSED):
        step(work, old, State.RETIRED, "", because_of=rule.name)


def _put_back(work: Work, rule: DetectionRule) -> None:
    """What this rule replaced, unless something else became of it since."""
    old = work.lock(DetectionRule, rule.replaces) if _has_row(rule.replaces) else None
    last = old.steps.order_by("-at", "-id").first() if old is not None else None
    if old is not None and last is not None and last.because_of == rule.name:
        step(work, old, last.from_state, "", because_of=rule.name)


def _has_row(name: str) -> bool:
    return DetectionRule.objects.filter(pk=name).exists()


def _second_person(rule: DetectionRule, actor: Actor) -> None:
    if rule.author_id == actor.id:
        raise AccessDenied(
            "You wrote this rule, so somebody else has to put it into force.",
            "Ask another rules engineer or a supervisor to read it.",
            permission="rules.promote",
            reason="own",
        )
    rule.promoter_id = actor.id


def _compared(rule: DetectionRule, to: str) -> dict[str, Any]:
    """Champion and challenger, for a step that makes the rule act."""
    if to == State.SHADOW:
        return {}
    found = comparison.figures(rule.name)
    if not found:
        raise Conflict(
            f"{rule.name} has met no traffic in shadow, so nobody can compare it with what is in force.",
            "Wait until events came in, and look at how it compares.",
        )
    return found


def _share(share: int) -> int:
    if not 1 <= share <= SHARES:
        told = "More than none and at most all accounts."
        raise InvalidInput("A canary cannot act on this share.", told, fields={"share": told})
    return share


def _cap(cap: int) -> int:
    if not 1 <= cap <= MAX_CAP:
        told = f"A whole number from 1 to {MAX_CAP:,}."
        raise InvalidInput("The cap cannot be this.", told, fields={"cap": told})
    return cap


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not 3 <= len(reason) <= MAX_REASON:
        told = f"Say why, in 3 to {MAX_REASON} characters."
        raise InvalidInput("A step needs its reason.", told, fields={"reason": told})
    return reason


def _refuse_what_cannot_be_used() -> None:
    """The rules in force have to fit each other, whatever happened since each was checked."""
    try:
        in_force().read()
    except RuleError as error:
        raise Conflict(
            f"With this step the rules in force would not fit each other: {error.problems[0].message}",
            "Check the rule again, and mend what it says.",
        ) from None
