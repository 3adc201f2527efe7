"""Number and PIN together open a report; each alone, or a guess, opens nothing and tells nothing."""

import datetime as dt
import re
import secrets

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.domains.reports.world import ANYBODY
from tocsin.core.errors import AccessDenied, TooManyAttempts
from tocsin.core.ids import InvalidReportNumber, new_report_number
from tocsin.domains.reports import actions, following
from tocsin.domains.reports.filing import Filed
from tocsin.domains.reports.following import WrongNumberOrPin, verify_follow_up
from tocsin.domains.reports.models import Report, ReportMessage

pytestmark = pytest.mark.django_db
A_NUMBER = following.TRIES_A_NUMBER["pin"][0]


@pytest.fixture
def filed() -> Filed:
    return actions.file_report(ANYBODY, channel="web", data={"narrative": "It was left in the rain."})


@pytest.fixture
def address() -> str:
    return f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"


def wrong(pin: str) -> str:
    return f"{(int(pin) + 1) % 10**6:06d}"


def mistyped(number: str) -> str:
    """The number with one symbol changed."""
    return number[:4] + ("7" if number[4] != "7" else "8") + number[5:]


def test_number_and_pin_open_the_report_however_they_are_typed(filed: Filed, address: str) -> None:
    spaced = filed.number.lower().replace("-", " ")
    digits = " ".join(filed.digits[at : at + 4] for at in range(0, 16, 4))
    for number in (filed.number, spaced, filed.number[3:], filed.digits, digits):
        assert verify_follow_up(number, f" {filed.pin[:3]} {filed.pin[3:]} ", address) == filed.report


def test_a_mistyped_number_is_refused_by_its_check_symbol_alone(filed: Filed, address: str) -> None:
    with CaptureQueriesContext(connection) as queries, pytest.raises(InvalidReportNumber) as caught:
        verify_follow_up(mistyped(filed.number), filed.pin, address)
    assert caught.value.code == "report_number_check"
    assert len(queries) == 0


def test_a_wrong_number_and_a_wrong_pin_get_the_same_answer_for_the_same_work(
    filed: Filed, address: str
) -> None:
    def attempt(number: str, pin: str) -> tuple[str, str, dict, list[str]]:
        with CaptureQueriesContext(connection) as queries, pytest.raises(WrongNumberOrPin) as caught:
            verify_follow_up(number, pin, address)
        shapes = [re.sub(r"\d+", "", query["sql"].split("'")[0]) for query in queries]
        return caught.value.what, caught.value.next_step, caught.value.fields, shapes

    nobodys = attempt(new_report_number(), filed.pin)
    assert attempt(filed.number, wrong(filed.pin)) == nobodys


def test_a_pin_of_another_report_does_not_fit(filed: Filed, address: str) -> None:
    other = actions.file_report(ANYBODY, channel="web", data={"narrative": "Another matter."})
    with pytest.raises(WrongNumberOrPin):
        verify_follow_up(other.number, filed.pin, address)


@pytest.mark.parametrize("pin", ["", "      ", "0" * 5000, "12345\0", "１２３４５６", "' OR 1=1 --"])
def test_no_strange_pin_opens_or_breaks_anything(filed: Filed, address: str, pin: str) -> None:
    with pytest.raises(WrongNumberOrPin):
        verify_follow_up(filed.number, pin, address)


@pytest.mark.parametrize("number", ["", "TS", "0" * 5000, "TS-UUUUU-UUUUU-U", "\0", "<script>", "٠١٢٣٤٥٦٧٨٩"])
def test_no_strange_number_breaks_anything(address: str, number: str) -> None:
    with pytest.raises(InvalidReportNumber):
        verify_follow_up(number, "123456", address)


