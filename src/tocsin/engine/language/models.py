"""Models in a rule set: their files, checked against what the set knows, and the scores that rest on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tocsin.engine.language.expressions import Names
from tocsin.engine.language.problems import Problems, Spot, nearest
from tocsin.engine.scores.model import CLOCK_INPUTS, Model, ModelError, models_of, read_input, read_model

_NUMBERS: Final = ("int", "number", "money", "bool")


def read_models(sources: Mapping[str, str], names: Names, problems: Problems) -> dict[str, Model]:
    """The models by name, of files that have no mistake. Each score feature is told which features its model
    looks at."""
    models: dict[str, Model] = {}
    for name, file in models_of(sources).items():
        try:
            model = read_model(sources[file])
            _check(model, names)
        except ModelError as error:
            problems.add(Spot(file, 1, 1, 1), str(error))
        else:
            models[name] = model
    for feature in list(names.features.values()):
        if feature.kind == "score" and (used := models.get(feature.word)) is not None:
            names.features[feature.name] = replace(feature, uses=_features_of(used, names))
    return models


def _features_of(model: Model, names: Names) -> tuple[str, ...]:
    read = [name for text in model.inputs for name in read_input(text).names]
    return tuple(dict.fromkeys(name for name in read if name in names.features))


def _check(model: Model, names: Names) -> None:
    """Raises ModelError for what the set does not know."""
    events, fields = names.schema.events, names.schema.fields
    for type_ in model.on:
        if type_ not in events:
            raise ModelError(f'There is no event type "{type_[:64]}".{nearest(type_, events)}')
    for text in model.inputs:
        for name in read_input(text).names:
            found = names.features.get(name) or fields.get(name)
            if name in CLOCK_INPUTS:
                continue
            if found is None:
                raise ModelError(
                    f'There is no feature or field "{name[:64]}".{nearest(name, [*names.features, *fields])}'
                )
            if found.type not in _NUMBERS:
                raise ModelError(f'"{name}" is no number.')
