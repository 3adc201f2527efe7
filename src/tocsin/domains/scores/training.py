"""Training and comparing models on an installation's own past, every label at the time it arrived."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import Conflict, InvalidInput
from tocsin.domains.scores.outcomes import Outcomes, outcomes
from tocsin.domains.scores.past import MAX_EVENTS, Past, Told, as_ms, read_past
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.scores.examples import Examples, score_rows
from tocsin.engine.scores.judging import Comparison, Traffic, brier, compare, measure, reliability
from tocsin.engine.scores.model import Judged, Labels, Model
from tocsin.engine.scores.training import TrainingError, train

#: With fewer frauds, or fewer genuine events, nothing is said about a model.
LEAST_JUDGED: Final = 20
TEST_DAYS: Final = 7
CAPACITY: Final = 100  # events a day
_Labels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Trained:
    """A model, and what it was made from."""

    model: Model
    past: Past


def train_from_past(
    rules: RuleSet,
    name: str,
    *,
    now: dt.datetime,
    test_days: int = TEST_DAYS,
    capacity: int = CAPACITY,
    limit: int = MAX_EVENTS,
    told: Told = lambda _: None,
) -> Trained:
    """Train a model on what is known ``now``. How well such a model ranks is told by a twin: trained on what
    was known earlier, judged on the ``test_days`` after that by what is known now, so that it had to wait for
    its labels as the model will have to.

    Raises:
        InvalidInput: there is no such model. Conflict: it does not say what it learns from, or too little is
        known. ModelError: no score of the rules asks it. EngineFullError.
    """
    model = model_of(rules, name)
    spec = _labels(model, name)
    past = read_past(rules, [name], limit, told)[name]
    known = outcomes(past, spec, rules, now)
    cut = now - dt.timedelta(days=spec.genuine_after_days + test_days)
    later = (past.received >= as_ms(cut)) & (known.labels >= 0)
    judged = None
    if _is_enough(known.labels[later]):
        twin = _twin(model, past, outcomes(past, spec, rules, cut), cut)
        if twin is not None:
            judged = _judged(twin, past.chosen(later), known.labels[later], (cut, now), capacity)
    try:
        made = train(model, _examples(past, known), as_ms(now), known.assumed, judged)
    except TrainingError as error:
        raise Conflict(
            f"{error} {_counts(past, known)}",
            f"Wait for more labels, or say in {name}.model.json what else counts as one.",
        ) from None
    return Trained(made, past)


def compare_on_past(
    rules: RuleSet,
    champion: str,
    challenger: str,
    *,
    now: dt.datetime,
    capacity: int = CAPACITY,
    limit: int = MAX_EVENTS,
    told: Told = lambda _: None,
) -> Comparison:
    """Both models on identical events: those received after the labels of either were read for training, of
    types that both score, judged by what is known now about what the champion is about.

    Raises:
        InvalidInput: there is no such model, or it is not trained. Conflict: too little is known. ModelError:
        no score of the rules asks it. EngineFullError.
    """
    models = [_trained(rules, name) for name in (champion, challenger)]
    spec = _labels(models[0], champion)
    since = max(model.training.until for model in models if model.training is not None)
    found = read_past(rules, [champion, challenger], limit, told)
    pasts = [found[name] for name in (champion, challenger)]
    shared = set(models[0].on) & set(models[1].on)
    after = [past.chosen((past.received >= since) & np.isin(past.types, sorted(shared))) for past in pasts]
    known = outcomes(after[0], spec, rules, now).labels
    after = [past.chosen(known >= 0) for past in after]
    traffic = Traffic(known[known >= 0], after[0].times, after[0].accounts)
    _refuse_too_few(traffic)
    scores = [score_rows(model, past.columns) for model, past in zip(models, after, strict=True)]
    return compare(traffic, scores[0], scores[1], capacity)


def _examples(past: Past, known: Outcomes) -> Examples:
    return Examples(past.columns, past.times, known.labels)


def _twin(model: Model, past: Past, known: Outcomes, cut: dt.datetime) -> Model | None:
    """A model by what was known then; None when that was too little."""
    try:
        return train(model, _examples(past, known), as_ms(cut), known.assumed)
    except TrainingError:
        return None


def _judged(
    twin: Model, later: Past, labels: _Labels, between: tuple[dt.datetime, dt.datetime], capacity: int
) -> Judged:
    """``between``: when the twin was trained, and when the labels were read that it is judged by."""
    scores = score_rows(twin, later.columns)
    return Judged(
        learnt_until=as_ms(between[0]),
        first=int(later.times[0]),
        until=as_ms(between[1]),
        rows=len(labels),
        frauds=int((labels == 1).sum()),
        capacity=capacity,
        figures=measure(Traffic(labels, later.times, later.accounts), scores, capacity),
        brier=round(brier(labels, scores), 6),
        reliability=reliability(labels, scores),
    )


def _is_enough(labels: _Labels) -> bool:
    """Whether something can be said by these labels."""
    frauds = int((labels == 1).sum())
    return min(frauds, len(labels) - frauds) >= LEAST_JUDGED


def _refuse_too_few(traffic: Traffic) -> None:
    if not _is_enough(traffic.labels):
        frauds = int((traffic.labels == 1).sum())
        raise Conflict(
            f"Of the events after both were trained, {frauds} are known to be fraud and "
            f"{len(traffic.labels) - frauds} to be genuine; less than {LEAST_JUDGED} of either say nothing.",
            "Compare them again when more labels have arrived.",
        )


def model_of(rules: RuleSet, name: str) -> Model:
    """A model beside the rules. Raises InvalidInput when there is none."""
    if name not in rules.models:
        known = ", ".join(sorted(rules.models)) or "none"
        raise InvalidInput(
            f'There is no model "{name[:64]}" beside the rules. There are: {known}.',
            'Write NAME.model.json with its event types, inputs and labels, and a feature score("NAME").',
        )
    return rules.models[name]


def _trained(rules: RuleSet, name: str) -> Model:
    model = model_of(rules, name)
    if model.training is None:
        raise InvalidInput(f"{name} is not trained yet.", f"Run `tocsin model train {name}` first.")
    return model


def _labels(model: Model, name: str) -> Labels:
    if model.labels is None:
        raise Conflict(
            f"{name}.model.json does not say what it learns from.",
            'Add "labels": {"fraud": ["…"]} with the labels that say so.',
        )
    return model.labels


def _counts(past: Past, known: Outcomes) -> str:
    return (
        f"Of {len(past.times):,} events that it scores, {int((known.labels == 1).sum()):,} were known to be "
        f"fraud and {int((known.labels == 0).sum()):,} to be genuine, {known.assumed:,} of them by silence."
    )
