"""Deciding: under a clause, on proof, at one's level, once."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from tests.domains import matter
from tests.domains.matter import account, as_, case_about, decided, finding, settle, somebody, taken
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto.seal import open_text
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.domains.cases.actions import add_note
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.decisions import DecisionInput, decide, second_read
from tocsin.domains.enforcement.models import Action, Decision, Effect, Notice, Strike
from tocsin.domains.reports.messages import history
from tocsin.domains.reports.models import Report
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(supervisor: Staff) -> Case:
    """A threat, told by c-1 about s-1, in the hands of a supervisor."""
    return taken(case_about(["SAF.threat"]), supervisor)


def nothing_happened(case: Case) -> bool:
    held = Case.objects.get(pk=case.pk)
    return (held.state, held.revision) == (case.state, case.revision) and not Decision.objects.exists()


def test_a_finding_takes_effect_at_once(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    assert (made.state, made.clause_id, made.policy_version_id) == ("in_force", "C1.8", "conduct@1")
    assert made.violation_code == "SAF.threat"
    assert made.chosen_step == {"type": "suspend_fixed", "days": 14, "feature": "", "unmatch": False}
    assert (made.decider_id, made.automated) == (supervisor.pk, "not")
    action = Action.objects.get(decision=made)
    assert (action.type, action.target_kind, action.target_id) == ("suspend_fixed", "shopper", "s-1")
    assert action.ends_at is not None
    assert action.ends_at - action.starts_at == dt.timedelta(days=14)
    assert account("shopper:s-1").status == "suspended"
    strike = Strike.objects.get(decision=made)
    assert (strike.account.ref, strike.violation_code) == ("shopper:s-1", "SAF.threat")
    assert sorted(Effect.objects.filter(decision=made).values_list("kind", flat=True)) == [
        "action", "found_code", "strike",
    ]  # fmt: skip


def test_both_sides_are_told_and_neither_about_the_other(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    letter = Notice.objects.get(decision=made)
    assert (letter.kind, letter.account.ref) == ("statement_of_reasons", "shopper:s-1")
    words = open_text(case.key_scope, f"notice:{letter.pk}", letter.content_sealed)
    assert "C1.8" in words
    assert "threatened another person" in words
    assert "c-1" not in words
    report = Report.objects.get()
    assert (report.status, report.found_codes) == ("outcome_told", ["SAF.threat"])
    outcome = next(line for line in history(report) if line.kind == "outcome")
    assert outcome.text is not None
    assert "acted on it" in outcome.text
    assert "s-1" not in outcome.text
    held = Case.objects.get(pk=case.pk)
    assert (held.state, held.outcome) == ("closed", "action_taken")


def test_what_was_read_must_be_what_is_decided(case: Case, supervisor: Staff) -> None:
    read = case.revision
    add_note(as_(supervisor), case.pk, "A second witness has called.")
    stale = dataclasses.replace(finding("shopper:s-1", "C1.8"), revision=read)
    with pytest.raises(Conflict) as caught:
        decide(as_(supervisor), case.pk, stale)
    assert caught.value.code == "stale"
    assert not Decision.objects.exists()
    now = Case.objects.get(pk=case.pk).revision
    decide(as_(supervisor), case.pk, dataclasses.replace(stale, revision=now))
    assert Decision.objects.count() == 1


def test_sent_twice_it_is_decided_once(case: Case, supervisor: Staff) -> None:
    decided(case, supervisor, "shopper:s-1", "C1.8")
    entries = AuditEntry.objects.count()
    with pytest.raises(Conflict):
        decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8"))
    assert (Decision.objects.count(), AuditEntry.objects.count()) == (1, entries)


def test_another_step_than_proposed_needs_a_reason(case: Case, supervisor: Staff) -> None:
    for other in ({"step": "warn"}, {"days": 5}):
        with pytest.raises(InvalidInput) as caught:
            decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8", **other))
        assert set(caught.value.fields) == {"deviation_reason"}
    assert nothing_happened(case)
    why = "It was said in a quarrel that both of them began."
    made = decided(case, supervisor, "shopper:s-1", "C1.8", step="warn", deviation_reason=why)
    assert (made.chosen_step["type"], made.proposed_step["step"]) == ("warn", "suspend_fixed")
    assert made.deviation_reason == why


def test_what_makes_it_worse_or_milder_moves_the_step(case: Case, supervisor: Staff) -> None:
    with pytest.raises(InvalidInput) as caught:
        decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8", aggravators=("planned",)))
    assert set(caught.value.fields) == {"aggravators"}
    assert nothing_happened(case)
    made = decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",))
    assert (made.state, made.chosen_step["type"]) == ("awaiting_second_reader", "terminate")
    assert made.proposed_step["aggravators"] == ["weapon"]
    assert any("weapon" in reason for reason in made.proposed_step["reasons"])


@pytest.mark.parametrize(
    ("proof", "step", "needed"),
    [
        ("reasonable_belief", "suspend_fixed", "more likely than not"),
        ("reasonable_suspicion", "hold_payout", "reasonable belief"),
    ],
)
def test_a_step_needs_its_proof(case: Case, supervisor: Staff, proof: str, step: str, needed: str) -> None:
    given = finding(
        "shopper:s-1", "C1.8", standard_of_proof=proof, step=step, deviation_reason="This case is different."
    )
    with pytest.raises(InvalidInput) as caught:
        decide(as_(supervisor), case.pk, given)
    assert caught.value.fields["standard_of_proof"] == f"At least: {needed}."
    assert nothing_happened(case)


def test_when_the_proof_carries_no_step_it_says_so(case: Case, supervisor: Staff) -> None:
    weak = finding("shopper:s-1", "C1.8", standard_of_proof="reasonable_suspicion")
    with pytest.raises(InvalidInput, match="No step of this clause"):
        decide(as_(supervisor), case.pk, weak)
    assert nothing_happened(case)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"finding": "guilty"}, "finding"),
        ({"standard_of_proof": "certain"}, "standard_of_proof"),
        ({"facts_internal": "short"}, "facts_internal"),
        ({"facts_disclosable": ""}, "facts_disclosable"),
        ({"facts_internal": "x" * 5001}, "facts_internal"),
        ({"clause_id": ""}, "clause"),
        ({"clause_id": "C99.9"}, "clause"),
        ({"clause_id": "C6.1"}, "clause"),  # binds customers only
        ({"subject_id": "acc_nobody"}, "subject"),
        ({"step": "banish"}, "step"),
        ({"step": "lock_account"}, "step"),  # protects, and is no finding
        ({"step": "suspend_interim"}, "step"),
        ({"days": 31}, "days"),
        ({"days": 2}, "days"),
        ({"step": "warn", "days": 3}, "days"),
        ({"step": "restrict_feature"}, "feature"),
        ({"step": "restrict_feature", "feature": "Al cohol"}, "feature"),
        ({"step": "restrict_feature", "feature": "alcohol", "days": 31}, "days"),
        ({"feature": "alcohol"}, "feature"),
        ({"finding": "inconclusive", "step": "warn"}, "step"),
        ({"finding": "not_substantiated", "unmatch": True}, "unmatch"),
    ],
)
def test_every_mistake_is_named_and_changes_nothing(
    case: Case, supervisor: Staff, wrong: dict[str, object], field: str
) -> None:
    given = dataclasses.replace(
        finding("shopper:s-1", "C1.8", deviation_reason="This case is different."), **wrong
    )
    with pytest.raises(InvalidInput) as caught:
        decide(as_(supervisor), case.pk, given)
    assert field in caught.value.fields
    assert nothing_happened(case)


def test_a_limited_feature_is_named_to_the_marketplace(case: Case, supervisor: Staff) -> None:
    made = decided(
        case, supervisor, "shopper:s-1", "C1.8", step="restrict_feature", feature="alcohol", days=10,
        deviation_reason="Only deliveries of alcohol led to quarrels.",
    )  # fmt: skip
    action = Action.objects.get(decision=made)
    assert (action.detail, action.ends_at - action.starts_at) == ({"feature": "alcohol"}, dt.timedelta(10))


@pytest.mark.parametrize(
    ("role", "step", "allowed"),
    [
        ("specialist", "warn", True),
        ("specialist", "hold_payout", False),
        ("investigator", "hold_payout", True),
        ("investigator", "suspend_fixed", False),
        ("incident_commander", "suspend_fixed", True),
        ("incident_commander", "terminate", False),
        ("supervisor", "terminate", True),
    ],
)
def test_everybody_decides_at_their_level(world: None, role: str, step: str, allowed: bool) -> None:
    person = somebody(role)
    case = taken(case_about(["SAF.threat"]), person)
    days = 14 if step == "suspend_fixed" else None
    given = finding("shopper:s-1", "C1.8", step=step, days=days, deviation_reason="This case is different.")
    if not allowed:
        with pytest.raises(AccessDenied):
            decide(as_(person), case.pk, given)
        assert nothing_happened(case)
        return
    assert decide(as_(person), case.pk, given).chosen_step["type"] == step


@pytest.mark.parametrize("role", ["appeals_reviewer", "auditor", "privacy_officer", "administrator"])
def test_others_decide_nothing(world: None, role: str) -> None:
    case = case_about(["SAF.threat"])
    with pytest.raises(AccessDenied):
        decide(as_(somebody(role)), case.pk, finding("shopper:s-1", "C1.8"))
    assert nothing_happened(case)


def test_an_investigator_decides_only_what_is_theirs(world: None, investigator: Staff) -> None:
    case = case_about(["SAF.threat"])
    given = finding("shopper:s-1", "C1.8", step="warn", deviation_reason="This case is different.")
    with pytest.raises(AccessDenied) as caught:
        decide(as_(investigator), case.pk, given)
    assert caught.value.reason == "assignment"
    assert nothing_happened(case)


def test_a_termination_waits_for_somebody_else(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",), unmatch=True)
    assert (made.state, Case.objects.get(pk=case.pk).state) == ("awaiting_second_reader", "decision_pending")
    assert not Action.objects.filter(decision=made).exists()
    with pytest.raises(Conflict) as caught:
        second_read(as_(supervisor), made.pk, True)
    assert caught.value.code == "same_person"
    with pytest.raises(Conflict) as again:
        decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8"))
    assert again.value.code == "already_decided"
    other = somebody("supervisor", "Omar")
    second_read(as_(other), made.pk, True)
    settle()
    made.refresh_from_db()
    assert (made.state, made.second_reader_id) == ("in_force", other.pk)
    assert account("shopper:s-1").status == "terminated"
    # what was proposed with it comes into force with it
    assert set(Action.objects.filter(decision=made).values_list("type", flat=True)) == {
        "terminate",
        "unmatch",
    }


def test_a_second_reader_may_say_no(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",))
    second_read(as_(somebody("supervisor", "Omar")), made.pk, False, "The weapon was a toy.")
    made.refresh_from_db()
    assert (made.state, Case.objects.get(pk=case.pk).state) == ("rejected", "investigating")
    assert not Action.objects.filter(decision=made).exists()
    with pytest.raises(Conflict):
        second_read(as_(somebody("supervisor", "Pia")), made.pk, True)
    assert decided(case, supervisor, "shopper:s-1", "C1.8").state == "in_force"


def test_the_database_itself_refuses_the_decider_as_second_reader(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",))
    with (
        pytest.raises(IntegrityError, match="second_reader_is_not_the_decider"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE enforcement_decision SET second_reader_id = decider_id WHERE id = %s", [made.pk]
        )


def test_the_database_itself_keeps_one_decision_a_person(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    copied = Decision.objects.get(pk=made.pk)
    copied.pk = "dec_second"
    with pytest.raises(IntegrityError, match="one_decision_stands"), transaction.atomic():
        copied.save(force_insert=True)


def test_who_may_not_come_back_may_not_stay(case: Case, supervisor: Staff) -> None:
    made = decided(
        case, supervisor, "shopper:s-1", "C1.8", step="block_reregistration",
        deviation_reason="They have come back under other names.",
    )  # fmt: skip
    second_read(as_(somebody("supervisor", "Omar")), made.pk, True)
    types = Action.objects.filter(decision=made).values_list("type", flat=True)
    assert sorted(types) == ["block_reregistration", "terminate"]
    assert account("shopper:s-1").status == "terminated"


def test_earlier_breaches_count_until_they_expire(world: None, supervisor: Staff) -> None:
    def propose_again(**more: object) -> Decision:
        case = taken(case_about(["CON.offensive_language"]), supervisor)
        return decided(case, supervisor, "shopper:s-1", "C2.3", **more)

    first, second = propose_again(), propose_again()
    assert [made.chosen_step["type"] for made in (first, second)] == ["educate", "warn"]
    assert second.proposed_step["prior"] == 1
    later = second.decided_at + dt.timedelta(days=366)
    with time_machine.travel(later, tick=True):
        third = propose_again()
    assert (third.proposed_step["prior"], third.chosen_step["type"]) == (0, "educate")


def test_nothing_found_harms_nobody(case: Case, supervisor: Staff) -> None:
    protective = Action.objects.get(case=case, type="suspend_interim")
    given = dataclasses.replace(
        finding("shopper:s-1", ""), finding="not_substantiated", facts_disclosable="", clause_id=""
    )
    made = decide(as_(supervisor), case.pk, given)
    settle()
    protective.refresh_from_db()
    assert protective.status == "reversed"
    assert account("shopper:s-1").status == "normal"
    assert (made.state, made.chosen_step, made.appeal_until) == ("in_force", {}, None)
    assert not Strike.objects.exists()
    assert Report.objects.get().found_codes == []
    assert Notice.objects.filter(kind="no_breach", account__external_id="s-1").count() == 1
    # the two are kept apart for the sake of the one who reported, whatever was found
    assert Action.objects.get(case=case, type="unmatch").status == "requested"


def test_facts_are_sealed_and_the_file_says_who_decided(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    assert b"threats" not in bytes(made.facts_internal_sealed)
    entry = AuditEntry.objects.get(
        object_type="enforcement.decision", object_id=made.pk, verb="decision.make"
    )
    assert entry.actor == as_(supervisor).ref


def test_a_decision_is_about_somebody_in_the_case(case: Case, supervisor: Staff) -> None:
    stranger = DecisionInput(
        subject_id=account("shopper:s-2").pk,
        finding="substantiated",
        clause_id="C1.8",
        standard_of_proof="preponderance",
        **matter.FACTS,
    )
    with pytest.raises(InvalidInput) as caught:
        decide(as_(supervisor), case.pk, stranger)
    assert set(caught.value.fields) == {"subject"}
    assert nothing_happened(case)
