"""``tocsin rules backtest|compare`` beside a running Tocsin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.domains.rules.drafts import NAME, TEXT
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until


@pytest.fixture(scope="module")
def past(own_stack: Stack) -> Stack:
    """Somebody's small payment was declined four times, and ten people signed in."""
    people = cast(own_stack, "past")
    shop = Marketplace(own_stack.web, own_stack.decide, people.key, people.tag)
    for number in range(10):
        shop.event("account.login", {"customer": f"calm-{number}"})
    for _ in range(4):
        shop.event(
            "payment.declined", {"customer": "clumsy", "card": "k-1"}, amount_minor=100, currency="USD"
        )
    shop.stop()
    until(lambda: _shipped(own_stack) == 14, "the events to be shipped")
    return own_stack


def _shipped(stack: Stack) -> int:
    with stack.connect() as database:
        row = database.execute("SELECT count(*) FROM detection_event").fetchone()
    return int(row[0]) if row else 0


def test_a_rule_file_is_backtested_over_the_past(past: Stack, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.rules").write_text(TEXT)
    done = past.tocsin("rules", "backtest", str(tmp_path / f"{NAME}.rules"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["rule"], found["events"], found["hits"], found["people"]) == (NAME, 14, 2, 1)
    assert found["changed"] == {"allow → review": 2}


def test_what_cannot_be_backtested_is_said(past: Stack, tmp_path: Path) -> None:
    file = tmp_path / f"{NAME}.rules"
    file.write_text(TEXT.replace("verdict", "verdct"))
    done = past.tocsin("rules", "backtest", str(file))
    assert (done.returncode, 'Did you mean "verdict"?' in done.stdout) == (1, True)
    for arguments, said in (
        ((str(tmp_path / "none.rules"),), "cannot be read"),
        ((str(file), "--days", "0"), "--days takes 1 to 90"),
    ):
        done = past.tocsin("rules", "backtest", *arguments)
        assert (done.returncode, said in done.stderr) == (1, True)


def test_there_is_nothing_to_compare_before_a_shadow(past: Stack) -> None:
    done = past.tocsin("rules", "compare", "card_testing")
    assert (done.returncode, "has met no traffic in shadow" in done.stderr) == (1, True)
    done = past.tocsin("rules", "compare", "no_such_rule")
    assert (done.returncode, "There is no such rule." in done.stderr) == (1, True)
