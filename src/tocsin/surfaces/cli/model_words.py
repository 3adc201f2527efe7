"""Models in words and columns, for a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from tocsin.domains.scores.training import LEAST_JUDGED, Trained
from tocsin.engine.scores.drift import in_words
from tocsin.engine.scores.judging import Comparison
from tocsin.engine.scores.model import Measured, Model
from tocsin.engine.scores.observed import Drift

_SHOWN: Final = 15  # inputs by what they gained
_FIGURES: Final = (
    ("AUC ROC", "auc_roc"), ("average precision", "average_precision"), ("precision of a day", "precision"),
)  # fmt: skip


def model_lines(name: str, model: Model) -> Iterator[str]:
    """What a model is and was made of."""
    yield f"{name} {model.version}, scores {', '.join(model.on)}, {len(model.inputs)} inputs"
    about = model.training
    if about is None:
        yield f"not trained yet: its score is unknown. Train it with `tocsin model train {name}`."
        return
    yield f"{len(model.trees)} trees by {about.library}, seed {about.seed}"
    yield f"trained on {about.rows:,} events from {_day(about.first)}, {about.frauds:,} of them fraud"
    yield f"  labels that had arrived by {_day(about.until)}; {about.assumed:,} genuine by silence alone"
    yield f"  data {about.data}"
    yield f"calibration: 1 / (1 + exp(-({model.slope:.4f} * margin {model.offset:+.4f})))"
    yield "what the trees gained most by:"
    ranked = sorted(zip(about.gains, model.inputs, strict=True), key=lambda one: (-one[0], one[1]))
    for gain, input_ in ranked[:_SHOWN]:
        yield f"  {gain:7.1%}  {input_}"


def judged_lines(model: Model) -> Iterator[str]:
    """How it did on later events."""
    if model.training is None:
        return
    judged = model.training.judged
    yield ""
    if judged is None:
        yield (
            f"not judged: a twin needs labels to learn from earlier, and {LEAST_JUDGED} frauds and as many "
            "genuine events in the days that it is judged on. How well it ranks is not known."
        )
        return
    yield (
        f"a twin that knew the labels of {_day(judged.learnt_until)}, judged on {judged.rows:,} events from "
        f"{_day(judged.first)}, {judged.frauds:,} of them fraud; {judged.capacity} looked at in a day"
    )
    yield f"  {'':<20}{'':>8}   95 % interval"
    yield from (f"  {label:<20}{_figure(judged.figures, key)}" for label, key in _FIGURES)
    yield f"  {'Brier score':<20}{judged.brier:>8.4f}"
    yield "  calibration by tenths of the events:   events   mean score   was fraud"
    yield from (
        f"  {'':<36}{count:>9,.0f}{mean:>13.4f}{share:>12.4f}" for count, mean, share in judged.reliability
    )


def drift_lines(drift: Drift) -> Iterator[str]:
    """How far the last day lies from the training, the farthest first."""
    yield ""
    if drift.score is None:
        yield "drift: decide has not scored an event with this version in the last day"
        return
    yield f"drift over {drift.events:,} events of the last day (population stability index)"
    yield f"  {drift.score:7.3f}  {in_words(drift.score)}: the score"
    ranked = sorted(drift.inputs.items(), key=lambda one: (-one[1], one[0]))
    yield from (f"  {index:7.3f}  {in_words(index)}: {input_}" for input_, index in ranked[:_SHOWN])


def trained_lines(name: str, made: Trained) -> Iterator[str]:
    """What came of a training."""
    yield from model_lines(name, made.model)
    past = made.past
    yield f"{past.events:,} events replayed, {len(past.times):,} scored"
    if past.compared:
        yield f"{past.compared:,} values were kept with decisions; {past.differing:,} differ from the replay"


def comparison_lines(champion: str, challenger: str, found: Comparison) -> Iterator[str]:
    """Two models side by side."""
    yield (
        f"{found.events:,} identical events of {found.accounts:,} accounts on {found.days} days, "
        f"{found.frauds:,} of them fraud; {found.capacity} looked at in a day"
    )
    yield f"  {'':<20}{champion[:24]:>28}{challenger[:24]:>28}{'difference':>28}"
    for label, key in _FIGURES:
        columns = (found.champion, found.challenger, found.difference)
        yield f"  {label:<20}" + "".join(f"{_figure(one, key):>28}" for one in columns)
    yield f"both would choose {found.both:.1%} of the events that can be looked at"
    yield f"rank correlation of their scores {found.rank_correlation:.3f}"
    better = {"champion": champion, "challenger": challenger}.get(found.proven)
    yield (
        f"{better} is better in average precision: the interval of the difference does not contain 0"
        if better
        else "neither is shown to be better: the interval of the difference in average precision contains 0"
    )


def _figure(figures: Measured, key: str) -> str:
    value, low, high = getattr(figures, key)
    return f"{value:>8.3f}   {low:.3f} to {high:.3f}"


def _day(ms: int) -> str:
    return f"{dt.datetime.fromtimestamp(ms / 1000, dt.UTC):%Y-%m-%d %H:%M} UTC"
