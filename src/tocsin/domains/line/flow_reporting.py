"""The steps of telling something new: what it is, safety, the statement, number and PIN, a person."""

from __future__ import annotations

from msgspec.structs import replace

from tocsin.domains.line.asking import MOST_BAD, again, asked
from tocsin.domains.line.call_state import (
    CallBack,
    CallState,
    Effect,
    Facts,
    File,
    Input,
    JoinQueue,
    Keys,
    LeftQueue,
    ReadOut,
    Spoke,
    Trouble,
    Turn,
    Unsafe,
    WasFiled,
)
from tocsin.domains.line.verbs import Enqueue, Gather, Hangup, Leave, Say, Verb

#: The menu of troubles by key. Five is never used: it begins silence.
TROUBLES: dict[str, Trouble] = {
    "1": "safety", "2": "fraud", "3": "conduct", "4": "privacy", "6": "delivery", "8": "else",
}  # fmt: skip
FOLLOW_UP = "7"
#: Troubles in which we ask whether the caller is safe.
_ASKS_SAFETY = ("safety", "conduct")
#: How often the waiting are told their place before they are offered to be rung back.
MOST_WAITS = 20
_YES, _NO = "1", "2"


def trouble(state: CallState, came: Input, facts: Facts) -> Turn:
    """The menu."""
    keys = _keys(came)
    if keys == FOLLOW_UP:
        return asked(replace(state, at="follow_number", bad=0))
    chosen = TROUBLES.get(keys)
    if chosen is None:
        return not_understood(state)
    following = "safe" if chosen in _ASKS_SAFETY else "live"
    return asked(replace(state, at=following, trouble=chosen, bad=0))


def safe(state: CallState, came: Input, facts: Facts) -> Turn:
    """Is the caller safe now?"""
    keys = _keys(came)
    if keys == _NO:
        return file_now(replace(state, trouble="emergency", safe="no"))
    if keys == _YES:
        return asked(replace(state, at="live", safe="yes", bad=0))
    return not_understood(state)


def live(state: CallState, came: Input, facts: Facts) -> Turn:
    """Is it about an order under way? What the caller says of it stays a claim."""
    keys = _keys(came)
    if keys not in (_YES, _NO):
        return not_understood(state)
    return file_now(replace(state, live="yes" if keys == _YES else "no"))


def file_now(state: CallState) -> Turn:
    """File before the statement, so that hanging up in the middle of it costs nothing."""
    return Turn(replace(state, at="filing", bad=0), effects=(File(),))


def filed(state: CallState, came: Input, facts: Facts) -> Turn:
    """The report has a number now."""
    if not isinstance(came, WasFiled):
        return goodbye(state)
    state = replace(state, report=came.report, severity=came.severity)
    if state.trouble == "emergency" or state.silent:
        return to_a_person(state)
    if not state.recorded:
        return asked(replace(state, at="read_back"), before=(Say("not_recorded"),))
    return asked(replace(state, at="statement"))


def statement(state: CallState, came: Input, facts: Facts) -> Turn:
    """What happened, in the caller's words."""
    if isinstance(came, Spoke) and came.key == "*":
        return danger_said(state)
    return asked(replace(state, at="read_back"), before=(Say("thank_you"),))


def read_back(state: CallState, came: Input, facts: Facts) -> Turn:
    """Number and PIN, twice; once more on 1, as digits for the keypad on 2."""
    keys = _keys(came)
    if keys == "1":
        return asked(state)
    if keys == "2":
        return asked(state, before=(Say("number_digits"),))
    return _offer(state, facts, effects=(ReadOut(),))


def connect(state: CallState, came: Input, facts: Facts) -> Turn:
    """A person now, a person later, or nothing more."""
    keys = _keys(came)
    if keys == "1" and state.severity in facts.open_for:
        return to_a_person(state)
    if keys == "2":
        return call_back(state)
    if keys == "3":
        return goodbye(state)
    return not_understood(state)


def waiting(state: CallState, came: Input, facts: Facts) -> Turn:
    """In the queue. ``Keys`` come from the document the waiting hear, ``LeftQueue`` when the wait is over."""
    if isinstance(came, LeftQueue):
        return goodbye(state) if came.bridged else _after_queue(state)
    if _keys(came) == "1" or state.waits >= MOST_WAITS:
        return Turn(state, (Leave(),))
    heard: tuple[Say, ...] = () if state.silent else (Say("waiting"),)
    return Turn(replace(state, waits=state.waits + 1), (Gather(heard, timeout_s=15),))


def to_a_person(state: CallState, *, before: tuple[Verb, ...] = (), effects: tuple[Effect, ...] = ()) -> Turn:
    """Into the queue."""
    told: tuple[Verb, ...] = () if state.silent else (Say("connecting"),)
    return Turn(
        replace(state, at="waiting", waits=0, bad=0), (*before, *told, Enqueue()), (*effects, JoinQueue())
    )


def call_back(state: CallState) -> Turn:
    """Ring back, and keep the place."""
    said: tuple[Verb, ...] = () if state.silent else (Say("call_back"), Say("goodbye"))
    return Turn(replace(state, at="over"), (*said, Hangup()), (CallBack(),))


def goodbye(state: CallState) -> Turn:
    """The end, in words unless the caller asked for silence."""
    said: tuple[Verb, ...] = () if state.silent else (Say("goodbye"),)
    return Turn(replace(state, at="over"), (*said, Hangup()))


def not_understood(state: CallState) -> Turn:
    """Ask again; the third time, go on without: file what is known, or offer a person."""
    if state.bad + 1 < MOST_BAD:
        return again(state)
    if state.report:
        return call_back(state)
    return file_now(replace(state, trouble=state.trouble or "else"))


def _offer(state: CallState, facts: Facts, *, effects: tuple[Effect, ...]) -> Turn:
    open_now = state.severity in facts.open_for
    said = Say("somebody_is_here" if open_now else "nobody_is_here")
    return asked(replace(state, at="connect", bad=0), before=(said,), effects=effects)


def _after_queue(state: CallState) -> Turn:
    # an emergency is filed and paged already; number and PIN were not read yet
    if state.silent:
        return call_back(state)
    turn = asked(replace(state, at="read_back"), before=(Say("call_back"),))
    return Turn(turn.state, turn.verbs, (CallBack(),))


def danger_said(state: CallState) -> Turn:
    """The caller pressed star while being recorded; the report is there already."""
    return to_a_person(replace(state, trouble="emergency", safe="no", severity="S0"), effects=(Unsafe(),))


def _keys(came: Input) -> str:
    return came.digits if isinstance(came, Keys) else ""
