"""Looking behind a mask leaves a line, and the person concerned can ask for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tests.core.access.people import key, staff
from tocsin.core.access.check import Scope
from tocsin.core.access.models import Reveal
from tocsin.core.access.reveals import reveal, seen_by, who_saw
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, InvalidInput

pytestmark = pytest.mark.django_db

SCOPE = Scope(region="US-CA", assigned=True, data_class="P3")
INES = staff("investigator", staff_id="stf_ines")
OFFICER = staff("privacy_officer", staff_id="stf_pia", purpose="privacy_request")
MARIA = Actor("party", "acc_1", "Maria", purpose="self_service")


def look(actor: Actor = INES, reason: str = "Calling back about the order", **changed: Any) -> str:
    asked: dict[str, Any] = {
        "object_type": "people.account", "object_id": "acc_1", "field": "phone", "scope": SCOPE,
        "case_id": "case_1", "open": lambda: "+14155554471",
    } | changed  # fmt: skip
    return reveal(actor, reason=reason, **asked)


def test_a_look_is_written_down_with_its_reason() -> None:
    assert look(reason="  Calling back about the order ") == "+14155554471"
    row = Reveal.objects.get()
    assert (row.actor, row.purpose, row.object_id, row.field, row.reason, row.case_id) == (
        "staff:stf_ines", "case_handling", "acc_1", "phone", "Calling back about the order", "case_1",
    )  # fmt: skip
    entry = AuditEntry.objects.get(verb="people.reveal")
    assert entry.object_id == row.pk
    assert "4155554471" not in entry.payload
    assert "Calling" not in entry.payload


@pytest.mark.parametrize("reason", ["", "ok", "         x         ", "123456789"])
def test_a_reason_says_something(reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        look(reason=reason)
    assert list(refused.value.fields) == ["reason"]
    assert Reveal.objects.count() == 0


@pytest.mark.parametrize(
    ("actor", "scope"),
    [
        (staff("specialist"), SCOPE),
        (staff("auditor"), SCOPE),
        (INES.for_purpose("training"), SCOPE),
        (INES, Scope(region="US-CA", assigned=False, data_class="P3")),
        (INES, Scope(region="US-CA", assigned=True, data_class="P3", walled_off=frozenset({"stf_ines"}))),
        (staff("investigator", regions=("US-NY",)), SCOPE),
        (key("entities:read"), SCOPE),
    ],
)
def test_who_may_not_look_sees_nothing_and_opens_nothing(actor: Actor, scope: Scope) -> None:
    opened = []
    with pytest.raises(AccessDenied):
        look(actor, scope=scope, open=lambda: opened.append(1) or "secret")
    assert (opened, Reveal.objects.count()) == ([], 0)


def test_when_opening_fails_nobody_looked() -> None:
    def broken() -> str:
        raise RuntimeError("the key service is away")

    with pytest.raises(RuntimeError):
        look(open=broken)
    assert Reveal.objects.count() == 0
    assert AuditEntry.objects.filter(verb="people.reveal").count() == 0


def test_who_saw_me() -> None:
    look()
    look(field="home_address", reason="Sending somebody to help")
    look(object_id="acc_2")
    full = who_saw(OFFICER, "people.account", "acc_1")
    assert [(one.field, one.actor, one.reason) for one in full] == [
        ("home_address", "staff:stf_ines", "Sending somebody to help"),
        ("phone", "staff:stf_ines", "Calling back about the order"),
    ]
    short = who_saw(MARIA, "people.account", "acc_1")
    assert [(one.field, one.purpose, one.actor, one.reason, one.case_id) for one in short] == [
        ("home_address", "case_handling", "", "", ""),
        ("phone", "case_handling", "", "", ""),
    ]


@pytest.mark.parametrize("actor", [INES, MARIA, staff("administrator")])
def test_others_may_not_ask_who_saw_somebody(actor: Actor) -> None:
    look(object_id="acc_2")
    with pytest.raises(AccessDenied):
        who_saw(actor, "people.account", "acc_2")


def test_what_one_person_looked_at() -> None:
    before = timezone.now()
    look()
    assert [one.object_id for one in seen_by(OFFICER, "staff:stf_ines", since=before)] == ["acc_1"]
    assert seen_by(OFFICER, "staff:stf_bo", since=before) == []
    with pytest.raises(AccessDenied):
        seen_by(INES, "staff:stf_ines", since=before)
