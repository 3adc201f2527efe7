"""A question is read as a rule's condition is, and its mistakes are where they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

import tocsin
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.question import QUESTION, fields_read, longest_window, looked_at, read_question
from tocsin.engine.language.ruleset import load, load_folder

PACKAGED = load_folder(Path(tocsin.__file__).parent / "data" / "rules")
_HOUR = 3_600_000
_RESTING = """
rude = count("message.sent", per=[customer, sender], within="1h", where=shows_phone(text))
codes = distinct(promo, of="order.placed", per=customer, within="24h", where=way > 9)
way = distance("order.placed", per=customer, within="1h")
share = ratio(rude, codes)
"""


def refused(when: str) -> list[tuple[int, int, int, str, str]]:
    with pytest.raises(RuleError) as raised:
        read_question(PACKAGED, ["order.placed"], when)
    return [
        (one.spot.line, one.spot.column, one.spot.end, one.message, one.source)
        for one in raised.value.problems
    ]


def test_it_sees_what_the_rules_declare() -> None:
    asked = read_question(PACKAGED, ["order.placed"], "total_minor > 5000\nand customer_other_devices >= 1")
    assert [got.name for got in looked_at(asked)] == ["total_minor", "customer_other_devices"]
    assert list(asked.rules) == [QUESTION]
    assert asked.rules[QUESTION].on == ("order.placed",)
    assert longest_window(asked) == 30 * 24 * _HOUR


def test_fields_are_read_through_features_that_rest_on_others() -> None:
    asked = read_question(load({"x.rules": _RESTING}), ["message.sent"], "total_minor > 1 and share > 2")
    assert fields_read(asked) == {"lat", "lon", "promo", "sender", "text", "total_minor"}


def test_without_a_condition_everything_is_meant() -> None:
    assert looked_at(read_question(PACKAGED, ["order.placed"], " \n")) == []
    assert longest_window(read_question(PACKAGED, ["order.placed"], "")) == 0


@pytest.mark.parametrize(
    ("when", "found"),
    [
        (
            "total_minor > 5000 and\n  totl_minor < 9",
            (2, 3, 13, 'There is no "totl_minor". Did you mean "total_minor"?', "  totl_minor < 9"),
        ),
        (
            "total_minor",
            (1, 1, 12, "Expected something that is true or false; this is a whole number.", "total_minor"),
        ),
        ("import os", (1, 1, 7, "This cannot be read: invalid syntax.", "import os")),
        ("tip.x > 1", (1, 1, 6, "A dot means nothing here. Event types are written in quotes.", "tip.x > 1")),
    ],
)
def test_a_mistake_is_where_it_was_written(when: str, found: tuple[int, int, int, str, str]) -> None:
    assert refused(when) == [found]


@pytest.mark.parametrize("when", [") or (", "1)\n(2", "(", "x = 1", "a > 1\nb > 2", '"', "\0", "((" * 40])
def test_whatever_is_written_is_answered_with_a_place_inside_of_it(when: str) -> None:
    for line, column, _end, message, _source in refused(when):
        assert 1 <= line <= when.count("\n") + 1
        assert column >= 1
        assert message
