"""Reading MISP events as JSON (the MISP core format): their attributes, alone and within objects. Pure.

Only attributes that are for detection (``to_ids``) and still stand become indicators; one that was deleted
takes back what was imported of it. MISP has no expiry of its own: ``last_seen`` is no end.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
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
from tocsin.domains.indicators.values import Unusable, Value, value

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECONDS: Final = re.compile(r"\d{1,11}")

#: Attribute type -> the kind of each part of its value; None for a part that is not used. Types that are not
#: here say nothing that is compared with anything here.
TYPES: Final[dict[str, tuple[str | None, ...]]] = {
    "bin": ("bin",),
    "cc-number": ("card",),
    "domain": ("domain",),
    "domain|ip": ("domain", "ipv4"),
    "email": ("email",),
    "email-dst": ("email",),
    "email-src": ("email",),
    "hostname": ("domain",),
    "hostname|port": ("domain", None),
    "ip-dst": ("ipv4",),
    "ip-dst|port": ("ipv4", None),
    "ip-src": ("ipv4",),
    "ip-src|port": ("ipv4", None),
    "phone-number": ("phone",),
    "uri": ("url",),
    "url": ("url",),
    "user-agent": ("user_agent",),
    "whois-registrant-email": ("email",),
    "whois-registrant-phone": ("phone",),
}
#: The ``misp:confidence-level`` taxonomy, in percent.
_CONFIDENCE: Final = {
    "completely-confident": 100,
    "usually-confident": 75,
    "fairly-confident": 50,
    "rarely-confident": 25,
    "unconfident": 0,
}


def is_event(held: Any) -> bool:
    """Whether a JSON value looks like one MISP event, or an answer with several."""
    return isinstance(held, dict) and ("Event" in held or "response" in held)


def read_events(held: dict[str, Any]) -> Document:
    """The indicators of a MISP event, or of all events of an answer.

    Raises:
        Malformed: it breaks the format, with the path to where.
    """
    document = Document("MISP")
    for path, event in _events(held):
        _event(event, path, document)
    document.tlp = tlp.strictest(one.tlp for one in document.indicators)
    return document


def _events(held: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "Event" in held:
        yield "Event", map_at(held["Event"], "Event")
        return
    for place, one in enumerate(list_at(held, "response", "document")):
        path = f"response[{place}].Event"
        yield path, map_at(map_at(one, f"response[{place}]").get("Event"), path)


def _event(event: dict[str, Any], path: str, document: Document) -> None:
    document.name = document.name or text_at(event, "info", path)[:MAX_NAME]
    tags = _tags(event, path)
    for where, attribute, name in _attributes(event, path):
        if len(document.indicators) >= MAX_INDICATORS:
            raise Malformed(where, f"a document may hold at most {MAX_INDICATORS:,} indicators")
        _attribute(attribute, where, name, tags, document)


def _attributes(event: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Each attribute, where it stands, and what it is called by: its object, or the event."""
    called = text_at(event, "info", path)
    for place, one in enumerate(list_at(event, "Attribute", path)):
        where = f"{path}.Attribute[{place}]"
        yield where, map_at(one, where), called
    for number, thing in enumerate(list_at(event, "Object", path)):
        within = f"{path}.Object[{number}]"
        held = map_at(thing, within)
        gone = flag_at(held, "deleted", within)
        name = f"{called} ({text_at(held, 'name', within)})"
        for place, one in enumerate(list_at(held, "Attribute", within)):
            where = f"{within}.Attribute[{place}]"
            attribute = map_at(one, where)
            yield where, {**attribute, "deleted": True} if gone else attribute, name


def _attribute(one: dict[str, Any], path: str, name: str, above: list[str], document: Document) -> None:
    kind = text_at(one, "type", path, required=True)
    uuid = text_at(one, "uuid", path, required=True).casefold()
    if not _UUID.fullmatch(uuid):
        raise Malformed(f"{path}.uuid", "a UUID is expected here")
    deleted = flag_at(one, "deleted", path)
    if not deleted and not flag_at(one, "to_ids", path):
        document.ignored["attributes that are context (to_ids is false)"] += 1
        return
    if kind not in TYPES:
        document.ignored[f"attributes of type {kind[:40]}"] += 1
        return
    try:
        values = _values(kind, text_at(one, "value", path, required=True))
    except Unusable as error:
        document.skipped.append(Skipped(f"{path}.value", str(error)))
        if not deleted:
            return
        values = ()
    tags = [*above, *_tags(one, path)]
    document.indicators.append(
        Parsed(
            standard_id=f"misp-attribute--{uuid}",
            modified=_seconds(one, path),
            name=name[:MAX_NAME],
            values=values,
            # the attribute's own marking counts, and where it is the stricter one, the event's
            tlp=tlp.strictest(level for tag in tags if (level := _level(tag)) is not None),
            confidence=next((_CONFIDENCE[word] for tag in reversed(tags) if (word := _sure(tag))), None),
            valid_from=_first_seen(one, path),
            labels=tuple(tag[:60] for tag in dict.fromkeys(tags) if _level(tag) is None)[:MAX_LABELS],
            revoked=deleted,
        )
    )


def _values(kind: str, text: str) -> tuple[Value, ...]:
    parts = text.split("|") if "|" in kind else [text]
    kinds = TYPES[kind]
    if len(parts) != len(kinds):
        raise Unusable(f"a value of type {kind} has {len(kinds)} parts with | between them")
    return tuple(value(one, part) for one, part in zip(kinds, parts, strict=True) if one is not None)


def _tags(held: dict[str, Any], path: str) -> list[str]:
    return [
        text_at(map_at(tag, f"{path}.Tag[{place}]"), "name", f"{path}.Tag[{place}]", required=True)
        for place, tag in enumerate(list_at(held, "Tag", path))
    ]


def _level(tag: str) -> str | None:
    return tlp.read(tag) if tag.casefold().startswith("tlp:") else None


def _sure(tag: str) -> str:
    prefix, _, word = tag.partition("=")
    word = word.strip('"')
    return word if prefix == "misp:confidence-level" and word in _CONFIDENCE else ""


def _seconds(one: dict[str, Any], path: str) -> dt.datetime:
    """The attribute's ``timestamp``: seconds since 1970, as text or a number."""
    found = one.get("timestamp")
    text = str(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""
    if not _SECONDS.fullmatch(text):
        raise Malformed(f"{path}.timestamp", "seconds since 1970 are expected here")
    return dt.datetime.fromtimestamp(int(text), dt.UTC)


def _first_seen(one: dict[str, Any], path: str) -> dt.datetime | None:
    text = text_at(one, "first_seen", path)
    return moment(text, f"{path}.first_seen") if text else None
