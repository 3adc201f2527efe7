"""What events turned out to be, by what was known at some moment and nothing later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from tocsin.domains.detection.models import Label
from tocsin.domains.scores.past import Past, Said, as_ms
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.scores.model import Labels

_DAY_MS: Final = 86_400_000
_ORDER: Final = "order"


@dataclass(frozen=True)
class Outcomes:
    """Of each event of a past: 1 fraud, 0 genuine, -1 not known. ``assumed``: of the genuine, how many only
    because nobody said anything for so long."""

    labels: npt.NDArray[np.int8]
    assumed: int


class _News(NamedTuple):
    """Somebody said at a moment (ms) what something was."""

    at: int
    fraud: bool


def outcomes(past: Past, spec: Labels, rules: RuleSet, moment: dt.datetime) -> Outcomes:
    """What was known at a moment. Where silence counts, an event has no outcome before it is old enough for
    that."""
    until = as_ms(moment)
    labels = np.full(len(past.times), -1, np.int8)
    known = _labels(spec, rules, moment)
    newest = until - spec.genuine_after_days * _DAY_MS
    assumed = 0
    for place, entities in enumerate(past.entities):
        if past.received[place] >= newest:
            continue
        news = [
            *_of_order(past.said.get(entities.get(_ORDER, ""), ()), spec, until),
            *_of_entities(entities, known, spec, int(past.times[place])),
        ]
        if news:
            labels[place] = max(news).fraud
        elif spec.genuine_after_days:
            labels[place] = 0
            assumed += 1
    return Outcomes(labels, assumed)


def _of_order(said: Iterable[Said], spec: Labels, until: int) -> Iterator[_News]:
    for one in said:
        if one.at >= until:
            continue
        if one.type == "fraud.labelled":
            if isinstance(one.fields.get("fraud"), bool | int):
                yield _News(one.at, bool(one.fields["fraud"]))
        elif one.fields.get("reason_code") in spec.chargebacks:
            yield _News(one.at, fraud=True)


def _of_entities(
    entities: Mapping[str, str], known: Mapping[tuple[str, str], list[_News]], spec: Labels, time: int
) -> Iterator[_News]:
    for kind in spec.of:
        for news in known.get((kind, entities.get(kind, "")), ()):
            if kind == _ORDER or time <= news.at <= time + spec.days * _DAY_MS:
                yield news


def _labels(spec: Labels, rules: RuleSet, moment: dt.datetime) -> dict[tuple[str, str], list[_News]]:
    """The labels that were in force at the moment, by what bears them."""
    fraud = {name[: Label.LONGEST] for name in spec.fraud}
    under = [rule.id for rule in rules.rules.values() if rule.clause in spec.fraud]
    genuine = {Label.denial(name) for name in (*spec.fraud, *under)}
    rows = Label.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gte=moment),
        object_kind__in=spec.of, label__in=[*fraud, *genuine], at__lt=moment,
    )  # fmt: skip
    found: dict[tuple[str, str], list[_News]] = {}
    for row in rows.iterator():
        at = as_ms(row.at)
        found.setdefault((row.object_kind, row.object_id), []).append(_News(at, row.label in fraud))
    return found
