"""Clocks that run out: effect and state together, failures apart, people first."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connection

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.clocks import breach
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.spec import Citation, ClockSpec
from tocsin.core.outbox import registry
from tocsin.core.outbox.models import OutboxMessage

START = dt.datetime(2026, 3, 2, 15, 0, tzinfo=dt.UTC)
LATER = START + dt.timedelta(hours=5)
CITED = Citation(pack="default", path="x", source="test", mark="D")


@pytest.fixture(autouse=True)
def own_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the handlers a test registers."""
    monkeypatch.setattr(breach, "_handlers", [])


@pytest.fixture
def breaches_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_handlers", {"clock.breached": {"test": lambda data: None}})
    return


def begin(name: str, verb: str = "escalate", hours: int = 4, subject: str = "case_1") -> Clock:
    spec = ClockSpec(name=name, basis="hours", amount=hours, authority=CITED, on_breach=verb)  # type: ignore[arg-type]
    with act(system("tests"), "test") as work:
        return clocks.start(work, spec, subject_type="case", subject_id=subject, zone="UTC", start_at=START)


def effects(name: str) -> int:
    return AuditEntry.objects.filter(verb="effect", object_type="test", object_id=name).count()


def leave_effect(clock: Clock, work: Work) -> None:
    work.fact("test", clock.name, "effect")


@pytest.mark.django_db
def test_only_what_is_due_fires_and_only_once() -> None:
    breach.on_breach("escalate")(leave_effect)
    begin("due"), begin("not_yet", hours=6)
    assert clocks.fire_due(LATER) == 1
    assert clocks.fire_due(LATER) == 0
    assert (effects("due"), effects("not_yet")) == (1, 0)
    fired = Clock.objects.get(name="due")
    assert (fired.state, fired.ended_at) == ("breached", LATER)
    assert Clock.objects.get(name="not_yet").state == "running"


@pytest.mark.django_db
def test_the_limit_holds_and_the_longest_overdue_goes_first() -> None:
    breach.on_breach("escalate")(leave_effect)
    begin("second", hours=3), begin("first", hours=2), begin("third", hours=4)
    assert clocks.fire_due(LATER, limit=2) == 2
    assert list(Clock.objects.filter(state="running").values_list("name", flat=True)) == ["third"]


@pytest.mark.django_db
def test_a_breach_is_told_to_whoever_listens(breaches_are_told: None) -> None:
    clock = begin("answer", "record")
    clocks.fire_due(LATER)
    told = OutboxMessage.objects.get()
    assert told.topic == "clock.breached"
    assert told.data == {
        "clock": clock.pk,
        "name": "answer",
        "kind": "internal",
        "subject_type": "case",
        "subject_id": "case_1",
    }


@pytest.mark.django_db
def test_handlers_are_chosen_by_verb_and_subject() -> None:
    heard: list[str] = []

    def hears(who: str) -> Callable[[Clock, Work], None]:
        def handler(clock: Clock, work: Work) -> None:
            heard.append(f"{who}:{clock.name}")

        return handler

    breach.on_breach("escalate", subject_type="case")(hears("cases"))
    breach.on_breach("escalate", subject_type="report")(hears("reports"))
    breach.on_breach("escalate")(hears("everybody"))
    breach.on_breach("purge")(hears("privacy"))
    begin("answer")
    clocks.fire_due(LATER)
    assert heard == ["cases:answer", "everybody:answer"]


@pytest.mark.django_db
def test_a_handler_that_fails_takes_everything_back_and_is_tried_again(breaches_are_told: None) -> None:
    broken = [True]

    @breach.on_breach("escalate")
    def fails_at_first(clock: Clock, work: Work) -> None:
        work.fact("test", clock.name, "effect")
        work.flush()
        if broken[0]:
            raise RuntimeError("the pager is down")

    breach.on_breach("record")(leave_effect)
    begin("answer", hours=1)
    begin("other", "record", hours=2)
    assert clocks.fire_due(LATER) == 1
    failed = Clock.objects.get(name="answer")
    assert (failed.state, failed.attempts, failed.ended_at) == ("running", 1, None)
    assert failed.last_error == "RuntimeError: the pager is down"
    assert failed.retry_at is not None
    assert LATER < failed.retry_at <= LATER + dt.timedelta(seconds=5)
    assert (effects("answer"), effects("other")) == (0, 1)
    assert [message.data["name"] for message in OutboxMessage.objects.all()] == ["other"]

    broken[0] = False
    assert clocks.fire_due(LATER) == 0, "it waits before it tries again"
    assert clocks.fire_due(failed.retry_at) == 1
    assert effects("answer") == 1
    assert Clock.objects.get(name="answer").last_error == ""


@pytest.mark.django_db
def test_waiting_grows_with_every_failure_and_never_ends() -> None:
    @breach.on_breach("escalate")
    def always_fails(clock: Clock, work: Work) -> None:
        raise RuntimeError("no")

    begin("answer")
    now, waits = LATER, []
    for _ in range(14):
        assert clocks.fire_due(now) == 0
        retry = Clock.objects.get().retry_at
        assert retry is not None
        waits.append((retry - now).total_seconds())
        now = retry
    assert all(4 * 2**n <= wait <= 5 * 2**n for n, wait in enumerate(waits[:9]))
    assert all(2880 <= wait <= 3600 for wait in waits[11:])
    assert Clock.objects.get().state == "running"


@pytest.mark.django_db
def test_a_verb_nobody_answers_is_not_passed_over() -> None:
    begin("answer", "release_hold")
    assert clocks.fire_due(LATER) == 0
    waiting = Clock.objects.get()
    assert (waiting.state, waiting.last_error) == (
        "running", "NoHandler: no handler for 'release_hold' on a case",
    )  # fmt: skip


@pytest.mark.django_db
def test_a_handler_may_start_the_clock_anew() -> None:
    spec = ClockSpec(name="next_update", basis="hours", amount=4, authority=CITED, on_breach="tell_reporter")

    @breach.on_breach("tell_reporter")
    def again(clock: Clock, work: Work) -> None:
        clocks.start(work, spec, subject_type="case", subject_id="case_1", zone="UTC", start_at=LATER)

    begin("next_update", "tell_reporter")
    assert clocks.fire_due(LATER) == 1
    assert sorted(Clock.objects.values_list("state", "due_at")) == [
        ("breached", START + dt.timedelta(hours=4)),
        ("running", LATER + dt.timedelta(hours=4)),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_handler_gives_way_to_a_person_who_holds_its_row() -> None:
    """A person holds the subject; the handler, which holds the clock, does not wait for it."""
    subject = begin("subject", "record", hours=99, subject="case_2")

    @breach.on_breach("escalate")
    def wants_the_subject(clock: Clock, work: Work) -> None:
        work.lock(Clock, subject.pk)

    begin("answer")
    fired: list[int] = []

    def worker() -> None:
        fired.append(clocks.fire_due(LATER))
        connection.close()

    with act(system("tests"), "test") as work:
        work.lock(Clock, subject.pk)
        thread = threading.Thread(target=worker)
        thread.start()
        thread.join(20)
        assert fired == [0], "it came back though the row is still held"
        assert clocks.meet(work, "case", "case_1", "answer") is not None
    clock = Clock.objects.get(name="answer")
    assert (clock.state, clock.attempts, clock.last_error) == ("met", 0, "")
