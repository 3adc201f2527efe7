"""A detector beside the rules in force, on the events that it scored, by what is known of the people in them.

Figures, as JSON:

- ``events``, ``people``: that were scored; ``confirmed``, ``cleared``: of these people
- ``detector``, ``in_force``: ``people`` it would have raised (the detector: by their highest score), of whom
  ``confirmed`` and ``cleared``; ``precision``: confirmed ÷ (confirmed + cleared), with ``interval`` (95 %,
  Wilson); ``recall``: of all confirmed people that were scored
- ``auc``: of the detector: how often a confirmed person has a higher score than a cleared one, ties half;
  none without one of each
- ``both``, ``only_detector``, ``only_in_force``: people by who would have raised them
- ``calls``, ``failed``, ``ms_median``, ``ms_p95``: calls of the last thirty days; ``missed``: events given up

The rules in force are those for the same clause. Somebody is confirmed who bears the label of the clause, and
cleared who bears that it was not so.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from statistics import median, quantiles
from typing import Any

from tocsin.core.proportions import wilson
from tocsin.domains.detection.models import Label
from tocsin.domains.detection.past import labelled
from tocsin.domains.detectors.models import Detector


def figures(detector: Detector) -> dict[str, Any]:
    """See the top of this file."""
    highest: dict[str, float] = defaultdict(float)
    raised: set[str] = set()
    rules: set[str] = set()
    events = 0
    scores = detector.scores.values_list("subject_id", "score", "rules")
    for subject, score, fired in scores.iterator(chunk_size=10_000):
        events += 1
        highest[subject] = max(highest[subject], score)
        if fired:
            raised.add(subject)
            rules.update(fired)
    confirmed, cleared = _known(detector, rules, set(highest))
    by_detector = {who for who, score in highest.items() if score >= detector.threshold}
    return {
        "events": events,
        "people": len(highest),
        "confirmed": len(confirmed),
        "cleared": len(cleared),
        "detector": _side(by_detector, confirmed, cleared),
        "in_force": _side(raised, confirmed, cleared),
        "auc": _auc([highest[who] for who in confirmed], [highest[who] for who in cleared]),
        "both": len(by_detector & raised),
        "only_detector": len(by_detector - raised),
        "only_in_force": len(raised - by_detector),
        "missed": detector.missed,
        **_calls(detector),
    }


def _known(detector: Detector, rules: set[str], people: set[str]) -> tuple[set[str], set[str]]:
    """Of these people, who is confirmed and who is cleared."""
    not_so = {Label.denial(what) for what in (detector.clause, *rules)}
    labels = labelled([detector.clause, *not_so])
    about = {ident: held for (kind, ident), held in labels.items() if kind == detector.about}
    confirmed = {who for who in people if detector.clause in about.get(who, ())}
    return confirmed, {who for who in people if about.get(who, set()) & not_so} - confirmed


def _side(people: set[str], confirmed: set[str], cleared: set[str]) -> dict[str, Any]:
    right, wrong = len(people & confirmed), len(people & cleared)
    interval = wilson(right, right + wrong)
    return {
        "people": len(people),
        "confirmed": right,
        "cleared": wrong,
        "precision": round(right / (right + wrong), 6) if right + wrong else None,
        "interval": [round(end, 6) for end in interval] if interval else None,
        "recall": round(right / len(confirmed), 6) if confirmed else None,
    }


def _auc(confirmed: list[float], cleared: list[float]) -> float | None:
    """The Mann-Whitney statistic as a share."""
    if not confirmed or not cleared:
        return None
    ranked = sorted([(score, False) for score in cleared] + [(score, True) for score in confirmed])
    won, below = 0.0, 0
    for _score, same in groupby(ranked, key=lambda one: one[0]):
        right = [is_confirmed for _, is_confirmed in same]
        wrong = len(right) - sum(right)
        won += sum(right) * (below + wrong / 2)
        below += wrong
    return round(won / (len(confirmed) * len(cleared)), 6)


def _calls(detector: Detector) -> dict[str, Any]:
    took = [ms for ms, error in detector.calls.values_list("ms", "error") if not error]
    calls = detector.calls.count()
    return {
        "calls": calls,
        "failed": calls - len(took),
        "ms_median": round(median(took), 1) if took else None,
        "ms_p95": round(quantiles(took, n=20)[-1], 1) if len(took) > 1 else None,
    }
