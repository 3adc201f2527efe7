"""Protection comes at once, ends by itself, is no finding, and a machine does it only when lives or accounts
are at stake."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.domains import matter
from tests.domains.matter import account, as_, case_about, finding, settle, somebody, taken
from tocsin.core.actor import system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.terms import words
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.packs.today import required
from tocsin.domains.cases import actions as case_actions
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import queries
from tocsin.domains.enforcement.decisions import decide
from tocsin.domains.enforcement.handlers import protect_at_once
from tocsin.domains.enforcement.models import Action, Notice, PairBlock, Strike
from tocsin.domains.enforcement.protection import OFFERED, confirm, lift, protect
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Account, Order
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


def told(topic: str) -> list[dict[str, object]]:
    """What the marketplace's webhooks would be sent, oldest first."""
    rows = OutboxMessage.objects.filter(topic=topic, destination="webhooks.fan_out").order_by("id")
    return [row.data for row in rows]


def kinds(case: Case) -> set[str]:
    return set(Action.objects.filter(case=case).values_list("type", flat=True))


@pytest.mark.parametrize(
    ("code", "about", "expected"),
    [
        ("SAF.weapon", {"order": "o-live"}, {"hold_order", "unmatch", "suspend_interim"}),
        ("SAF.weapon", {}, {"unmatch", "suspend_interim"}),  # nothing is under way any more
        ("SAF.threat", {}, {"unmatch", "suspend_interim"}),
        ("ACC.customer_ato", {"subject": None, "order": "o-live"}, {"lock_account", "hold_order"}),
        ("CON.harassment", {}, set()),  # S2: offered, and a person decides
        ("SAF.animal_attack", {}, set()),
        ("FRD-W.order_theft", {}, set()),
    ],
)
def test_what_a_machine_does_at_once(
    world: None, code: str, about: dict[str, object], expected: set[str]
) -> None:
    case = case_about([code], **about)
    assert kinds(case) == expected
    for action in Action.objects.filter(case=case):
        assert (action.protective, action.decision, action.requested_by) == (True, None, "system:enforcement")
    assert not Strike.objects.exists()


def test_an_account_that_was_taken_over_is_locked_for_its_owner(world: None) -> None:
    case_about(["ACC.customer_ato"], subject=None)
    assert (account("customer:c-1").status, account("shopper:s-1").status) == ("protected", "normal")


def test_where_the_law_asks_for_a_person_no_machine_suspends(world: None) -> None:
    for ident in ("c-1", "s-1"):
        kind = "customer" if ident == "c-1" else "shopper"
        upsert_entity(matter.MARKETPLACE, kind, ident, {"region": "US-WA-SEA"})
    upsert_entity(matter.MARKETPLACE, "store", "st-1", {"region": "US-WA-SEA"})
    told = {"customer": "c-1", "shopper": "s-1", "store": "st-1", "status": "delivered"}
    upsert_entity(matter.MARKETPLACE, "order", "o-sea", told)
    case = case_about(["SAF.threat"], order="o-sea")
    assert case.region == "US-WA-SEA"
    assert kinds(case) == {"unmatch"}


def test_protecting_twice_changes_nothing(world: None) -> None:
    case = case_about(["SAF.threat"])
    person = as_(somebody("specialist"))
    before = AuditEntry.objects.count(), Action.objects.count()
    protect_at_once({"case": case.pk})
    protect(person, case.pk, "unmatch")
    assert (AuditEntry.objects.count(), Action.objects.count()) == before


def test_a_machine_does_not_put_back_what_a_person_lifted(world: None) -> None:
    case = case_about(["SAF.threat"])
    suspended = Action.objects.get(case=case, type="suspend_interim")
    lift(as_(somebody("supervisor")), suspended.pk, "It was a mix-up of two orders.")
    matter.report(["SAF.threat"])
    settle()
    assert Case.objects.get().report_links.count() == 2
    assert list(Action.objects.filter(type="suspend_interim").values_list("status", flat=True)) == [
        "reversed"
    ]


