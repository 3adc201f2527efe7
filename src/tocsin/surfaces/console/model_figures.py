"""Figures of models as the pages show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from tocsin.domains.rules.model_queries import Listed, Offered
from tocsin.domains.scores.models import ModelComparison
from tocsin.engine.scores.drift import MUCH, SOME
from tocsin.engine.scores.model import Judged, Model
from tocsin.surfaces.console import words

_FIGURES: Final[tuple[tuple[str | Promise, str], ...]] = (
    (lazy("AUC ROC"), "auc_roc"),
    (lazy("Average precision"), "average_precision"),
    (lazy("Precision of what can be looked at in a day"), "precision"),
)


def brief(one: Listed) -> dict[str, Any]:
    """A model as a row of the list."""
    return {**_about(one.model), "name": one.name, "listed": one, "drift": index(one.drift.score)}


def offered(one: Offered) -> dict[str, Any]:
    """An offer as a row of the list."""
    return {**_about(one.model), "row": one.row}


def whole(one: Listed) -> dict[str, Any]:
    """Everything about a model."""
    about = one.model.training
    inputs = [_input(one, place) for place in _by_gain(one.model)]
    judged = about.judged if about else None
    return {
        **brief(one),
        "inputs": inputs,
        "events": one.drift.events,
        "judged": judged and _judged(judged),
        "labels": one.model.labels,
    }


def _by_gain(model: Model) -> list[int]:
    """The places of the inputs, those first that the trees gained most by."""
    gains = model.training.gains if model.training else [0.0] * len(model.inputs)
    return sorted(range(len(model.inputs)), key=lambda place: (-gains[place], place))


def _input(one: Listed, place: int) -> dict[str, Any]:
    name, about = one.model.inputs[place], one.model.training
    return {
        "label": label(name),
        "name": name,
        "gain": round(100 * about.gains[place], 1) if about else None,
        "drift": index(one.drift.inputs.get(name)),
    }


def comparison(row: ModelComparison) -> dict[str, Any]:
    """A comparison as a table; without lines where it waits or was refused."""
    found = row.figures
    if not found:
        return {"row": row}
    lines = [
        {"label": said, **{who: _three(found[who][key]) for who in ("champion", "challenger", "difference")}}
        for said, key in _FIGURES
    ]
    better = {"champion": row.champion, "challenger": row.challenger}.get(found["proven"], "")
    return {"row": row, "lines": lines, "both": f"{found['both']:.1%}", "better": better}


def index(value: float | None) -> dict[str, Any] | None:
    """A stability index with what it means and how far it fills its bar; nothing where nothing was seen."""
    if value is None:
        return None
    said = _("stable") if value < SOME else _("shifting") if value < MUCH else _("shifted")
    tone = "green" if value < SOME else "amber" if value < MUCH else "red"
    return {"shown": f"{value:.3f}", "said": said, "tone": tone, "bar": min(value, MUCH), "full": MUCH}


def label(input_: str) -> str:
    """An input in words; of two, with what is done with them between."""
    return " ".join(words.value(one, 0).label if one.isidentifier() else one for one in input_.split())


def _about(model: Model) -> dict[str, Any]:
    about = model.training
    return {
        "model": model,
        "training": about,
        "learnt_until": _moment(about.until) if about else None,
        "first": _moment(about.first) if about else None,
        "figures": _figures(about.judged) if about and about.judged else [],
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "learnt_until": _moment(judged.learnt_until),
        "first": _moment(judged.first),
        "rows": judged.rows,
        "frauds": judged.frauds,
        "capacity": judged.capacity,
        "brier": f"{judged.brier:.4f}",
        "tenths": [
            {"events": round(count), "said": f"{mean:.3f}", "was": f"{share:.3f}", "bar": share}
            for count, mean, share in judged.reliability
        ],
    }


def _figures(judged: Judged) -> list[dict[str, Any]]:
    return [{"label": said, "value": _three(getattr(judged.figures, key))} for said, key in _FIGURES]


def _three(values: Sequence[float]) -> str:
    value, low, high = values
    return _("%(value).3f (%(low).3f to %(high).3f)") % {"value": value, "low": low, "high": high}


def _moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
