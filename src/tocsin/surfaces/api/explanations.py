"""Why an alert of a case was raised."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.case_alerts import own_alert
from tocsin.domains.detection.explained import Explained, why_raised
from tocsin.engine.counterfactual import Change, Smallest
from tocsin.engine.language.nodes import Rule
from tocsin.engine.scores.raised import Scored
from tocsin.engine.why import Because, Check, Near
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.problems import READING_ONE
from tocsin.surfaces.api.routing import get

router = Router(tags=["cases"])
_Value = bool | int | float | str | None


class CheckOut(Schema):
    """One question of a rule and its answer."""

    name: str = Field(description="What was looked at, as the rule writes it.")
    value: _Value = Field(description="What it was; null when it was not known, or is covered.")
    op: str = Field(description='>, >=, <, <=, ==, !=, "is", "known", "unknown", "matches", "matches not".')
    threshold: _Value = Field(description="What it was compared with; of a match, the list or pattern.")
    held: bool | None = Field(description="null when the value was not known, or is covered.")
    alternative: bool = Field(description="One of several questions of which one is enough.")
    covered: bool = Field(description="Not for you to read, or erased.")


class RaisedOut(Schema):
    """One input of a model that raised its score."""

    input: str = Field(description='What the model looks at; "a / b" and "a - b" are worked out of two.')
    value: float | None = Field(description="null when it was not known.")
    share: float = Field(description="Of all that raised the score, 0 to 1.")


class ScoreOut(Schema):
    """A score on which a rule fired, and the at most four inputs that raised it most."""

    name: str
    model: str
    model_version: str
    score: float | None
    covered: bool = Field(description="The model looks at something covered, so nothing is told of it.")
    raised: list[RaisedOut]


class RuleOut(Schema):
    """A rule, shortly."""

    rule: str
    code: str
    verdict: str
    severity: str


class FiredOut(RuleOut):
    """A rule that fired, with every value and threshold."""

    text: dict[str, str] = Field(description="The reason in words fit for a letter, by language.")
    checks: list[CheckOut]
    scores: list[ScoreOut]


class NearOut(RuleOut):
    """A rule that one value alone kept from firing."""

    check: CheckOut
    needed: _Value = Field(description="The nearest value with which it would have fired.")


class ChangeOut(Schema):
    """One value that would have been another."""

    name: str
    value: _Value = Field(description="null when it was not known, and for a text, which is not said again.")
    instead: _Value = Field(description='null: not there at all. "": any other text or id.')


class SmallestOut(Schema):
    """The smallest change after which the answer would have been milder."""

    verdict: str = Field(description="What it would have been.")
    changes: list[ChangeOut] = Field(description="Together. Empty: none was found.")
    complete: bool = Field(description="Whether every change that could be the smallest was tried.")


class WhyOut(Schema):
    """Why an event raised an alert, worked out from what was kept of the decision."""

    seq: int = Field(description="Its place in the log of decisions.")
    rules_version: str
    engine_version: str
    missing: Literal["", "explanation", "rules"] = Field(
        description="What is not kept any more, so that nothing can be worked out."
    )
    verdict: str | None
    fired: list[FiredOut]
    near: list[NearOut]
    hidden: int = Field(description="Rules that may have nearly fired, but look at something covered.")
    smallest: SmallestOut | None
    reproduced: bool | None = Field(description="Whether what was kept leads to the same answer again.")


@get(
    router, "/cases/{case_id}/alerts/{alert_id}/why", scope="cases:read", answers=WhyOut,
    may_fail=READING_ONE, who="person", summary="Why an alert was raised",
)  # fmt: skip
def read_why(
    request: HttpRequest, case_id: str, alert_id: str, event: Literal["first", "newest"] = "first"
) -> Any:
    """By the first event of the alert, or the newest. What people wrote is covered for those who may not read
    it yet."""
    actor = actor_of(request)
    case = cases.find(actor, case_id)
    alert = own_alert(case, alert_id)
    return _why(why_raised(actor, alert, scope_of(actor, case, "P3"), newest=event == "newest"))


def _why(found: Explained) -> dict[str, Any]:
    told: dict[str, Any] = {
        "seq": found.seq, "rules_version": found.rules_version, "engine_version": found.engine_version,
        "missing": found.missing, "verdict": None, "fired": [], "near": [], "hidden": 0, "smallest": None,
        "reproduced": None,
    }  # fmt: skip
    if (why := found.why) is None:
        return told
    return told | {
        "verdict": why.verdict,
        "fired": [_fired(one) for one in why.fired],
        "near": [_near(one) for one in why.near],
        "hidden": why.hidden,
        "smallest": _smallest(why.smallest),
        "reproduced": why.reproduced,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {"rule": rule.id, "code": rule.code, "verdict": rule.verdict, "severity": rule.severity}


def _fired(one: Because) -> dict[str, Any]:
    return {
        **_rule(one.rule),
        "text": one.texts,
        "checks": [_check(check) for check in one.checks],
        "scores": [_score(score) for score in one.scores],
    }


def _near(one: Near) -> dict[str, Any]:
    return {**_rule(one.rule), "check": _check(one.check), "needed": one.needed}


def _check(one: Check) -> dict[str, Any]:
    return {
        "name": one.name, "value": one.value, "op": one.op, "threshold": one.threshold, "held": one.held,
        "alternative": one.alternative, "covered": one.covered,
    }  # fmt: skip


def _score(one: Scored) -> dict[str, Any]:
    return {
        "name": one.name,
        "model": one.model,
        "model_version": one.version,
        "score": one.score,
        "covered": one.covered,
        "raised": [{"input": up.input, "value": up.value, "share": round(up.share, 4)} for up in one.raised],
    }


def _change(one: Change) -> dict[str, Any]:
    value = None if one.what.type == "text" else one.value
    return {"name": one.what.name, "value": value, "instead": one.to}


def _smallest(one: Smallest) -> dict[str, Any]:
    return {
        "verdict": one.verdict,
        "changes": [_change(change) for change in one.changes],
        "complete": one.complete,
    }