def test_a_report_that_joins_and_is_graver_protects(world: None) -> None:
    case = case_about(["SAF.reckless_driving"])
    assert kinds(case) == set()
    matter.report(["SAF.weapon"])
    settle()
    assert Case.objects.get().severity == "S0"
    assert kinds(case) == {"unmatch", "suspend_interim"}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("lock_account", "enforcement.interim_suspension"), ("step_up", "enforcement.interim_suspension"),
        ("suspend_interim", "enforcement.interim_suspension"), ("hold_order", "enforcement.block_review"),
        ("hold_payout", "enforcement.money_hold"), ("hold_refund", "enforcement.money_hold"),
    ],
)  # fmt: skip
def test_every_measure_ends_by_itself(world: None, supervisor: Staff, kind: str, path: str) -> None:
    case = case_about(["CON.harassment"])
    Case.objects.filter(pk=case.pk).update(order=Order.objects.get(external_id="o-live"))
    action = protect(as_(supervisor), case.pk, kind, account("shopper:s-1").pk)
    settle()
    clock = Clock.objects.get(subject_type="action", subject_id=action.pk, name="end")
    assert (clock.due_at, clock.authority) == (action.ends_at, words(required(path, "US-WA").authority))
    assert action.ends_at is not None
    clocks.fire_due(action.ends_at - dt.timedelta(seconds=1))
    action.refresh_from_db()
    assert action.status == "requested"
    clocks.fire_due(action.ends_at + dt.timedelta(seconds=1))
    settle()
    action.refresh_from_db()
    assert (action.status, action.reversed_because) == ("expired", "its time was up")
    assert account("shopper:s-1").status == "normal"
    said = [one for one in told("action.reversed") if one["reverses"] == action.pk]
    assert len(said) == 1
    assert case.timeline.filter(summary__startswith="Ended, its time was up").count() == 1


def test_time_runs_out_while_everybody_sleeps(world: None) -> None:
    case = case_about(["SAF.threat"])
    ends = Action.objects.get(case=case, type="suspend_interim").ends_at
    assert ends is not None
    assert ends - timezone.now() <= dt.timedelta(hours=72)
    with time_machine.travel(ends + dt.timedelta(minutes=1), tick=True):
        while clocks.fire_due(timezone.now()):
            pass
        settle()
    assert account("shopper:s-1").status == "normal"
    assert Action.objects.get(case=case, type="suspend_interim").status == "expired"
    # two people stay apart until somebody says otherwise
    assert Action.objects.get(case=case, type="unmatch").status == "requested"


def test_after_it_ended_it_can_be_taken_again(world: None, supervisor: Staff) -> None:
    case = case_about(["CON.harassment"])
    who = account("shopper:s-1").pk
    first = protect(as_(supervisor), case.pk, "lock_account", who)
    assert protect(as_(supervisor), case.pk, "lock_account", who).pk == first.pk
    lift(as_(supervisor), first.pk, "The owner showed who she is.")
    assert not Clock.objects.filter(subject_id=first.pk, state="running").exists()
    again = protect(as_(supervisor), case.pk, "lock_account", who)
    assert again.pk != first.pk
    assert account("shopper:s-1").status == "protected"
    assert Notice.objects.filter(kind="protective_action").count() == 2
    apart = protect(as_(supervisor), case.pk, "unmatch")
    lift(as_(supervisor), apart.pk, "Both of them asked for it.")
    assert protect(as_(supervisor), case.pk, "unmatch").status == "requested"


def test_what_the_marketplace_hears_holds_no_words_of_people(world: None, supervisor: Staff) -> None:
    case = case_about(["CON.harassment"])
    action = protect(as_(supervisor), case.pk, "lock_account", account("shopper:s-1").pk)
    lift(as_(supervisor), action.pk, "Ana Ruiz called and was very upset.")
    settle()
    assert "Ruiz" not in str(told("action.reversed"))
    assert told("action.reversed")[-1]["type"] == "unlock_account"


