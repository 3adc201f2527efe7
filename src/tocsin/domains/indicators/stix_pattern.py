"""STIX 2.1 patterns that say "one of these values was seen": the only ones a list of values can stand for.

Understood: comparisons by ``=``, ``IN`` and, for network addresses, ``ISSUBSET``, joined by ``OR``, within
one observation or several. A pattern that asks for several things at once (``AND``, ``FOLLOWEDBY``), for
their number or their time (``REPEATS``, ``WITHIN``, ``START``), or for the opposite, is not: reading only a
part of it would accuse more people than it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stix2patterns.exceptions import ParseException
from stix2patterns.v21.grammars.STIXPatternListener import STIXPatternListener
from stix2patterns.v21.pattern import Pattern

from tocsin.domains.indicators.parsed import MAX_VALUES
from tocsin.domains.indicators.values import Unusable, Value, value

MAX_PATTERN: Final = 10_000  # characters

#: Object path -> the kind of value it holds. Those of STIX 2.1 (part 6), and the widely used ones of OpenCTI
#: for what STIX has no object for.
PATHS: Final = {
    "domain-name:value": "domain",
    "email-addr:value": "email",
    "email-message:from_ref.value": "email",
    "email-message:sender_ref.value": "email",
    "ipv4-addr:value": "ipv4",
    "ipv6-addr:value": "ipv6",
    "network-traffic:dst_ref.value": "ipv4",
    "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'": "user_agent",
    "network-traffic:src_ref.value": "ipv4",
    "payment-card:card_number": "card",
    "phone-number:value": "phone",
    "url:value": "url",
    "user-agent:value": "user_agent",
    "x-tocsin-device:value": "device",
    "x-tocsin-payment-card:bin": "bin",
    "x-tocsin-payment-card:fingerprint": "card",
}


class NotUnderstood(ValueError):
    """The pattern says something a list of values cannot; the message says what."""


def values_of(pattern: str) -> tuple[Value, ...]:
    """The values of which one has to be seen, each once, in their order.

    Raises:
        NotUnderstood: the pattern cannot be read, says more than that, or names nothing there is here.
    """
    if len(pattern) > MAX_PATTERN:
        raise NotUnderstood(f"a pattern has at most {MAX_PATTERN:,} characters")
    found = _Comparisons()
    try:
        Pattern(pattern).walk(found)
    except ParseException as error:
        line, column, _ = str(error).split(":", 2)  # what follows quotes the pattern, and so values
        raise NotUnderstood(f"this is no STIX pattern, at line {line}, column {column}") from None
    except RecursionError:
        raise NotUnderstood("the pattern is nested too deeply") from None
    if len(found.values) > MAX_VALUES:
        raise NotUnderstood(f"a pattern may name at most {MAX_VALUES} values")
    return tuple(found.values)


class _Comparisons(STIXPatternListener):
    """Called by the parser when it leaves each part of a pattern; the names of methods are its own."""

    def __init__(self) -> None:
        self.values: dict[Value, None] = {}

    def exitEveryRule(self, ctx: Any) -> None:  # noqa: N802
        part = type(ctx).__name__.removesuffix("Context")
        if part in _REFUSED:
            raise NotUnderstood(_REFUSED[part])
        if part in _JOINED and any(child.getText() in _JOINED[part] for child in ctx.getChildren()):
            raise NotUnderstood("it asks for several things together (AND, FOLLOWEDBY)")
        if part in _READ:
            self._read(ctx, _READ[part](ctx))

    def _read(self, ctx: Any, literals: list[Any]) -> None:
        if ctx.NOT() or (hasattr(ctx, "NEQ") and ctx.NEQ()):
            raise NotUnderstood("it asks for the opposite")
        path = ctx.objectPath().getText()
        kind = PATHS.get(path)
        if kind is None:
            raise NotUnderstood(f"nothing here is compared with {path}")
        for literal in literals:
            text = literal.getText()
            if not text.startswith("'"):
                raise NotUnderstood(f"{path} is compared with something that is no text")
            try:
                self.values[value(kind, _unquoted(text))] = None
            except Unusable as error:
                raise NotUnderstood(f"{path}: {error}") from None


#: Parts of the grammar that compare, and the literals in them.
_READ: Final[dict[str, Callable[[Any], list[Any]]]] = {
    "PropTestEqual": lambda ctx: [ctx.primitiveLiteral()],
    "PropTestIsSubset": lambda ctx: [ctx.StringLiteral()],
    "PropTestSet": lambda ctx: ctx.setLiteral().primitiveLiteral(),
}
_JOINED: Final = {
    "ComparisonExpressionAnd": ("AND",),
    "ObservationExpressionAnd": ("AND",),
    "ObservationExpressions": ("FOLLOWEDBY",),
}
_REFUSED: Final = {
    "PropTestExists": "it asks only whether something is there (EXISTS)",
    "PropTestIsSuperset": "it compares by ISSUPERSET",
    "PropTestLike": "it compares by LIKE",
    "PropTestOrder": "it compares by order",
    "PropTestRegex": "it compares by a regular expression (MATCHES)",
    "RepeatedQualifier": "it asks for a number of times (REPEATS)",
    "StartStopQualifier": "it holds only for a time (START, STOP)",
    "WithinQualifier": "it asks for several things within a time (WITHIN)",
}


def _unquoted(literal: str) -> str:
    """A string literal's text: ``\\'`` and ``\\\\`` stand for themselves."""
    return literal[1:-1].replace("\\'", "'").replace("\\\\", "\\")
