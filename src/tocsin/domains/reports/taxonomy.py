"""The report taxonomy: loaded from data, versioned by its content, looked up by code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import TypeVar

import msgspec

from tocsin.domains.reports import taxonomy_form as form
from tocsin.domains.reports.taxonomy_form import LANGUAGES, Fact, Group, Localised, NextSteps, Raise, Severity

UNCLASSIFIED = "OTH.unclassified"
S = TypeVar("S", bound=msgspec.Struct)


class TaxonomyError(ValueError):
    """The taxonomy cannot be used. The message names the file and the place."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One code with everything that hangs on it.

    Attributes:
        code: ``GROUP.name``; never renamed once used.
        severity: the default, S0 (life at risk now) to S4 (routine).
        desk: which desk works it.
        data_class: P2 to P4, how the narrative is protected.
        restricted: only named people may see such a report in the queue.
        routed: ``support`` or ``privacy`` when another team handles it; still recorded.
        reporters: who may choose it.
        facts: what to ask, in order.
        evidence: suggestions, by key, in words.
        steps: what happens next.
        protect: protective actions that make sense, all reversible.
        raises: answers that make it more severe.
    """

    code: str
    group: str
    severity: Severity
    desk: str
    data_class: str
    restricted: bool
    routed: str
    reporters: tuple[str, ...]
    title: Localised
    text: Localised
    facts: tuple[Fact, ...]
    evidence: Mapping[str, Localised]
    steps: NextSteps
    protect: tuple[str, ...]
    raises: tuple[Raise, ...]


class Taxonomy:
    """One version of the taxonomy. ``version`` is stored with every report."""

    def __init__(
        self, header: form.Header, entries: Iterable[Entry], facts: Mapping[str, Fact], digest: str
    ) -> None:
        self.number = header.version
        self.effective: date = header.effective
        self.content_hash = digest
        self.version = f"{header.version}+{digest[:12]}"
        self.groups: tuple[Group, ...] = header.groups
        self.facts = MappingProxyType(dict(facts))
        self.entries: Mapping[str, Entry] = MappingProxyType({entry.code: entry for entry in entries})

    def find(self, code: str) -> Entry | None:
        """The entry of a code, or None when there is no such code."""
        return self.entries.get(code)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def codes(self) -> frozenset[str]:
        """All codes."""
        return frozenset(self.entries)

    def public(self, reporter: str = "") -> list[tuple[Group, list[Entry]]]:
        """Groups with their entries in the order of the files, for the public page.

        ``reporter`` leaves only what such a person can report; groups with nothing left are dropped.
        """

        def offered(entry: Entry) -> bool:
            return not reporter or reporter in entry.reporters

        page = [
            (group, [one for one in self if one.group == group.id and offered(one)]) for group in self.groups
        ]
        return [(group, entries) for group, entries in page if entries]

    def facts_for(self, codes: Iterable[str]) -> list[Fact]:
        """What to ask about these codes together, each fact once, required ones first."""
        known = [entry for code in codes if (entry := self.find(code))] or [self.entries[UNCLASSIFIED]]
        wanted = {fact.key: fact for entry in known for fact in entry.facts}
        return sorted(wanted.values(), key=lambda fact: not fact.required)


def load_taxonomy(folder: Traversable) -> Taxonomy:
    """Read a taxonomy folder.

    Raises:
        TaxonomyError: wrong form, a missing translation, an unknown name, a code twice or in the wrong file.
    """
    sources = _sources(folder)
    header = _decode(sources, "taxonomy.toml", form.Header)
    fact_file = _decode(sources, "facts.toml", form.FactFile)
    facts = {key: msgspec.structs.replace(fact, key=key) for key, fact in fact_file.facts.items()}
    paths = _decode(sources, "paths.toml", form.PathFile).paths
    evidence = _decode(sources, "evidence.toml", form.EvidenceFile).evidence
    entries: dict[str, Entry] = {}
    for group in header.groups:
        name = f"codes/{group.id}.toml"
        for raw in _decode(sources, name, form.CodeFile).codes:
            if not raw.code.startswith(group.id + ".") or raw.code in entries:
                raise TaxonomyError(f"{name}: {raw.code} stands in the wrong file, or twice")
            try:
                entries[raw.code] = _entry(raw, group.id, fact_file.sets, facts, paths, evidence)
            except KeyError as error:
                raise TaxonomyError(f"{name}: {raw.code} names {error}, which is not described") from error
    if UNCLASSIFIED not in entries:
        raise TaxonomyError(f"there is no {UNCLASSIFIED}")
    _check_languages(header, facts, paths, evidence, entries.values())
    _check_answers(facts, entries.values())
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + sources[name] for name in sorted(sources)))
    return Taxonomy(header, entries.values(), facts, digest.hexdigest())


@lru_cache(maxsize=1)
def current() -> Taxonomy:
    """The taxonomy that comes with Tocsin."""
    return load_taxonomy(files("tocsin") / "data" / "taxonomy")


def _sources(folder: Traversable) -> dict[str, bytes]:
    found = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.endswith(".toml")}
    for one in (folder / "codes").iterdir():
        if one.name.endswith(".toml"):
            found[f"codes/{one.name}"] = one.read_bytes()
    return found


def _decode(sources: Mapping[str, bytes], name: str, kind: type[S]) -> S:
    if name not in sources:
        raise TaxonomyError(f"{name} is missing")
    try:
        return msgspec.toml.decode(sources[name], type=kind, strict=True)
    except (msgspec.MsgspecError, ValueError) as error:
        raise TaxonomyError(f"{name}: {error}") from error


def _entry(
    raw: form.CodeForm,
    group: str,
    sets: Mapping[str, tuple[str, ...]],
    facts: Mapping[str, Fact],
    paths: Mapping[str, NextSteps],
    evidence: Mapping[str, Localised],
) -> Entry:
    keys = dict.fromkeys(key for name in raw.facts for key in sets[name])
    for rule in raw.raises:
        keys.setdefault(rule.fact)
    return Entry(
        code=raw.code,
        group=group,
        severity=raw.severity,
        desk=raw.desk,
        data_class=raw.data_class,
        restricted=raw.restricted,
        routed=raw.routed,
        reporters=raw.reporters,
        title=raw.title,
        text=raw.text,
        facts=tuple(facts[key] for key in keys),
        evidence={key: evidence[key] for key in raw.evidence},
        steps=paths[raw.path],
        protect=raw.protect,
        raises=raw.raises,
    )


def _check_languages(
    header: form.Header,
    facts: Mapping[str, Fact],
    paths: Mapping[str, NextSteps],
    evidence: Mapping[str, Localised],
    entries: Iterable[Entry],
) -> None:
    """Every text is there in every language, and lists of steps have as many steps in each."""
    texts: dict[str, Mapping[str, str]] = {f"evidence.{key}": one for key, one in evidence.items()}
    for group in header.groups:
        texts |= {f"{group.id}.title": group.title, f"{group.id}.text": group.text}
    for key, fact in facts.items():
        texts |= {f"{key}.label": fact.label, f"{key}.why": fact.why}
        texts |= {f"{key}.{choice.value}": choice.label for choice in fact.choices}
    for entry in entries:
        texts |= {f"{entry.code}.title": entry.title, f"{entry.code}.text": entry.text}
        texts |= {f"{entry.code}.raises.{rule.to}": rule.because for rule in entry.raises}
    for place, text in texts.items():
        if set(text) != set(LANGUAGES) or not all(words.strip() for words in text.values()):
            raise TaxonomyError(f"{place} must be there in {' and '.join(LANGUAGES)}, and in nothing else")
    for name, steps in paths.items():
        for part in (steps.now, steps.we, steps.outcomes):
            if set(part) != set(LANGUAGES) or len({len(sentences) for sentences in part.values()}) != 1:
                raise TaxonomyError(f"path {name} must have the same steps in {' and '.join(LANGUAGES)}")


def _check_answers(facts: Mapping[str, Fact], entries: Iterable[Entry]) -> None:
    """Conditions speak of facts that exist and of answers that can be given."""
    conditions = [
        (f"fact {key}", fact.only_if.fact, fact.only_if.values) for key, fact in facts.items() if fact.only_if
    ]
    conditions += [(one.code, rule.fact, rule.values) for one in entries for rule in one.raises]
    for place, key, values in conditions:
        possible = {choice.value for choice in facts[key].choices} if key in facts else set()
        if key not in facts or not set(values) <= possible:
            raise TaxonomyError(f"{place} waits for an answer to {key} that cannot be given")
    for key, fact in facts.items():
        if (fact.kind == "choice") != bool(fact.choices):
            raise TaxonomyError(f"fact {key}: a choice has choices, and nothing else has")
