"""The explanation of an alert in words: questions with values against thresholds, what nearly fired, and the
smallest change. What may be seen was settled before; nothing here decides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from tocsin.domains.detection.explained import Explained
from tocsin.domains.detection.models import Alert
from tocsin.engine.counterfactual import Change, Smallest
from tocsin.engine.events import Scalar
from tocsin.engine.language.nodes import Rule
from tocsin.engine.scores.raised import Raised, Scored
from tocsin.engine.why import Because, Check, Near
from tocsin.surfaces.console import model_figures, words

#: Of what nearly fired, so many are shown.
MAX_NEAR = 5
_AGAINST: Mapping[str, str | Promise] = {
    ">": lazy("more than %s"), ">=": lazy("at least %s"), "<": lazy("less than %s"), "<=": lazy("at most %s"),
    "==": lazy("%s"), "!=": lazy("anything but %s"), "is": lazy("%s"),
    "matches": lazy("something of “%s”"), "matches not": lazy("nothing of “%s”"),
}  # fmt: skip
_WITHOUT: Mapping[str, str | Promise] = {"known": lazy("any value"), "unknown": lazy("no value")}


def explanation(alert: Alert, found: Explained) -> dict[str, Any]:
    """What the page shows of it."""
    shown: dict[str, Any] = {"found": found, "alert": alert, "label": words.plain(alert.rule)}
    if (why := found.why) is None:
        return shown
    own_first = sorted(why.fired, key=lambda one: one.rule.id != alert.rule)
    return shown | {
        "fired": [_because(one, alert.currency) for one in own_first],
        "near": [_near(one, alert.currency) for one in why.near[:MAX_NEAR]],
        "hidden": why.hidden,
        "reproduced": why.reproduced,
        "covered": any(check.covered for one in why.fired for check in one.checks),
        "changes": [_change(one, alert.currency) for one in why.smallest.changes],
        "no_change": _no_change(why.smallest),
        "verdict": why.verdict,
        "instead": why.smallest.verdict,
    }


def _because(one: Because, currency: str) -> dict[str, Any]:
    spoken = get_language() or "en"
    return {
        **_rule(one.rule),
        "text": one.texts.get(spoken, one.texts["en"]),
        "checks": [_check(check, currency) for check in one.checks],
        "scores": [_score(score, currency) for score in one.scores],
    }


def _score(score: Scored, currency: str) -> dict[str, Any]:
    return {
        "label": _label(score.name),
        "model": score.model,
        "version": score.version,
        "covered": score.covered,
        "raised": [
            {
                "label": model_figures.label(one.input),
                "value": _("unknown") if one.value is None else _input_shown(one, currency),
                "percent": round(100 * one.share),
            }
            for one in score.raised
        ],
    }


def _input_shown(one: Raised, currency: str) -> str:
    """A ratio or a difference has no unit of its own."""
    name = one.input if one.input.isidentifier() else ""
    return _shown(name, one.value, currency)


def _rule(rule: Rule) -> dict[str, Any]:
    return {"label": words.plain(rule.id), "code": rule.code, "verdict": rule.verdict}


def _check(check: Check, currency: str) -> dict[str, Any]:
    return {
        "label": _label(check.name),
        "value": _("unknown") if check.value is None else _shown(check.name, check.value, currency),
        "asked": _asked(check, currency),
        "held": check.held,
        "covered": check.covered,
        "alternative": check.alternative,
        "bar": _bar(check),
    }


def _asked(check: Check, currency: str) -> str:
    if check.op in _WITHOUT:
        return str(_WITHOUT[check.op])
    if check.threshold is None:
        return str(_("unknown"))
    return str(_AGAINST[check.op]) % _shown(check.name, check.threshold, currency)


def _bar(check: Check) -> dict[str, float] | None:
    """How far a value is towards a threshold that it has to reach; None where that has no meaning."""
    value, threshold = check.value, check.threshold
    if check.op not in (">", ">=") or not isinstance(value, int | float):
        return None
    if not isinstance(threshold, int | float) or threshold <= 0 or value < 0:
        return None
    return {"value": min(value, threshold), "max": threshold}


def _near(one: Near, currency: str) -> dict[str, Any]:
    return {**_rule(one.rule), "check": _check(one.check, currency)}


def _change(one: Change, currency: str) -> dict[str, Any]:
    """A text is never said again here: what somebody wrote stands above, for those who may read it."""
    name = one.what.name
    words_only = one.what.type == "text"
    return {
        "label": _label(name),
        "from": "" if words_only or one.value is None else _shown(name, one.value, currency),
        "to": _instead(one.to, name, currency),
    }


def _instead(to: Scalar, name: str, currency: str) -> str:
    if to is None:
        return str(_("no value"))
    return str(_("something else")) if to == "" else _shown(name, to, currency)


def _no_change(smallest: Smallest) -> str:
    if smallest.changes:
        return ""
    if smallest.complete:
        return str(_("No change of values that may be looked at would have made the verdict milder."))
    return str(_("None was found in as many tries as there may be: more than a few values decided together."))


def _label(name: str) -> str:
    """The words for a name of the rules; a calculation stays as it is written."""
    return words.value(name, 0).label if name.isidentifier() else name


def _shown(name: str, held: Scalar, currency: str) -> str:
    return words.value(name, held, currency).shown
