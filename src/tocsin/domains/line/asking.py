"""What is asked in each state, and how it is asked again."""

from __future__ import annotations

from msgspec.structs import replace

from tocsin.domains.line.call_state import CallState, Effect, Turn
from tocsin.domains.line.verbs import Gather, Record, Say, Verb

#: Entries in a row that could not be understood, after which a person takes over.
MOST_BAD = 3
NUMBER_DIGITS, PIN_DIGITS = 16, 6
_DANGER_KEY = Say("danger_key")
_RECORDED = ("statement", "addition")


def asked(state: CallState, *, before: tuple[Verb, ...] = (), effects: tuple[Effect, ...] = ()) -> Turn:
    """Ask what this state asks."""
    return Turn(state, (*before, *_question(state)), effects)


def again(state: CallState, *, prompt: str = "not_understood") -> Turn:
    """Say that it was not understood, and ask once more."""
    return asked(replace(state, bad=state.bad + 1), before=(Say(prompt),))


def _question(state: CallState) -> tuple[Verb, ...]:
    if state.at in _RECORDED:
        return (Say(state.at), _DANGER_KEY, Record())
    if state.at == "language":
        tongues = [Say("welcome", tongue) for tongue in ("en", "es")]
        return (Gather(tuple(tongues)),)
    if state.at == "follow_number":
        return (Gather((Say("follow_number"), _DANGER_KEY), digits=NUMBER_DIGITS, timeout_s=10),)
    if state.at == "follow_pin":
        return (Gather((Say("follow_pin"), _DANGER_KEY), digits=PIN_DIGITS, timeout_s=10),)
    if state.at == "silent_second":
        return (Gather((), timeout_s=3),)
    if state.at == "silent_danger":
        return (Gather((Say("silent_danger"),), timeout_s=15),)
    if state.at == "read_back":
        twice = (Say("number"), Say("pin"), Say("once_more"), Say("number"), Say("pin"))
        return (Gather((*twice, Say("read_back"), _DANGER_KEY), timeout_s=8),)
    return (Gather((Say(state.at), _DANGER_KEY)),)
