"""While one action still holds somebody, the end of another restores nothing; and a merger forgets neither
what failed nor who decided."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.domains.matter import account, as_, case_about, decided, finding, settle, somebody, taken
from tocsin.core.actor import Actor
from tocsin.core.errors import Conflict
from tocsin.core.outbox.models import OutboxMessage
from tocsin.domains.cases import merging
from tocsin.domains.cases.actions import reopen
from tocsin.domains.enforcement import appeals, protection
from tocsin.domains.enforcement.decisions import decide
from tocsin.domains.enforcement.models import Action, Decision, Strike
from tocsin.domains.enforcement.reversal import reverse
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
REASONS = "The phone was reported lost on that day, as the log shows."


@pytest.fixture
def arthur(world: None) -> Actor:
    return as_(somebody("appeals_reviewer", "Arthur"), "appeal_review")


def reversals() -> list[tuple[str, list[str]]]:
    """What the marketplace was told of what ended: what to do, and what holds the thing still."""
    rows = OutboxMessage.objects.filter(topic="action.reversed", destination="webhooks.fan_out")
    return [(row.data["type"], row.data["still_held_by"]) for row in rows.order_by("id")]


def test_the_decision_takes_over_from_the_protection_and_restores_nobody(supervisor: Staff) -> None:
    case = taken(case_about(["SAF.threat"]), supervisor)
    assert account("shopper:s-1").status == "suspended_pending"
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    fixed = Action.objects.get(decision=made, type="suspend_fixed")
    assert reversals() == [("action_ended", [fixed.pk])]


def test_who_is_suspended_twice_is_restored_once(supervisor: Staff) -> None:
    first = decided(taken(case_about(["SAF.threat"]), supervisor), supervisor, "shopper:s-1", "C1.8")
    other = taken(case_about(["CON.harassment"], order="o-live"), supervisor)
    protection.protect(as_(supervisor), other.pk, "suspend_interim", account("shopper:s-1").pk)
    held = Action.objects.get(case=other, type="suspend_interim")
    reverse(as_(somebody("supervisor", "Omar")), first.pk, REASONS)
    assert reversals()[-1] == ("action_ended", [held.pk])
    assert account("shopper:s-1").status == "suspended_pending"
    protection.lift(as_(supervisor), held.pk, "It is settled between them.")
    assert reversals()[-1] == ("restore_account", [])
    assert account("shopper:s-1").status == "normal"


def test_what_failed_before_a_merger_ends_with_the_case_it_went_into(supervisor: Staff) -> None:
    ending = taken(case_about(["SAF.threat"]), supervisor)
    held = Action.objects.get(case=ending, type="suspend_interim")
    protection.confirm(matter.MARKETPLACE, held.pk, "failed", "Try later.")
    staying = taken(case_about(["FRD-W.order_theft"], order="o-live"), supervisor)
    merging.merge(as_(supervisor), ending.pk, staying.pk, "The same evening.")
    settle()
    cleared = finding("shopper:s-1", "", finding="not_substantiated")
    decide(as_(supervisor), staying.pk, cleared)
    settle()
    assert protection.confirm(matter.MARKETPLACE, held.pk, "applied").status == "reversed"
    assert account("shopper:s-1").status == "normal"


@pytest.fixture
def merged(supervisor: Staff) -> tuple[Decision, str]:
    """A decision in a case that went into another one since, and that other case."""
    ending = taken(case_about(["SAF.threat"]), supervisor)
    made = decided(ending, supervisor, "shopper:s-1", "C1.8")
    staying = taken(case_about(["FRD-W.order_theft"], order="o-live"), supervisor)
    reopen(as_(supervisor), ending.pk, "More came in.")
    merging.merge(as_(supervisor), ending.pk, staying.pk, "The same matter.")
    settle()
    return made, staying.pk


def test_one_breach_is_decided_once_though_cases_were_merged(
    merged: tuple[Decision, str], supervisor: Staff
) -> None:
    _, staying = merged
    with pytest.raises(Conflict) as refused:
        decide(as_(supervisor), staying, finding("shopper:s-1", "C1.8"))
    assert refused.value.code == "already_decided"
    assert (Decision.objects.count(), Strike.objects.filter(revoked_at=None).count()) == (1, 1)


def test_what_an_appeal_sent_back_is_not_decided_by_the_same_person_after_a_merger(
    merged: tuple[Decision, str], supervisor: Staff, arthur: Actor
) -> None:
    made, staying = merged
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, "This is not what happened.")
    appeals.answer(arthur, lodged.pk, "remand", "To be looked at again by somebody else, please.")
    settle()
    with pytest.raises(Conflict) as refused:
        decide(as_(supervisor), staying, finding("shopper:s-1", "C1.8"))
    assert refused.value.code == "same_person"
    omar = somebody("supervisor", "Omar")
    taken(Decision.objects.get(pk=made.pk).case.merged_into, omar)
    assert decide(as_(omar), staying, finding("shopper:s-1", "C1.8")).state == "in_force"
