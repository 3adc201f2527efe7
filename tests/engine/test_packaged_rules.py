"""The rules we ship: every story beside them is true, every rule has one, and what they say can be read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import tocsin
from tocsin.engine.language.ruleset import load_folder
from tocsin.engine.mutations import unnoticed
from tocsin.engine.ruletests import Story, run, stories_of

DATA = Path(tocsin.__file__).parent / "data"
FOLDER = DATA / "rules"
RULES = load_folder(FOLDER)
STORIES = stories_of(FOLDER)


@pytest.mark.parametrize("story", [story for _, story in STORIES], ids=[f"{f}: {s.name}" for f, s in STORIES])
def test_story(story: Story) -> None:
    assert run(story, RULES) == []


def test_every_rule_fires_in_a_story() -> None:
    told = {name for _, story in STORIES for name in story.expect.rules or []}
    assert set(RULES.rules) - told == set()


def test_the_stories_notice_every_small_change_of_a_rule() -> None:
    found = unnoticed(RULES, [story for _, story in STORIES])
    assert [f"{mutant.rule}: {mutant.what}" for mutant in found] == []


def test_every_rule_speaks_english_and_spanish() -> None:
    assert [rule.id for rule in RULES.rules.values() if not {"en", "es"} <= set(rule.reason)] == []


def test_every_clause_is_a_code_of_the_taxonomy() -> None:
    known: set[str] = set()
    for path in (DATA / "taxonomy" / "codes").glob("*.toml"):
        known |= {entry["code"] for entry in tomllib.loads(path.read_text(encoding="utf-8"))["codes"]}
    assert {rule.clause for rule in RULES.rules.values()} - known == set()
