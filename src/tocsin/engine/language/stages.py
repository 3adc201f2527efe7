"""How far each rule of a set has come: `stages.toml` beside the rule files. A rule that is not
named there is active.

    [gift_card_rush]
    stage = "canary"          # shadow, canary, active or off
    share = 500               # of 10,000 accounts, by a stable hash: who the canary acts on
    snoozed = [{ kind = "customer", id = "c-1", until = "2027-01-31" }]

A rule in shadow is evaluated and says when it would have fired; it changes no answer. A rule that is off is
not evaluated, but what its file counts goes on, so that it can come back without having forgotten anything.
"""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final, Literal

import msgspec

from tocsin.engine.language.nodes import Entry, ListOf, Rule
from tocsin.engine.language.problems import Problems, Spot, nearest
from tocsin.engine.schema import Schema

STAGES_FILE: Final = "stages.toml"
SHARES: Final = 10_000  # parts that accounts are divided into
Share = Annotated[int, msgspec.Meta(ge=1, le=SHARES)]


class Snooze(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entity that a rule leaves alone before a day (UTC)."""

    kind: str
    id: str
    until: dt.date


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How far one rule has come."""

    stage: Literal["shadow", "canary", "active", "off"] = "active"
    share: Share = SHARES
    snoozed: list[Snooze] = []


def read_stages(text: str, problems: Problems) -> dict[str, Stage]:
    """The stages by rule; nothing, with a problem noted, when the file cannot be read."""
    try:
        return msgspec.convert(tomllib.loads(text), dict[str, Stage])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        problems.add(Spot(STAGES_FILE, 1, 1, 1), f"{error}.")
        return {}


def write_stages(stages: Mapping[str, Stage]) -> str:
    """The text of the file; nothing when every rule is simply active."""
    return "".join(_section(name, stage) for name, stage in sorted(stages.items()) if stage != Stage())


def _section(name: str, stage: Stage) -> str:
    lines = [f"[{name}]", f'stage = "{stage.stage}"', f"share = {stage.share}"]
    snoozed = [
        f"{{ kind = {json.dumps(one.kind)}, id = {json.dumps(one.id)}, until = {one.until} }}"
        for one in stage.snoozed
    ]
    return "\n".join([*lines, f"snoozed = [{', '.join(snoozed)}]", "", ""])


def apply_stages(
    stages: Mapping[str, Stage],
    rules: dict[str, Rule],
    lists: dict[str, ListOf],
    schema: Schema,
    problems: Problems,
) -> None:
    """Give each rule its stage; take out those that are off; add a list of whom a rule leaves alone."""
    for name, stage in stages.items():
        if name not in rules:
            message = f'There is no rule "{name[:64]}".{nearest(name, rules)}'
            problems.add(Spot(STAGES_FILE, 1, 1, 1), message)
        elif stage.stage == "off":
            del rules[name]
        else:
            share = stage.share if stage.stage == "canary" else SHARES
            kinds = tuple(sorted({snooze.kind for snooze in stage.snoozed}))
            if unknown := [kind for kind in kinds if kind not in schema.entities]:
                message = (
                    f'There is no entity kind "{unknown[0][:64]}".{nearest(unknown[0], schema.entities)}'
                )
                problems.add(Spot(STAGES_FILE, 1, 1, 1), message)
            rules[name] = replace(rules[name], stage=stage.stage, share=share, snoozed=kinds)
            for kind in kinds:
                lists[snoozed_list(name, kind)] = _list_of(name, kind, stage.snoozed)


def snoozed_list(rule: str, kind: str) -> str:
    """The name of the list of entities that a rule leaves alone; no list in a file can have it."""
    return f"snoozed {rule} {kind}"


def _list_of(rule: str, kind: str, snoozed: list[Snooze]) -> ListOf:
    entries = tuple(Entry(one.id, until=one.until.isoformat()) for one in snoozed if one.kind == kind)
    return ListOf(snoozed_list(rule, kind), "values", entries)
