"""Questions to history, from asking to the answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.domains import matter
from tests.domains.detection.desk import Desk
from tests.domains.matter import as_
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.questions import actions, asking, queries
from tocsin.domains.questions.actions import Asked
from tocsin.domains.questions.answering import answer_next, forget_old
from tocsin.domains.questions.models import Answering, Question
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def investigator(db: None) -> Actor:
    return as_(matter.somebody("investigator", "Ines"))


def asked(when: str = "", **more: Any) -> Asked:
    now = timezone.now()
    return Asked(when, **({"since": now - DAY, "until": now + DAY} | more))


def answer(actor: Actor, when: str = "", **more: Any) -> dict[str, Any]:
    """What is found."""
    made = actions.ask(actor, asked(when, **more), "Case TS-1")
    assert answer_next() == 1
    found = queries.question(actor, made.pk)
    assert (found.state, found.problem) == ("done", "")
    return dict(found.answer)


def orders(desk: Desk) -> None:
    """Three orders of two customers, in two currencies, and a login."""
    desk.tell("order.placed", customer="c-1", order="o-1", total_minor=5_000, currency="USD", promo="NEW")
    desk.tell("order.placed", customer="c-1", order="o-2", total_minor=7_000, currency="USD")
    desk.tell("order.placed", customer="c-2", order="o-3", total_minor=9_000, currency="CAD", region="US-WA")
    desk.tell("account.login", customer="c-2", device="d-1")
    ship_once(desk.read)


def test_events_series_sums_and_the_most_frequent(desk: Desk, investigator: Actor) -> None:
    orders(desk)
    found = answer(
        investigator, "total_minor >= 5000", on=["order.placed"], adds_up="total_minor", top_of="customer"
    )
    assert (found["events"], found["matches"], found["withheld"]) == (4, 3, 0)
    assert [row["seq"] for row in found["rows"]] == [4, 3, 2]
    assert sum(found["counts"].values()) == 3
    assert {currency: sum(sums.values()) for currency, sums in found["sums"].items()} == {
        "CAD": 9_000, "USD": 12_000,
    }  # fmt: skip
    assert found["top"] == [["c-1", 2], ["c-2", 1]]


def test_a_field_that_is_not_there_answers_neither_way(desk: Desk, investigator: Actor) -> None:
    orders(desk)
    assert answer(investigator, 'promo == "NEW"')["matches"] == 1
    assert answer(investigator, 'promo != "NEW"')["matches"] == 0
    assert answer(investigator, "not known(promo)", on=["order.placed"])["matches"] == 2
    assert answer(investigator)["matches"] == 4


def test_features_have_the_values_they_had_when_it_was_decided(desk: Desk, investigator: Actor) -> None:
    assert desk.test_cards(cards=5) == "block"
    ship_once(desk.read)
    found = answer(investigator, "device_other_declined_cards_1h >= 3")
    assert [row["values"] for row in found["rows"]] == [
        {"device_other_declined_cards_1h": 4}, {"device_other_declined_cards_1h": 3},
    ]  # fmt: skip


def test_what_came_before_the_period_fills_counters_and_is_not_found(desk: Desk, investigator: Actor) -> None:
    desk.now -= 2 * 86_400_000
    orders(desk)
    desk.now += 2 * 86_400_000
    desk.tell("order.placed", customer="c-1", order="o-4", device="d-2", total_minor=100, currency="USD")
    ship_once(desk.read)
    found = answer(investigator, "customer_other_devices >= 0")
    assert (found["events"], found["warm_up"], found["matches"]) == (1, 4, 1)


@pytest.mark.parametrize(
    ("regions", "walled_off", "withheld"), [(["US-CA"], [], 1), (["*"], ["customer:c-2"], 2)]
)
@pytest.mark.parametrize("when", ["total_minor > 8000", "total_minor > 9000"])
def test_what_is_withheld_is_counted_alike_whatever_is_asked(
    desk: Desk, regions: list[str], walled_off: list[str], withheld: int, when: str
) -> None:
    orders(desk)
    ida = matter.somebody("investigator", "Ida", regions=regions)
    Staff.objects.filter(pk=ida.pk).update(walled_off_accounts=walled_off)
    found = answer(as_(ida), when)
    assert (found["events"], found["matches"], found["withheld"]) == (4, 0, withheld)


def test_who_may_not_see_what_is_sealed_cannot_ask_about_it(desk: Desk, investigator: Actor) -> None:
    desk.tell("message.sent", customer="c-1", sender="customer", text="Call me on 206 555 0123")
    ship_once(desk.read)
    for when in ("shows_phone(text)", "customer_scam_messages_24h >= 1"):
        with pytest.raises(AccessDenied, match="sealed: text"):
            actions.ask(investigator, asked(when), "Case TS-1")
    assert not Question.objects.exists()
    everybody = as_(matter.somebody("supervisor", "Sunita"))
    assert answer(everybody, "shows_phone(text)")["matches"] == 1
    assert answer(everybody, "customer_scam_messages_24h >= 0")["matches"] == 1


def test_a_question_is_written_down_with_its_reason(investigator: Actor) -> None:
    made = actions.ask(investigator, asked("total_minor > 1"), "  Case TS-1 ")
    row = Question.objects.get(pk=made.pk)
    assert (row.when, row.reason, row.purpose) == ("total_minor > 1", "Case TS-1", "case_handling")
    assert row.asked_by_id == investigator.id
    assert b"total_minor" not in bytes(row.when_sealed)
    assert b"Case" not in bytes(row.reason_sealed)
    assert AuditEntry.objects.filter(payload__contains="question.ask").count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"when": "totl_minor > 1"}, "when"), ({"when": "x" * 4_001}, "when"),
        ({"on": ["order.plced"]}, "on"), ({"bucket": "week"}, "bucket"),
        ({"adds_up": "text"}, "adds_up"), ({"top_of": "text"}, "top_of"),
        ({"name": "x" * 81}, "name"), ({"since": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "since"),
        ({"until": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "until"),
        (
            {"since": dt.datetime(1, 1, 1, tzinfo=dt.UTC), "until": dt.datetime(1, 1, 2, tzinfo=dt.UTC)},
            "since",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_by_field(
    investigator: Actor, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        actions.ask(investigator, asked(**wrong), "Case TS-1")
    assert list(raised.value.fields) == [field]
    assert not Question.objects.exists()


@pytest.mark.parametrize("reason", ["", "  x ", "x" * 501])
def test_without_a_reason_nothing_is_asked(investigator: Actor, reason: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        actions.ask(investigator, asked(), reason)
    assert list(raised.value.fields) == ["reason"]
    assert not Question.objects.exists()


def test_a_mistake_is_shown_where_it_is(investigator: Actor) -> None:
    [found] = asking.problems(investigator, [], "total_minor > 1 and totl_minor < 2")
    assert (found["line"], found["column"]) == (1, 21)
    assert found["shown"].splitlines()[1] == " " * 20 + "^" * 10


def test_an_answer_is_its_askers_and_a_kept_question_everybodys(desk: Desk, investigator: Actor) -> None:
    orders(desk)
    made = actions.ask(investigator, asked("total_minor > 1", name="Orders"), "Case TS-1")
    other = as_(matter.somebody("investigator", "Other"))
    with pytest.raises(NotFound):
        queries.question(other, made.pk)
    assert [row.name for row in queries.kept(other)] == ["Orders"]
    assert queries.own(other) == []


def test_who_may_not_look_people_up_asks_nothing() -> None:
    trainer = as_(matter.somebody("trainer", "Tom"))
    with pytest.raises(AccessDenied):
        actions.ask(trainer, asked(), "Case TS-1")
    assert not Question.objects.exists()


def test_a_worker_that_died_leaves_its_question_to_the_next(desk: Desk, investigator: Actor) -> None:
    actions.ask(investigator, asked(), "Case TS-1")
    Answering.objects.update(held_until=timezone.now() + dt.timedelta(seconds=30), percent=40)
    assert answer_next() == 0
    Answering.objects.update(held_until=timezone.now() - dt.timedelta(seconds=1))
    assert answer_next() == 1
    assert not Answering.objects.exists()
    assert Question.objects.get().state == "done"


def test_a_question_that_breaks_off_holds_up_no_other_and_is_given_up(
    desk: Desk, investigator: Actor
) -> None:
    bad = actions.ask(investigator, asked("customer_other_devices >= 0"), "Case TS-1")
    Question.objects.update(since=dt.datetime(1, 1, 1, tzinfo=dt.UTC))  # its window reaches before the year 1
    with pytest.raises(OverflowError):
        answer_next()
    Answering.objects.update(held_until=None)
    good = actions.ask(investigator, asked(), "Case TS-1")
    assert answer_next() == 1
    assert queries.question(investigator, good.pk).state == "done"
    for _ in range(2):
        with pytest.raises(OverflowError):
            answer_next()
        Answering.objects.update(held_until=None)
    assert (answer_next(), answer_next()) == (1, 0)
    given_up = queries.question(investigator, bad.pk)
    assert (given_up.state, given_up.answer) == ("failed", {})
    assert given_up.problem.startswith("Working it out broke off three times.")


def test_so_many_questions_of_one_person_wait_at_once(investigator: Actor) -> None:
    for _ in range(actions.MAX_OPEN):
        actions.ask(investigator, asked(), "Case TS-1")
    with pytest.raises(Conflict):
        actions.ask(investigator, asked(), "Case TS-1")
    assert Question.objects.count() == actions.MAX_OPEN
    actions.ask(as_(matter.somebody("investigator", "Other")), asked(), "Case TS-1")


def test_an_answer_is_kept_for_thirty_days_and_its_question_longer(desk: Desk, investigator: Actor) -> None:
    orders(desk)
    answer(investigator, "total_minor > 1")
    assert forget_old() == 0
    Question.objects.update(done_at=timezone.now() - 31 * DAY)
    assert forget_old() == 1
    assert forget_old() == 0
    row = Question.objects.get()
    assert (row.answer, row.when, row.reason) == ({}, "total_minor > 1", "Case TS-1")


def test_an_export_is_capped_and_written_down(desk: Desk, settings: Any) -> None:
    orders(desk)
    lead = as_(matter.somebody("supervisor", "Sunita"))
    made = actions.ask(lead, asked("total_minor >= 0"), "Case TS-1")
    answer_next()
    settings.TOCSIN_EXPORT_CAP = 2
    with pytest.raises(AccessDenied):
        actions.export(lead, made.pk)
    assert not AuditEntry.objects.filter(payload__contains="question.export").exists()
    settings.TOCSIN_EXPORT_CAP = 3
    assert [event.seq for event in actions.export(lead, made.pk)] == [4, 3, 2]
    assert AuditEntry.objects.filter(payload__contains="question.export").count() == 1
