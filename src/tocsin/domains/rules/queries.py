"""Reading about rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.access.hidden import Page
from tocsin.core.actor import Actor
from tocsin.core.crypto.typed_text import open_all
from tocsin.core.errors import NotFound
from tocsin.domains.detection.queries import hits_since
from tocsin.domains.people.reach import out_of_reach
from tocsin.domains.people.vocabulary import held_as
from tocsin.domains.rules import comparison
from tocsin.domains.rules import names as naming
from tocsin.domains.rules.in_force import in_force, packaged, snoozes_in_force
from tocsin.domains.rules.mistakes import problems_of
from tocsin.domains.rules.models import DetectionRule, RuleReport, RuleStep, Snooze
from tocsin.domains.rules.names import Name
from tocsin.engine.language.nodes import Rule


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule in the list: ``spoken`` is what the language makes of it, for those that come with Tocsin or are
    evaluated. ``fired`` and ``watched``: hits since yesterday, with a say in the answer and in shadow."""

    row: DetectionRule
    spoken: Rule | None
    fired: int
    watched: int


def overview(actor: Actor) -> list[Listed]:
    """Every rule: those still on their way first, then by name."""
    require(actor, "rules.view")
    come = packaged().rules
    spoken = {**come, **in_force().read().rules}
    rows = {row.name: row for row in DetectionRule.objects.select_related("author")}
    hits = hits_since(actor, timezone.now() - dt.timedelta(days=1))
    every = [rows.get(name) or _untouched(name) for name in sorted(rows.keys() | come.keys())]
    every.sort(key=lambda row: row.packaged)
    return [Listed(row, spoken.get(row.name), *hits.get(row.name, (0, 0))) for row in every]


def rule(actor: Actor, name: str) -> DetectionRule:
    """One rule; one that comes with Tocsin and was never touched as it would be. Raises NotFound."""
    require(actor, "rules.view")
    found = DetectionRule.objects.select_related("author", "promoter").filter(pk=name).first()
    if found is not None:
        return found
    if name not in packaged().rules:
        raise NotFound("There is no such rule.", "Check its name, or look for it in the list of rules.")
    return _untouched(name)


def spoken(actor: Actor, name: str) -> Rule | None:
    """What the language makes of a rule that comes with Tocsin; None for those written here."""
    require(actor, "rules.view")
    return packaged().rules.get(name)


def problems(actor: Actor, name: str, text: str, replaces: str) -> list[dict[str, Any]]:
    """What is wrong with a text that somebody is typing; nothing is kept. See ``mistakes``."""
    require(actor, "rules.edit")
    return problems_of(DetectionRule(name=name, text=text, replaces=replaces), in_force())[1]


def _untouched(name: str) -> DetectionRule:
    return DetectionRule(name=name, packaged=True, state=DetectionRule.State.ACTIVE)


def newest_report(actor: Actor, name: str, kind: str) -> RuleReport | None:
    """The newest check or backtest of a rule, done or waiting."""
    require(actor, "rules.view")
    return RuleReport.objects.filter(rule=name, kind=kind).order_by("-asked_at").first()


def steps(actor: Actor, name: str) -> list[RuleStep]:
    """The steps a rule took, newest first, with their reasons opened."""
    require(actor, "rules.view")
    return open_all(RuleStep.objects.filter(rule=name).order_by("-at", "-id"), "reason")


def compared(actor: Actor, name: str) -> dict[str, Any]:
    """A rule beside what is in force, on the traffic of its shadow; nothing while it has met none. See
    ``comparison``."""
    require(actor, "rules.view")
    return comparison.figures(name)


def snoozes(actor: Actor, name: str) -> Page[Snooze]:
    """Whom a rule leaves alone now, the first to end first, with the reasons opened; and how many more are
    out of the actor's reach."""
    require(actor, "rules.view")
    held = list(snoozes_in_force().filter(rule=name).order_by("until", "id"))
    keys = [(held_as(one.kind), one.entity_id) for one in held]
    hidden = out_of_reach(actor, keys)
    shown = [one for one, key in zip(held, keys, strict=True) if key not in hidden]
    return Page(open_all(shown, "reason"), len(held) - len(shown))


def kinds(actor: Actor) -> list[str]:
    """The kinds of entities there are."""
    require(actor, "rules.view")
    return sorted(packaged().schema.entities)


def names(actor: Actor) -> list[Name]:
    """The names that a rule may use."""
    require(actor, "rules.edit")
    return naming.names()
