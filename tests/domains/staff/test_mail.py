"""Privacy officers hear at once of what goes beyond somebody's own access; by e-mail, which names nobody."""

from __future__ import annotations

import pytest

from tests.domains.matter import as_, settle, somebody
from tocsin.core.access import break_glass
from tocsin.core.access.refusals import record_refusal
from tocsin.core.errors import AccessDenied
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import prepare

pytestmark = pytest.mark.django_db
WHY = "The family is on the telephone now."


def letters() -> list[tuple[str, str]]:
    """(address, text) of every letter about access."""
    waiting = OutboxMessage.objects.filter(kind="email", topic="access.notice").order_by("pk")
    return [(parcel.to, parcel.body["text"]) for parcel in map(prepare, waiting)]


def test_each_privacy_officer_is_told_once_of_broken_glass() -> None:
    first, second = somebody("privacy_officer", "Pia"), somebody("privacy_officer", "Paul")
    person = somebody("investigator", "Ines")
    break_glass.open_glass(as_(person), "case", "case_1", WHY)
    break_glass.open_glass(as_(person), "case", "case_1", WHY)
    settle()
    assert sorted(to for to, _ in letters()) == sorted([first.email, second.email])
    for _, text in letters():
        assert "/console/access/" in text
        for secret in (person.name, person.pk, "case_1", "telephone"):
            assert secret not in text


def test_they_are_told_of_a_grave_refusal_too() -> None:
    officer = somebody("privacy_officer", "Pia")
    record_refusal("staff:stf_1", AccessDenied("No.", permission="cases.export", reason="export_cap"))
    record_refusal("staff:stf_1", AccessDenied("No.", permission="cases.view", reason="role"))
    settle()
    assert [to for to, _ in letters()] == [officer.email]
