"""Breaking the glass on a case stands in for assignment and region, never for a wall or a class."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests.domains.matter import as_, case_about, settle, somebody, taken
from tocsin.core.access.models import BreakGlass
from tocsin.core.errors import AccessDenied, InvalidInput, NotFound
from tocsin.domains.cases import glass, queries
from tocsin.domains.cases.actions import assign
from tocsin.domains.cases.models import Case
from tocsin.domains.staff import actions as staff_actions

pytestmark = pytest.mark.django_db
WHY = "The family is on the telephone now."


@pytest.fixture
def sensitive(world: None) -> Case:
    """A case of class P4 that was given to nobody."""
    return case_about(["SAF.sexual_assault"])


@pytest.mark.parametrize("role", ["investigator", "incident_commander", "appeals_reviewer"])
def test_it_stands_in_for_assignment_and_region(sensitive: Case, role: str) -> None:
    person = somebody(role, regions=["US-CA"])
    assert glass.offered(as_(person), sensitive.reference) == sensitive
    opened = glass.open_case(as_(person), sensitive.reference, WHY)
    assert (opened.object_type, opened.object_id) == ("case", sensitive.pk)
    assert queries.find(as_(person), sensitive.pk) == sensitive
    assert glass.offered(as_(person), sensitive.pk) is None  # it is open
    assert glass.open_case(as_(person), sensitive.pk, "Still the same emergency.").pk == opened.pk
    with time_machine.travel(opened.ends_at - dt.timedelta(seconds=1), tick=False):
        assert queries.find(as_(person), sensitive.pk) == sensitive
    with time_machine.travel(opened.ends_at, tick=False), pytest.raises(AccessDenied):
        queries.find(as_(person), sensitive.pk)


def test_it_uncovers_words_where_the_case_is_known_and_not_theirs(world: None) -> None:
    case = taken(case_about(["CON.harassment"]), somebody("supervisor"))
    person = somebody("specialist")
    queries.find(as_(person), case.pk)
    assert glass.offered(as_(person), case.pk) == case
    glass.open_case(as_(person), case.pk, WHY)
    assert glass.offered(as_(person), case.pk) is None


@pytest.mark.parametrize("regions", [["*"], ["US-CA"]])
def test_nothing_that_is_taken_through_it_outlives_it(sensitive: Case, regions: list[str]) -> None:
    person, colleague = somebody("investigator", regions=regions), somebody("investigator", "Ivo")
    glass.open_case(as_(person), sensitive.pk, WHY)
    for staff in (person, colleague):
        with pytest.raises(AccessDenied):
            assign(as_(person), sensitive.pk, staff.pk)
    assert Case.objects.get().assignee_id is None


def test_a_case_is_not_given_to_who_only_sees_it_through_the_glass(world: None) -> None:
    case = case_about(["CON.harassment"])
    person, lead = somebody("investigator", regions=["US-CA"]), somebody("supervisor")
    glass.open_case(as_(person), case.pk, WHY)
    with pytest.raises(AccessDenied) as caught:
        assign(as_(lead), case.pk, person.pk)
    assert caught.value.reason == "region"
    assert Case.objects.get().assignee_id is None


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("specialist", "class"),
        ("auditor", "role"),
        ("privacy_officer", "role"),
        ("support_agent", "role"),
        ("administrator", "role"),
    ],
)
def test_never_for_a_role_or_a_class(sensitive: Case, role: str, reason: str) -> None:
    person = somebody(role, regions=["US-CA"])
    assert glass.offered(as_(person), sensitive.pk) is None
    with pytest.raises(AccessDenied) as caught:
        glass.open_case(as_(person), sensitive.pk, WHY)
    assert caught.value.reason == reason
    assert not BreakGlass.objects.exists()


def test_never_for_a_wall(sensitive: Case) -> None:
    person, boss = somebody("investigator", "Wanda"), somebody("supervisor", "Boss")
    staff_actions.set_manager(as_(somebody("administrator")), person.pk, boss.pk)
    staff_actions.wall_off(as_(somebody("administrator")), person.pk, ["shopper:s-1"])
    settle()
    for one in (person, boss):
        assert glass.offered(as_(one), sensitive.pk) is None
        for case_id in (sensitive.pk, "case_nothing"):
            with pytest.raises(NotFound, match="There is no such case"):
                glass.open_case(as_(one), case_id, WHY)
    assert not BreakGlass.objects.exists()


def test_never_without_a_reason(sensitive: Case) -> None:
    person = somebody("investigator")
    with pytest.raises(InvalidInput):
        glass.open_case(as_(person), sensitive.pk, "  urgent   ")
    assert not BreakGlass.objects.exists()


def test_a_case_that_grows_more_sensitive_is_closed_to_whose_role_stops_before(world: None) -> None:
    case = case_about(["CON.harassment"])
    person = somebody("specialist", regions=["US-CA"])
    glass.open_case(as_(person), case.pk, WHY)
    assert queries.find(as_(person), case.pk) == case
    Case.objects.update(data_class="P4")
    with pytest.raises(AccessDenied) as caught:
        queries.find(as_(person), case.pk)
    assert caught.value.reason == "class"
