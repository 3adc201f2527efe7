"""Refusals as application/problem+json (RFC 9457): what happened, that nothing was lost, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Problem(Exception):
    """A refusal. `slug` names the kind for machines; `errors` are [{path, message}]."""

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.headers = dict(headers or {})
        self.plain: dict[str, Any] = {
            "type": f"urn:tocsin:problem:{slug}",
            "title": title,
            "status": status,
            "detail": detail,
        }
        if errors is not None:
            self.plain["errors"] = errors

    def body(self) -> bytes:
        return msgspec.json.encode(self.plain)


def wrong_fields(errors: list[dict[str, str]]) -> Problem:
    return Problem(
        422,
        "wrong-fields",
        "The request is not as it should be",
        "Nothing was decided or stored. Put the listed fields right and send it again.",
        errors,
    )


def conflict(event_id: str, seq: int) -> Problem:
    return Problem(
        409,
        "conflict",
        "This event id is already used",
        f'Event "{event_id}" was decided before with other content (record {seq}). That decision stands and '
        "nothing was changed. A repeated event must be the same; a new fact needs a new id.",
        [{"path": "id", "message": "Already used for other content."}],
    )


def busy(seconds: int = 1) -> Problem:
    return Problem(
        503,
        "busy",
        "Too much is waiting",
        "Nothing of this request was decided or stored. Send it again a little later; the same ids are safe.",
        headers={"Retry-After": str(seconds)},
    )


def too_many(seconds: int = 1) -> Problem:
    return Problem(
        429,
        "too-many",
        "This key has too much waiting",
        "Nothing of this request was decided or stored. Send fewer at a time, and this one again later.",
        headers={"Retry-After": str(seconds)},
    )
