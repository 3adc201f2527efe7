"""Appeals: heard by somebody else, answered once, and a reversal leaves nothing of the decision behind."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from tests.domains import matter
from tests.domains.actors import integration
from tests.domains.matter import account, as_, case_about, decided, finding, settle, somebody, taken
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.clocks.models import Clock
from tocsin.core.crypto.seal import open_text
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.core.outbox.models import OutboxMessage
from tocsin.domains.cases.actions import close
from tocsin.domains.cases.merging import merge
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import appeals, queries
from tocsin.domains.enforcement.decisions import decide, second_read
from tocsin.domains.enforcement.models import (
    Action,
    Appeal,
    Decision,
    Effect,
    Notice,
    PairBlock,
    Strike,
)
from tocsin.domains.enforcement.protection import lift, protect
from tocsin.domains.enforcement.reversal import reverse
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.reports.models import Report
from tocsin.domains.staff import actions as staff_actions
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
GROUNDS = "It was my brother who had the phone on that day."
REASONS = "The phone was reported lost on that day, as the log shows."


@pytest.fixture
def decision(supervisor: Staff) -> Decision:
    """A threat: suspended for fourteen days, kept apart from the customer."""
    case = taken(case_about(["SAF.threat"]), supervisor)
    return decided(case, supervisor, "shopper:s-1", "C1.8", unmatch=True)


@pytest.fixture
def lodged(decision: Decision) -> Appeal:
    return appeals.lodge(matter.MARKETPLACE, decision.pk, GROUNDS, channel="api")


@pytest.fixture
def reviewer(world: None) -> Actor:
    return as_(somebody("appeals_reviewer", "Arthur"), "appeal_review")


def hearing(staff: Staff) -> Actor:
    return as_(staff, "appeal_review")


def test_lodging_starts_the_promises(lodged: Appeal, decision: Decision) -> None:
    assert (lodged.state, lodged.decider_id, lodged.channel) == ("lodged", decision.decider_id, "api")
    assert open_text(decision.case.key_scope, f"appeal:{lodged.pk}:grounds", lodged.grounds_sealed) == GROUNDS
    names = Clock.objects.filter(subject_type="appeal", subject_id=lodged.pk, state="running")
    assert sorted(names.values_list("name", flat=True)) == ["acknowledge", "decide", "limit"]


def test_lodging_twice_is_lodging_once(lodged: Appeal, decision: Decision) -> None:
    assert appeals.lodge(matter.MARKETPLACE, decision.pk, "Another text of some length.").pk == lodged.pk
    assert Appeal.objects.count() == 1


@pytest.mark.parametrize("grounds", ["", "too short", " " * 50, "x" * 10_001])
def test_an_appeal_says_why(decision: Decision, grounds: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        appeals.lodge(matter.MARKETPLACE, decision.pk, grounds)
    assert set(caught.value.fields) == {"grounds"}
    assert not Appeal.objects.exists()


def test_after_the_window_it_is_too_late(decision: Decision) -> None:
    assert decision.appeal_until is not None
    with (
        time_machine.travel(decision.appeal_until + dt.timedelta(seconds=1)),
        pytest.raises(Conflict) as caught,
    ):
        appeals.lodge(matter.MARKETPLACE, decision.pk, GROUNDS)
    assert caught.value.code == "window_closed"
    with time_machine.travel(decision.appeal_until - dt.timedelta(seconds=1)):
        assert appeals.lodge(matter.MARKETPLACE, decision.pk, GROUNDS).state == "lodged"


def test_only_who_may_lodge_for_people_does(decision: Decision) -> None:
    walled = somebody("specialist", "Wanda")
    staff_actions.wall_off(as_(somebody("administrator")), walled.pk, ["shopper:s-1"])
    settle()
    elsewhere = somebody("specialist", "Elsie", regions=["EU"])
    for actor, refusal in (
        (integration("cases:read"), AccessDenied),
        (as_(somebody("trainer")), AccessDenied),
        (as_(elsewhere), AccessDenied),
        (as_(walled), NotFound),
    ):
        with pytest.raises(refusal):
            appeals.lodge(actor, decision.pk, GROUNDS)
    with pytest.raises(NotFound):
        appeals.lodge(matter.MARKETPLACE, "dec_nothing", GROUNDS)
    assert not Appeal.objects.exists()
    person = Actor("party", "acc_1", "Person", purpose="self_service", via="web")
    assert appeals.lodge(person, decision.pk, GROUNDS).lodged_by == "party:acc_1"


def test_the_decider_never_hears_the_appeal(lodged: Appeal, supervisor: Staff) -> None:
    entries = AuditEntry.objects.count()
    for act in (
        lambda: appeals.take(hearing(supervisor), lodged.pk),
        lambda: appeals.answer(hearing(supervisor), lodged.pk, "reverse", REASONS),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "the_decider_never_hears_the_appeal"
    lodged.refresh_from_db()
    assert (lodged.state, lodged.reviewer_id, AuditEntry.objects.count()) == ("lodged", None, entries)


def test_neither_does_the_second_reader(supervisor: Staff) -> None:
    case = taken(case_about(["SAF.threat"]), supervisor)
    made = decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",))
    reader = somebody("supervisor", "Omar")
    second_read(as_(reader), made.pk, True)
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, GROUNDS)
    for person in (supervisor, reader):
        with pytest.raises(Conflict):
            appeals.take(hearing(person), lodged.pk)
    assert appeals.take(hearing(somebody("supervisor", "Pia")), lodged.pk).state == "assigned"


@pytest.mark.parametrize("column", ["reviewer_id", "reviewer_id, decider_id, second_reader_id"])
def test_the_database_itself_refuses_the_decider(lodged: Appeal, decision: Decision, column: str) -> None:
    values = ", ".join(["%s", "''", "''"][: column.count(",") + 1])
    with (
        pytest.raises(IntegrityError, match="the_decider_never_hears_the_appeal"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"UPDATE enforcement_appeal SET ({column}) = ROW({values}) WHERE id = %s",
            [decision.decider_id, lodged.pk],
        )
    lodged.refresh_from_db()
    assert (lodged.reviewer_id, lodged.decider_id) == (None, decision.decider_id)


def test_the_database_itself_keeps_one_appeal_open(lodged: Appeal) -> None:
    second = Appeal.objects.get(pk=lodged.pk)
    second.pk = "apl_second"
    with pytest.raises(IntegrityError, match="one_open_appeal"), transaction.atomic():
        second.save(force_insert=True)


@pytest.mark.parametrize(
    "role", ["investigator", "specialist", "auditor", "privacy_officer", "administrator"]
)
def test_others_hear_no_appeals(lodged: Appeal, role: str) -> None:
    with pytest.raises(AccessDenied):
        appeals.answer(hearing(somebody(role)), lodged.pk, "reverse", REASONS)
    lodged.refresh_from_db()
    assert (lodged.state, lodged.reviewer_id) == ("lodged", None)


def test_appeals_are_heard_under_their_purpose(lodged: Appeal) -> None:
    with pytest.raises(AccessDenied) as caught:
        appeals.take(as_(somebody("appeals_reviewer")), lodged.pk)
    assert caught.value.reason == "purpose"


def test_a_decision_that_stands_is_said_to_stand(lodged: Appeal, decision: Decision, reviewer: Actor) -> None:
    answered = appeals.answer(reviewer, lodged.pk, "uphold", REASONS)
    decision.refresh_from_db()
    assert (answered.state, answered.outcome, decision.state) == ("decided", "uphold", "in_force")
    assert account("shopper:s-1").status == "suspended"
    letter = Notice.objects.get(kind="appeal_outcome")
    assert "the decision stands" in open_text(
        decision.case.key_scope, f"notice:{letter.pk}", letter.content_sealed
    )
    with pytest.raises(Conflict):
        appeals.answer(reviewer, lodged.pk, "reverse", REASONS)
    with pytest.raises(Conflict):
        appeals.lodge(matter.MARKETPLACE, decision.pk, GROUNDS)
    assert not Clock.objects.filter(subject_type="appeal", state="running").exists()


def test_a_reversal_undoes_all_that_the_decision_caused(
    lodged: Appeal, decision: Decision, reviewer: Actor
) -> None:
    pair = Action.objects.get(decision=decision, type="unmatch")
    assert PairBlock.objects.get(action=pair).lifted_at is None
    answered = appeals.answer(reviewer, lodged.pk, "reverse", REASONS)
    settle()
    decision.refresh_from_db()
    assert (answered.state, decision.state) == ("remedied", "reversed")
    assert set(decision.actions.values_list("status", flat=True)) == {"reversed"}
    assert account("shopper:s-1").status == "normal"
    assert Strike.objects.get(decision=decision).revoked_at is not None
    assert queries.history(account("shopper:s-1")).strikes == []
    assert PairBlock.objects.get(action=pair).lifted_at is not None
    assert Report.objects.get().found_codes == []
    assert not decision.effects.filter(undone_at=None).exists()
    case = Case.objects.get()
    assert (case.state, case.outcome, case.assignee) == ("reopened", "", None)
    owner = Clock.objects.get(subject_id=case.pk, name="owner", state="running")
    assert owner.started_at >= decision.reversed_at
    said = OutboxMessage.objects.filter(topic="action.reversed", destination="webhooks.fan_out")
    told = {row.data["reverses"]: row.data for row in said}
    kept_apart = Action.objects.get(type="unmatch", protective=True)
    for action in decision.actions.all():
        now, held_by = {
            "suspend_fixed": ("restore_account", []),
            "unmatch": ("action_ended", [kept_apart.pk]),  # what protects the other one still holds
        }[action.type]
        assert (told[action.pk]["type"], told[action.pk]["still_held_by"]) == (now, held_by)
    letter = Notice.objects.get(kind="reversal")
    words = open_text(case.key_scope, f"notice:{letter.pk}", letter.content_sealed)
    assert "suspended for a number of days" in words
    assert REASONS in words


def test_what_protected_the_other_one_outlives_the_reversal(
    lodged: Appeal, decision: Decision, reviewer: Actor
) -> None:
    protective = Action.objects.get(type="unmatch", protective=True)
    appeals.answer(reviewer, lodged.pk, "reverse", REASONS)
    protective.refresh_from_db()
    assert protective.status == "requested"
    assert not queries.may_match(account("customer:c-1"), account("shopper:s-1"))


@pytest.mark.parametrize(("outcome", "state"), [("modify", "modified"), ("remand", "reversed")])
def test_what_is_decided_anew_starts_from_nothing(
    lodged: Appeal, decision: Decision, reviewer: Actor, supervisor: Staff, outcome: str, state: str
) -> None:
    appeals.answer(reviewer, lodged.pk, outcome, REASONS)
    settle()
    decision.refresh_from_db()
    assert (decision.state, account("shopper:s-1").status) == (state, "normal")
    case = taken(Case.objects.get(), supervisor)
    assert case.state in ("reopened", "investigating")
    anew = {"step": "warn", "deviation_reason": "As the appeal asked for."}
    by = supervisor
    if outcome == "remand":
        with pytest.raises(Conflict) as caught:
            decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8", **anew))
        assert caught.value.code == "same_person"
        assert Decision.objects.count() == 1
        by = somebody("supervisor", "Omar")
    again = decided(case, by, "shopper:s-1", "C1.8", **anew)
    assert (again.state, again.proposed_step["prior"]) == ("in_force", 0)


def test_undoing_twice_undoes_once(decision: Decision) -> None:
    other = somebody("supervisor", "Omar")
    reverse(as_(other), decision.pk, "The wrong account was chosen.")
    settle()
    before = AuditEntry.objects.count(), Notice.objects.count(), OutboxMessage.objects.count()
    with pytest.raises(Conflict) as caught:
        reverse(as_(other), decision.pk, "The wrong account was chosen.")
    assert caught.value.code == "not_in_force"
    assert (AuditEntry.objects.count(), Notice.objects.count(), OutboxMessage.objects.count()) == before


def test_nobody_undoes_their_own_decision_alone(decision: Decision, supervisor: Staff) -> None:
    with pytest.raises(Conflict) as caught:
        reverse(as_(supervisor), decision.pk, "The wrong account was chosen.")
    assert caught.value.code == "same_person"
    for role in ("investigator", "specialist", "incident_commander", "auditor"):
        with pytest.raises(AccessDenied):
            reverse(as_(somebody(role)), decision.pk, "The wrong account was chosen.")
    decision.refresh_from_db()
    assert decision.state == "in_force"


def test_while_an_appeal_is_heard_nobody_goes_around_it(lodged: Appeal, decision: Decision) -> None:
    with pytest.raises(Conflict) as caught:
        reverse(as_(somebody("supervisor", "Omar")), decision.pk, "The wrong account was chosen.")
    assert caught.value.code == "appeal_open"
    decision.refresh_from_db()
    assert decision.state == "in_force"


def test_a_reversal_that_fails_halfway_undoes_nothing(
    lodged: Appeal, decision: Decision, reviewer: Actor
) -> None:
    # an effect whose object is gone: the whole answer is taken back, and can be given again
    Effect.objects.create(decision=decision, kind="label", object_id="lbl_gone", at=decision.decided_at)
    with pytest.raises(NotFound):
        appeals.answer(reviewer, lodged.pk, "reverse", REASONS)
    decision.refresh_from_db(), lodged.refresh_from_db()
    assert (decision.state, lodged.state, lodged.reviewer_id) == ("in_force", "lodged", None)
    assert account("shopper:s-1").status == "suspended"
    assert not Effect.objects.exclude(undone_at=None).exists()


@pytest.fixture
def merged(supervisor: Staff) -> tuple[Decision, Case]:
    """A decision on one of two people in a case, which then went into another, and that one."""
    first = taken(case_about(["SAF.threat"], subject={"kind": "shopper", "id": "s-2"}), supervisor)
    lock = protect(as_(supervisor), first.pk, "lock_account", account("customer:c-1").pk)
    made = decided(first, supervisor, "shopper:s-2", "C1.8")
    assert Case.objects.get(pk=first.pk).state == "actioned"
    stays = taken(case_about(["FRD-X.fake_support_caller"]), supervisor)
    merge(as_(supervisor), first.pk, stays.reference, "The same caller.")
    lift(as_(supervisor), lock.pk, "It is known who called.")
    settle()
    return made, stays


@pytest.mark.parametrize("closed", [True, False])
def test_a_reversal_is_looked_at_again_where_the_case_went(
    merged: tuple[Decision, Case], supervisor: Staff, reviewer: Actor, closed: bool
) -> None:
    made, stays = merged
    if closed:
        close(as_(supervisor), stays.pk, "inconclusive", "Nothing more to learn.")
    before = Case.objects.get(pk=stays.pk)
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, GROUNDS)
    appeals.answer(reviewer, lodged.pk, "reverse", REASONS)
    settle()
    after, ended = Case.objects.get(pk=stays.pk), Case.objects.get(pk=made.case_id)
    assert (ended.state, ended.merged_into_id, ended.outcome) == ("merged", stays.pk, "")
    assert (after.state, after.outcome, after.closed_at) == (
        "reopened" if closed else "investigating", "", None,
    )  # fmt: skip
    assert after.revision > before.revision
    assert after.timeline.filter(kind="reversal").count() == 1
    assert (after.next_due_at is None) == (not Clock.objects.filter(
        subject_type="case", subject_id=after.pk, state="running"
    ).exists())  # fmt: skip


def test_what_was_found_in_a_merged_case_counts_where_it_went(
    merged: tuple[Decision, Case], supervisor: Staff
) -> None:
    made, stays = merged
    second = decide(as_(supervisor), stays.pk, finding("shopper:s-1", "", finding="not_substantiated"))
    settle()
    assert second.state == "in_force"
    assert Case.objects.get(pk=stays.pk).outcome == "action_taken", "the first decision stands"
    reverse(as_(somebody("supervisor", "Omar")), made.pk, "The log shows somebody else.")
    settle()
    assert Case.objects.get(pk=stays.pk).outcome == "no_breach"


def test_a_late_appeal_shows_in_its_case(lodged: Appeal, decision: Decision) -> None:
    from tocsin.core.clocks import service as clocks

    due = Clock.objects.get(subject_id=lodged.pk, name="acknowledge").due_at
    clocks.fire_due(due + dt.timedelta(seconds=1))
    assert decision.case.timeline.filter(summary="Appeal late: acknowledge").count() == 1


def test_a_letter_is_written_in_the_language_of_its_reader(supervisor: Staff, reviewer: Actor) -> None:
    upsert_entity(matter.MARKETPLACE, "shopper", "s-1", {"language": "es"})
    case = taken(case_about(["SAF.threat"]), supervisor)
    made = decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8"))
    appeal = appeals.lodge(matter.MARKETPLACE, made.pk, GROUNDS)
    appeals.answer(reviewer, appeal.pk, "reverse", REASONS)
    said = {
        letter.kind: open_text(case.key_scope, f"notice:{letter.pk}", letter.content_sealed)
        for letter in Notice.objects.filter(account__external_id="s-1")
    }
    assert "La cuenta se suspende por unos días" in said["statement_of_reasons"]
    assert "más probable que improbable" in said["statement_of_reasons"]
    assert "la cuenta se suspende por unos días" in said["reversal"]
    assert "la cuenta se pausa mientras revisamos" in said["protective_action"]
