"""Read policies from their files, and find the clauses that hold for somebody at a place and a time. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar, cast

import msgspec

from tocsin.core.packs.loader import PackSet
from tocsin.core.packs.loader import packaged as packaged_packs
from tocsin.domains.policies.checks import problems
from tocsin.domains.policies.forms import (
    ActionTable,
    Clause,
    Policy,
    PolicyHeader,
    Section,
)

HEADER = "policy.toml"
ACTIONS = "actions.toml"
CASES = "cases.toml"
S = TypeVar("S", bound=msgspec.Struct)


class PolicyError(ValueError):
    """A policy cannot be published. ``problems`` lists everything that is wrong with it."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.problems = found


class PolicySet:
    """The policies of one deployment, with the table of actions they speak of."""

    def __init__(self, table: ActionTable, policies: Iterable[Policy]) -> None:
        self.table = table
        self.policies: Mapping[str, Policy] = {policy.header.id: policy for policy in policies}

    def clause(self, clause_id: str) -> tuple[Policy, Clause]:
        """A clause and its policy. KeyError when there is none with this id."""
        for policy in self.policies.values():
            for clause in policy.clauses:
                if clause.id == clause_id:
                    return policy, clause
        raise KeyError(clause_id)

    def binding(
        self, codes: Iterable[str], *, region: str, on: date, role: str = ""
    ) -> list[tuple[Policy, Clause]]:
        """The clauses for these codes that may be enforced in a region for something done on that day."""
        wanted = set(codes)
        return [
            (policy, clause)
            for policy in self.policies.values()
            if policy.enforceable_on(region) <= on
            for clause in policy.clauses
            if clause.violation_code in wanted
            and (not role or role in clause.applies_to)
            and holds_in(clause, region)
        ]


def holds_in(clause: Clause, region: str) -> bool:
    """Whether a clause is meant for a region; no jurisdiction means everywhere."""
    return not clause.jurisdictions or any(
        region == place or region.startswith(place + "-") for place in clause.jurisdictions
    )


def load_policies(
    folder: Traversable, *, known_codes: frozenset[str], publish_lead: Mapping[str, int] | None = None
) -> PolicySet:
    """Read every policy folder and the table of actions.

    Args:
        folder: holds ``actions.toml`` and one folder for each policy.
        known_codes: the violation codes that exist.
        publish_lead: by place, how many days a policy must have been published by the state before it binds.

    Raises:
        PolicyError: a wrong form, or anything that :func:`~tocsin.domains.policies.checks.problems` finds.
    """
    table = _decode(folder / ACTIONS, ActionTable)
    policies = [
        _policy(entry)
        for entry in sorted(folder.iterdir(), key=lambda one: one.name)
        if entry.is_dir() and (entry / HEADER).is_file()
    ]
    found = problems(table, policies, known_codes=known_codes, publish_lead=publish_lead or {})
    if found:
        raise PolicyError(found)
    return PolicySet(table, policies)


@lru_cache(maxsize=4)
def packaged_policies(known_codes: frozenset[str]) -> PolicySet:
    """The policies that come with Tocsin, checked against the codes of the taxonomy and the packs."""
    leads = publish_leads(packaged_packs())
    return load_policies(packaged_folder(), known_codes=known_codes, publish_lead=leads)


def publish_leads(packs: PackSet) -> dict[str, int]:
    """By place, the days a policy must have been published by the state before it binds."""
    numbers = {pack.id: pack.deactivation.publish_lead for pack in packs.packs.values()}
    return {place: number.value for place, number in numbers.items() if number is not None}


@lru_cache(maxsize=1)
def action_table() -> ActionTable:
    """The ladder of actions that comes with Tocsin."""
    return _decode(packaged_folder() / ACTIONS, ActionTable)


def packaged_folder() -> Traversable:
    """Where the policies that come with Tocsin lie."""
    return files("tocsin") / "data" / "policies"


def clause_body(clause: Clause) -> dict[str, Any]:
    """The machine form of a clause as plain data, to be stored."""
    return cast(dict[str, Any], msgspec.to_builtins(clause))


def clause_from_body(body: Mapping[str, Any]) -> Clause:
    """The clause back from its stored machine form."""
    return msgspec.convert(dict(body), Clause)


def _policy(folder: Traversable) -> Policy:
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml") and one.name != CASES)
    digest = hashlib.sha256(
        b"\0".join(name.encode() + b"\0" + (folder / name).read_bytes() for name in names)
    )
    sections = [_decode(folder / name, Section) for name in names if name != HEADER]
    return Policy(
        header=_decode(folder / HEADER, PolicyHeader),
        sections=tuple(_with_dates(section) for section in sections),
        content_hash=digest.hexdigest(),
    )


def _with_dates(section: Section) -> Section:
    dated = tuple(
        msgspec.structs.replace(clause, revised=clause.revised or section.revised)
        for clause in section.clauses
    )
    return msgspec.structs.replace(section, clauses=dated)


def _decode(path: Traversable, kind: type[S]) -> S:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind, strict=True)
    except (msgspec.MsgspecError, ValueError) as error:
        raise PolicyError([f"{path.name}: {error}"]) from error
