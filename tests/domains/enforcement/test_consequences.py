"""What is said before a button is pressed is what happens afterwards."""

from __future__ import annotations

import pytest

from tests.domains.matter import as_, case_about, decided, settle, somebody, taken
from tocsin.core.errors import AccessDenied, NotFound
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.consequences import of_step, of_undoing
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Effect, Notice, Strike
from tocsin.domains.enforcement.notices import content
from tocsin.domains.enforcement.reversal import reverse
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(supervisor: Staff) -> Case:
    return taken(case_about(["SAF.threat"]), supervisor)


def test_a_suspension_says_what_it_will_cause(case: Case) -> None:
    words = of_step(case, "suspend_fixed")
    assert "The account's standing becomes suspended." in words
    assert "One strike is given. It expires as the policy says." in words
    assert "1 reporter is told that we acted, without details." in words
    assert words[-1] == "It can be undone: reverse the decision, or uphold an appeal."
    assert "Nothing happens before a second reader agrees." in of_step(case, "terminate")
    assert of_step(case, "educate")[-1] == "It cannot be undone: the message was read."


def test_a_limited_feature_is_named_wherever_the_step_is(case: Case, supervisor: Staff) -> None:
    feature = "door_delivery"
    assert of_step(case, "restrict_feature", feature)[0] == (
        "The marketplace is asked: one feature is limited: delivering to the door."
    )
    made = decided(
        case, supervisor, "shopper:s-1", "C1.8",
        step="restrict_feature", feature=feature, days=30, deviation_reason="He delivers alone only.",
    )  # fmt: skip
    letter = content(Notice.objects.get(decision=made, kind="statement_of_reasons"))
    assert "What we decided: One feature is limited: delivering to the door.\n" in letter["body"]
    entry = case.timeline.get(summary__startswith="Decided: ")
    assert entry.summary == "Decided: substantiated. One feature is limited: delivering to the door"
    case.refresh_from_db()
    assert of_undoing(as_(supervisor), case, made.pk).words[0] == (
        "“One feature is limited: delivering to the door” ends, and the marketplace is told to undo it."
    )


def test_a_feature_of_ones_own_is_its_id_with_blanks() -> None:
    step = STEPS["restrict_feature"]
    assert step.words("es", "alcohol") == "Se limita una función: pedidos con alcohol"
    assert step.words("en", "night_orders") == "One feature is limited: night orders"


def test_undoing_says_what_it_will_undo_and_does(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    case.refresh_from_db()
    told = of_undoing(as_(supervisor), case, made.pk)
    assert told.words == [
        f"“{STEPS['suspend_fixed'].label}” ends, and the marketplace is told to undo it.",
        "1 strike is revoked.",
        "What was found is taken off 1 report.",
        "The person is told that the decision was wrong and is undone.",
        "The case opens again, so that somebody decides it anew.",
    ]
    reverse(as_(somebody("supervisor", "Other")), made.pk, "It was somebody else.")
    settle()
    assert not Effect.objects.filter(undone_at=None).exists()
    assert Strike.objects.get().revoked_at is not None
    assert of_undoing(as_(supervisor), case, made.pk).words == told.words[-2:]


def test_only_decisions_of_the_case_are_told_and_only_to_those_who_may_see_it(
    case: Case, supervisor: Staff
) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    other = case_about(["SAF.stalking"], subject={"kind": "shopper", "id": "s-2"})
    with pytest.raises(NotFound):
        of_undoing(as_(supervisor), other, made.pk)
    with pytest.raises(AccessDenied):
        of_undoing(as_(somebody("trainer", "Tess")), case, made.pk)
