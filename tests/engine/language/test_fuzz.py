"""Anything at all as a rule file: words about what is wrong, or a set that can be planned. Nothing else
ever."""

from __future__ import annotations

import contextlib
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

import tocsin
from tests.engine.builders import MEMORY, T0, event, rule
from tests.engine.language.writing import sets, values
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import load
from tocsin.engine.plan.plan import make_plan

FOLDER = Path(tocsin.__file__).parent / "data" / "rules"
PACKAGED = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.rules"))}
FEATURE = 'orders = count("order.placed", per=customer, within="1h")\n'

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
SIGNS = """
class r1 r2 ( ) (Rule): = == < >= != , [ ] { } : and or not in is - + * / 1 0 5.5 9007199254740992 "1h" "x" ""
' " "order.placed" "custom.x" customer device region total_minor lat rush text orders count sum ratio others
labelled listed per= within= where= of= values phrases domains networks entry until= known says shows_link
metres_between when on verdict defaults fail= HOUR lambda import __class__ . @ := f' # \\ None True é for if
else ** % ; ... await
"""
TOKENS = [*SIGNS.split(), "\n", "\n    ", "\0", "\t", "\ufeff"]
SOUP = st.lists(st.sampled_from(TOKENS), max_size=60).flatmap(
    lambda tokens: st.sampled_from(["", " "]).map(lambda gap: gap.join(tokens))
)


def plan_or_refuse(sources: Mapping[str, str]) -> None:
    """Anything but RuleError fails the test, and so does a plan that cannot be made."""
    with contextlib.suppress(RuleError):
        plan(sources)


def plan(sources: Mapping[str, str]) -> None:
    made = load(sources)
    try:
        make_plan(made)
        make_plan(made, read_all=True)
    except RuleError as error:  # planning has no business to complain
        raise AssertionError(error) from error


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT | SOUP)
@example("\\")
@example("x = 1 +")
def test_any_text_is_refused_or_planned(text: str) -> None:
    plan_or_refuse({"a.rules": text})
    plan_or_refuse({"a.rules": FEATURE + rule(text.replace("\n", " "))})
    plan_or_refuse({"a.rules": FEATURE, "schema.toml": text})


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A piece of a packaged file, with a few pieces cut out, doubled or put elsewhere."""
    text = PACKAGED[draw(st.sampled_from(sorted(PACKAGED)))]
    start = text.find("\n", draw(st.integers(0, max(0, len(text) - 4_000)))) + 1
    text = text[start : text.find("\n", min(len(text), start + 3_000)) + 1]
    for _ in range(draw(st.integers(1, 6))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 40))
        piece = draw(
            st.one_of(
                st.just(""),
                st.just(text[at : at + length]),
                st.sampled_from(TOKENS),
                st.text(string.printable, max_size=3),
            )
        )
        text = text[:at] + piece + text[at + draw(st.integers(0, 12)) :]
    return text


@settings(max_examples=100, deadline=None)
@given(damaged())
def test_a_damaged_file_is_refused_or_planned(text: str) -> None:
    plan_or_refuse({"a.rules": text})
    plan_or_refuse({"orders.rules": PACKAGED["orders.rules"], "z.rules": text})


@settings(max_examples=100, deadline=None)
@given(sets(), st.lists(values, max_size=4))
def test_a_set_that_is_well_written_can_be_planned_and_decides(text: str, sent: list[dict[str, Any]]) -> None:
    plan({"a.rules": text})
    events = [event(**{"currency": "USD", **fields}) for fields in sent]
    outcomes = Engine(load({"a.rules": text}), MEMORY).decide(events, T0)
    assert [type(outcome) for outcome in outcomes] == [Outcome] * len(events)
