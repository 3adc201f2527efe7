"""What is said in a call, filled in. Only here does the PIN become words, and only for the caller."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec
from django.utils.formats import date_format
from django.utils.translation import override

from tocsin.core.ids import spoken_groups, to_digits
from tocsin.domains.line import queueing
from tocsin.domains.line.call_state import CallState
from tocsin.domains.line.house import House
from tocsin.domains.line.models import Call
from tocsin.domains.line.prompts import in_language
from tocsin.domains.line.verbs import Verb
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.status import public_status


def verbs_of(call: Call) -> tuple[Verb, ...]:
    """What the telephone was last told."""
    return msgspec.convert(call.verbs, tuple[Verb, ...])


def state_of(call: Call) -> CallState:
    """Where the call stands."""
    return msgspec.convert(call.state, CallState)


def values(call: Call, house: House) -> dict[str, str]:
    """The values that the prompts of this call may ask for, in its language."""
    state = state_of(call)
    known = {"brand": house.brand, "emergency_number": ", ".join(house.emergency_number)}
    opens = house.opens.get(state.severity)
    if opens is not None:
        known["opens"] = _moment(opens, house.zone, state.language)
    if state.at == "waiting":
        known["place"] = str(queueing.place_of(call))
    if call.report is not None:
        known |= _of_report(call.report, state)
    if call.pin:
        known["pin"] = ", ".join(call.pin)
    return known


def _of_report(report: Report, state: CallState) -> dict[str, str]:
    digits = to_digits(report.number)
    known = {
        "number": " ".join(", ".join(group) + "." for group in spoken_groups(report.number, state.language)),
        "digits": ". ".join(", ".join(digits[at : at + 4]) for at in range(0, len(digits), 4)),
    }
    if state.at == "follow_menu":
        words = in_language(state.language).status
        status = public_status(report, state.language)
        known["status"] = words[status.stage]
        if status.next_update_by is not None:
            when = _moment(status.next_update_by, report.zone, state.language)
            known["next_update"] = words["next_update"].format(when=when)
    return known


def _moment(at: dt.datetime, zone: str, language: str) -> str:
    """A day and an hour as people say them."""
    local = at.astimezone(ZoneInfo(zone))
    with override(language):
        return date_format(local, "l, j F, H:i" if language == "es" else "l, F j, P")
