"""Stories beside the rules: how they are read, and told with one thing changed."""

from __future__ import annotations

import pytest

from tests.engine.builders import rule, rules
from tocsin.engine.ruletests import Expect, Failure, read_stories, run

RULES = rules('orders = count("order.placed", per=customer, within="1h")\n', rule("orders >= 1 and rush"))
STORY = """
[[test]]
name = "again"
events = [
  { type = "order.placed", customer = "c", fields = { rush = false } },
  { type = "order.placed", customer = "c", device = "d", fields = { rush = true, first_order = false } },
]
expect = { verdict = "review" }
"""


def test_a_story_is_told_with_one_thing_changed() -> None:
    but = """but = [
      { fields = { rush = false }, rules = [], verdict = "allow" },
      { event = 1, repeat = 2, after = "2h", rules = ["r1"] },
      { without = ["device", "first_order"], actions = [] },
    ]"""
    first, *others = read_stories(STORY + but)
    assert [one.name for one in others] == ["again (but 1)", "again (but 2)", "again (but 3)"]
    assert [one.expect for one in others] == [
        Expect(verdict="allow", rules=[]), Expect(rules=["r1"]), Expect(actions=[]),
    ]  # fmt: skip
    one, two = first.events
    assert others[0].events == [one, {**two, "fields": {"rush": False, "first_order": False}}]
    assert others[1].events == [{**one, "repeat": 2, "after": "2h"}, two]
    assert others[2].events == [one, {"type": "order.placed", "customer": "c", "fields": {"rush": True}}]
    assert [run(story, RULES) for story in (first, *others)] == [[], [], [], []]


def test_a_story_that_is_not_so_says_what_came_instead() -> None:
    text = STORY.replace('"review"', '"allow", rules = [], actions = ["watch customer c"]')
    [story] = read_stories(text)
    assert run(story, RULES) == [
        Failure("again", "expected allow: review (r1 {'orders': 1, 'rush': True})"),
        Failure("again", "expected rules [], fired ['r1']"),
        Failure("again", "expected actions ['watch customer c'], got []"),
    ]


def test_always_is_about_every_event() -> None:
    [story] = read_stories(STORY.replace('expect = { verdict = "review" }', 'always = "allow"'))
    assert run(story, RULES) == [
        Failure("again", "event 2 (order.placed): review (r1 {'orders': 1, 'rush': True})")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no story", "Expected '=' after a key"),
        ('[[test]]\nname = "a"', "events"),
        ('[[test]]\nname = "a"\nevents = []\nbut = [{}]', '"a", but 1: there is no such event.'),
        ('[[test]]\nname = "a"\nevents = [{}]\nbut = [{ event = 0 }]', '"a", but 1: there is no such event.'),
        ('[[test]]\nname = "a"\nevents = [{}]\nbut = [{ verdict = "no" }]', "Invalid enum value 'no'"),
    ],
)
def test_what_is_no_story_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="") as caught:
        read_stories(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ('type = "order.plcd"', "an event is wrong: type: Not a known event type."),
        ('type = "order.placed", after = "soon"', 'an event is wrong: "soon" is not a span of time'),
        (
            'type = "order.placed", colour = "red"',
            "an event is wrong: Object contains unknown field `colour`",
        ),
        ('type = "order.placed", repeat = 0', "a test needs at least one event"),
    ],
)
def test_a_wrong_event_fails_its_story(event: str, said: str) -> None:
    [story] = read_stories(f'[[test]]\nname = "a"\nevents = [{{ {event} }}]')
    [failure] = run(story, RULES)
    assert failure.message.startswith(said)
