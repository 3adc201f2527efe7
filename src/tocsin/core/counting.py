"""Counting for people: nobody needs to know whether 4,812 or 4,813 are waiting, and counting them all is
slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

#: Counting stops here, unless told otherwise.
CAP = 1000


def capped_counts(wanted: Mapping[str, QuerySet[Any]], cap: int = CAP) -> dict[str, int]:
    """How many rows each query finds, at most ``cap``, all in one statement."""
    counts = dict.fromkeys(wanted, 0)
    parts: list[tuple[str, str]] = []
    values: list[Any] = []
    for name, rows in wanted.items():
        try:
            sql, params = rows.order_by().values_list("pk", flat=True)[:cap].query.sql_with_params()
        except EmptyResultSet:  # Django knows without asking that there is nothing
            continue
        # the text is Django's own, its values stay apart
        parts.append((name, f"(SELECT count(*) FROM ({sql}) AS counted)"))  # noqa: S608
        values += params
    if not parts:
        return counts
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(part for _, part in parts), values)
        row = cursor.fetchone() or ()
    return counts | dict(zip((name for name, _ in parts), row, strict=True))
