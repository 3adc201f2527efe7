"""Three answers, never two: what is unknown does not fire a rule by accident."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.builders import event, rule, rules
from tocsin.engine.conditions import Lists, compile_test
from tocsin.engine.moment import Moment
from tocsin.engine.spec import Test as Question
from tocsin.engine.text import Phrases, shows_link, shows_phone_number, words

LISTS = Lists({"bad": ["d1", "d2"], "words": ["send … code", "good bye"]})


def ask(test: dict[str, Any], features: dict[str, int | None] | None = None, **fields: Any) -> bool | None:
    import msgspec

    readers = {name: (lambda _, value=value: value) for name, value in (features or {}).items()}
    condition = compile_test(msgspec.convert(test, Question), LISTS)
    return condition.holds(Moment(event(device="d1", **fields), 0, readers))


@pytest.mark.parametrize(
    ("test", "fields", "answer"),
    [
        ({"field": "n", "at_least": 3}, {"n": 3}, True),
        ({"field": "n", "at_least": 3}, {"n": 2}, False),
        ({"field": "n", "at_most": 3}, {"n": 3}, True),
        ({"field": "n", "more_than": 3}, {"n": 3}, False),
        ({"field": "n", "less_than": 3}, {"n": 2}, True),
        ({"field": "n", "less_than": 0.5}, {"n": 0.25}, True),
        # unknown: missing, null, or not a number
        ({"field": "n", "less_than": 3}, {}, None),
        ({"field": "n", "less_than": 3}, {"n": None}, None),
        ({"field": "n", "less_than": 3}, {"n": "2"}, None),
        ({"field": "n", "at_least": 1}, {"n": True}, None),
        ({"field": "n", "is": 1}, {"n": 1}, True),
        ({"field": "n", "is": 1}, {"n": True}, False),
        ({"field": "n", "is": True}, {"n": 1}, False),
        ({"field": "n", "is": "1"}, {"n": 1}, False),
        ({"field": "n", "is": False}, {}, None),
        ({"field": "n", "is_not": "x"}, {"n": "y"}, True),
        ({"field": "n", "is_not": "x"}, {}, None),
        ({"field": "n", "one_of": ["a", 1]}, {"n": 1}, True),
        ({"field": "n", "one_of": ["a", 1]}, {"n": True}, False),
        ({"field": "n", "one_of": ["a", 1]}, {}, None),
        ({"field": "n", "present": True}, {"n": 0}, True),
        ({"field": "n", "present": True}, {"n": None}, False),
        ({"field": "n", "present": False}, {}, True),
        ({"field": ["m", "n"], "at_least": 3}, {"n": 3}, True),
        ({"field": ["m", "n"], "at_least": 3}, {"m": 1, "n": 3}, False),
        ({"entity": "device", "in_list": "bad"}, {}, True),
        ({"entity": "device", "not_in_list": "bad"}, {}, False),
        ({"entity": "card", "in_list": "bad"}, {}, None),
        ({"entity": "card", "not_in_list": "bad"}, {}, None),
        ({"field": "n", "at_least": {"times": 0.25, "field": "m"}}, {"n": 25, "m": 100}, True),
        ({"field": "n", "more_than": {"times": 0.25, "field": "m"}}, {"n": 25, "m": 100}, False),
        ({"field": "n", "at_least": {"times": 0.25, "field": "m"}}, {"n": 25}, None),
        ({"field": "text", "says": "words"}, {"text": "Send me that code"}, True),
        ({"field": "text", "says": "words"}, {"text": "hello"}, False),
        ({"field": "text", "says": "words"}, {}, None),
        ({"field": "text", "shows": "link"}, {}, None),
        ({"any": [{"field": "n", "is": 1}, {"field": "m", "is": 1}]}, {"m": 1}, True),
        ({"any": [{"field": "n", "is": 1}, {"field": "m", "is": 1}]}, {"m": 2}, None),
        ({"any": [{"field": "n", "is": 1}, {"field": "m", "is": 1}]}, {"n": 2, "m": 2}, False),
    ],
)
def test_answers(test: dict[str, Any], fields: dict[str, Any], answer: bool | None) -> None:
    assert ask(test, **fields) is answer


@pytest.mark.parametrize(("value", "answer"), [(9, True), (8, False), (None, None)])
def test_a_limit_may_be_a_multiple_of_a_feature(value: int | None, answer: bool | None) -> None:
    assert ask({"field": "n", "at_most": {"times": 3, "feature": "f"}}, {"f": value}, n=27) is answer


def test_a_third_is_not_rounded() -> None:
    """0.1 × 3 is 0.3 here, not 0.30000000000000004."""
    assert ask({"field": "n", "at_least": {"times": 0.1, "field": "m"}}, n=3, m=30) is True


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("send me the code", "send … code"),
        ("SEND me the six digit CODE!", "send … code"),
        ("send code", "send … code"),
        ("send one two three four five six code", None),
        ("code send", None),
        ("resend my code", None),
        ("send a send code", "send … code"),
        ("Good\u200bbye", None),
        ("good... bye", "good bye"),
        ("ｓｅｎｄ ｍｅ ｃｏｄｅ", "send … code"),
        ("sénd me códe", "send … code"),
    ],
)
def test_phrases(text: str, found: str | None) -> None:
    assert Phrases(["send … code", "good bye"]).find(words(text)) == found


def test_a_long_message_is_searched_in_reasonable_steps() -> None:
    phrases = Phrases(["a … a … a … a … b"])
    assert phrases.find(words("a " * 4000)) is None


@pytest.mark.parametrize(
    ("text", "link", "phone"),
    [
        ("see https://x.example/a", True, False),
        ("www.example.org", True, False),
        ("pay.example/now", True, False),
        ("I have 2.5 kg and/or 3", False, False),
        ("call 206-555-0143", False, True),
        ("(206) 555 0143", False, True),
        ("+12065550143", False, True),
        ("code 4417", False, False),
        ("total $1234567890", False, False),
    ],
)
def test_links_and_phone_numbers(text: str, link: bool, phone: bool) -> None:
    assert (shows_link(text), shows_phone_number(text)) == (link, phone)


@pytest.mark.parametrize(("fail", "verdict"), [("open", "allow"), ("closed", "review")])
def test_unknown_follows_the_fail_setting(fail: str, verdict: str) -> None:
    from tests.engine.builders import decide
    from tocsin.engine.engine import Engine

    engine = Engine(rules(rule('{ field = "n", is = 1 }', more=f'fail = "{fail}"')))
    assert decide(engine, event()).decision.verdict == verdict
    assert decide(engine, event(n=2)).decision.verdict == "allow"
    assert decide(engine, event(n=1)).decision.verdict == "review"