@pytest.mark.parametrize(
    ("role", "severity", "kind", "allowed"),
    [
        ("specialist", "S1", "lock_account", True), ("specialist", "S1", "hold_order", True),
        ("specialist", "S2", "lock_account", False), ("specialist", "S2", "hold_order", False),
        ("specialist", "S2", "unmatch", True), ("specialist", "S1", "suspend_interim", False),
        ("specialist", "S1", "step_up", False), ("investigator", "S2", "suspend_interim", True),
        ("investigator", "S2", "hold_payout", True), ("auditor", "S1", "lock_account", False),
        ("appeals_reviewer", "S1", "unmatch", False), ("support_agent", "S1", "lock_account", False),
    ],
)  # fmt: skip
def test_who_may_protect(world: None, role: str, severity: str, kind: str, allowed: bool) -> None:
    case = case_about(["CON.harassment"])
    live = Order.objects.get(external_id="o-live")
    Case.objects.filter(pk=case.pk).update(severity=severity, order=live)
    person, who = as_(somebody(role)), account("shopper:s-1").pk
    if allowed:
        assert protect(person, case.pk, kind, who).type == kind
        return
    with pytest.raises(AccessDenied):
        protect(person, case.pk, kind, who)
    assert not Action.objects.exists()


def test_only_measures_that_protect_are_offered(world: None, supervisor: Staff) -> None:
    case = case_about(["CON.harassment"])
    for kind in ("terminate", "warn", "suspend_fixed", "", "unlock"):
        assert kind not in OFFERED
        with pytest.raises(InvalidInput):
            protect(as_(supervisor), case.pk, kind, account("shopper:s-1").pk)
    assert not Action.objects.exists()


def test_a_closed_case_protects_nobody(world: None, supervisor: Staff) -> None:
    case = taken(case_about(["CON.harassment"]), supervisor)
    case_actions.close(as_(supervisor), case.pk, "no_breach", "Nothing was found.")
    with pytest.raises(Conflict):
        protect(as_(supervisor), case.pk, "unmatch")
    assert not Action.objects.exists()


def test_the_database_itself_refuses_a_protective_measure_without_an_end(world: None) -> None:
    case = case_about(["SAF.threat"])
    action = Action.objects.get(case=case, type="suspend_interim")
    with pytest.raises(IntegrityError, match="protective_actions_end"), transaction.atomic():
        Action.objects.filter(pk=action.pk).update(ends_at=None)


def test_people_kept_apart_stay_apart_with_new_accounts(world: None, supervisor: Staff) -> None:
    case = case_about(["CON.harassment"])
    action = protect(as_(supervisor), case.pk, "unmatch")
    customer, shopper = account("customer:c-1"), account("shopper:s-1")
    assert not queries.may_match(customer, shopper)
    assert queries.may_match(account("customer:c-2"), shopper)
    upsert_entity(matter.MARKETPLACE, "shopper", "s-1b", {"name": "Person s-1"})
    Account.objects.filter(external_id="s-1b").update(party=shopper.party)
    assert not queries.may_match(customer, account("shopper:s-1b"))
    lift(as_(supervisor), action.pk, "Both of them asked for it.")
    assert queries.may_match(customer, shopper)
    assert PairBlock.objects.get().lifted_at is not None


def test_the_marketplace_confirms(world: None) -> None:
    case = case_about(["SAF.threat"])
    action = Action.objects.get(case=case, type="suspend_interim")
    confirm(matter.MARKETPLACE, action.pk, "failed", "No such shopper on shift.")
    action.refresh_from_db()
    # what could not be done does not stand in the account's standing
    assert (action.status, account("shopper:s-1").status) == ("failed", "normal")
    entries = AuditEntry.objects.count()
    confirm(matter.MARKETPLACE, action.pk, "failed", "Again.")
    assert AuditEntry.objects.count() == entries
    confirm(matter.MARKETPLACE, action.pk, "applied", "Now it worked.")
    action.refresh_from_db()
    assert (action.status, account("shopper:s-1").status) == ("applied", "suspended_pending")
    with pytest.raises(Conflict):
        confirm(matter.MARKETPLACE, action.pk, "failed")
    with pytest.raises(InvalidInput):
        confirm(matter.MARKETPLACE, action.pk, "reversed")
    for person in ("supervisor", "administrator"):
        with pytest.raises(AccessDenied):
            confirm(as_(somebody(person)), action.pk, "applied")


