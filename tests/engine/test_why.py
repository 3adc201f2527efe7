"""Decisions explained from what was kept: what fired, what nearly fired, and the smallest change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.builders import MEMORY, T0, decide, event, rule, rules
from tests.engine.language.writing import FEATURES, LISTS, conditions, values
from tocsin.engine.counterfactual import Change, Smallest
from tocsin.engine.decisions import Explanation, Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.language.nodes import Get, Value
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.stored import Stored, concerns, may_fire
from tocsin.engine.vocabulary import VERDICTS
from tocsin.engine.why import Why, why

ORDERS = 'orders = count("order.placed", per=customer, within="1h")\n'
CARDS = 'cards = distinct(card, of="order.placed", per=customer, within="1h")\n'


def kept(explanation: Explanation) -> Explanation:
    """As it lies in the log."""
    return msgspec.json.decode(msgspec.json.encode(explanation), type=Explanation)


def explained(
    made: RuleSet, *before: dict[str, Any], covered: frozenset[str] = frozenset(), **last: Any
) -> Why:
    """Why the last event was decided as it was, after the others."""
    engine = Engine(made, MEMORY)
    for one in before:
        decide(engine, event(**one))
    one = event(**last)
    outcome = decide(engine, one)
    assert outcome.explanation is not None
    hidden = {name: value for name, value in one.fields.items() if name not in covered}
    return why(made, msgspec.structs.replace(one, fields=hidden), kept(outcome.explanation), covered)


def asked(found: Why, number: int = 0) -> list[tuple[Any, ...]]:
    return [(one.name, one.value, one.op, one.threshold, one.held) for one in found.fired[number].checks]


def smallest(found: Why) -> dict[str, tuple[Value | None, Value | None]]:
    return {one.what.name: (one.value, one.to) for one in found.smallest.changes}


# --- what fired ---------------------------------------------------------------------------------------------


def test_every_question_of_a_rule_comes_with_value_threshold_and_answer() -> None:
    made = rules(ORDERS, rule("orders >= 2 and total_minor > 10000 and (rush or not known(accuracy_m))"))
    customer = {"customer": "c", "total_minor": 100, "currency": "USD"}
    found = explained(made, customer, customer, customer="c", total_minor=12345, currency="USD")
    assert asked(found) == [
        ("orders", 2, ">=", 2, True),
        ("total_minor", 12345, ">", 10000, True),
        ("rush", None, "is", True, None),
        ("accuracy_m", None, "unknown", None, True),
    ]
    assert [one.alternative for one in found.fired[0].checks] == [False, False, True, True]
    assert (found.rules_version, found.verdict, found.reproduced) == (made.version, "review", True)


def test_a_denied_question_is_turned_round() -> None:
    made = rules('bad = phrases("gift card")', rule("not (total_minor < 5 or mock or says(text, bad))"))
    found = explained(made, total_minor=9, currency="USD", mock=False, text="hello")
    assert asked(found) == [
        ("total_minor", 9, ">=", 5, True),
        ("mock", False, "is", False, True),
        ("text", None, "matches not", "bad", True),
    ]
    assert not any(one.alternative for one in found.fired[0].checks)


def test_of_a_message_the_phrase_is_named_and_not_the_message() -> None:
    made = rules('bad = phrases("gift card")', rule("says(text, bad) and shows_link(text)"))
    found = explained(made, text="a Gift card, see www.example.org please")
    assert asked(found)[0] == ("text", "gift card", "matches", "bad", True)


def test_the_text_for_a_letter_names_values_in_every_language_and_no_threshold() -> None:
    reason = 'reason = {"en": "Placed {orders} orders.", "es": "Hizo {orders} pedidos."}'
    text = rule("orders >= 2 and total_minor > 777").replace('reason = "Because."', reason)
    customer = {"customer": "c", "total_minor": 900, "currency": "USD"}
    found = explained(rules(ORDERS, text), customer, customer, customer, **customer)
    assert found.fired[0].texts == {"en": "Placed 3 orders.", "es": "Hizo 3 pedidos."}


def test_rules_come_worst_first_and_one_in_shadow_says_nothing() -> None:
    three = (
        rule("total_minor > 1", "a", "watch") + rule("total_minor > 2", "b") + rule("total_minor > 3", "c")
    )
    found = explained(rules(three, stages_toml='c = { stage = "shadow" }'), total_minor=9, currency="USD")
    assert [one.rule.id for one in found.fired] == ["b", "a"]


# --- what nearly fired --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "needed"),
    [
        ("total_minor >= 1000", None),
        ("total_minor >= 990", 990),
        ("total_minor > 989", 990),
        ("total_minor >= 991", None),
        ("total_minor <= 634", 634),
        ("total_minor < 634", None),
        ("total_minor == 800", 800),
        ("not total_minor < 900", 900),
        ("total_minor >= 900 and rush", 900),
        ("total_minor >= 900 and not rush", None),
        ("total_minor >= 900 and response_ms > 4", None),
        ("total_minor >= 900 and total_minor >= 950", None),
        ("total_minor >= 5000 or total_minor >= 900", 900),
        ("store_distance_m >= 3", 3),
        ("store_distance_m >= 4", None),
        ("tip_minor >= 1", None),
        ("accuracy_m > 11.5", 11.5),
        ("accuracy_m > 20", None),
        ("total_minor - tip_minor > 850", 851),
    ],
)
def test_near_is_four_fifths_of_a_threshold_or_one_unit(condition: str, needed: Value | None) -> None:
    made = rules(rule("known(total_minor)", "fires") + rule(condition, "near", "block"))
    found = explained(
        made, total_minor=792, currency="USD", rush=True, store_distance_m=2, tip_minor=0, accuracy_m=10.5
    )
    assert [(one.rule.id, one.needed) for one in found.near] == ([("near", needed)] if needed else [])
    assert found.hidden == 0


def test_near_rules_come_nearest_first() -> None:
    one = [rule(f"total_minor > {limit}", f"r{limit}", "watch") for limit in (120, 101, 110)]
    found = explained(rules(*one, rule("known(total_minor)")), total_minor=100, currency="USD")
    assert [(near.rule.id, round(near.nearness, 3)) for near in found.near] == [
        ("r101", 0.98), ("r110", 0.901), ("r120", 0.826),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stages", "more"),
    [
        ('near = { stage = "shadow" }', ""),
        ('near = { stage = "canary", share = 5000 }', ""),
        ('near = { snoozed = [{ kind = "customer", id = "c", until = "2030-01-01" }] }', ""),
        ("", 'jurisdictions = "MX"'),
    ],
)
def test_a_rule_without_a_say_on_this_event_has_not_nearly_fired(stages: str, more: str) -> None:
    made = rules(
        rule("known(total_minor)", "fires"), rule("total_minor > 100", "near", more=more), stages_toml=stages
    )
    found = explained(made, total_minor=99, currency="USD", customer="c", region="US")
    assert found.near == ()


# --- the smallest change ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "changes"),
    [
        ("total_minor > 500", {"total_minor": (800, 500)}),
        ("total_minor >= 500", {"total_minor": (800, 499)}),
        ("total_minor > 500 and store_distance_m >= 3", {"store_distance_m": (3, 2)}),
        ("total_minor > 700 and store_distance_m >= 2", {"total_minor": (800, 700)}),
        (
            "total_minor > 500 or store_distance_m >= 3",
            {"store_distance_m": (3, 2), "total_minor": (800, 500)},
        ),
        ("total_minor > 500 or total_minor > 600", {"total_minor": (800, 500)}),
        ("total_minor - tip_minor > 500", {"total_minor": (800, 600)}),
        ("500 < total_minor", {"total_minor": (800, 500)}),
        ("accuracy_m > 7.5", {"accuracy_m": (10.0, 7.5)}),
        ("rush", {"rush": (True, False)}),
        ("known(customer)", {"customer": ("c", None)}),
        ('customer == "c"', {"customer": ("c", "")}),
        ('currency != "EUR"', {"currency": ("USD", "EUR")}),
        ("shows_link(text)", {"text": ("see www.example.org", "")}),
        ('customer in ["c", "d"] and total_minor > 799', {"total_minor": (800, 799)}),
        ("not known(response_ms)", {}),
        ("True", {}),
    ],
)
def test_the_smallest_change(condition: str, changes: dict[str, Any]) -> None:
    found = explained(
        rules(rule(condition)), total_minor=800, tip_minor=100, currency="USD", store_distance_m=3, rush=True,
        accuracy_m=10.0, customer="c", text="see www.example.org",
    )  # fmt: skip
    assert smallest(found) == changes
    assert (found.smallest.verdict, found.smallest.complete) == ("allow" if changes else "review", True)


def test_a_change_ends_every_rule_as_bad_as_the_verdict_and_says_what_is_left() -> None:
    made = rules(
        rule("total_minor > 500", "a"),
        rule("total_minor > 600", "b"),
        rule("total_minor > 100", "c", "watch"),
    )
    found = explained(made, total_minor=800, currency="USD")
    assert (smallest(found), found.smallest.verdict) == ({"total_minor": (800, 500)}, "watch")


def test_a_change_that_makes_another_rule_fire_is_none() -> None:
    """The one value that is nearest to its border would bring the other rule in."""
    made = rules(rule("store_distance_m >= 3", "many"), rule("store_distance_m == 2 and rush", "two"))
    found = explained(made, store_distance_m=3, rush=True)
    assert smallest(found) == {"store_distance_m": (3, 1)}


def test_a_condition_that_fails_closed_is_changed_by_a_known_value() -> None:
    made = rules(rule("store_distance_m >= 3", more='fail = "closed"'))
    assert smallest(explained(made)) == {"store_distance_m": (None, 2)}


def test_a_search_that_is_too_long_says_so() -> None:
    """Five values of which each would have to change: more than are looked for."""
    five = ["total_minor", "tip_minor", "store_distance_m", "response_ms", "discount_minor"]
    made = rules(rule(" or ".join(f"{name} > 1" for name in five)))
    found = explained(made, currency="USD", **dict.fromkeys(five, 5))
    assert found.smallest == Smallest((), "review", complete=False)


# --- what is covered ----------------------------------------------------------------------------------------

COVERED = frozenset({"text"})


def test_a_covered_value_is_neither_shown_nor_changed_and_the_rest_still_counts() -> None:
    made = rules(
        'bad = phrases("gift card")',
        rule("says(text, bad) and store_distance_m >= 2 and (known(text) or rush)"),
        rule("says(text, bad) and store_distance_m >= 4", "other", "block"),
    )
    found = explained(made, text="gift card", store_distance_m=3, covered=COVERED)
    assert asked(found) == [
        ("text", None, "matches", "bad", None),
        ("store_distance_m", 3, ">=", 2, True),
        ("text", None, "known", None, None),
        ("rush", None, "is", True, None),
    ]
    assert [one.covered for one in found.fired[0].checks] == [True, False, True, False]
    assert (found.near, found.hidden) == ((), 1)
    assert found.smallest.changes == (Change(Get("field", "store_distance_m", "int"), 3, 1),)
    assert found.reproduced


def test_what_only_a_covered_value_decides_has_no_change() -> None:
    made = rules('bad = phrases("gift card")', rule("says(text, bad)"))
    found = explained(made, text="gift card", covered=COVERED)
    assert found.smallest == Smallest((), "review", complete=True)


def test_a_covered_value_is_not_written_into_a_letter() -> None:
    made = rules(
        rule('reason_code == "x1" and store_distance_m > 1', reason="{reason_code}, {store_distance_m}")
    )
    found = explained(made, reason_code="x1", store_distance_m=3, covered=frozenset({"reason_code"}))
    assert found.fired[0].texts == {"en": "…, 3"}


def test_an_explanation_that_does_not_fit_its_rules_says_so() -> None:
    made = rules(rule("store_distance_m >= 3"))
    explanation = decide(Engine(made, MEMORY), event(store_distance_m=3)).explanation
    assert explanation is not None
    assert why(made, event(store_distance_m=3), explanation).reproduced
    assert not why(made, event(store_distance_m=2), explanation).reproduced


# --- anything that can be written ---------------------------------------------------------------------------

WRITTEN = conditions(("orders", "share", "typical"), ("known_bad",))


def worst(made: RuleSet, stored: Stored) -> int:
    """The rank of what the rules say on these values, 0 for allow."""
    return max(
        (VERDICTS.index(rule.verdict) for rule in made.rules.values()
         if concerns(rule, stored, made) and may_fire(rule, stored, made)), default=0,
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(WRITTEN, st.sampled_from(VERDICTS[1:]), st.sampled_from(["open", "closed"])),
             min_size=1, max_size=4),
    st.lists(values, min_size=1, max_size=5),
)  # fmt: skip
def test_what_was_kept_tells_the_verdict_again_and_the_smallest_change_makes_it_milder(
    written: list[tuple[str, str, str]], sent: list[dict[str, Any]]
) -> None:
    texts = [
        rule(when, f"r{number}", verdict, more=f'fail = "{fail}"')
        for number, (when, verdict, fail) in enumerate(written)
    ]
    made = rules(LISTS, FEATURES, *texts)
    seen = [event(ts=T0 + number, **{"currency": "USD", **one}) for number, one in enumerate(sent)]
    for one, outcome in zip(seen, Engine(made, MEMORY).decide(seen, T0), strict=True):
        assert isinstance(outcome, Outcome)
        if outcome.explanation is not None:
            _check(made, one, kept(outcome.explanation), outcome.decision.verdict)


def _check(made: RuleSet, one: Event, explanation: Explanation, verdict: str) -> None:
    found = why(made, one, explanation)
    assert (found.reproduced, found.verdict) == (True, verdict)
    assert found == why(made, one, explanation)
    stored, rank = Stored(one, explanation), VERDICTS.index(verdict)
    changed = {change.what: change.to for change in found.smallest.changes}
    if changed:
        after = worst(made, replace(stored, changed=changed))
        assert (after, found.smallest.verdict) == (VERDICTS.index(found.smallest.verdict), VERDICTS[after])
        assert after < rank
    for left_out in changed:
        fewer = {what: to for what, to in changed.items() if what != left_out}
        assert worst(made, replace(stored, changed=fewer)) >= rank
    fired = {because.rule.id for because in found.fired}
    assert not fired & {near.rule.id for near in found.near}
