"""What was counted of models at work in the last day, as a file, and how far it lies from their training."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from tocsin.engine.scores.drift import as_shares, psi
from tocsin.engine.scores.model import Model

HOURS: Final = 24
#: In the folder of the log of decisions.
WATCHED_FILE: Final = "models.json"


class Hour(msgspec.Struct, frozen=True):
    """One hour: counts by input in the order of the model, by bin; the last row is the score."""

    counts: list[list[int]]


class Watched(msgspec.Struct, frozen=True):
    """One model in its version. Hours since 1970 UTC by the engine's clock, as text."""

    version: str
    hours: dict[str, Hour]


@dataclass(frozen=True)
class Drift:
    """The stability index of a model's scores and of each of its inputs, over the ``events`` of the last day;
    None where there was no event."""

    events: int
    score: float | None
    inputs: Mapping[str, float]


_decoder = msgspec.json.Decoder(dict[str, Watched])


def read_watched(path: Path) -> dict[str, Watched]:
    """What lies in the file, by model name; nothing when there is none, or none that can be read."""
    try:
        return _decoder.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}


def write_watched(path: Path, watched: Mapping[str, Watched]) -> None:
    """Write the file whole."""
    draft = path.with_name(f"{path.name}.tmp")
    draft.write_bytes(msgspec.json.encode(watched))
    os.replace(draft, path)


def drift_of(model: Model, watched: Watched | None) -> Drift:
    """How far the last day lies from the training of the model. Nothing is known of another version, or of a
    model that is not trained."""
    about = model.training
    if about is None or watched is None or watched.version != model.version or not watched.hours:
        return Drift(0, None, {})
    rows = [
        np.sum([hour.counts[row] for hour in watched.hours.values()], axis=0)
        for row in range(len(model.inputs) + 1)
    ]
    events = int(rows[-1].sum())
    scored = rows[-1][:-1]
    inputs = {
        name: psi(bins.shares, as_shares(counts))
        for name, bins, counts in zip(model.inputs, about.bins, rows, strict=False)
    }
    return Drift(events, psi(about.shares, as_shares(scored)) if scored.sum() else None, inputs)