def test_a_confirmation_that_comes_too_late_brings_nothing_back(world: None, supervisor: Staff) -> None:
    case = case_about(["SAF.threat"])
    action = Action.objects.get(case=case, type="suspend_interim")
    lift(as_(supervisor), action.pk, "It was a mix-up of two orders.")
    assert confirm(matter.MARKETPLACE, action.pk, "applied").status == "reversed"
    assert account("shopper:s-1").status == "normal"


def test_only_whose_case_it_is_ends_what_protects(world: None) -> None:
    case = case_about(["SAF.threat"])
    action = Action.objects.get(case=case, type="suspend_interim")
    person = somebody("investigator")
    with pytest.raises(AccessDenied) as caught:
        lift(as_(person), action.pk, "It was a mix-up of two orders.")
    assert caught.value.reason == "assignment"
    taken(case, person)
    for empty in ("", "  ", "x"):
        with pytest.raises(InvalidInput):
            lift(as_(person), action.pk, empty)
    action.refresh_from_db()
    assert (action.status, account("shopper:s-1").status) == ("requested", "suspended_pending")
    assert lift(as_(person), action.pk, "It was a mix-up of two orders.").status == "reversed"


def test_what_failed_can_be_ended_and_is_not_done_afterwards(world: None, supervisor: Staff) -> None:
    case = case_about(["SAF.threat"])
    action = Action.objects.get(case=case, type="suspend_interim")
    confirm(matter.MARKETPLACE, action.pk, "failed", "No such shopper on shift.")
    lift(as_(supervisor), action.pk, "It was a mix-up of two orders.")
    assert confirm(matter.MARKETPLACE, action.pk, "applied").status == "reversed"
    assert account("shopper:s-1").status == "normal"


def test_a_decided_limit_without_days_is_looked_at_again(world: None, supervisor: Staff) -> None:
    case = taken(case_about(["SAF.threat"]), supervisor)
    made = decide(
        as_(supervisor), case.pk,
        finding(
            "shopper:s-1", "C1.8", step="restrict_feature", feature="alcohol",
            deviation_reason="Only deliveries of alcohol led to quarrels.",
        ),
    )  # fmt: skip
    action = Action.objects.get(decision=made)
    assert action.ends_at is None
    clock = Clock.objects.get(subject_id=action.pk, name="review")
    clocks.fire_due(clock.due_at + dt.timedelta(seconds=1))
    action.refresh_from_db()
    assert action.status == "requested"
    assert case.timeline.filter(summary__startswith="Due for review").count() == 1


def test_a_decided_suspension_ends_on_its_day(world: None, supervisor: Staff) -> None:
    case = taken(case_about(["SAF.threat"]), supervisor)
    made = decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8"))
    action = Action.objects.get(decision=made)
    with time_machine.travel(made.decided_at + dt.timedelta(days=14, minutes=1), tick=True):
        while clocks.fire_due(timezone.now()):
            pass
        settle()
    assert Action.objects.get(pk=action.pk).status == "expired"
    assert account("shopper:s-1").status == "normal"
    # the strike outlives it
    assert Strike.objects.get(decision=made).revoked_at is None


def test_the_system_may_confirm_for_the_marketplace(world: None) -> None:
    case = case_about(["SAF.threat"])
    action = Action.objects.get(case=case, type="unmatch")
    assert confirm(system("tests"), action.pk, "applied").status == "applied"
