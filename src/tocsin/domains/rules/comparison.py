"""Champion and challenger on identical traffic, by what is known of the people they met.

Figures of a comparison, as JSON:

- ``events``, ``since``, ``until``: the events that both saw
- ``champion``, ``challenger``: ``rules``; ``hits`` (events); ``people``, of whom ``confirmed``, ``cleared``
  and ``unlabelled``; ``precision``: confirmed ÷ (confirmed + cleared), none without anybody to count;
  ``interval``: its 95 % interval (Wilson); ``value``: currency -> minor units in the events of confirmed
  people; ``regions``: jurisdiction -> people met there
- ``both``, ``only_champion``, ``only_challenger``, ``neither``: events by who fired; ``agreement``: the share
  of events on which both said the same
- ``difference``: precision of the challenger less that of the champion; ``difference_interval``: its 95 %
  interval by bootstrap over people, none when fewer than ``ENOUGH`` are known on either side

Somebody is confirmed who bears the label of the clause, and cleared who bears that it was not so for the
clause or one of the rules. Labels that come later change the figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np

from tocsin.core.proportions import wilson
from tocsin.domains.detection.models import Label
from tocsin.domains.detection.past import labelled
from tocsin.domains.rules.models import Trial, TrialHit

ENOUGH: Final = 10  # people of whom something is known, on either side, before the difference means anything
_RESAMPLES: Final = 2000
_BLOCK: Final = 50  # resamples worked out at once

Who = tuple[str, str]


def figures(name: str) -> dict[str, Any]:
    """See the top of this file; nothing while the rule has met no traffic in shadow."""
    trial = Trial.objects.filter(rule=name, events__gt=0).first()
    if trial is None:
        return {}
    hits = list(trial.hits.order_by("seq", "rule"))
    mine, theirs = ([hit for hit in hits if (hit.rule == name) is own] for own in (True, False))
    known = _Known(trial.clause, [name, *trial.champions], hits)
    seen, champion_seen = {hit.seq for hit in mine}, {hit.seq for hit in theirs}
    both = len(seen & champion_seen)
    either = len(seen | champion_seen)
    difference, interval = known.difference(_people(theirs), _people(mine))
    return {
        "events": trial.events,
        "since": trial.since.isoformat(),
        "until": trial.until.isoformat(),
        "champion": {"rules": trial.champions, **known.side(theirs)},
        "challenger": {"rules": [name], **known.side(mine)},
        "both": both,
        "only_champion": len(champion_seen) - both,
        "only_challenger": len(seen) - both,
        "neither": trial.events - either,
        "agreement": round((trial.events - either + both) / trial.events, 6),
        "difference": difference,
        "difference_interval": interval,
    }


def _people(hits: Sequence[TrialHit]) -> set[Who]:
    return {(hit.subject_kind, hit.subject_id) for hit in hits}


class _Known:
    """What became known of the people in a trial."""

    def __init__(self, clause: str, rules: Sequence[str], hits: Sequence[TrialHit]) -> None:
        not_so = [Label.denial(what) for what in (clause, *rules)]
        labels = labelled([clause, *not_so])
        met = _people(hits)
        self._confirmed = {who for who in met if clause in labels.get(who, ())}
        self._cleared = {who for who in met if labels.get(who, set()) & set(not_so)} - self._confirmed

    def side(self, hits: Sequence[TrialHit]) -> dict[str, Any]:
        """What one of them did."""
        people = _people(hits)
        confirmed, cleared = people & self._confirmed, people & self._cleared
        counted = len(confirmed) + len(cleared)
        interval = wilson(len(confirmed), counted)
        return {
            "hits": len({hit.seq for hit in hits}),
            "people": len(people),
            "confirmed": len(confirmed),
            "cleared": len(cleared),
            "unlabelled": len(people) - counted,
            "precision": round(len(confirmed) / counted, 6) if counted else None,
            "interval": [round(end, 6) for end in interval] if interval else None,
            "value": _value(hits, confirmed),
            "regions": dict(sorted(Counter(_regions(hits).values()).items())),
        }

    def difference(self, champion: set[Who], challenger: set[Who]) -> tuple[float | None, list[float] | None]:
        """Precision of the challenger less that of the champion, and how sure that is."""
        known = sorted((champion | challenger) & (self._confirmed | self._cleared))
        met = np.array([[who in side for who in known] for side in (champion, challenger)], float)
        if not known or not met.any(axis=1).all():
            return None, None
        right = met * [who in self._confirmed for who in known]
        champions, challengers = (right.sum(axis=1) / met.sum(axis=1)).tolist()
        enough = met.sum(axis=1).min() >= ENOUGH
        return round(challengers - champions, 6), _bootstrap(met, right) if enough else None


def _bootstrap(met: Any, right: Any) -> list[float]:
    """The middle 95 % of the differences when the people are drawn again and again."""
    people = met.shape[1]
    draw = np.random.default_rng(people)  # the same people give the same interval
    drawn = []
    for _ in range(_RESAMPLES // _BLOCK):
        times = draw.multinomial(people, np.full(people, 1 / people), size=_BLOCK).T
        counted = met @ times
        with np.errstate(invalid="ignore"):  # nobody of one side may have been drawn
            precision = (right @ times) / counted
        drawn.append(precision[1] - precision[0])
    low, high = np.nanpercentile(np.concatenate(drawn), [2.5, 97.5])
    return [round(float(low), 6), round(float(high), 6)]


def _value(hits: Sequence[TrialHit], confirmed: Collection[Who]) -> dict[str, int]:
    """Counted once an event, however many rules fired on it."""
    value: Counter[str] = Counter()
    at_stake = {hit.seq: hit for hit in hits if (hit.subject_kind, hit.subject_id) in confirmed}
    for hit in at_stake.values():
        if hit.currency:
            value[hit.currency] += hit.value_minor
    return dict(value)


def _regions(hits: Sequence[TrialHit]) -> dict[Who, str]:
    return {(hit.subject_kind, hit.subject_id): hit.region for hit in hits}
