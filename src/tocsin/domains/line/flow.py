"""The call flow: one step from a state and what came in to the next state, what the telephone does, and what
the house does. Pure, so that every path can be tested without a telephone.

Three things hold in every state. The star key means danger. Five pressed twice means that the caller cannot
speak. After three entries that nobody could understand the caller reaches a person, or is recorded.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from tocsin.domains.line import flow_following, flow_reporting
from tocsin.domains.line.asking import again, asked
from tocsin.domains.line.call_state import Began, CallState, Consent, Facts, File, Input, Keys, Turn, Unsafe

DANGER = "*"
SILENT = "5"

Step = Callable[[CallState, Input, Facts], Turn]


def step(state: CallState, came: Input, facts: Facts) -> Turn:
    """The next step of a call. Total: whatever comes in, in whatever state, has an answer."""
    if isinstance(came, Keys) and DANGER in came.digits and state.at not in _BEYOND_DANGER:
        return _danger(state)
    if isinstance(came, Keys) and came.digits == SILENT * 2 and state.at in _SILENT_FROM:
        return _silent(state)
    if isinstance(came, Keys) and came.digits == SILENT and state.at in _SILENT_FROM:
        return asked(replace(state, at="silent_second", back=state.at))
    return _STEPS[state.at](state, came, facts)


def _danger(state: CallState) -> Turn:
    """Whoever is in danger is filed and queued at once; everything else can be asked by a person."""
    state = replace(state, trouble="emergency", safe="no", bad=0)
    if state.report:
        return flow_reporting.to_a_person(replace(state, severity="S0"), effects=(Unsafe(),))
    return Turn(replace(state, at="filing"), effects=(File(),))


def _silent(state: CallState) -> Turn:
    return asked(replace(state, at="silent_danger", silent=True, bad=0))


def _silent_second(state: CallState, came: Input, facts: Facts) -> Turn:
    if isinstance(came, Keys) and came.digits == SILENT:
        return _silent(state)
    # one 5 alone stands for nothing; what was pressed after it counts where the caller was
    return step(replace(state, at=state.back, back=""), came, facts)


def _silent_danger(state: CallState, came: Input, facts: Facts) -> Turn:
    keys = came.digits if isinstance(came, Keys) else ""
    if keys == "5":
        return Turn(replace(state, at="filing", trouble="safety", safe="yes"), effects=(File(),))
    if keys == "4" or state.bad >= 1:
        # whoever asked for silence and then presses nothing is taken to be in danger
        return _danger(state)
    return again(state)


def _language(state: CallState, came: Input, facts: Facts) -> Turn:
    if isinstance(came, Began):
        return asked(state)
    keys = came.digits if isinstance(came, Keys) else ""
    language = "es" if keys == "2" else "en"
    return asked(replace(state, at="notice", language=language))


def _notice(state: CallState, came: Input, facts: Facts) -> Turn:
    declined = isinstance(came, Keys) and came.digits == "9"
    return asked(replace(state, at="trouble", recorded=not declined), effects=(Consent(given=not declined),))


def _over(state: CallState, came: Input, facts: Facts) -> Turn:
    return flow_reporting.goodbye(state)


_SILENT_FROM = frozenset({"language", "notice", "trouble", "safe", "live", "connect", "follow_menu"})
#: Where danger has been said already, or nothing is asked any more.
_BEYOND_DANGER = frozenset({"waiting", "filing", "over"})

_STEPS: dict[str, Step] = {
    "language": _language,
    "notice": _notice,
    "trouble": flow_reporting.trouble,
    "safe": flow_reporting.safe,
    "live": flow_reporting.live,
    "filing": flow_reporting.filed,
    "statement": flow_reporting.statement,
    "read_back": flow_reporting.read_back,
    "connect": flow_reporting.connect,
    "waiting": flow_reporting.waiting,
    "follow_number": flow_following.number,
    "follow_pin": flow_following.pin,
    "follow_menu": flow_following.menu,
    "addition": flow_following.addition,
    "silent_second": _silent_second,
    "silent_danger": _silent_danger,
    "over": _over,
}
