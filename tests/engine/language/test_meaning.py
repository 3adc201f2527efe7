"""Three answers, never two: what is unknown does not fire a rule by accident. The plain meaning of every
test, and that the compiled engine means the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.builders import MEMORY, T0, decide, event, rule, rules
from tests.engine.language.writing import FEATURES, LISTS, conditions, values
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.language.evaluate import Answer, holds
from tocsin.engine.language.nodes import Get, Value
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.runtime.explain import Seen
from tocsin.engine.text import Phrases, shows_link, shows_phone_number, words


class Plain:
    """The values of one event; of features, what the test says they are."""

    def __init__(
        self, one: Event, features: Mapping[str, Value | None] | None = None, clock: int = T0
    ) -> None:
        self._event = one
        self._features = features or {}
        self.clock = clock

    def get(self, what: Get) -> Value | None:
        if what.kind == "feature":
            return self._features[what.name]
        if what.kind == "region":
            return self._event.region
        if what.kind == "entity":
            return getattr(self._event.entities, what.name)  # type: ignore[no-any-return]
        return self._event.fields.get(what.name)


def both(expression: str, one: Event) -> Answer:
    """What the plain meaning says, and the engine agrees to, where unknowns fail open and where closed."""
    text = (
        LISTS
        + FEATURES
        + rule(expression, "open_", more='fail = "open"')
        + rule(expression, "closed", more='fail = "closed"')
    )
    made = rules(text)
    fresh = {"orders": 0, "paid": 0, "typical": None, "share": None, "known_bad": False, "how_bad": None}
    if one.entities.customer is None:
        fresh = dict.fromkeys(fresh)
    if "currency" not in one.fields:
        fresh |= {"paid": None}
    answer = holds(made.rules["open_"].when, Plain(one, fresh), made.lists)
    assert fired(made, one) == expected(answer)
    return answer


def expected(answer: Answer) -> set[str]:
    """Which of the two rules fire, the one that fails open and the one that fails closed."""
    return {"open_", "closed"} if answer else {"closed"} if answer is None else set()


def fired(made: RuleSet, one: Event) -> set[str]:
    outcome = decide(Engine(made, MEMORY), one)
    return {rule.rule for rule in outcome.explanation.fired} if outcome.explanation else set()


@pytest.mark.parametrize(
    ("expression", "fields", "answer"),
    [
        # numbers
        ("response_ms >= 3", {"response_ms": 3}, True),
        ("response_ms >= 3", {"response_ms": 2}, False),
        ("response_ms <= 3", {"response_ms": 3}, True),
        ("response_ms > 3", {"response_ms": 3}, False),
        ("response_ms < 3", {"response_ms": 2}, True),
        ("response_ms == 3", {"response_ms": 3}, True),
        ("response_ms != 3", {"response_ms": 3}, False),
        ("response_ms < 0.5", {"response_ms": 0}, True),
        ("3 > response_ms", {"response_ms": 2}, True),
        ("2 <= response_ms < 4", {"response_ms": 4}, False),
        ("2 <= response_ms < 4", {"response_ms": 2}, True),
        ("accuracy_m >= 0.1", {"accuracy_m": 0.1}, True),
        ("accuracy_m > 5", {"accuracy_m": 5}, False),
        ("lat == -1.5", {"lat": -1.5}, True),
        # unknown: missing or null
        ("response_ms < 3", {}, None),
        ("response_ms < 3", {"response_ms": None}, None),
        ("response_ms != 3", {}, None),
        ("not response_ms < 3", {}, None),
        # the other way round, at the limit
        ("not response_ms > 3", {"response_ms": 3}, True),
        ("not response_ms >= 3", {"response_ms": 3}, False),
        ("not response_ms < 3", {"response_ms": 3}, True),
        ("not response_ms <= 3", {"response_ms": 3}, False),
        ("not response_ms == 3", {"response_ms": 3}, False),
        ("not response_ms != 3", {"response_ms": 3}, True),
        ("not accuracy_m > 2.5", {"accuracy_m": 2.5}, True),
        ("not accuracy_m < store_distance_m", {"accuracy_m": 2, "store_distance_m": 2}, True),
        ("accuracy_m > 5", {}, None),
        ("not accuracy_m > 5", {"accuracy_m": None}, None),
        ("response_ms > store_distance_m", {"response_ms": 3}, None),
        ("response_ms > store_distance_m", {"response_ms": 3, "store_distance_m": 2}, True),
        ("response_ms > accuracy_m", {"response_ms": 3, "accuracy_m": 2.5}, True),
        ("response_ms > accuracy_m", {"response_ms": 3}, None),
        # true and false
        ("rush", {"rush": True}, True),
        ("rush", {"rush": False}, False),
        ("rush", {}, None),
        ("not rush", {"rush": False}, True),
        ("not rush", {}, None),
        ("not not rush", {"rush": True}, True),
        # texts and ids
        ("sender == 'a'", {"sender": "a"}, True),
        ("sender == 'a'", {"sender": "A"}, False),
        ("sender != 'a'", {"sender": "b"}, True),
        ("sender != 'a'", {}, None),
        ("sender == reason", {"sender": "a", "reason": "a"}, True),
        ("device == 'd1'", {"device": "d1"}, True),
        ("device == sender", {"device": "d1", "sender": "d1"}, True),
        ("device == card", {"device": "d1", "card": "d1"}, True),
        ("sender in ('a', 'b')", {"sender": "b"}, True),
        ("sender in ('a', 'b')", {"sender": "c"}, False),
        ("sender in ['a']", {}, None),
        ("sender not in ('a', 'b')", {"sender": "c"}, True),
        ("sender not in ('a', 'b')", {}, None),
        ("response_ms in (1, 2)", {"response_ms": 2}, True),
        ("region == 'US-CA'", {"region": "US-CA"}, True),
        ("region == 'US-CA'", {}, None),
        # what is there
        ("known(response_ms)", {"response_ms": 0}, True),
        ("known(response_ms)", {"response_ms": None}, False),
        ("not known(response_ms)", {}, True),
        ("known(lat)", {"lat": 0}, True),
        ("not known(lat)", {"lon": 0}, True),
        ("known(device)", {"device": "d1"}, True),
        ("known(region)", {}, False),
        ("known(orders)", {"customer": "c"}, True),
        ("known(orders)", {}, False),
        ("known(typical)", {"customer": "c", "currency": "USD"}, False),
        ("known(how_bad)", {"customer": "c"}, False),
        # lists
        ("device in bad", {"device": "d1"}, True),
        ("device in bad", {"device": "d9"}, False),
        ("device not in bad", {"device": "d1"}, False),
        ("device in bad", {}, None),
        ("device not in bad", {}, None),
        ("device in old", {"device": "d3"}, False),
        ("device in old", {"device": "d4"}, True),
        ("device not in old", {"device": "d3"}, True),
        ("not device in old", {}, None),
        ("sender in mail", {"sender": "Ann@Mail.Example.org"}, True),
        ("sender in mail", {"sender": "ann@example.net"}, True),
        ("sender in mail", {"sender": "ann@notexample.org"}, False),
        ("sender in mail", {}, None),
        ("ip in nets", {"ip": "198.51.100.7"}, True),
        ("ip in nets", {"ip": "198.51.101.7"}, False),
        ("ip in nets", {"ip": "2001:db8::1"}, True),
        ("ip in nets", {"ip": "unknown"}, False),
        ("ip not in nets", {}, None),
        ("says(text, rude)", {"text": "Send me that code"}, True),
        ("says(text, rude)", {"text": "hello"}, False),
        ("says(text, rude)", {"text": "go away"}, False),
        ("says(text, rude)", {}, None),
        ("not says(text, rude)", {}, None),
        ("shows_link(text)", {"text": "www.example.org"}, True),
        ("shows_link(text)", {}, None),
        ("not shows_phone(text)", {"text": "2.5 kg"}, True),
        # arithmetic
        ("response_ms + store_distance_m > 5", {"response_ms": 3, "store_distance_m": 3}, True),
        ("response_ms - store_distance_m >= 0", {"response_ms": 3}, None),
        ("-response_ms < 0", {"response_ms": 3}, True),
        ("response_ms >= 0.25 * store_distance_m", {"response_ms": 25, "store_distance_m": 100}, True),
        ("response_ms > 0.25 * store_distance_m", {"response_ms": 25, "store_distance_m": 100}, False),
        ("response_ms / store_distance_m > 1", {"response_ms": 3, "store_distance_m": 2}, True),
        ("response_ms / store_distance_m > 1", {"response_ms": 3, "store_distance_m": 0}, None),
        ("not response_ms / store_distance_m > 1", {"response_ms": 3, "store_distance_m": 0}, None),
        ("response_ms <= 2 * HOUR", {"response_ms": 7_200}, True),
        ("response_ms > DAY - MINUTE", {"response_ms": 86_340}, False),
        ("metres_between(lat, lon, 0, 0) > 100000", {"lat": 1, "lon": 0}, True),
        ("metres_between(lat, lon, 0, 0) > 100000", {"lat": 1}, None),
        # together
        ("rush and mock", {"rush": True}, None),
        ("rush and mock", {"rush": False}, False),
        ("rush and mock", {"rush": True, "mock": True}, True),
        ("rush or mock", {"rush": True}, True),
        ("rush or mock", {"rush": False}, None),
        ("rush or mock", {"rush": False, "mock": False}, False),
        ("not (rush or mock)", {"rush": False}, None),
        ("not (rush and mock)", {"rush": False}, True),
        ("True", {}, True),
        ("not True", {}, False),
        # features of somebody new
        ("orders == 0", {"customer": "c"}, True),
        ("orders == 0", {}, None),
        ("known_bad", {"customer": "c"}, False),
        ("not known_bad", {"customer": "c"}, True),
        ("not known_bad", {}, None),
        ("how_bad < 50", {"customer": "c"}, None),
        ("share > 1", {"customer": "c", "currency": "USD"}, None),
    ],
)  # fmt: skip
def test_answers(expression: str, fields: dict[str, Any], answer: Answer) -> None:
    assert both(expression, event(**fields)) is answer


def test_a_limit_may_be_a_multiple_of_a_feature() -> None:
    made = Engine(rules(FEATURES, rule("amount_minor <= 3 * typical")), MEMORY)
    sent = [event(customer="c", amount_minor=amount, currency="USD") for amount in (1, 3, 7, 12, 17)]
    # three times the mean of those before: unknown, 3, 6, 11 and 17.25
    verdicts = [decide(made, one).decision.verdict for one in sent]
    assert verdicts == ["allow", "review", "allow", "allow", "review"]


@pytest.mark.parametrize(("fail", "verdict"), [("open", "allow"), ("closed", "review")])
def test_unknown_follows_the_fail_setting(fail: str, verdict: str) -> None:
    made = Engine(rules(rule("response_ms == 1", more=f'fail = "{fail}"')), MEMORY)
    assert decide(made, event()).decision.verdict == verdict
    assert decide(made, event(response_ms=2)).decision.verdict == "allow"
    assert decide(made, event(response_ms=1)).decision.verdict == "review"


@pytest.mark.parametrize(
    ("region", "met"), [("US", True), ("US-CA", True), ("USA", False), ("EU", False), (None, False)]
)
def test_a_rule_may_be_for_some_regions_only(region: str | None, met: bool) -> None:
    more = 'jurisdictions = ["US", "MX"]\n    fail = "closed"'
    made = Engine(rules(rule("known(customer)", more=more)), MEMORY)
    assert (decide(made, event(customer="c", region=region)).decision.verdict == "review") is met


# --- anything that can be written --------------------------------------------------------------------------

WRITTEN = conditions(("orders", "share", "typical"), ("known_bad",))


@settings(max_examples=300, deadline=None)
@given(WRITTEN, st.lists(values, min_size=1, max_size=6), st.sampled_from([0, 90_000_000]))
def test_the_engine_means_what_is_written(written: str, sent: list[dict[str, Any]], step: int) -> None:
    made = rules(
        LISTS,
        FEATURES,
        rule(written, "open_", more='fail = "open"'),
        rule(written, "closed", more='fail = "closed"'),
    )
    engine = Engine(made, MEMORY, read_all=True)
    seen = [
        event(ts=T0 + number * step, **{"currency": "USD", **fields}) for number, fields in enumerate(sent)
    ]
    for lane, (one, outcome) in enumerate(zip(seen, engine.decide(seen, T0), strict=True)):
        assert isinstance(outcome, Outcome)
        known = Seen(one, engine.plan, engine.bench, lane)
        features = {name: known.get(Get("feature", name, one_.type)) for name, one_ in made.features.items()}
        answer = holds(made.rules["open_"].when, Plain(one, features, known.clock), made.lists)
        names = {rule.rule for rule in outcome.explanation.fired} if outcome.explanation else set()
        assert names == expected(answer)
        note(f"answer {answer}")


@settings(max_examples=100, deadline=None)
@given(WRITTEN, values)
def test_not_turns_every_answer_round(written: str, sent: dict[str, Any]) -> None:
    one = event(**{"currency": "USD", **sent})
    made = rules(LISTS, FEATURES, rule(written), rule(f"not ({written})", "r2"))
    fresh = Plain(one, dict.fromkeys(made.features))
    answer, opposite = (holds(made.rules[name].when, fresh, made.lists) for name in ("r1", "r2"))
    assert opposite is (None if answer is None else not answer)


# --- words, links, telephone numbers -----------------------------------------------------------------------


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
