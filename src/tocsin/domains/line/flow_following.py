"""The steps of coming back: number, PIN, where it stands, adding something, a person."""

from __future__ import annotations

from msgspec.structs import replace

from tocsin.domains.line import flow_reporting
from tocsin.domains.line.asking import MOST_BAD, again, asked
from tocsin.domains.line.call_state import (
    CallState,
    Facts,
    Input,
    Keys,
    NotOpened,
    Open,
    Spoke,
    Turn,
    WasOpened,
)
from tocsin.domains.line.verbs import Say

_WHY = {"mistyped": "number_mistyped", "wrong": "number_or_pin_wrong", "wait": "too_many_tries"}


def number(state: CallState, came: Input, facts: Facts) -> Turn:
    """The sixteen digits."""
    keys = came.digits if isinstance(came, Keys) else ""
    if not keys:
        return _missed(state, "not_understood")
    return asked(replace(state, at="follow_pin", keyed_number=keys))


def pin(state: CallState, came: Input, facts: Facts) -> Turn:
    """The six digits; nothing of the report is told before they fit."""
    if isinstance(came, WasOpened):
        opened = replace(state, at="follow_menu", report=came.report, severity=came.severity, bad=0)
        return asked(opened, before=(Say("status"),))
    if isinstance(came, NotOpened):
        if came.why == "wait":
            return flow_reporting.file_now(replace(state, trouble="else"))
        return _missed(replace(state, at="follow_number", keyed_number=""), _WHY[came.why])
    keys = came.digits if isinstance(came, Keys) else ""
    if not keys:
        return _missed(state, "not_understood")
    return Turn(state, effects=(Open(state.keyed_number, keys),))


def menu(state: CallState, came: Input, facts: Facts) -> Turn:
    """What to do with one's own report."""
    keys = came.digits if isinstance(came, Keys) else ""
    if keys == "1":
        return asked(state, before=(Say("status"),))
    if keys == "2":
        return _add(state)
    if keys == "3":
        return _person(state, facts)
    if keys == "4":
        return flow_reporting.goodbye(state)
    return flow_reporting.not_understood(state)


def addition(state: CallState, came: Input, facts: Facts) -> Turn:
    """Something more was said."""
    if isinstance(came, Spoke) and came.key == "*":
        return flow_reporting.danger_said(state)
    return asked(replace(state, at="follow_menu", bad=0), before=(Say("added"),))


def _add(state: CallState) -> Turn:
    if not state.recorded:
        return asked(state, before=(Say("not_recorded"),))
    return asked(replace(state, at="addition", bad=0))


def _person(state: CallState, facts: Facts) -> Turn:
    if state.severity in facts.open_for:
        return flow_reporting.to_a_person(state)
    return flow_reporting.call_back(state)


def _missed(state: CallState, prompt: str) -> Turn:
    """Ask again; the third time, take a new report, so that the call was not for nothing."""
    if state.bad + 1 < MOST_BAD:
        return again(state, prompt=prompt)
    return flow_reporting.file_now(replace(state, trouble="else"))
