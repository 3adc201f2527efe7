"""Having a rule leave somebody or something alone for a while."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.domains.people.reach import out_of_reach
from tocsin.domains.people.vocabulary import held_as
from tocsin.domains.rules.in_force import packaged, snoozes_in_force
from tocsin.domains.rules.models import DetectionRule, Snooze
from tocsin.domains.rules.moves import row_of

MAX_DAYS: Final = 90
MAX_REASON: Final = 500


def snooze(
    actor: Actor, name: str, *, kind: str, entity_id: str, until: dt.date | None, reason: str
) -> Snooze:
    """Have a rule that runs leave an entity alone before the day ``until`` (UTC); then it ends by itself.

    Raises:
        AccessDenied: without ``rules.promote``; or it is, or belongs to, the actor's own or their family's
            account, or accounts of other regions only. NotFound.
        InvalidInput: no such kind, no id, no reason, or a day that is not 1 to 90 days ahead. Conflict: the
        rule does not run, or leaves them alone already.
    """
    require(actor, "rules.promote")
    entity_id, reason = entity_id.strip(), reason.strip()
    day = _checked(kind, entity_id, until, reason)
    _within_reach(actor, kind, entity_id)
    with act(actor, "rule.snooze") as work:
        rule = row_of(work, name)
        _refuse(rule, kind, entity_id)
        made = Snooze(
            id=new_id("rsn"), rule=rule, kind=kind, entity_id=entity_id, until=day, by=actor.ref,
            at=timezone.now(),
        )  # fmt: skip
        made.reason = reason
        work.save(made)
        _tell(work, made)
    return made


def end(actor: Actor, snooze_id: str) -> Snooze:
    """Have the rule look at them again from now on. Twice changes nothing.

    Raises:
        AccessDenied: as for ``snooze``. NotFound.
    """
    require(actor, "rules.promote")
    with act(actor, "rule.end_snooze") as work:
        found = work.lock(Snooze, snooze_id)
        _within_reach(actor, found.kind, found.entity_id)
        if found.ended_at is None:
            found.ended_at = timezone.now()
            work.save(found)
            _tell(work, found)
    return found


def _within_reach(actor: Actor, kind: str, entity_id: str) -> None:
    if out_of_reach(actor, [(held_as(kind), entity_id)]):
        raise AccessDenied(
            "This belongs to somebody you are connected with, or to another region. Nothing was changed.",
            "Ask somebody else to look at it.",
            permission="rules.promote", reason="walled_off",
        )  # fmt: skip


def _tell(work: Work, snoozed: Snooze) -> None:
    work.emit("rule.snoozed", {"rule": snoozed.rule_id, "snooze": snoozed.pk})


def _refuse(rule: DetectionRule, kind: str, entity_id: str) -> None:
    if rule.state not in (*DetectionRule.RUNNING, DetectionRule.State.PAUSED):
        raise Conflict(f"{rule.name} is {rule.state}; it looks at nobody.", "There is nothing to snooze.")
    held = snoozes_in_force().filter(rule=rule, kind=kind, entity_id=entity_id).first()
    if held is not None:
        raise Conflict(
            f"{rule.name} leaves {kind} {entity_id} alone already, until {held.until}.",
            "End that first, if it is to be another day.",
        )


def _checked(kind: str, entity_id: str, until: dt.date | None, reason: str) -> dt.date:
    """The day, when all of it can be. Raises InvalidInput."""
    wrong = {}
    first = timezone.now().date() + dt.timedelta(days=1)
    if kind not in packaged().schema.entities:
        wrong["kind"] = "There is no such kind of entity."
    if not 1 <= len(entity_id) <= 64 or not entity_id.isprintable():
        wrong["entity_id"] = "1 to 64 characters, as events name it."
    if until is None or not first <= until < first + dt.timedelta(days=MAX_DAYS):
        wrong["until"] = f"A day from tomorrow on, at most {MAX_DAYS} days ahead."
    if not 3 <= len(reason) <= MAX_REASON:
        wrong["snooze_reason"] = f"Say why, in 3 to {MAX_REASON} characters."
    if wrong or until is None:
        raise InvalidInput("Nobody is left alone like this.", "Mend what is marked.", fields=wrong)
    return until
