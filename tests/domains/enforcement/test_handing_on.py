"""An open appeal changes hands: never to whoever decided, and it does not stay with who has left."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.domains.matter import as_, case_about, decided, settle, somebody, taken
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import appeals, handing_on
from tocsin.domains.enforcement.decisions import second_read
from tocsin.domains.enforcement.models import Appeal
from tocsin.domains.staff import actions as staff_actions
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
GROUNDS = "It was my brother who had the phone on that day."
REASONS = "The phone was reported lost on that day, as the log shows."


@pytest.fixture
def lodged(supervisor: Staff) -> Appeal:
    """Against a decision of Sunita's in a case of the most sensitive kind."""
    case = taken(case_about(["SAF.sexual_assault"]), supervisor)
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    return appeals.lodge(matter.MARKETPLACE, made.pk, GROUNDS, channel="api")


@pytest.fixture
def arthur(world: None) -> Staff:
    return somebody("appeals_reviewer", "Arthur")


@pytest.fixture
def bea(world: None) -> Staff:
    return somebody("appeals_reviewer", "Bea")


@pytest.fixture
def omar(world: None) -> Staff:
    return somebody("supervisor", "Omar")


def hearing(staff: Staff) -> Actor:
    return as_(staff, "appeal_review")


def now(lodged: Appeal) -> tuple[str | None, str, list[str]]:
    """Who hears it, its state, and to whom the case is open for that."""
    lodged.refresh_from_db()
    return lodged.reviewer_id, lodged.state, Case.objects.get().heard_by


def test_a_supervisor_hands_it_on(lodged: Appeal, arthur: Staff, bea: Staff, omar: Staff) -> None:
    appeals.take(hearing(arthur), lodged.pk)
    handing_on.hand_on(hearing(omar), lodged.pk, bea.pk)
    assert now(lodged) == (bea.pk, "assigned", [bea.pk])
    handing_on.hand_on(hearing(omar), lodged.pk, bea.pk)
    told = AuditEntry.objects.filter(verb="appeal.assign", object_id=lodged.pk)
    assert list(told.order_by("id").values_list("actor", flat=True)) == [
        f"staff:{arthur.pk}", f"staff:{omar.pk}",
    ]  # fmt: skip
    with pytest.raises(Conflict):
        appeals.answer(hearing(arthur), lodged.pk, "uphold", REASONS)
    appeals.answer(hearing(bea), lodged.pk, "uphold", REASONS)
    assert now(lodged) == (bea.pk, "decided", [])


def test_who_hears_it_hands_it_on(lodged: Appeal, arthur: Staff, bea: Staff) -> None:
    with pytest.raises(AccessDenied):
        handing_on.hand_on(hearing(arthur), lodged.pk, bea.pk)  # not theirs yet
    assert now(lodged) == (None, "lodged", [])
    appeals.take(hearing(arthur), lodged.pk)
    with pytest.raises(AccessDenied):
        handing_on.hand_on(hearing(bea), lodged.pk, bea.pk)
    assert now(lodged) == (arthur.pk, "assigned", [arthur.pk])
    handing_on.hand_on(hearing(arthur), lodged.pk, bea.pk)
    assert now(lodged) == (bea.pk, "assigned", [bea.pk])


def test_never_to_the_decider_and_the_decider_has_no_say(
    lodged: Appeal, supervisor: Staff, arthur: Staff, bea: Staff, omar: Staff
) -> None:
    appeals.take(hearing(arthur), lodged.pk)
    for giver, receiver in ((omar, supervisor), (arthur, supervisor), (supervisor, bea)):
        with pytest.raises(Conflict) as caught:
            handing_on.hand_on(hearing(giver), lodged.pk, receiver.pk)
        assert caught.value.code == "the_decider_never_hears_the_appeal"
    assert now(lodged) == (arthur.pk, "assigned", [arthur.pk])


def test_never_to_the_second_reader(supervisor: Staff, omar: Staff, arthur: Staff) -> None:
    case = taken(case_about(["SAF.threat"]), supervisor)
    made = decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",))
    assert made.state == "awaiting_second_reader"
    second_read(as_(omar), made.pk, agree=True)
    settle()
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, GROUNDS, channel="api")
    appeals.take(hearing(arthur), lodged.pk)
    with pytest.raises(Conflict):
        handing_on.hand_on(hearing(arthur), lodged.pk, omar.pk)
    assert now(lodged) == (arthur.pk, "assigned", [arthur.pk])


def test_only_to_who_may_hear_it(lodged: Appeal, omar: Staff) -> None:
    walled = somebody("appeals_reviewer", "Willa")
    staff_actions.wall_off(as_(somebody("administrator")), walled.pk, ["customer:c-1"])
    settle()
    for other in (somebody("investigator"), somebody("appeals_reviewer", "Elsie", regions=["EU"]), walled):
        with pytest.raises(AccessDenied):
            handing_on.hand_on(hearing(omar), lodged.pk, other.pk)
    gone = somebody("appeals_reviewer", "Gus")
    staff_actions.set_active(as_(somebody("administrator")), gone.pk, False)
    for nobody in (gone.pk, "", "stf_none"):
        with pytest.raises(InvalidInput):
            handing_on.hand_on(hearing(omar), lodged.pk, nobody)
    with pytest.raises(NotFound):
        handing_on.hand_on(hearing(walled), lodged.pk, omar.pk)
    assert now(lodged) == (None, "lodged", [])


def test_it_is_offered_to_those_who_may(
    lodged: Appeal, supervisor: Staff, arthur: Staff, bea: Staff, omar: Staff
) -> None:
    appeals.take(hearing(arthur), lodged.pk)
    lodged.refresh_from_db()
    assert handing_on.hearers(hearing(omar), lodged) == [bea, omar]
    assert handing_on.hearers(hearing(arthur), lodged) == [bea, omar]
    assert handing_on.hearers(hearing(bea), lodged) == []
    assert handing_on.hearers(hearing(supervisor), lodged) == []


def test_what_is_answered_stays_with_who_answered(lodged: Appeal, arthur: Staff, bea: Staff) -> None:
    appeals.answer(hearing(arthur), lodged.pk, "uphold", REASONS)
    with pytest.raises(Conflict):
        handing_on.hand_on(hearing(arthur), lodged.pk, bea.pk)
    staff_actions.set_active(as_(somebody("administrator")), arthur.pk, False)
    settle()
    assert now(lodged) == (arthur.pk, "decided", [])


def test_whoever_leaves_leaves_their_appeals_to_others(lodged: Appeal, arthur: Staff, bea: Staff) -> None:
    appeals.take(hearing(arthur), lodged.pk)
    chief = as_(somebody("administrator"))
    staff_actions.set_active(chief, arthur.pk, False)
    settle()
    assert now(lodged) == (None, "lodged", [])
    assert Case.objects.get().timeline.filter(summary__startswith="Appeal put back").count() == 1
    assert appeals.take(hearing(bea), lodged.pk).reviewer_id == bea.pk


def test_whoever_comes_back_in_time_keeps_them(lodged: Appeal, arthur: Staff) -> None:
    appeals.take(hearing(arthur), lodged.pk)
    chief = as_(somebody("administrator"))
    staff_actions.set_active(chief, arthur.pk, False)
    staff_actions.set_active(chief, arthur.pk, True)
    settle()
    assert now(lodged) == (arthur.pk, "assigned", [arthur.pk])
