"""Coming back to one's own report with its number and PIN (handbook §1.2, report number).

A number is a reference, not a credential, so the PIN decides. Whoever tries numbers or PINs learns nothing:
a number that does not exist, and a PIN that is wrong, get the same answer after the same work, and both
count as tries.
"""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Iterable

from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.crypto.seal import blind_index
from tocsin.core.errors import DomainError, NotFound, TooManyAttempts
from tocsin.core.ids import from_digits, parse_report_number, verify_pin
from tocsin.core.ids.keypad import DIGITS
from tocsin.core.ratelimit import refill, take
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.pepper import pin_pepper

#: Tries for one number: how many, and in how many seconds they come back [D]. The second makes the pause grow
#: from ten minutes to two hours. Together they let at most 96 tries through in the first week (24 on the
#: first day, 12 on each after it): with six digits of PIN, a chance of one in ten thousand. Whenever its
#: owner opens the report, a guesser begins anew.
TRIES_A_NUMBER = {"pin": (6, 3600), "pin-day": (12, 86_400)}
#: Tries from one address, and in how many seconds they come back [D].
TRIES_AN_ADDRESS, ADDRESS_WINDOW_S = 40, 3600
_LONGEST_NUMBER = 60
_NONCE = 16


class WrongNumberOrPin(DomainError):
    """There is no report with this number and PIN together. It does not say which of them is wrong."""

    status = 403
    code = "wrong_number_or_pin"


def read_number(text: str) -> str:
    """The written form of what somebody typed, as letters or as the sixteen digits of the keypad.

    Raises:
        InvalidReportNumber: mistyped; the check symbol says so without a look at the database.
    """
    short = text[:_LONGEST_NUMBER]
    digits = "".join(sign for sign in short if sign.isdigit())
    if len(digits) == DIGITS and not any(sign.isalpha() for sign in short):
        return from_digits(digits)
    return parse_report_number(short)


def mark_for(number: str) -> str:
    """What a browser keeps in which this report was filed or opened: opaque, of use for this report alone,
    and no credential. Tries with it are counted apart, so that a stranger who guesses at the number cannot
    keep its owner out."""
    nonce = secrets.token_hex(_NONCE // 2)
    return nonce + _tag(number, nonce)


def is_marked(number: str, mark: str) -> bool:
    """Whether a mark was made for this number."""
    return hmac.compare_digest(mark[_NONCE:].encode(), _tag(number, mark[:_NONCE]).encode())


def _tag(number: str, nonce: str) -> str:
    return blind_index("report_opened_in", f"{number}:{nonce}").hex()[:32]


def verify_follow_up(number_text: str, pin: str, address: str, marks: Iterable[str] = ()) -> Report:
    """The report of a number and its PIN.

    ``address`` is where the try comes from; only its keyed hash is kept, for counting. ``marks`` are those
    the browser keeps (``mark_for``).

    Raises:
        InvalidReportNumber: the number is mistyped. TooManyAttempts: wait a while. WrongNumberOrPin.
    """
    number = read_number(number_text)
    mark = next((one for one in marks if is_marked(number, one)), "")
    whose = f"{number}:{mark[:_NONCE]}" if mark else number
    for name, (tries, window_s) in TRIES_A_NUMBER.items():
        _count(f"{name}:{whose}", tries, window_s)
    _count(f"pin-from:{blind_index('address', address).hex()[:32]}", TRIES_AN_ADDRESS, ADDRESS_WINDOW_S)
    report = Report.objects.filter(number=number).first()
    right = verify_pin(report.pin_hash if report else None, pin[:40], pepper=pin_pepper(), bound_to=number)
    with act(system("follow-up"), "report.follow_up") as work:
        work.fact("reports.number", number, right=right)
        if right:
            for name in TRIES_A_NUMBER:
                refill(f"{name}:{whose}")
    if report is None or not right:
        raise WrongNumberOrPin(
            "This number and this PIN do not belong together.",
            "Check both. The PIN has six digits and was shown once, right after you sent the report. "
            "Without it you can send a new report and mention the number.",
            saved="Nothing was changed.",
            fields={"pin": "The number and the PIN do not fit together."},
        )
    return report


def reporter(report: Report, address: str = "") -> Actor:
    """The actor of somebody who has opened this report with its PIN."""
    return Actor(
        "reporter",
        report.pk,
        f"Reporter of {report.number}",
        purpose="self_service",
        via="web",
        address=address,
    )


def opened_report(report_id: str) -> Report:
    """The report a follow-up session belongs to.

    Raises:
        NotFound: it is not there any more.
    """
    report = Report.objects.select_related("order").filter(pk=report_id).first()
    if report is None:
        raise NotFound("We cannot find this report any more.", "Open it again with its number and PIN.")
    return report


def _count(name: str, tries: int, window_s: int) -> None:
    try:
        take(name, tries, window_s)
    except TooManyAttempts as error:
        minutes = math.ceil(error.retry_after / 60)
        raise TooManyAttempts(
            "There were too many tries, so we have to wait a little to keep your report safe.",
            f"Try again in {minutes} minutes. If you are in danger, call your emergency number now.",
            saved="Your report is safe, and we go on working on it.",
            retry_after=error.retry_after,
        ) from error
