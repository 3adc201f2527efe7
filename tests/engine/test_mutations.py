"""Small changes of a rule, and whether the stories notice them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.builders import rule, rules
from tocsin.engine.mutations import fires, mutants, play, unnoticed
from tocsin.engine.ruletests import Expect, Story

ORDERS = 'orders = count("order.placed", per=customer, within="1h")\n'


def changes(when: str) -> list[str]:
    return [mutant.what for mutant in mutants(rules(ORDERS, rule(when)).rules["r1"])]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (
            "orders >= 2",
            [f"orders >= 2 became orders {other}" for other in ("> 2", ">= 1", ">= 3")],
        ),
        (
            "total_minor < 20000",
            [
                "total_minor < 20000 became total_minor <= 20000",
                "total_minor < 20000 became total_minor < 19800",
                "total_minor < 20000 became total_minor < 20200",
            ],
        ),
        (
            "total_minor > 2.0 * gift_card_minor",
            [
                "total_minor > 2.0 * gift_card_minor became total_minor >= 2.0 * gift_card_minor",
                "total_minor > 2.0 * gift_card_minor became total_minor > 1.98 * gift_card_minor",
                "total_minor > 2.0 * gift_card_minor became total_minor > 2.02 * gift_card_minor",
            ],
        ),
        ("sender == 'a'", ['sender == "a" became sender != "a"']),
        ("rush and known(card)", ["left out: rush", "left out: known(card)"]),
        ("rush or not known(card)", [
            "left out: rush", "left out: not known(card)", "not known(card) became known(card)",
        ]),
        ("rush", []),
    ],
)  # fmt: skip
def test_every_threshold_comparison_and_part_is_changed(when: str, expected: list[str]) -> None:
    assert changes(when) == expected


def story(expect: dict[str, Any], *events: dict[str, Any], always: Any = None) -> Story:
    return Story("a story", [{"type": "order.placed", **one} for one in events], Expect(**expect), always)


SET = rules(
    ORDERS,
    rule("rush and orders >= 1", "r1"),
    rule("rush", "r2", "watch"),
    rule("not rush", "closed", "watch", more='fail = "closed"'),
    rule("known(card)", "there", "watch", more='jurisdictions = "US"'),
)
SECOND = ({"customer": "c"}, {"customer": "c", "fields": {"rush": True}})


def of(name: str, *stories: Story) -> list[str]:
    return [mutant.what for mutant in unnoticed(SET, stories) if mutant.rule == name]


def test_a_story_notices_what_its_expectation_is_about() -> None:
    everything = ["left out: rush", "left out: orders >= 1", "orders >= 1 became orders > 1",
                  "orders >= 1 became orders >= 0", "orders >= 1 became orders >= 2"]  # fmt: skip
    assert of("r1") == everything
    exact = of("r1", story({"rules": ["r1", "r2"]}, *SECOND))
    assert exact == ["left out: rush", "left out: orders >= 1", "orders >= 1 became orders >= 0"]
    assert of("r1", story({"verdict": "review"}, *SECOND)) == exact
    assert of("r1", story({}, *SECOND)) == everything  # it expects nothing
    assert of("r1", story({"actions": []}, *SECOND)) == everything  # the rule asks for none


def test_a_verdict_that_another_rule_gives_as_well_notices_nothing() -> None:
    both = rules(ORDERS, rule("rush", "r1"), rule("rush and known(customer)", "r2"))
    found = [
        one.rule
        for one in unnoticed(
            both, [story({"verdict": "review"}, {"customer": "c", "fields": {"rush": True}})]
        )
    ]
    assert found == ["r2", "r2"]


def test_always_is_about_every_event() -> None:
    quiet = story({}, {"customer": "c", "card": "k"}, {"customer": "c"}, always="watch")
    assert "left out: rush" in of("r1")
    assert "left out: rush" not in of("r1", quiet)


def test_the_plain_meaning_of_a_rule_says_what_the_engine_says() -> None:
    scene = play(
        story(
            {},
            {"customer": "c", "fields": {"rush": True}},
            {"customer": "c", "card": "k", "region": "US-CA"},
            {"customer": "c", "card": "k", "region": "EU"},
            {"customer": "c", "card": "k", "fields": {"rush": False}},
            {"customer": "c", "fields": {"rush": True}},
            {"type": "order.cancelled", "customer": "c", "fields": {"rush": True}},
        ),
        SET,
    )
    assert [moment.fired for moment in scene.moments] == [
        {"r2"}, {"closed", "there"}, {"closed"}, {"closed"}, {"r1", "r2"}, set(),
    ]  # fmt: skip
    for moment in scene.moments:
        assert {rule.id for rule in SET.rules.values() if fires(rule, moment, SET)} == moment.fired
