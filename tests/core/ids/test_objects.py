"""Public ids sort by time, carry their kind and cannot be guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from tocsin.core.ids import earliest_id, is_id, made_at, new_id


def test_form() -> None:
    made = new_id("case")
    assert is_id(made, "case")
    assert made.startswith("case_")
    assert len(made) == len("case_") + 26
    assert not is_id(made, "report")
    assert not is_id(made[:-1], "case")
    assert not is_id(made.upper(), "case")
    assert not is_id("case_" + "u" * 26, "case")


def test_ids_sort_by_time_and_tell_it() -> None:
    made = []
    moments = [datetime(2026, 3, 1, 12, 0, 0, n * 1000, tzinfo=UTC) for n in range(0, 900, 30)]
    for moment in moments:
        with time_machine.travel(moment, tick=False):
            made.append(new_id("case"))
    assert sorted(made) == made
    assert [made_at(one) for one in made] == moments


def test_no_two_alike() -> None:
    assert len({new_id("case") for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("kind", ["", "c", "Case", "case_file", "a" * 17, "cáse"])
def test_bad_kinds(kind: str) -> None:
    with pytest.raises(ValueError):
        new_id(kind)


def test_made_at_refuses_other_text() -> None:
    with pytest.raises(ValueError):
        made_at("case_nonsense")


def test_the_earliest_id_of_a_moment_lies_before_all_made_then() -> None:
    moment = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        made = [new_id("msg") for _ in range(20)]
    bound = earliest_id("msg", moment)
    assert is_id(bound, "msg")
    assert made_at(bound) == moment
    assert all(bound <= one for one in made)
    assert all(one < earliest_id("msg", datetime(2026, 3, 2, 15, 0, 0, 1000, tzinfo=UTC)) for one in made)
