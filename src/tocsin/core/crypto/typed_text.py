"""Text that a person typed, as an attribute of a row: sealed in its column, opened where it is read.

    reason_sealed = models.BinaryField(null=True)
    reason = typed_text("reveal", "reason", lambda row: day_scope(row.at))

Reading costs a look at the key, the first time. A list of rows is opened with one look, by ``open_all``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db import models

from tocsin.core.crypto.data_keys import looked_up
from tocsin.core.crypto.seal import Sealed, open_many, seal

M = TypeVar("M", bound=models.Model)


def access_scope(at: dt.datetime) -> str:
    """The key scope of what is typed into the access log on a day (UTC): it outlives the erasure of anybody
    in it, because it answers for those who looked."""
    return f"access:{at.astimezone(dt.UTC).date().isoformat()}"


def sealed_as(kind: str, pk: object, name: str) -> str:
    """The name a text is sealed under: it opens in this row and this column only."""
    return f"{kind}:{pk}:{name}"


def typed_text(kind: str, name: str, scope: Callable[[Any], str]) -> property:
    """A property over the column ``<name>_sealed``. Reads as an empty string when nothing was typed, and as
    None once the key was destroyed. What ``scope`` looks at, and the primary key, come before the text: a row
    made with keywords sets its columns first.
    """
    column, opened = f"{name}_sealed", f"_{name}_opened"

    def get(row: models.Model) -> str | None:
        sealed = getattr(row, column)
        known = row.__dict__.get(opened)
        if known is None or known[0] is not sealed:
            [text] = open_many([Sealed(scope(row) if sealed else "", sealed_as(kind, row.pk, name), sealed)])
            known = row.__dict__[opened] = (sealed, text)
        text_now: str | None = known[1]
        return text_now

    def put(row: models.Model, text: str) -> None:
        setattr(row, column, seal(scope(row), sealed_as(kind, row.pk, name), text) if text else None)

    get.scope = scope  # type: ignore[attr-defined]
    return property(get, put)


def open_all(rows: Iterable[M], *names: str) -> list[M]:
    """These rows, with these texts opened with one look at the keys."""
    rows = list(rows)
    scopes = {getattr(type(row), name).fget.scope(row) for row in rows for name in names}
    with looked_up(scopes):
        for row in rows:
            for name in names:
                getattr(row, name)
    return rows
