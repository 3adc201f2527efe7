"""The call flow by itself: keys in, what the telephone and the house do out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domains.line.asking import asked
from tocsin.domains.line.call_state import (
    STATES,
    Began,
    CallBack,
    CallState,
    Consent,
    Effect,
    Facts,
    File,
    Input,
    JoinQueue,
    Keys,
    LeftQueue,
    NotOpened,
    Open,
    ReadOut,
    Spoke,
    Unsafe,
    WasFiled,
    WasOpened,
)
from tocsin.domains.line.flow import step
from tocsin.domains.line.prompts import all_prompts, worded
from tocsin.domains.line.verbs import Gather, Hangup, Record, Say, Verb

OPEN = Facts(frozenset({"S0", "S1", "S2", "S3", "S4"}))
CLOSED = Facts(frozenset({"S0", "S1"}))


class Caller:
    """Somebody on the line; a stand-in for the house answers what the flow asks of it."""

    def __init__(self, facts: Facts = OPEN, severity: str = "S2") -> None:
        self.state, self.facts, self.severity = CallState(), facts, severity
        self.right = ("1" * 16, "222333")
        self.effects: list[Effect] = []
        self.verbs: tuple[Verb, ...] = ()
        self.gives(Began())

    def gives(self, came: Input) -> Caller:
        turn = step(self.state, came, self.facts)
        self.state, self.verbs = turn.state, turn.verbs
        self.effects += turn.effects
        for effect in turn.effects:
            if isinstance(effect, File):
                severity = "S0" if self.state.safe == "no" else self.severity
                return self.gives(WasFiled("rep_1", severity))
            if isinstance(effect, Open):
                right = (effect.number, effect.pin) == self.right
                return self.gives(WasOpened("rep_2", "S3") if right else NotOpened("wrong"))
        return self

    def keys(self, *entries: str) -> Caller:
        for digits in entries:
            self.gives(Keys(digits))
        return self

    @property
    def said(self) -> list[str]:
        spoken: list[str] = []
        for verb in self.verbs:
            says = verb.says if isinstance(verb, Gather) else (verb,) if isinstance(verb, Say) else ()
            spoken += [one.prompt for one in says]
        return spoken

    def did(self, kind: type) -> list[Effect]:
        return [effect for effect in self.effects if isinstance(effect, kind)]


def test_a_report_is_told_read_back_twice_and_handed_to_a_person() -> None:
    caller = Caller().keys("1", "1", "3", "1", "2")
    assert caller.did(Consent) == [Consent(given=True)]
    assert caller.did(File) == [File()]
    assert any(isinstance(verb, Record) for verb in caller.verbs)
    caller.gives(Spoke("#"))
    assert caller.said.count("number") == 2
    assert caller.said.count("pin") == 2
    caller.keys("3", "1")
    assert caller.did(ReadOut) == [ReadOut()]
    assert caller.did(JoinQueue) == [JoinQueue()]
    assert caller.state.at == "waiting"
    assert caller.gives(LeftQueue(bridged=True)).state.at == "over"


def test_spanish_is_spoken_to_who_asks_for_it() -> None:
    assert Caller().keys("2").state.language == "es"
    assert Caller().keys("").state.language == "en"
    assert [say.language for say in Caller().verbs[0].says] == ["en", "es"]  # type: ignore[union-attr]


def test_who_declines_is_never_recorded_and_still_gets_a_number() -> None:
    caller = Caller().keys("1", "9", "2", "2")
    assert caller.did(Consent) == [Consent(given=False)]
    assert caller.said[0] == "not_recorded"
    assert "number" in caller.said
    assert not any(isinstance(verb, Record) for verb in caller.verbs)


@pytest.mark.parametrize("keys", [(), ("1",), ("1", "1"), ("1", "1", "1"), ("1", "1", "2"), ("1", "1", "7")])
def test_star_means_danger_wherever_something_is_asked(keys: tuple[str, ...]) -> None:
    caller = Caller().keys(*keys, "*")
    assert caller.state.at == "waiting"
    assert (caller.state.severity, caller.state.trouble) == ("S0", "emergency")
    assert caller.did(File) == [File()]


@pytest.mark.parametrize("facts", [OPEN, CLOSED])
def test_star_during_the_statement_raises_the_report_that_is_there(facts: Facts) -> None:
    caller = Caller(facts).keys("1", "1", "2", "2").gives(Spoke("*"))
    assert caller.did(File) == [File()]
    assert caller.did(Unsafe) == [Unsafe()]
    assert (caller.state.at, caller.state.severity) == ("waiting", "S0")


@pytest.mark.parametrize("entries", [("5", "5"), ("55",)])
def test_five_twice_begins_silence(entries: tuple[str, ...]) -> None:
    caller = Caller().keys(*entries)
    assert caller.said == ["silent_danger"]
    caller.keys("4")
    assert caller.state.silent
    assert caller.state.severity == "S0"
    assert caller.said == []
    caller.gives(Keys(""))
    assert caller.said == []
    caller.gives(LeftQueue())
    assert caller.said == []
    assert caller.did(CallBack) == [CallBack()]


def test_five_once_goes_on_where_the_caller_was() -> None:
    assert Caller().keys("1", "1", "5", "2").state.at == "live"


def test_silence_without_danger_is_filed_too() -> None:
    caller = Caller().keys("55", "5")
    assert caller.state.severity == "S2"
    assert caller.did(JoinQueue) == [JoinQueue()]


def test_silence_without_any_key_is_taken_for_danger() -> None:
    assert Caller().keys("55", "", "").state.severity == "S0"


def test_three_entries_nobody_understands_end_in_a_report_and_a_recording() -> None:
    caller = Caller().keys("1", "1", "0", "", "0")
    assert caller.did(File) == [File()]
    assert caller.state.trouble == "else"
    assert any(isinstance(verb, Record) for verb in caller.verbs)


def test_when_nobody_is_there_a_call_back_is_promised_instead() -> None:
    caller = Caller(CLOSED).keys("1", "1", "2", "2").gives(Spoke("#")).keys("")
    assert "nobody_is_here" in caller.said
    assert caller.keys("1").state.at == "connect"
    caller.keys("2")
    assert caller.did(CallBack) == [CallBack()]
    assert isinstance(caller.verbs[-1], Hangup)


def test_following_up_takes_both_number_and_pin() -> None:
    caller = Caller().keys("1", "1", "7", "1" * 16)
    assert caller.effects == [Consent(given=True)]
    caller.keys("999999")
    assert caller.said[0] == "number_or_pin_wrong"
    assert caller.state.report == ""
    caller.keys("1" * 16, "222333")
    assert caller.said == ["status", "follow_menu", "danger_key"]
    assert caller.state.report == "rep_2"
    caller.keys("2")
    assert any(isinstance(verb, Record) for verb in caller.verbs)
    caller.gives(Spoke("#"))
    assert caller.state.at == "follow_menu"
    assert caller.did(File) == []


def test_three_wrong_pins_end_in_a_report_of_their_own() -> None:
    caller = Caller().keys("1", "1", "7")
    for _ in range(3):
        caller.keys("1" * 16, "999999")
    assert caller.did(File) == [File()]
    assert caller.state.report == "rep_1"


def test_danger_is_offered_in_every_menu() -> None:
    quiet = {"language", "silent_second", "silent_danger", "waiting", "filing", "over"}
    for at in set(STATES) - quiet:
        says = [
            say.prompt
            for verb in asked(CallState(at=at)).verbs
            for say in (verb.says if isinstance(verb, Gather) else [verb] if isinstance(verb, Say) else [])
        ]
        assert "danger_key" in says, at


entries = st.one_of(
    st.just(Began()),
    st.text("0123456789*#", max_size=18).map(Keys),
    st.sampled_from(["", "#", "*", "hangup"]).map(Spoke),
    st.booleans().map(LeftQueue),
)


@given(st.lists(entries, max_size=40), st.booleans())
def test_whatever_comes_in_the_call_goes_on_and_files_at_most_once(came: list[Input], closed: bool) -> None:
    caller = Caller(CLOSED if closed else OPEN)
    for one in came:
        caller.gives(one)
        assert caller.verbs
        assert caller.state.at in STATES
        for prompt in caller.said:
            assert worded(Say(prompt), caller.state.language, {})[1] or prompt == "status"
    assert len(caller.did(File)) <= 1


def test_both_languages_say_the_same_things() -> None:
    english, spanish = all_prompts()["en"], all_prompts()["es"]
    assert english.prompts.keys() == spanish.prompts.keys()
    assert worded(Say("pin"), "es-MX", {"pin": "uno, dos"}) == (
        "es",
        "Su clave es: uno, dos. No la comparta con nadie.",
    )
