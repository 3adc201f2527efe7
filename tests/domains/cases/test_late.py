"""Work is late: it comes first where people look, and whoever must act is told in person, without a word of
what it is."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from tests.domains import matter
from tests.domains.matter import account, as_, case_about, decided, report, settle, somebody, taken
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import prepare
from tocsin.domains.cases import queries
from tocsin.domains.cases.actions import message_reporter
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import appeals
from tocsin.domains.enforcement.models import Action, Decision
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.staff import actions as staff_actions
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 3, 10, 12, 10, tzinfo=dt.UTC)


def miss(subject: str, subject_id: str, *names: str) -> None:
    """Let these clocks run out, all at once."""
    due = Clock.objects.filter(subject_type=subject, subject_id=subject_id, name__in=names, state="running")
    moment = timezone.now() - dt.timedelta(seconds=1)
    assert due.update(due_at=moment) == len(names)
    assert clocks.fire_due(timezone.now()) == len(names)
    settle()


def letters(topic: str) -> dict[str, list[str]]:
    """The texts of the e-mails of a topic, by address."""
    found: dict[str, list[str]] = {}
    for parcel in map(prepare, OutboxMessage.objects.filter(kind="email", topic=topic).order_by("next_at")):
        found.setdefault(parcel.to, []).append(parcel.body["text"])
    return found


@pytest.fixture
def people(supervisor: Staff) -> dict[str, Staff]:
    """Sunita supervises everywhere, Elsie in another region, Gus works here no longer; Ines investigates, and
    Kin leads somebody close to the reporter."""
    kin = somebody("supervisor", "Kin")
    near = somebody("specialist", manager_id=kin.pk)
    chief = as_(somebody("administrator"))
    staff_actions.wall_off(chief, near.pk, ["customer:c-1"])
    gone = somebody("supervisor", "Gus")
    staff_actions.set_active(chief, gone.pk, False)
    settle()
    return {
        "sunita": supervisor, "elsie": somebody("supervisor", "Elsie", regions=["EU"]), "kin": kin,
        "gus": gone, "ines": somebody("investigator", "Ines"),
    }  # fmt: skip


def order_of(actor: Staff) -> list[str]:
    return [one.pk for one in queries.queue(as_(actor), tab="all").items]


def test_what_is_late_comes_first_until_somebody_acts(people: dict[str, Staff]) -> None:
    first = case_about(["CON.harassment"])
    late = case_about(["CON.harassment"], subject={"kind": "shopper", "id": "s-2"})
    Case.objects.filter(pk=first.pk).update(next_due_at=timezone.now() + dt.timedelta(minutes=1))
    assert order_of(people["sunita"]) == [first.pk, late.pk]
    miss("case", late.pk, "owner")
    assert order_of(people["sunita"]) == [late.pk, first.pk]
    missed = Clock.objects.get(subject_id=late.pk, name="owner")
    assert Case.objects.get(pk=late.pk).next_due_at == missed.due_at

    taken(late, people["ines"])
    missed.refresh_from_db()
    assert (missed.state, missed.settled_at is None) == ("breached", False)
    assert order_of(people["sunita"]) == [first.pk, late.pk]


def test_a_late_word_to_the_reporter_stays_late_until_it_is_said(people: dict[str, Staff]) -> None:
    case = taken(case_about(["CON.harassment"]), people["ines"])
    miss("case", case.pk, "update")
    late = Clock.objects.get(subject_type="case", name="update", state="breached")
    assert Case.objects.get().next_due_at == late.due_at
    message_reporter(as_(people["ines"]), case.pk, case.report_ids()[0], "We are still looking into it.")
    assert Case.objects.get().next_due_at == clocks.next_due("case", case.pk) > timezone.now()


def test_its_owner_and_the_supervisors_of_the_region_are_told(people: dict[str, Staff]) -> None:
    case = taken(case_about(["CON.harassment"]), people["ines"])
    miss("case", case.pk, "update")
    told = letters("work.late")
    assert set(told) == {people["ines"].email, people["sunita"].email}
    for text in (*told[people["ines"].email], *told[people["sunita"].email]):
        assert "/console/queue/?tab=due" in text
        for secret in (case.title, case.reference, case.pk, "harassment", "c-1", "brought my order"):
            assert secret not in text


def test_at_most_once_an_hour_and_nothing_is_missed(people: dict[str, Staff]) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for number, minutes in enumerate((0, 5, 5, 60)):
            clock.shift(dt.timedelta(minutes=minutes))
            upsert_entity(matter.MARKETPLACE, "shopper", f"s-{number}", {"region": "US-WA"})
            case = case_about(["CON.harassment"], subject={"kind": "shopper", "id": f"s-{number}"})
            miss("case", case.pk, "owner")
    mine = OutboxMessage.objects.filter(topic="work.late", destination=f"staff:{people['sunita'].pk}")
    assert list(mine.order_by("next_at").values_list("next_at", flat=True)) == [
        NOON, NOON.replace(hour=13, minute=0), NOON.replace(hour=14, minute=0),
    ]  # fmt: skip


def test_what_nobody_can_wait_for_is_told_at_once_each_time(people: dict[str, Staff]) -> None:
    case = case_about(["SAF.threat"])
    assert case.severity in ("S0", "S1")
    miss("case", case.pk, "owner", "update")
    told = letters("work.late_urgent")
    assert set(told) == {people["sunita"].email}
    assert [f"/console/case/{case.reference}/" in text for text in told[people["sunita"].email]] == [
        True,
        True,
    ]
    assert letters("work.late") == {}


def test_a_report_that_waits_without_a_case_is_told_to_the_region(people: dict[str, Staff]) -> None:
    filed = report(["SAF.threat"])
    OutboxMessage.objects.filter(topic="report.received").delete()  # no case was opened yet
    miss("report", filed.report.pk, "answer")
    assert set(letters("work.late_urgent")) == {people["sunita"].email}


@pytest.fixture
def lodged(people: dict[str, Staff]) -> str:
    made = decided(
        taken(case_about(["SAF.threat"]), people["sunita"]), people["sunita"], "shopper:s-1", "C1.8"
    )
    return appeals.lodge(matter.MARKETPLACE, made.pk, "It was my brother on that day.").pk


def test_a_late_appeal_is_told_to_those_who_may_hear_it(people: dict[str, Staff], lodged: str) -> None:
    arthur, omar = somebody("appeals_reviewer", "Arthur"), somebody("supervisor", "Omar")
    miss("appeal", lodged, "acknowledge")
    assert set(letters("appeal.late")) == {arthur.email, omar.email}, "not Sunita, who decided"
    OutboxMessage.objects.filter(topic="appeal.late", kind="email").delete()

    bea = somebody("appeals_reviewer", "Bea")
    appeals.take(as_(bea, "appeal_review"), lodged)
    miss("appeal", lodged, "decide")
    assert set(letters("appeal.late")) == {bea.email, omar.email}
    assert clocks.next_due("appeal", lodged) == Clock.objects.get(subject_id=lodged, name="decide").due_at
    appeals.answer(as_(bea, "appeal_review"), lodged, "uphold", "The log shows that it was not.")
    assert clocks.next_due("appeal", lodged) is None


def test_a_measure_due_for_review_is_told(people: dict[str, Staff]) -> None:
    case = taken(case_about(["FRD-X.fake_support_caller"]), people["ines"])
    action = Action.objects.create(
        id="act_1", type="restrict_feature", level=2, case=case, account=account("shopper:s-1"),
        target_kind="shopper", target_id="s-1", protective=False, basis="test", reason_code="test",
        starts_at=timezone.now(), status="applied", requested_by="tests", idempotency_key="act_1",
    )  # fmt: skip
    Clock.objects.create(
        id="clk_1", name="review", kind="internal", subject_type="action", subject_id=action.pk,
        basis="hours", amount=1, authority="test", started_at=timezone.now(), due_at=timezone.now(),
        on_breach="escalate", data={"case": case.pk},
    )  # fmt: skip
    miss("action", action.pk, "review")
    told = letters("action.review_due")
    assert set(told) == {people["ines"].email, people["sunita"].email}
    assert Decision.objects.count() == 0
