"""Hearing an appeal in a case of the most sensitive kind: taking it opens the case for reading, to its
reviewer, for as long as they hear it, and opens nothing else."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from tests.domains import matter
from tests.domains.matter import account, as_, case_about, decided, settle, somebody, taken
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, NotFound
from tocsin.domains.cases import actions as case_actions
from tocsin.domains.cases import case_evidence
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import appeals, queries
from tocsin.domains.enforcement.consequences import of_undoing
from tocsin.domains.enforcement.decisions import decide
from tocsin.domains.enforcement.models import Appeal, Decision
from tocsin.domains.staff import actions as staff_actions
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
GROUNDS = "It was my brother who had the phone on that day."
REASONS = "The phone was reported lost on that day, as the log shows."


@pytest.fixture
def decision(supervisor: Staff) -> Decision:
    case = taken(case_about(["SAF.sexual_assault"]), supervisor)
    assert case.data_class == "P4"
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    assert made.state == "in_force"
    return made


@pytest.fixture
def lodged(decision: Decision) -> Appeal:
    return appeals.lodge(matter.MARKETPLACE, decision.pk, GROUNDS, channel="api")


@pytest.fixture
def arthur(world: None) -> Staff:
    return somebody("appeals_reviewer", "Arthur")


def hearing(staff: Staff) -> Actor:
    return as_(staff, "appeal_review")


def case() -> Case:
    return Case.objects.get()


def test_it_is_found_and_covered_until_it_is_taken(lodged: Appeal, arthur: Staff) -> None:
    found, hidden = queries.appeals(hearing(arthur))
    assert ([one.pk for one in found], hidden) == ([lodged.pk], 0)
    assert queries.waiting(hearing(arthur)).count() == 1
    assert queries.uncovered(hearing(arthur), found) == set()
    shown, grounds = queries.appeal(hearing(arthur), lodged.pk)
    assert (shown.pk, grounds) == (lodged.pk, None)
    assert queries.appealed(hearing(arthur), shown) is None
    with pytest.raises(AccessDenied) as caught:
        cases.find(hearing(arthur), case().pk)
    assert caught.value.reason == "assignment"


def test_who_takes_it_reads_what_they_need_and_answers(lodged: Appeal, arthur: Staff) -> None:
    appeals.take(hearing(arthur), lodged.pk)
    assert case().heard_by == [arthur.pk]
    shown, grounds = queries.appeal(hearing(arthur), lodged.pk)
    assert grounds == GROUNDS
    view = queries.appealed(hearing(arthur), shown)
    assert view is not None
    assert view.facts_internal == matter.FACTS["facts_internal"]
    held = cases.find(hearing(arthur), case().reference)
    assert [line for line in cases.timeline(hearing(arthur), held) if line.covered] == []
    assert queries.decisions_in(hearing(arthur), held)[0].facts_internal is not None
    assert case_evidence.items(hearing(arthur), held) == []
    assert of_undoing(hearing(arthur), held, lodged.decision_id).words
    appeals.answer(hearing(arthur), lodged.pk, "reverse", REASONS)
    settle()
    assert Decision.objects.get().state == "reversed"
    assert account("shopper:s-1").status == "normal"


def test_with_the_answer_the_case_is_closed_to_them_and_their_answer_stays_readable(
    lodged: Appeal, arthur: Staff
) -> None:
    appeals.answer(hearing(arthur), lodged.pk, "uphold", REASONS)
    assert case().heard_by == []
    with pytest.raises(AccessDenied):
        cases.find(hearing(arthur), case().pk)
    shown, grounds = queries.appeal(hearing(arthur), lodged.pk)
    assert (shown.outcome, grounds) == ("uphold", GROUNDS)
    assert queries.appealed(hearing(arthur), shown) is not None


def test_it_is_no_assignment_for_working_the_case(lodged: Appeal) -> None:
    both = somebody("appeals_reviewer", "Bea")
    Staff.objects.filter(pk=both.pk).update(roles=["appeals_reviewer", "investigator"])
    appeals.take(hearing(both), lodged.pk)
    case_actions.reopen(as_(somebody("supervisor", "Omar")), case().pk, "To see what may be done.")
    revision = case().revision
    assert cases.find(as_(both), case().pk)
    for act in (
        lambda: case_actions.add_note(as_(both), case().pk, "Not mine to write."),
        lambda: case_actions.close(as_(both), case().pk, "no_breach", "Not mine to close."),
        lambda: case_actions.message_reporter(
            as_(both), case().pk, case().report_ids()[0], "Not mine to ask."
        ),
        lambda: decide(as_(both), case().pk, matter.finding("customer:c-1", "C1.8")),
    ):
        with pytest.raises(AccessDenied) as caught:
            act()
        assert caught.value.reason == "assignment"
    assert case().revision == revision


def test_never_for_the_decider_whatever_their_roles(
    lodged: Appeal, decision: Decision, supervisor: Staff
) -> None:
    with pytest.raises(Conflict) as caught:
        appeals.take(hearing(supervisor), lodged.pk)
    assert caught.value.code == "the_decider_never_hears_the_appeal"
    found, _ = queries.appeal(hearing(supervisor), lodged.pk)
    assert not appeals.may_hear(hearing(supervisor), found)
    with (
        pytest.raises(IntegrityError, match="the_decider_never_hears_the_appeal"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE enforcement_appeal SET reviewer_id = %s WHERE id = %s", [supervisor.pk, lodged.pk]
        )
    assert case().heard_by == []


@pytest.mark.parametrize("role", ["investigator", "specialist", "auditor", "incident_commander"])
def test_never_for_others(lodged: Appeal, role: str) -> None:
    person = somebody(role)
    assert queries.appeals(hearing(person)) == ([], 1)
    with pytest.raises(NotFound):
        queries.appeal(hearing(person), lodged.pk)
    with pytest.raises(AccessDenied):
        appeals.take(hearing(person), lodged.pk)
    assert case().heard_by == []


def test_never_in_another_region(lodged: Appeal) -> None:
    person = somebody("appeals_reviewer", "Elsie", regions=["EU"])
    assert queries.appeals(hearing(person)) == ([], 1)
    with pytest.raises(NotFound):
        queries.appeal(hearing(person), lodged.pk)
    with pytest.raises(AccessDenied):
        appeals.take(hearing(person), lodged.pk)


def test_never_for_who_is_a_party_and_from_then_on(lodged: Appeal, arthur: Staff) -> None:
    appeals.take(hearing(arthur), lodged.pk)
    staff_actions.wall_off(as_(somebody("administrator")), arthur.pk, ["customer:c-1"])
    settle()
    lodged.refresh_from_db()
    assert (lodged.reviewer_id, lodged.state, case().heard_by) == (None, "lodged", [])
    with pytest.raises(NotFound):
        queries.appeal(hearing(arthur), lodged.pk)
    for act in (
        lambda: appeals.take(hearing(arthur), lodged.pk),
        lambda: appeals.answer(hearing(arthur), lodged.pk, "reverse", REASONS),
    ):
        with pytest.raises(NotFound):
            act()
    # somebody else can take it now
    other = somebody("appeals_reviewer", "Bea")
    assert appeals.take(hearing(other), lodged.pk).reviewer_id == other.pk
    assert case().heard_by == [other.pk]
