"""Reading about the models beside the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.scores.models import ModelComparison, ScoreModel
from tocsin.engine.language.nodes import Rule, gets
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.scores.model import Model, read_model
from tocsin.engine.scores.observed import WATCHED_FILE, Drift, Watched, drift_of, read_watched

State = ScoreModel.State


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that scores, and the rules that ask it: in force it is a champion, in shadow alone a
    challenger. ``row``: what was put into force here; None for a file that comes with the rules."""

    name: str
    model: Model
    drift: Drift
    rules: tuple[Rule, ...]
    row: ScoreModel | None

    @property
    def acts(self) -> bool:
        """Whether a rule with a say in the answer asks it."""
        return any(rule.acts for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Offered:
    """A model file that was offered here, and what is in it."""

    row: ScoreModel
    model: Model


def overview(actor: Actor) -> list[Listed]:
    """Every model that scores, by name."""
    require(actor, "rules.view")
    rules, watched = in_force().read(), read_watched(watched_file())
    rows = {row.name: row for row in ScoreModel.objects.filter(state=State.IN_FORCE).select_related("author")}
    return [_listed(name, rules, watched, rows.get(name)) for name in sorted(rules.models)]


def model(actor: Actor, name: str) -> Listed:
    """One model that scores. Raises NotFound."""
    for one in overview(actor):
        if one.name == name:
            return one
    raise NotFound("There is no such model in force.", "Look for it in the list of models.")


def offered(actor: Actor) -> list[Offered]:
    """The files that wait to be put into force, the newest first."""
    require(actor, "rules.view")
    rows = ScoreModel.objects.filter(state=State.OFFERED).select_related("author").order_by("-offered_at")
    return [Offered(row, read_model(row.text)) for row in rows]


def comparisons(actor: Actor, name: str) -> list[ModelComparison]:
    """The newest comparison with each challenger."""
    require(actor, "rules.view")
    rows = ModelComparison.objects.filter(champion=name).order_by("challenger", "-asked_at")
    return list(rows.distinct("challenger"))


def watched_file() -> Path:
    """Where decide writes down what models see."""
    return Path(settings.TOCSIN_HOME) / "decide" / WATCHED_FILE


def _listed(name: str, rules: RuleSet, watched: Mapping[str, Watched], row: ScoreModel | None) -> Listed:
    found = rules.models[name]
    asking = {one.name for one in rules.features.values() if one.kind == "score" and one.word == name}
    asked = tuple(
        rule for _, rule in sorted(rules.rules.items()) if asking & {got.name for got in gets(rule.when)}
    )
    return Listed(name, found, drift_of(found, watched.get(name)), asked, row)
