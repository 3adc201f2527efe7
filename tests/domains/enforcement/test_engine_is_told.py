"""The engine is told when an account is ended and when it is restored, so that links know it; and of nothing
else."""

from __future__ import annotations

import pytest

from tests.domains.matter import account, as_, case_about, decided, settle, somebody, taken
from tocsin.core.outbox.models import OutboxMessage
from tocsin.domains.enforcement.decisions import second_read
from tocsin.domains.enforcement.reversal import reverse
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
REASONS = "The phone was reported lost on that day, as the log shows."
SHOPPER = {"shopper": "s-1"}


def told() -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """(type, who, fields) of every event for the engine, the oldest first."""
    rows = OutboxMessage.objects.filter(kind="event").order_by("created_at", "id")
    return [(row.data["type"], row.data["entities"], row.data["fields"]) for row in rows]


def test_a_termination_in_force_and_its_reversal_are_told_once_each(supervisor: Staff) -> None:
    case = taken(case_about(["SAF.threat"]), supervisor)
    made = decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",))
    assert (made.state, told()) == ("awaiting_second_reader", [])
    omar = somebody("supervisor", "Omar")
    second_read(as_(omar), made.pk, True)
    settle()
    removed = ("account.removed", SHOPPER, {"reason": "decision"})
    assert (account("shopper:s-1").status, told()) == ("terminated", [removed])
    reverse(as_(somebody("supervisor", "Pia")), made.pk, REASONS)
    settle()
    assert account("shopper:s-1").status == "normal"
    assert told() == [removed, ("account.reinstated", SHOPPER, {})]


def test_a_suspension_ends_nobody(supervisor: Staff) -> None:
    made = decided(taken(case_about(["SAF.threat"]), supervisor), supervisor, "shopper:s-1", "C1.8")
    assert account("shopper:s-1").status == "suspended"
    reverse(as_(somebody("supervisor", "Omar")), made.pk, REASONS)
    assert (account("shopper:s-1").status, told()) == ("normal", [])


def test_an_account_that_two_decisions_ended_is_restored_with_the_second_reversal(supervisor: Staff) -> None:
    omar, pia = somebody("supervisor", "Omar"), somebody("supervisor", "Pia")
    ended = []
    for order in ("o-1", "o-live"):
        case = taken(case_about(["SAF.threat"], order=order), supervisor)
        made = decided(case, supervisor, "shopper:s-1", "C1.8", aggravators=("weapon",))
        ended.append(second_read(as_(omar), made.pk, True).pk)
        settle()
    assert [event for event, _, _ in told()] == ["account.removed"]
    reverse(as_(pia), ended[0], REASONS)
    assert [event for event, _, _ in told()] == ["account.removed"]
    reverse(as_(pia), ended[1], REASONS)
    assert [event for event, _, _ in told()] == ["account.removed", "account.reinstated"]
