"""Calls in the database: what each step leaves behind, and what a repeat or a hang-up does not change."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.domains.line.callers import HOUSE, gives, keys, log, rings, tone
from tests.domains.reports import world
from tests.support.stack import until
from tocsin.core.evidence.models import Evidence
from tocsin.domains.line import calls
from tocsin.domains.line.call_state import Keys, LeftQueue, Spoke
from tocsin.domains.line.models import Call, CallLogLine, QueuePlace, Recording
from tocsin.domains.line.queueing import in_order
from tocsin.domains.line.speaking import state_of, values
from tocsin.domains.reports import actions, following
from tocsin.domains.reports.models import Report, ReportMessage

pytestmark = pytest.mark.django_db
FRAUD = ("1", "1", "2", "2")


def told(seconds: float = 0.5) -> Call:
    """A call with a statement, at the reading of number and PIN."""
    call = keys(rings(), *FRAUD)
    calls.keep_recording(call.pk, "r1", tone(seconds), media_type="audio/wav", seconds=seconds)
    return gives(call, Spoke("#"))


def test_a_call_becomes_a_report_with_its_recording_sealed_as_evidence() -> None:
    call = told()
    report = Report.objects.get()
    assert (call.report, report.channel, report.severity, report.language) == (report, "phone", "S2", "en")
    item = Evidence.objects.get()
    assert (item.subject_id, item.media_type, item.channel) == (report.pk, "audio/wav", "phone")
    assert Recording.objects.get().evidence_id == item.pk
    assert log(call) == [
        "began", "heard", "keyed", "heard", "keyed", "consent", "heard", "keyed", "heard", "keyed", "filed",
        "heard", "recorded", "keyed", "heard",
    ]  # fmt: skip


def test_number_and_pin_are_spoken_and_the_pin_is_kept_only_until_then() -> None:
    call = told()
    said = values(call, HOUSE)
    pin = said["pin"].replace(", ", "")
    number = call.report.number if call.report else ""
    assert following.verify_follow_up(number, pin, "192.0.2.1") == call.report
    assert "digit" in said["number"] or " as in " in said["number"]
    assert following.read_number(said["digits"].replace(".", "").replace(",", "")) == number
    call = keys(call, "3")
    assert call.pin_sealed is None
    assert "pin" not in values(call, HOUSE)


def test_nothing_secret_is_readable_in_the_tables_of_the_line() -> None:
    call = told()
    pin = values(call, HOUSE)["pin"].replace(", ", "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text FROM line_call c UNION ALL SELECT l::text FROM line_log l")
        text = " ".join(row for (row,) in cursor.fetchall())
    assert pin not in text
    assert "4155550142" not in text


def test_a_webhook_that_comes_twice_moves_the_call_once() -> None:
    call = keys(rings(), "1", "1", "2")
    before = (call.step, state_of(call), log(call))
    calls.advance(call.pk, call.step - 1, Keys("3"), HOUSE)
    again = Call.objects.get(pk=call.pk)
    assert (again.step, state_of(again), log(again)) == before
    assert calls.begin("tests", call.carrier_ref, "+1", HOUSE).pk == call.pk
    assert Call.objects.count() == 1


def test_the_same_recording_is_kept_once() -> None:
    call = keys(rings(), *FRAUD)
    for _ in range(2):
        calls.keep_recording(call.pk, "r1", tone(), media_type="audio/wav", seconds=0.5)
    assert Recording.objects.count() == Evidence.objects.count() == 1


def test_who_declined_is_never_kept_on_record() -> None:
    call = keys(rings(), "1", "9", "2", "2")
    assert calls.keep_recording(call.pk, "r1", tone(), media_type="audio/wav", seconds=0.5) is None
    assert not Evidence.objects.exists()
    consent = call.log.get(kind="consent")
    assert consent.detail == {"given": False, "language": "en", "version": "2026.2"}


@pytest.mark.parametrize(
    "entries", [(), ("1",), ("1", "1"), ("1", "1", "1"), FRAUD, ("1", "1", "7", "1" * 16)]
)
def test_hanging_up_at_any_step_ends_the_call_and_keeps_what_was_told(entries: tuple[str, ...]) -> None:
    call = keys(rings(), *entries)
    reports = Report.objects.count()
    for _ in range(2):
        calls.end("tests", call.carrier_ref)
    calls.advance(call.pk, call.step, Keys("1"), HOUSE)
    after = Call.objects.get(pk=call.pk)
    assert after.ended_at is not None
    assert (after.step, Report.objects.count()) == (call.step, reports)
    assert log(call).count("ended") == 1


def test_a_recording_that_arrives_after_the_hang_up_is_kept() -> None:
    call = keys(rings(), *FRAUD)
    calls.end("tests", call.carrier_ref)
    calls.keep_recording(call.pk, "r1", tone(), media_type="audio/wav", seconds=0.5)
    assert Evidence.objects.get().subject_id == Report.objects.get().pk


def leaves_a_message(call: Call) -> None:
    try:
        calls.take_message(
            "tests", call.carrier_ref, "+14155550142", "en", "m1", tone(), media_type="audio/wav",
            seconds=0.5, house=HOUSE,
        )  # fmt: skip
    finally:
        connection.close()


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        return cursor.rowcount > 0


@pytest.mark.django_db(transaction=True)
def test_a_message_left_while_a_step_stalls_belongs_to_the_report_of_that_step() -> None:
    call = keys(rings(), *FRAUD[:-1])
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            after = keys(call, FRAUD[-1])
            message = pool.submit(leaves_a_message, call)
            until(lambda: somebody_waits_for_us() or message.done(), "the message to be handed over")
            assert not message.done()
        message.result()
    assert Call.objects.get().report == Report.objects.get()
    assert (Call.objects.get().step, Call.objects.get().state) == (after.step, after.state)
    assert Evidence.objects.get().subject_id == Report.objects.get().pk


def test_danger_is_filed_as_an_emergency_and_rung_back_when_the_line_drops() -> None:
    call = keys(rings(), "*")
    report = Report.objects.get()
    assert (report.severity, report.status, report.safe_now) == ("S0", "emergency_active", "no")
    place = QueuePlace.objects.get()
    assert (place.state, place.severity) == ("waiting", "S0")
    calls.end("tests", call.carrier_ref)
    assert QueuePlace.objects.get().state == "call_back"


def test_silence_is_noted_for_the_specialist() -> None:
    keys(rings(), "5", "5", "4")
    assert Report.objects.get().access_mode == "silent"
    assert QueuePlace.objects.get().silent is True


def test_the_gravest_are_answered_first_and_a_call_back_keeps_its_place() -> None:
    first, second = (keys(told(), "3", "1") for _ in range(2))
    danger = keys(rings(), "*")
    assert [place.call_id for place in in_order()] == [danger.pk, first.pk, second.pk]
    gives(keys(first, "1"), LeftQueue())
    assert [place.call_id for place in in_order()] == [danger.pk, first.pk, second.pk]
    assert QueuePlace.objects.get(pk=first.pk).state == "call_back"
    assert values(second, HOUSE)["place"] == "3"
    gives(danger, LeftQueue(bridged=True))
    assert QueuePlace.objects.get(pk=danger.pk).state == "answered"
    assert values(second, HOUSE)["place"] == "2"


def test_a_live_order_is_recognised_only_as_a_claim() -> None:
    world.build()
    world.order("o-2", "picked")
    keys(rings("+1 415 555 0142"), "1", "1", "2", "1")
    report = Report.objects.get()
    assert report.order is not None
    assert report.order.external_id == "o-2"
    assert (report.reporter_account, report.reporter_verified) == (None, False)


def test_an_order_is_not_guessed_between_two_or_for_a_stranger() -> None:
    world.build()
    world.order("o-2", "picked")
    keys(rings("+14155559999"), "1", "1", "2", "1")
    world.order("o-3", "placed")
    keys(rings("+14155550142"), "1", "1", "2", "1")
    assert [report.order for report in Report.objects.all()] == [None, None]


def test_following_up_tells_the_status_and_takes_an_addition() -> None:
    filed = actions.file_report(world.ANYBODY, channel="web", data={"narrative": "It was left in the rain."})
    call = keys(rings(), "1", "1", "7", filed.digits, filed.pin)
    assert state_of(call).at == "follow_menu"
    said = values(call, HOUSE)
    assert said["status"] == "We have your report, and somebody will read it."
    assert said["next_update"].startswith("You hear from us by ")
    call = gives(keys(call, "2"), Spoke("#"))
    calls.keep_recording(call.pk, "r1", tone(), media_type="audio/wav", seconds=0.5)
    assert Evidence.objects.get().subject_id == filed.report.pk
    assert ReportMessage.objects.get().channel == "phone"
    assert Report.objects.count() == 1


def test_number_and_pin_are_masked_in_the_log_and_a_wrong_pin_tells_nothing() -> None:
    filed = actions.file_report(world.ANYBODY, channel="web", data={"narrative": "It was left in the rain."})
    wrong = f"{(int(filed.pin) + 1) % 10**6:06d}"
    call = keys(rings(), "1", "1", "7", filed.digits, wrong)
    assert call.report is None
    assert state_of(call).at == "follow_number"
    text = json.dumps([line.detail for line in call.log.all()])
    assert filed.digits not in text
    assert wrong not in text
    assert call.log.get(kind="not_opened").detail == {"why": "wrong"}


def test_a_guesser_is_stopped_and_can_still_tell_something_new() -> None:
    filed = actions.file_report(world.ANYBODY, channel="web", data={"narrative": "It was left in the rain."})
    wrong = f"{(int(filed.pin) + 1) % 10**6:06d}"
    for _ in range(2):
        keys(rings(), "1", "1", "7", filed.digits, wrong, filed.digits, wrong, filed.digits, wrong)
    call = keys(rings(), "1", "1", "7", filed.digits, filed.pin)
    assert call.log.get(kind="not_opened").detail == {"why": "wait"}
    assert call.report is not None
    assert call.report.pk != filed.report.pk


@pytest.mark.parametrize("statement", ["UPDATE line_log SET kind = 'ended'", "DELETE FROM line_log"])
def test_the_log_only_grows(statement: str) -> None:
    call = rings()
    before = log(call)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert log(call) == before
    assert CallLogLine.objects.count() == len(before)
