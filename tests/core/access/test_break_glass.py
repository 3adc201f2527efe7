"""Break-glass: half an hour, told at once, reviewed by somebody else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import time_machine

from tests.core.access.conftest import Emitted
from tests.core.access.people import key, staff
from tocsin.core.access import break_glass
from tocsin.core.access.check import Scope, why_not
from tocsin.core.access.models import BreakGlass
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import fire_due
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound

pytestmark = pytest.mark.django_db

ADA = staff("specialist", regions=("US-NY",))
PIA = staff("privacy_officer", staff_id="stf_pia", purpose="privacy_request")
WHY = "Caller says the shopper is at her door"
FRIDAY = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)


def broken(reason: str = WHY) -> BreakGlass:
    return break_glass.open_glass(ADA, "case", "case_1", reason)


def test_it_opens_one_object_for_thirty_minutes() -> None:
    with time_machine.travel(FRIDAY, tick=False) as clock:
        glass = broken()
        assert (glass.started_at, glass.ends_at) == (FRIDAY, FRIDAY + dt.timedelta(minutes=30))
        assert break_glass.is_open(ADA, "case", "case_1")
        assert not break_glass.is_open(ADA, "case", "case_2")
        assert not break_glass.is_open(staff("specialist", staff_id="stf_bo"), "case", "case_1")
        clock.shift(dt.timedelta(minutes=29, seconds=59))
        assert break_glass.is_open(ADA, "case", "case_1")
        clock.shift(dt.timedelta(seconds=1))
        assert not break_glass.is_open(ADA, "case", "case_1")


def test_it_stands_in_for_assignment_and_region_and_nothing_else() -> None:
    broken()
    scope = Scope(region="US-CA", assigned=False, data_class="P3")
    assert why_not(ADA, "cases.view", scope) == "region"
    through = break_glass.through_glass(ADA, scope, "case", "case_1")
    assert why_not(ADA, "cases.view", through) is None
    assert break_glass.through_glass(ADA, scope, "case", "case_2") == scope
    for changed, reason in (
        ({"walled_off": frozenset({ADA.id})}, "walled_off"),
        ({"data_class": "P4"}, "class"),
    ):
        beyond = break_glass.through_glass(ADA, replace(scope, **changed), "case", "case_1")  # type: ignore[arg-type]
        assert why_not(ADA, "cases.view", beyond) == reason


def test_the_privacy_officer_is_told_and_a_clock_starts(emitted: Emitted) -> None:
    with time_machine.travel(FRIDAY, tick=False):
        glass = broken()
    assert emitted("access.break_glass_opened") == [
        {"glass": glass.pk, "staff": ADA.id, "object_type": "case", "object_id": "case_1"}
    ]
    (clock,) = Clock.objects.filter(subject_id=glass.pk)
    assert (clock.name, clock.basis, clock.amount, clock.state) == (
        "privacy.glass_review", "business_days", 2, Clock.State.RUNNING,
    )  # fmt: skip
    assert clock.due_at.date() >= dt.date(2026, 11, 24)  # Friday, and then Monday and Tuesday


def test_opening_again_while_it_is_open_is_the_same_use(emitted: Emitted) -> None:
    assert broken().pk == broken("Still the same emergency").pk
    assert (BreakGlass.objects.count(), len(emitted("access.break_glass_opened"))) == (1, 1)


def test_it_is_refused_without_permission_reason_or_when_walled_off() -> None:
    for actor in (staff("trainer"), staff("administrator"), key("cases:read")):
        with pytest.raises(AccessDenied):
            break_glass.open_glass(actor, "case", "case_1", WHY)
    with pytest.raises(AccessDenied) as refused:
        break_glass.open_glass(ADA, "case", "case_1", WHY, walled_off=frozenset({ADA.id}))
    assert refused.value.reason == "walled_off"
    with pytest.raises(InvalidInput):
        broken("urgent")
    assert (BreakGlass.objects.count(), Clock.objects.count()) == (0, 0)


def test_a_review_ends_the_clock(emitted: Emitted) -> None:
    glass = broken()
    assert [one.pk for one in break_glass.to_review(PIA)] == [glass.pk]
    done = break_glass.review(PIA, glass.pk, "justified", " The caller was in danger. ")
    assert (done.reviewed_by, done.review_outcome, done.review_note) == (
        "staff:stf_pia", "justified", "The caller was in danger.",
    )  # fmt: skip
    assert Clock.objects.get(subject_id=glass.pk).state == Clock.State.MET
    assert break_glass.to_review(PIA) == []
    assert emitted("access.break_glass_reviewed") == [{"glass": glass.pk, "outcome": "justified"}]


def test_nobody_reviews_their_own_use() -> None:
    both = staff("specialist", "privacy_officer")
    glass = break_glass.open_glass(both, "case", "case_1", WHY)
    with pytest.raises(AccessDenied) as refused:
        break_glass.review(both, glass.pk, "justified")
    assert refused.value.reason == "own"
    glass.refresh_from_db()
    assert (glass.reviewed_at, Clock.objects.get().state) == (None, Clock.State.RUNNING)


def test_a_review_is_made_once_by_the_right_person_with_a_known_outcome() -> None:
    glass = broken()
    with pytest.raises(AccessDenied):
        break_glass.review(staff("supervisor", staff_id="stf_su"), glass.pk, "justified")
    with pytest.raises(InvalidInput, match="no outcome"):
        break_glass.review(PIA, glass.pk, "fine")
    with pytest.raises(InvalidInput, match="what was wrong"):
        break_glass.review(PIA, glass.pk, "not_justified", " ")
    assert BreakGlass.objects.get().reviewed_at is None
    break_glass.review(PIA, glass.pk, "not_justified", "No call was made.")
    with pytest.raises(Conflict):
        break_glass.review(PIA, glass.pk, "justified")
    assert BreakGlass.objects.get().review_outcome == "not_justified"
    with pytest.raises(NotFound):
        break_glass.review(PIA, "glass_nobody", "justified")


def test_a_review_that_does_not_come_is_told_again(emitted: Emitted) -> None:
    with time_machine.travel(FRIDAY, tick=False) as clock:
        glass = broken()
        clock.shift(dt.timedelta(days=6))
        assert fire_due() == 1
    assert emitted("access.break_glass_overdue") == [{"glass": glass.pk}]