@pytest.mark.parametrize("exists", [True, False])
def test_a_number_is_locked_softly_after_some_tries_whether_it_exists_or_not(
    filed: Filed, exists: bool
) -> None:
    number = filed.number if exists else new_report_number()
    for _ in range(A_NUMBER):
        with pytest.raises(WrongNumberOrPin):
            verify_follow_up(number, wrong(filed.pin), secrets.token_hex(8))
    with pytest.raises(TooManyAttempts) as caught:
        verify_follow_up(number, filed.pin, secrets.token_hex(8))
    assert "Your report is safe" in caught.value.saved
    assert caught.value.retry_after > 0


def test_a_browser_that_opened_it_is_not_kept_out_by_a_strangers_guesses(filed: Filed) -> None:
    mine, of_another = following.mark_for(filed.number), following.mark_for(new_report_number())
    for _ in range(A_NUMBER):
        with pytest.raises(WrongNumberOrPin):
            verify_follow_up(filed.number, wrong(filed.pin), secrets.token_hex(8))
    for useless in ("", of_another, mine[:-1] + ("0" if mine[-1] != "0" else "1"), "é" * 48):
        with pytest.raises(TooManyAttempts):
            verify_follow_up(filed.number, filed.pin, secrets.token_hex(8), [useless])
    assert verify_follow_up(filed.number, filed.pin, secrets.token_hex(8), [of_another, mine]) == filed.report
    with pytest.raises(TooManyAttempts):
        verify_follow_up(filed.number, filed.pin, secrets.token_hex(8))


def test_tries_in_a_browser_that_opened_it_are_counted_too(filed: Filed) -> None:
    mine = following.mark_for(filed.number)
    for _ in range(A_NUMBER):
        with pytest.raises(WrongNumberOrPin):
            verify_follow_up(filed.number, wrong(filed.pin), secrets.token_hex(8), [mine])
    with pytest.raises(TooManyAttempts):
        verify_follow_up(filed.number, filed.pin, secrets.token_hex(8), [mine])
    assert verify_follow_up(filed.number, filed.pin, secrets.token_hex(8)) == filed.report


def test_who_guesses_on_waits_longer_and_longer(filed: Filed) -> None:
    begin, passed, longest = timezone.now(), 0, 0
    for quarter in range(4 * 24):
        with time_machine.travel(begin + dt.timedelta(minutes=15 * quarter), tick=False):
            try:
                verify_follow_up(filed.number, wrong(filed.pin), secrets.token_hex(8))
            except WrongNumberOrPin:
                passed += 1
            except TooManyAttempts as refused:
                longest = max(longest, refused.retry_after)
    assert passed == 23
    assert 6300 <= longest <= 7200


def test_the_right_pin_forgets_the_tries_before_it(filed: Filed) -> None:
    for _ in range(3):
        for _ in range(A_NUMBER - 1):
            with pytest.raises(WrongNumberOrPin):
                verify_follow_up(filed.number, wrong(filed.pin), secrets.token_hex(8))
        assert verify_follow_up(filed.number, filed.pin, secrets.token_hex(8)) == filed.report


def test_an_address_that_tries_many_numbers_has_to_wait(address: str) -> None:
    for _ in range(following.TRIES_AN_ADDRESS):
        with pytest.raises(WrongNumberOrPin):
            verify_follow_up(new_report_number(), "123456", address)
    with pytest.raises(TooManyAttempts):
        verify_follow_up(new_report_number(), "123456", address)


def test_a_reporter_may_touch_only_the_report_they_opened(filed: Filed) -> None:
    other = actions.file_report(ANYBODY, channel="web", data={"narrative": "Another matter."}).report
    me = following.reporter(filed.report)
    for act in (
        lambda: actions.add_message(me, other.pk, "hello"),
        lambda: actions.withdraw(me, other.pk),
        lambda: actions.raise_severity(me, other.pk, "S0", "because"),
        lambda: actions.add_message(ANYBODY, other.pk, "hello"),
    ):
        with pytest.raises(AccessDenied):
            act()
    assert not ReportMessage.objects.exists()
    assert Report.objects.get(pk=other.pk).withdrawn_at is None
