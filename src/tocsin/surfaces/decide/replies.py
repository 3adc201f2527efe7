"""What is answered: status, kind and body, the same whichever way a request went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tocsin.engine.decisions import Conflict
from tocsin.surfaces.decide.problems import Problem, conflict

Answer = bytes | Conflict
Answers = list[Answer]
Header = tuple[bytes, bytes]

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"
TEXT: Final = b"text/plain; charset=utf-8"


class Reply(NamedTuple):
    """One answer. `more`: headers beside the usual ones."""

    status: int
    kind: bytes
    body: bytes
    more: Sequence[Header] = ()

    def headers(self) -> list[Header]:
        """All headers."""
        return [
            (b"content-type", self.kind),
            (b"content-length", b"%d" % len(self.body)),
            *_ALWAYS,
            *self.more,
        ]

    def head(self) -> bytes:
        """The same as they go over the wire."""
        return _HEAD % (self.kind, len(self.body)) + as_lines(self.more)


def as_lines(headers: Sequence[Header]) -> bytes:
    """Headers as they go over the wire."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


_ALWAYS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
_HEAD: Final = b"content-type: %b\r\ncontent-length: %d\r\n" + as_lines(_ALWAYS)


def refusal(problem: Problem) -> Reply:
    """A refusal in words."""
    more = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
    return Reply(problem.status, PROBLEM, problem.body(), more)


def decisions(answers: Answers, *, batch: bool) -> Reply:
    """The answers to a request's events: alone, or as a list with conflicts in their places."""
    if batch:
        return Reply(200, JSON, b'{"decisions":[' + b",".join(map(_in_batch, answers)) + b"]}")
    [answer] = answers
    if isinstance(answer, Conflict):
        return refusal(conflict(answer.event_id, answer.seq))
    return Reply(200, JSON, answer)


def _in_batch(answer: Answer) -> bytes:
    if isinstance(answer, Conflict):
        return msgspec.json.encode({"error": conflict(answer.event_id, answer.seq).plain})
    return answer
