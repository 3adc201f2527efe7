"""People make keys of their own, which speak for them and for nobody else."""

from __future__ import annotations

import re

import pytest

from tests.domains.matter import somebody
from tests.surfaces.api.client import Caller
from tests.surfaces.console.conftest import Desk
from tocsin.core.access.models import ApiKey
from tocsin.domains.staff.models import Staff


def shown(desk: Desk) -> str:
    found = re.search(r"tsk_[0-9a-f]+_[\w-]+", desk.html)
    assert found is not None
    return found.group()


def test_a_key_speaks_for_who_made_it_until_it_is_revoked(world: None, supervisor: Staff) -> None:
    desk = Desk(supervisor)
    assert desk.get("/console/keys/") == 200
    assert "No keys yet." in desk.text
    assert desk.post("/console/keys/", name="My script", scopes="cases:read") == 200
    token, key = shown(desk), ApiKey.objects.get()
    assert (key.staff_id, key.name, key.scopes) == (supervisor.pk, "My script", ["cases:read"])
    assert Caller(token)("GET", "/cases").status_code == 200
    assert desk.get("/console/keys/") == 200
    assert "My script" in desk.text
    assert token not in desk.html  # shown once
    assert desk.post("/console/keys/revoke/", key=key.key_id) == 200
    assert Caller(token)("GET", "/cases").status_code == 401


@pytest.mark.parametrize(
    ("name", "scopes", "said"),
    [
        ("", "cases:read", "Give the key a name"),
        ("x", "", "Choose at least one scope."),
        ("x", "actions:write", "Only a key of the marketplace"),
    ],
)
def test_what_is_wrong_is_said_and_no_key_is_made(
    world: None, supervisor: Staff, name: str, scopes: str, said: str
) -> None:
    desk = Desk(supervisor)
    chosen = {"scopes": scopes} if scopes else {}
    assert desk.post("/console/keys/", name=name, **chosen) == 422
    assert said in desk.text
    assert not ApiKey.objects.exists()


def test_nobody_revokes_the_key_of_somebody_else(world: None, supervisor: Staff) -> None:
    desk = Desk(supervisor)
    desk.post("/console/keys/", name="Mine", scopes="cases:read")
    token, key = shown(desk), ApiKey.objects.get()
    other = Desk(somebody("specialist", "Other"))
    assert other.get("/console/keys/") == 200
    assert "Mine" not in other.text
    assert other.post("/console/keys/revoke/", key=key.key_id) == 403
    assert Caller(token)("GET", "/cases").status_code == 200
