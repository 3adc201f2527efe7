"""What errors may say in logs and in rows: what broke and where, never the values it broke on.

The database puts values into its errors: the row that failed a check, the text that is no number. So of its
errors only the kind, the SQLSTATE and the name of the constraint are kept.
"""

from __future__ import annotations

import logging
import re
from types import TracebackType
from typing import TypeAlias

import psycopg
from django.db import Error as DatabaseError

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

#: The last line of one error in a traceback, and all that it says, up to the next error or the end.
_SAID = re.compile(
    r"^(?P<kind>(?:psycopg|django\.db)[\w.]*): .*?(?=^\n(?:The above|During)|\Z)", re.MULTILINE | re.DOTALL
)


def said(error: BaseException) -> str:
    """The kind of an error and its words; of an error of the database, what holds no value."""
    kind = type(error).__name__
    if not isinstance(error, DatabaseError | psycopg.Error):
        return f"{kind}: {error}"
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    known = [cause.sqlstate, cause.diag.constraint_name] if isinstance(cause, psycopg.Error) else []
    return ", ".join([kind, *(one for one in known if one)])


class Line(logging.Formatter):
    """A line of the log. Tracebacks are kept; what an error of the database says in them is not."""

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the name logging gives it
        return _SAID.sub(
            lambda found: f"{found['kind']}: (its words may hold values)\n", super().formatException(ei)
        )


def log_to_screen() -> None:
    """Write this process's log to its standard error, as such lines; for processes without Django's
    settings."""
    screen = logging.StreamHandler()
    screen.setFormatter(Line("{asctime} {levelname} {name} {message}", style="{"))
    logging.basicConfig(level=logging.INFO, handlers=[screen])
