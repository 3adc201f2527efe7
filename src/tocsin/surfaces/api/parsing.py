"""Reading JSON that others wrote: strict, bounded, and without what the database cannot keep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from tocsin.core.errors import DomainError, InvalidInput

#: Objects and lists within each other. Nothing here needs more than five.
DEEPEST = 20


class Malformed(DomainError):
    """What was sent is not JSON at all."""

    status = 400
    code = "malformed"


class JsonParser(Parser):
    """Bodies as JSON."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body.

        Raises:
            Malformed: it is not JSON. InvalidInput: it holds characters that cannot be kept, with places.
        """
        return read(request.body)


def read(body: bytes) -> Any:
    """JSON as Python values. Raises Malformed or InvalidInput."""
    try:
        data = json.loads(body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once_each)
    except UnicodeDecodeError as error:
        raise _malformed("it is not UTF-8") from error
    except RecursionError as error:
        raise _malformed("it is nested too deeply") from error
    except ValueError as error:
        raise _malformed(str(error)[:200]) from error
    bad = dict(_unkeepable(data, "", DEEPEST))
    if bad:
        raise InvalidInput("Some of the text cannot be kept.", "Send it without what is named.", fields=bad)
    return data


def cannot_be_kept(text: str) -> bool:
    """Whether a text holds NUL or half a surrogate pair, which no database and no UTF-8 can hold."""
    return "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text)


def _unkeepable(value: Any, path: str, left: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if cannot_be_kept(value):
            yield path or "body", "This holds a character that cannot be kept, such as NUL."
    elif isinstance(value, dict | list):
        if not left:
            raise _malformed("it is nested too deeply")
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in items:
            place = f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}" if path else name
            if isinstance(name, str) and cannot_be_kept(name):
                yield path or "body", "A name holds a character that cannot be kept, such as NUL."
            else:
                yield from _unkeepable(inner, place, left - 1)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Of a name that is there twice one reader takes the first value and another the last, so that
    what was checked would not be what is done."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is there twice in one object")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _malformed(why: str) -> Malformed:
    return Malformed(f"The body could not be read as JSON: {why}.", "Correct it and send it again.")
