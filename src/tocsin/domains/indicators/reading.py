"""From the bytes somebody uploads to a document that was understood, or a refusal that says where and why.
Nothing is kept here."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tocsin.core.errors import InvalidInput
from tocsin.domains.indicators import misp, stix
from tocsin.domains.indicators.parsed import Document, Malformed

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 24
_FIELD: Final = "document"


def read(content: bytes) -> Document:
    """Read a STIX 2.1 bundle or MISP events.

    Raises:
        InvalidInput: it is too large, no JSON, nested too deeply, neither of the two, or breaks its standard;
            ``fields`` says where.
    """
    held = _json(content)
    try:
        if stix.is_bundle(held):
            return stix.read_bundle(held)
        if misp.is_event(held):
            return misp.read_events(held)
    except Malformed as error:
        raise _refused(f"The document breaks its standard at {error.path}: {error.said}.") from None
    raise _refused("This is neither a STIX 2.1 bundle nor a MISP event.")


def _json(content: bytes) -> Any:
    if len(content) > MAX_BYTES:
        raise _refused(f"The document is larger than {MAX_BYTES // 1024**2} MB.", "Split it.")
    try:
        held = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(f"This is no JSON: {error}.") from None
    except RecursionError:
        raise _too_deep() from None
    if _deeper_than(held, MAX_DEPTH):
        raise _too_deep()
    return held


def _deeper_than(held: Any, limit: int) -> bool:
    level = [held]
    for _ in range(limit):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _too_deep() -> InvalidInput:
    return _refused(f"The document is nested deeper than {MAX_DEPTH} levels.")


def _refused(
    what: str, next_step: str = "Ask whoever shared it for a document that is right."
) -> InvalidInput:
    return InvalidInput(what, next_step, saved="Nothing of it was imported.", fields={_FIELD: what})
