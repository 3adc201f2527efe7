"""Calling the API as a system or a person would, through the whole web application."""

from __future__ import annotations

import itertools
import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tocsin.core.access import api_keys
from tocsin.core.access.permissions import SCOPES, SYSTEM_SCOPES
from tocsin.core.actor import system
from tocsin.domains.staff.models import Staff

_numbers = itertools.count()


class Caller:
    """Somebody with a key. ``last`` is the latest answer."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client(raise_request_exception=False)

    def __call__(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> HttpResponse:
        """One request. ``body`` is sent as JSON; ``raw`` as it is. Header names with underscores."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = extra.pop("Content-Type", "application/json")
        return self.client.generic(
            method, f"/v1{path}", sent, content_type=kind if sent else "",
            headers={"authorization": f"Bearer {self.token}", **extra},
        )  # fmt: skip


def integration(*scopes: str) -> Caller:
    """One of the marketplace's systems; with no scope named, all of them."""
    _key, token = api_keys.issue(system("tests"), f"System {next(_numbers)}", scopes or SCOPES)
    return Caller(token)


def personal(person: Staff, *scopes: str) -> Caller:
    """A member of staff with a key of their own; with no scope named, all a person can have."""
    wanted = scopes or sorted(set(SCOPES) - SYSTEM_SCOPES)
    _key, token = api_keys.issue(person.actor(), f"Mine {next(_numbers)}", wanted, staff_id=person.pk)
    return Caller(token)


def problem(answer: HttpResponse) -> dict[str, Any]:
    """The problem document of a refusal; fails when it is none."""
    assert answer["Content-Type"] == "application/problem+json", answer.content[:300]
    told: dict[str, Any] = json.loads(answer.content)
    assert told["status"] == answer.status_code
    assert set(told) == {"type", "title", "status", "detail", "errors"}
    assert told["type"].startswith("urn:tocsin:problem:")
    return told


def places(answer: HttpResponse) -> set[str]:
    """Where the faults of a refusal are."""
    return {one["path"] for one in problem(answer)["errors"]}
