"""Which fields of an event may lie open in the database. Everything else is sealed: a field nobody thought of
is not known to be harmless.

A name alone is not enough: what is sent under it has to look like what belongs there, so that a sentence in
``reason`` or a phone number in ``promo`` is sealed as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

#: Amounts, distances, times, scores.
NUMBERS: Final = frozenset(
    {
        "accuracy_m", "after_minor", "amount_minor", "attempts", "before_minor", "charged_minor",
        "confidence",
        "discount_minor", "drop_distance_m", "duration_s", "gift_card_minor", "goods_minor", "items_count",
        "pay_minor", "receipt_minor", "response_ms", "score", "store_distance_m", "tip_minor", "total_minor",
        "until",
    }
)  # fmt: skip
#: Yes or no.
FLAGS: Final = frozenset(
    {
        "after_delivery", "age_restricted", "first_order", "fraud", "match", "mock", "photo",
        "proof_of_delivery", "rush", "ship_matches_bill",
    }
)  # fmt: skip
#: Words of a fixed list.
CODES: Final = frozenset(
    {
        "credential", "currency", "decline_code", "method", "outcome", "promo", "reason", "reason_code",
        "sender", "status", "tender", "verification",
    }
)  # fmt: skip

#: Stands in stored reasons where a personal value stood.
COVERED: Final = "covered"

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
#: More digits in a row than a code has, and as many as a phone number.
_LONG_NUMBER: Final = re.compile(r"\d[.-]?(?:\d[.-]?){5,}\d")


def is_plain(name: str, value: Any) -> bool:
    """Whether this field, with this value, may be stored as it is."""
    if value is None or isinstance(value, bool):
        return name in NUMBERS | FLAGS | CODES
    if isinstance(value, int | float):
        return name in NUMBERS or name in FLAGS  # some send 0 and 1, or how sure they are
    return name in CODES and isinstance(value, str) and _is_code(value)


def covered_reason(
    reason: Mapping[str, Any], fields: Mapping[str, Any], entities: Iterable[str]
) -> dict[str, Any]:
    """A reason with its personal values covered, in its text too; whoever may read them finds them in the
    sealed event."""
    ids = set(entities)
    text, values = str(reason.get("text", "")), {}
    for name, value in reason["values"].items():
        values[name] = value
        if not _may_stay(name, value, fields, ids):
            values[name] = COVERED
            text = text.replace(str(value), COVERED) if str(value) else text
    return {**reason, "text": text, "values": values}


def _may_stay(name: str, value: Any, fields: Mapping[str, Any], ids: set[str]) -> bool:
    """What a rule looked at is a field, or else a number the engine keeps or the id of an entity."""
    if name in fields:
        return is_plain(name, value)
    return not isinstance(value, str) or value in ids


def _is_code(value: str) -> bool:
    return _CODE.fullmatch(value) is not None and _LONG_NUMBER.search(value) is None
