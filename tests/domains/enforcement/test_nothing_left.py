"""What a reversal must not leave behind, and must not tell."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.domains import matter
from tests.domains.matter import account, as_, case_about, decided, finding, settle, somebody, taken
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import open_text
from tocsin.core.ids import new_id
from tocsin.domains.cases.models import Case, CaseAlert
from tocsin.domains.detection.models import Alert, Label
from tocsin.domains.enforcement import appeals
from tocsin.domains.enforcement.decisions import DecisionInput, decide
from tocsin.domains.enforcement.models import Action, Decision, Notice
from tocsin.domains.enforcement.protection import confirm
from tocsin.domains.enforcement.reversal import reverse
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
REASONS = "The phone was reported lost on that day, as the log shows."


@pytest.fixture
def case(supervisor: Staff) -> Case:
    """A threat by shopper s-1, whom a rule has flagged as well."""
    opened = taken(case_about(["SAF.threat"]), supervisor)
    now = timezone.now()
    alert = Alert.objects.create(
        id=new_id("alr"), subject_kind="shopper", subject_id="s-1", rule="threat_words", code="T1",
        violation_code="SAF.threat", verdict="review", severity="S1", state=Alert.State.IN_CASE,
        opened_at=now, last_at=now, first_seq=1, last_seq=1, rules_version="test",
    )  # fmt: skip
    CaseAlert.objects.create(case=opened, alert=alert, added_at=now)
    return opened


@pytest.fixture
def arthur(world: None) -> Actor:
    return as_(somebody("appeals_reviewer", "Arthur"), "appeal_review")


def labels() -> list[tuple[str, bool]]:
    """(label, still alive) of shopper s-1, in the order they were given."""
    rows = Label.objects.filter(object_kind="shopper", object_id="s-1").order_by("at", "id")
    return [(row.label, row.revoked_at is None) for row in rows]


def test_what_failed_does_not_come_back_after_the_reversal(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    action = Action.objects.get(decision=made, type="suspend_fixed")
    confirm(matter.MARKETPLACE, action.pk, "failed", "Try later.")
    reverse(as_(somebody("supervisor", "Omar")), made.pk, REASONS)
    assert confirm(matter.MARKETPLACE, action.pk, "applied").status == "reversed"
    assert account("shopper:s-1").status == "normal"


def test_what_failed_while_it_protected_does_not_come_back_after_the_decision(
    case: Case, supervisor: Staff
) -> None:
    held = Action.objects.get(case=case, type="suspend_interim")
    confirm(matter.MARKETPLACE, held.pk, "failed", "Try later.")
    nothing = DecisionInput(
        subject_id=account("shopper:s-1").pk, finding="not_substantiated", clause_id="",
        standard_of_proof="preponderance", facts_internal=matter.FACTS["facts_internal"],
        facts_disclosable="",
    )  # fmt: skip
    decide(as_(supervisor), case.pk, nothing)
    assert confirm(matter.MARKETPLACE, held.pk, "applied").status == "reversed"
    assert account("shopper:s-1").status == "normal"


def test_the_person_is_not_told_that_they_were_kept_apart_from_somebody(
    case: Case, supervisor: Staff
) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8", unmatch=True)
    reverse(as_(somebody("supervisor", "Omar")), made.pk, REASONS)
    settle()
    letters = [
        open_text(case.key_scope, f"notice:{one.pk}", one.content_sealed)
        for one in Notice.objects.filter(account__external_id="s-1")
    ]
    assert {"statement_of_reasons", "reversal"} <= set(Notice.objects.values_list("kind", flat=True))
    for words in letters:
        assert "never matched" not in words
        assert "c-1" not in words


def test_when_the_decision_was_wrong_the_rules_learn_it(case: Case, supervisor: Staff, arthur: Actor) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    assert (Alert.objects.get().state, labels()) == ("confirmed", [("SAF.threat", True)])
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, "It was not me who wrote these messages.")
    appeals.answer(arthur, lodged.pk, "reverse", REASONS)
    assert (Alert.objects.get().state, labels()) == (
        "cleared", [("SAF.threat", False), ("not:SAF.threat", True)],
    )  # fmt: skip


@pytest.mark.parametrize("outcome", ["modify", "remand"])
def test_when_it_is_decided_anew_nobody_learns_anything_yet(
    case: Case, supervisor: Staff, arthur: Actor, outcome: str
) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, "It was not me who wrote these messages.")
    appeals.answer(arthur, lodged.pk, outcome, REASONS)
    settle()
    assert (Alert.objects.get().state, labels()) == ("in_case", [("SAF.threat", False)])
    omar = somebody("supervisor", "Omar")
    decide(as_(omar), case.pk, finding("shopper:s-1", "C1.8"))
    assert (Alert.objects.get().state, labels()[-1]) == ("confirmed", ("SAF.threat", True))


def test_a_finding_of_nothing_that_was_wrong_clears_nobody(case: Case, supervisor: Staff) -> None:
    nothing = DecisionInput(
        subject_id=account("shopper:s-1").pk, finding="not_substantiated", clause_id="",
        standard_of_proof="preponderance", facts_internal=matter.FACTS["facts_internal"],
        facts_disclosable="",
    )  # fmt: skip
    made = decide(as_(supervisor), case.pk, nothing)
    assert (Alert.objects.get().state, labels()) == ("cleared", [("not:threat_words", True)])
    reverse(as_(somebody("supervisor", "Omar")), made.pk, REASONS)
    assert (Alert.objects.get().state, labels()) == ("in_case", [("not:threat_words", False)])
    assert Decision.objects.get().state == "reversed"


def test_where_more_of_the_same_waits_already_the_reversal_goes_through(
    case: Case, supervisor: Staff
) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    newer = Alert.objects.get()
    newer.pk, newer.state = new_id("alr"), Alert.State.OPEN
    newer.save(force_insert=True)
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, "It was not me who wrote these messages.")
    who = as_(somebody("appeals_reviewer", "Arthur"), "appeal_review")
    appeals.answer(who, lodged.pk, "remand", REASONS)
    states = dict(Alert.objects.values_list("pk", "state"))
    assert states.pop(newer.pk) == "open"
    assert list(states.values()) == ["unsettled"]
