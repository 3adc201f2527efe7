"""Reading about rules."""

from __future__ import annotations

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.crypto.typed_text import open_all
from tocsin.core.errors import NotFound
from tocsin.domains.rules.models import DetectionRule, RuleReport, RuleStep


def rules(actor: Actor) -> list[DetectionRule]:
    """Every rule that has a row: those written here, and packaged ones that somebody touched."""
    require(actor, "rules.view")
    return list(DetectionRule.objects.select_related("author", "promoter").order_by("name"))


def rule(actor: Actor, name: str) -> DetectionRule:
    """One rule. Raises NotFound."""
    require(actor, "rules.view")
    found = DetectionRule.objects.select_related("author", "promoter").filter(pk=name).first()
    if found is None:
        raise NotFound("There is no such rule.", "Check its name, or look for it in the list of rules.")
    return found


def newest_report(actor: Actor, name: str, kind: str) -> RuleReport | None:
    """The newest check or backtest of a rule, done or waiting."""
    require(actor, "rules.view")
    return RuleReport.objects.filter(rule=name, kind=kind).order_by("-asked_at").first()


def steps(actor: Actor, name: str) -> list[RuleStep]:
    """The steps a rule took, newest first, with their reasons opened."""
    require(actor, "rules.view")
    return open_all(RuleStep.objects.filter(rule=name).order_by("-at", "-id"), "reason")
