"""The command palette: what the console answers to what somebody types."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.domains.matter import case_about, somebody
from tests.surfaces.console.conftest import Desk
from tocsin.domains.cases import queries
from tocsin.domains.cases.models import Case

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(world: None) -> Desk:
    return Desk(somebody("investigator"))


def offered(desk: Desk, text: str) -> list[tuple[str, str]]:
    assert desk.get(f"/console/palette.json?q={text}") == 200
    return [(item["group"], item["href"]) for item in desk.page.json()["items"]]


def test_places_are_offered_before_anything_is_typed(desk: Desk) -> None:
    found = offered(desk, "")
    assert ("Go to", "/console/queue/") in found
    assert {group for group, _href in found} == {"Go to"}


def test_a_question_is_answered_with_what_it_finds_alone(desk: Desk) -> None:
    case = case_about(["CON.harassment"])
    found = [("Cases", f"/console/case/{case.reference}/")]
    for typed in (case.reference, case.reference.removeprefix("C-"), case.reference.lower()):
        assert offered(desk, typed) == found
    assert offered(desk, "shopper:s-1".partition(":")[2]) == [
        ("People and things", "/console/entity/shopper/s-1/")
    ]
    assert offered(desk, "nothing-like-it") == []


def test_the_case_of_that_reference_is_before_those_that_speak_of_it(world: None) -> None:
    named, other = case_about(["CON.harassment"]), case_about(["SAF.threat"])
    Case.objects.filter(pk=other.pk).update(title=f"Again after {named.reference}", severity="S0")
    actor = matter.as_(somebody("investigator"))
    assert [case.pk for case in queries.search(actor, named.reference)] == [named.pk, other.pk]
