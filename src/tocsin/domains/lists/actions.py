"""Putting values on kept lists and taking them off. The engine is told in the same transaction."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.cards import holds_card_number
from tocsin.core.crypto.seal import blind_index, open_text, seal
from tocsin.core.errors import InvalidInput
from tocsin.core.ids import new_id
from tocsin.domains.detection.telling import tell_engine
from tocsin.domains.lists.models import ListEntry

CERTAIN: Final = 100
MAX_VALUE: Final = 200
MAX_REASON: Final = 500
SEALED_AS: Final = "list_entry"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,59}")


def add(
    actor: Actor, name: str, value: str, *, reason: str, source: str = "", until: dt.datetime | None = None
) -> ListEntry:
    """Put a value on a list. One that is on it already with the same end stays as it is, and is given again;
    with another end, or by somebody less sure, it is taken off and put on anew.

    Raises:
        AccessDenied: without ``lists.edit``. InvalidInput: a name, value, reason or time that cannot be.
    """
    require(actor, "lists.edit")
    name, value, source = name.strip(), value.strip(), source.strip()
    _check(name, value, reason, source, until)
    with act(actor, "list.add") as work:
        present = _present(name, value)
        if present is not None and (present.until, present.confidence) != (until, CERTAIN):
            _replace(work, present)
        return add_within(work, name, value, reason=reason.strip(), source=source, until=until)


def add_within(
    work: Work,
    name: str,
    value: str,
    *,
    reason: str,
    source: str,
    source_ref: str = "",
    until: dt.datetime | None = None,
    confidence: int = CERTAIN,
) -> ListEntry:
    """The same inside a larger act. An entry that ends later, or is surer of the same end, takes the place of
    the one that is there; otherwise that one stays and is given.

    Raises:
        InvalidInput: a name, value, reason or time that cannot be.
    """
    _check(name, value, reason, source, until)
    present = _present(name, value)
    if present is not None:
        if _weight(until, confidence) <= _weight(present.until, present.confidence):
            return present
        _replace(work, present)
    entry = ListEntry(
        id=new_id("lse"), list=name, lookup=_lookup(name, value), confidence=confidence, until=until,
        source=source, source_ref=source_ref, added_by=work.actor.ref, added_at=timezone.now(),
    )  # fmt: skip
    entry.value_sealed = seal(entry.key_scope, SEALED_AS, value)
    entry.reason = reason
    work.save(entry, "list.add")
    fields: dict[str, str | int] = {"list": name, "value": value, "confidence": confidence}
    if until is not None:
        fields["until"] = int(until.timestamp() * 1000)
    tell_engine("list.added", entry.added_at, {}, key=entry.pk, fields=fields, sealed_under=entry.key_scope)
    return entry


def remove(actor: Actor, entry_id: str, *, reason: str) -> ListEntry:
    """Take a value off its list. One that is off it stays as it is.

    Raises:
        AccessDenied: without ``lists.edit``. NotFound. InvalidInput: no reason.
    """
    require(actor, "lists.edit")
    if why := _wrong_reason(reason):
        raise InvalidInput("Taking a value off a list needs its reason.", why, fields={"reason": why})
    with act(actor, "list.remove") as work:
        entry = work.lock(ListEntry, entry_id)
        if entry.removed_at is None:
            remove_within(work, entry, reason=reason.strip())
    return entry


def remove_within(work: Work, entry: ListEntry, *, reason: str) -> str:
    """The same inside a larger act, for a locked entry that is on its list; returns its value."""
    entry.removed_at, entry.removed_by = timezone.now(), work.actor.ref
    entry.removal = reason
    work.save(entry, "list.remove")
    value = open_text(entry.key_scope, SEALED_AS, entry.value_sealed)
    tell_engine(
        "list.removed", entry.removed_at, {}, key=entry.pk, fields={"list": entry.list, "value": value},
        sealed_under=entry.key_scope,
    )  # fmt: skip
    return value


def _lookup(name: str, value: str) -> bytes:
    return blind_index(f"list:{name}", value)


def _present(name: str, value: str) -> ListEntry | None:
    """The entry of a value that was not taken off, locked. It may have ended."""
    held = ListEntry.objects.select_for_update().filter(list=name, lookup=_lookup(name, value))
    return held.filter(removed_at=None).first()


def _weight(until: dt.datetime | None, confidence: int) -> tuple[bool, float, int]:
    return until is None, until.timestamp() if until else 0.0, confidence


def _replace(work: Work, present: ListEntry) -> None:
    work.watch(present)
    remove_within(work, present, reason="It was put on the list anew.")


def _check(name: str, value: str, reason: str, source: str, until: dt.datetime | None) -> None:
    wrong = {}
    if why := wrong_name(name):
        wrong["list"] = why
    if not 1 <= len(value) <= MAX_VALUE or any(ord(sign) < 32 for sign in value):
        wrong["value"] = f"1 to {MAX_VALUE} characters."
    elif holds_card_number(value):
        wrong["value"] = "This is a full card number, which is never kept. Use your own id of the card."
    if why := _wrong_reason(reason):
        wrong["reason"] = why
    if len(source) > MAX_VALUE or "\0" in source:
        wrong["source"] = f"At most {MAX_VALUE} characters."
    if until is not None and until <= timezone.now():
        wrong["until"] = "This is over already."
    if wrong:
        raise InvalidInput(
            "The value cannot be put on the list like this.", "Mend what is marked.", fields=wrong
        )


def wrong_name(name: str) -> str:
    """Why a list cannot be called so; nothing when it can."""
    return "" if _NAME.fullmatch(name) else "3 to 60 small letters, digits and _, beginning with a letter."


def _wrong_reason(reason: str) -> str:
    fits = 3 <= len(reason.strip()) <= MAX_REASON and "\0" not in reason
    return "" if fits else f"Say why, in 3 to {MAX_REASON} characters."
