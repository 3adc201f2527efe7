"""Clocks in the database: started once, met, paused, extended, each with its audit entry."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.calendars import CalendarSpec
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.spec import Citation, ClockSpec, Extension
from tocsin.core.clocks.terms import terms_of
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput

pytestmark = pytest.mark.django_db

ME = system("tests")
START = dt.datetime(2026, 3, 2, 15, 0, tzinfo=dt.UTC)
CITED = Citation(pack="default", path="case.answer", source="Our own objective", mark="D")
LAW = Citation(pack="US-CA", path="privacy.answer", source="CCPA §1798.130", mark="V")


def objective(name: str = "answer", hours: int = 4) -> ClockSpec:
    """Four hours to answer; stands still while we wait for the reporter."""
    return ClockSpec(
        name=name, basis="hours", amount=hours, authority=CITED, pause="awaiting_reporter", on_breach="record"
    )


def law(extension: Extension | None = None) -> ClockSpec:
    return ClockSpec(
        name="privacy.answer",
        basis="calendar_days",
        amount=45,
        authority=LAW,
        kind="legal",
        extension=extension,
    )


def begin(spec: ClockSpec, subject: str = "case_1", **more: object) -> Clock:
    with act(ME, "test") as work:
        return clocks.start(
            work, spec, subject_type="case", subject_id=subject, zone="America/Los_Angeles", **more
        )  # type: ignore[arg-type]


def supervisor() -> Actor:
    return Actor("staff", "stf_1", "Sam", frozenset({"supervisor"}), frozenset({"*"}))


def verbs(clock: Clock) -> list[str]:
    entries = AuditEntry.objects.filter(object_type="core.clock", object_id=clock.pk).order_by("id")
    return [entry.verb for entry in entries]


def test_a_clock_keeps_its_terms_and_says_when_it_is_due() -> None:
    with time_machine.travel(START, tick=False):
        clock = begin(objective(), region="US-CA", data={"report": "rep_1"})
    stored = Clock.objects.get(pk=clock.pk)
    assert stored.due_at == START + dt.timedelta(hours=4)
    assert (stored.name, stored.kind, stored.state, stored.zone) == (
        "answer", "internal", "running", "America/Los_Angeles",
    )  # fmt: skip
    assert stored.authority == "Our own objective [D] (default, case.answer)"
    assert (stored.data["report"], stored.data["region"]) == ("rep_1", "US-CA")
    assert verbs(clock) == ["clock.start"]


def test_the_calendar_is_kept_with_the_clock() -> None:
    california = CalendarSpec(id="US-CA", country="US", subdivision="CA", source="test")
    spec = ClockSpec(
        name="tell", basis="business_days", amount=3, calendar=california, authority=LAW, kind="legal"
    )
    clock = begin(spec, start_at=dt.datetime(2026, 7, 2, 17, 0, tzinfo=dt.UTC))
    # Thursday 2 July; Friday 3 July is the observed holiday, so Monday, Tuesday, Wednesday count
    assert clock.due_at == dt.datetime(2026, 7, 9, 6, 59, 59, tzinfo=dt.UTC)
    assert clock.calendar == "US-CA"
    assert terms_of(Clock.objects.get(pk=clock.pk)) == spec


def test_starting_twice_gives_the_same_clock() -> None:
    first, second = begin(objective()), begin(objective(hours=9))
    other_subject, other_name = begin(objective(), "case_2"), begin(objective(), name="next_update")
    assert second.pk == first.pk
    assert second.due_at == first.due_at
    assert len({first.pk, other_subject.pk, other_name.pk}) == 3
    assert verbs(first) == ["clock.start"]


def test_a_clock_that_ended_can_be_started_again() -> None:
    first = begin(objective())
    with act(ME, "test") as work:
        met = clocks.meet(work, "case", "case_1", "answer")
    again = begin(objective())
    assert met is not None
    assert met.pk == first.pk
    assert met.state == Clock.State.MET
    assert again.pk != first.pk
    assert verbs(first) == ["clock.start", "clock.meet"]


def test_meeting_what_does_not_run_changes_nothing() -> None:
    begin(objective())
    with act(ME, "test") as work:
        assert clocks.meet(work, "case", "case_1", "next_update") is None
        assert clocks.meet(work, "case", "case_9", "answer") is None
    assert [clock.state for clock in Clock.objects.all()] == ["running"]


def test_cancelling_stops_one_or_all() -> None:
    for name in ("answer", "next_update", "owner"):
        begin(objective(name))
    begin(objective(), "case_2")
    with act(ME, "test") as work:
        one = clocks.cancel(work, "case", "case_1", "owner", because="routed out")
        rest = clocks.cancel(work, "case", "case_1", because="closed")
    assert [clock.name for clock in one] == ["owner"]
    assert sorted(clock.name for clock in rest) == ["answer", "next_update"]
    assert [clock.name for clock in clocks.running("case", "case_2")] == ["answer"]
    assert '"because":"closed"' in AuditEntry.objects.filter(object_id=rest[0].pk).latest("id").payload


def test_a_pause_moves_the_due_moment_by_the_paused_time() -> None:
    with time_machine.travel(START, tick=False) as clock_of_the_world:
        clock = begin(objective())
        clock_of_the_world.shift(dt.timedelta(hours=1))
        with act(ME, "test") as work:
            clocks.pause(work, "case", "case_1", "waiting for the reporter")
            assert clocks.pause(work, "case", "case_1", "again") == []
        assert clocks.next_due("case", "case_1") is None
        clock_of_the_world.shift(dt.timedelta(days=2))
        assert clocks.fire_due() == 0
        with act(ME, "test") as work:
            clocks.resume(work, "case", "case_1")
            assert clocks.resume(work, "case", "case_1") == []
    stored = Clock.objects.get(pk=clock.pk)
    assert stored.due_at == START + dt.timedelta(hours=4, days=2)
    assert clocks.next_due("case", "case_1") == stored.due_at
    assert verbs(clock) == ["clock.start", "clock.pause", "clock.resume"]


def test_a_legal_clock_does_not_pause() -> None:
    legal, ours = begin(law()), begin(objective())
    with act(ME, "test") as work:
        paused = clocks.pause(work, "case", "case_1", "waiting for the reporter")
    assert [clock.pk for clock in paused] == [ours.pk]
    assert Clock.objects.get(pk=legal.pk).state == Clock.State.RUNNING


def test_ending_a_paused_clock_closes_its_pause() -> None:
    clock = begin(objective())
    with act(ME, "test") as work:
        clocks.pause(work, "case", "case_1", "waiting")
        clocks.meet(work, "case", "case_1", "answer")
    assert [end is None for _, end in Clock.objects.get(pk=clock.pk).pauses] == [False]


def test_an_extension_needs_the_right_and_a_reason() -> None:
    clock = begin(objective())
    plain = Actor("staff", "stf_2", "Pat", frozenset({"specialist"}), frozenset({"*"}))
    with pytest.raises(AccessDenied), act(plain, "clock.extend") as work:
        clocks.extend(work, clock.pk, dt.timedelta(hours=1), "busy")
    with pytest.raises(InvalidInput), act(supervisor(), "clock.extend") as work:
        clocks.extend(work, clock.pk, dt.timedelta(hours=1), "  ")
    with pytest.raises(InvalidInput), act(supervisor(), "clock.extend") as work:
        clocks.extend(work, clock.pk, -dt.timedelta(hours=1), "less")
    assert Clock.objects.get(pk=clock.pk).due_at == clock.due_at
    assert verbs(clock) == ["clock.start"]


def test_our_own_clock_takes_extensions_of_any_kind() -> None:
    clock = begin(objective(), start_at=START)
    with act(supervisor(), "clock.extend") as work:
        clocks.extend(work, clock.pk, dt.timedelta(minutes=30), "interpreter needed")
        clocks.extend(work, clock.pk, Extension(basis="hours", amount=2), "second interview")
    stored = Clock.objects.get(pk=clock.pk)
    assert stored.due_at == START + dt.timedelta(hours=6, minutes=30)
    assert [one["by"] for one in stored.extensions] == ["staff:stf_1", "staff:stf_1"]
    assert clocks.why_extended(stored) == ["interpreter needed", "second interview"]
    assert "interpreter" not in str(stored.extensions)


def test_a_legal_clock_takes_what_the_law_allows_once() -> None:
    clock = begin(law(Extension(basis="calendar_days", amount=45)), start_at=START)
    with pytest.raises(Conflict, match="at most 45"), act(supervisor(), "clock.extend") as work:
        clocks.extend(work, clock.pk, Extension(basis="calendar_days", amount=46), "complex request")
    with act(supervisor(), "clock.extend") as work:
        clocks.extend(work, clock.pk, Extension(basis="calendar_days", amount=45), "complex request")
    with pytest.raises(Conflict, match="already used"), act(supervisor(), "clock.extend") as work:
        clocks.extend(work, clock.pk, Extension(basis="calendar_days", amount=1), "still complex")
    stored = Clock.objects.get(pk=clock.pk)
    # 2 March and 90 days: the end of 31 May in Los Angeles
    assert stored.due_at == dt.datetime(2026, 6, 1, 6, 59, 59, tzinfo=dt.UTC)
    assert len(stored.extensions) == 1


def test_a_legal_clock_without_an_extension_takes_none() -> None:
    clock = begin(law())
    with pytest.raises(Conflict, match="no more time"), act(supervisor(), "clock.extend") as work:
        clocks.extend(work, clock.pk, Extension(basis="calendar_days", amount=1), "please")
    assert Clock.objects.get(pk=clock.pk).due_at == clock.due_at


def test_an_ended_clock_takes_no_more_time() -> None:
    clock = begin(objective())
    with act(ME, "test") as work:
        clocks.cancel(work, "case", "case_1")
    with pytest.raises(Conflict, match="has ended"), act(supervisor(), "clock.extend") as work:
        clocks.extend(work, clock.pk, dt.timedelta(hours=1), "late")


def test_running_lists_what_still_waits_the_earliest_first() -> None:
    begin(objective("slow", 9), start_at=START)
    begin(objective("fast", 1), start_at=START)
    assert [clock.name for clock in clocks.running("case", "case_1")] == ["fast", "slow"]
    assert clocks.next_due("case", "case_1") == START + dt.timedelta(hours=1)
    assert clocks.next_due("case", "case_2") is None


def test_refused_input_starts_nothing() -> None:
    with pytest.raises(ValueError, match="reserved"):
        begin(objective(), data={"spec": {}})
    with pytest.raises(ValueError, match="zone"):
        begin(objective(), start_at=dt.datetime(2026, 1, 1))
    assert not Clock.objects.exists()
