"""Reading a STIX 2.1 bundle (OASIS, STIX Version 2.1): its indicators, their markings, and what was taken
back. Pure.

Indicators with a pattern of another language than ``stix`` are skipped. Relationships, sightings and all
other objects are counted and left aside.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tocsin.domains.indicators import tlp
from tocsin.domains.indicators.parsed import (
    MAX_INDICATORS,
    MAX_LABELS,
    MAX_NAME,
    Document,
    Malformed,
    Parsed,
    Skipped,
    flag_at,
    list_at,
    map_at,
    moment,
    text_at,
)
from tocsin.domains.indicators.stix_pattern import NotUnderstood, values_of

_ID: Final = re.compile(r"[a-z][a-z0-9-]{2,30}--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: How a TLP 2.0 marking says its level (OASIS, STIX common objects).
_TLP_2: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


def is_bundle(held: Any) -> bool:
    """Whether a JSON value says that it is a STIX bundle."""
    return isinstance(held, dict) and held.get("type") == "bundle"


def read_bundle(held: dict[str, Any]) -> Document:
    """The indicators of a bundle.

    Raises:
        Malformed: it breaks the standard, with the path to where.
    """
    document = Document("STIX 2.1", name=text_at(held, "id", "bundle")[:MAX_NAME])
    objects = [
        map_at(one, f"objects[{place}]") for place, one in enumerate(list_at(held, "objects", "bundle"))
    ]
    markings = _markings(objects)
    levels = []
    for place, one in enumerate(objects):
        path = f"objects[{place}]"
        kind = text_at(one, "type", path, required=True)
        if kind == "indicator":
            levels.append(_indicator(one, path, markings, document))
        elif kind != "marking-definition":
            document.ignored[kind[:60]] += 1
    document.tlp = tlp.strictest(levels)
    return document


def _indicator(one: dict[str, Any], path: str, markings: Mapping[str, str], document: Document) -> str:
    """Add an indicator to the document, or say why it was skipped; returns its marking."""
    if len(document.indicators) >= MAX_INDICATORS:
        raise Malformed(path, f"a document may hold at most {MAX_INDICATORS:,} indicators")
    version = text_at(one, "spec_version", path)
    if version != "2.1":
        raise Malformed(f"{path}.spec_version", f"STIX 2.1 is read here, not {version or 'another'}")
    standard_id = text_at(one, "id", path, required=True)
    if not _ID.fullmatch(standard_id) or not standard_id.startswith("indicator--"):
        raise Malformed(f"{path}.id", "indicator-- and a UUID in small letters are expected here")
    read = Parsed(
        standard_id=standard_id,
        modified=moment(text_at(one, "modified", path, required=True), f"{path}.modified"),
        name=text_at(one, "name", path)[:MAX_NAME],
        values=(),
        tlp=_level(one, path, markings),
        confidence=_confidence(one, path),
        valid_from=_time(one, "valid_from", path),
        valid_until=_time(one, "valid_until", path),
        labels=_labels(one, path),
        revoked=flag_at(one, "revoked", path),
    )
    try:
        document.indicators.append(replace(read, values=values_of(_pattern(one, path))))
    except NotUnderstood as error:
        document.skipped.append(Skipped(f"{path}.pattern", str(error)))
        if read.revoked:  # what was taken back is taken back, whatever its pattern says
            document.indicators.append(read)
    return read.tlp


def _pattern(one: dict[str, Any], path: str) -> str:
    language = text_at(one, "pattern_type", path, required=True)
    pattern = text_at(one, "pattern", path, required=True)
    if language != "stix":
        raise NotUnderstood(f"its pattern is written in {language[:40]}, and only STIX patterns are read")
    return pattern


def _markings(objects: list[dict[str, Any]]) -> dict[str, str]:
    """Marking id -> level: those of the standard, and those the bundle defines itself."""
    found = dict(tlp.MARKINGS)
    for one in objects:
        if one.get("type") != "marking-definition" or not isinstance(one.get("id"), str):
            continue
        for said in _levels_said(one):
            level = tlp.read(said) if isinstance(said, str) else None
            if level is not None:
                found.setdefault(one["id"], level)
    return found


def _levels_said(marking: dict[str, Any]) -> list[Any]:
    definition, extensions = marking.get("definition"), marking.get("extensions")
    extension = extensions.get(_TLP_2) if isinstance(extensions, dict) else None
    return [
        definition.get("tlp") if isinstance(definition, dict) else None,
        extension.get("tlp_2_0") if isinstance(extension, dict) else None,
    ]


def _level(one: dict[str, Any], path: str, markings: Mapping[str, str]) -> str:
    """The strictest marking of the object, and of single parts of it."""
    refs = list_at(one, "object_marking_refs", path)
    for place, part in enumerate(list_at(one, "granular_markings", path)):
        refs.append(map_at(part, f"{path}.granular_markings[{place}]").get("marking_ref"))
    return tlp.strictest(markings[ref] for ref in refs if isinstance(ref, str) and ref in markings)


def _confidence(one: dict[str, Any], path: str) -> int | None:
    found = one.get("confidence")
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= 100:
        raise Malformed(f"{path}.confidence", "a whole number from 0 to 100 is expected here")
    return int(found)


def _time(one: dict[str, Any], name: str, path: str) -> dt.datetime | None:
    text = text_at(one, name, path)
    return moment(text, f"{path}.{name}") if text else None


def _labels(one: dict[str, Any], path: str) -> tuple[str, ...]:
    said = [*list_at(one, "indicator_types", path), *list_at(one, "labels", path)]
    if not all(isinstance(label, str) for label in said):
        raise Malformed(f"{path}.labels", "a list of texts is expected here")
    return tuple(dict.fromkeys(label.replace("\0", "")[:60] for label in said))[:MAX_LABELS]
