"""The score against a history made by hand, so that every number can be checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator import score as scoring
from simulator.events import Answer, Event
from simulator.model import Ref
from simulator.truth import Truth

THIEF: Ref = ("customer", "thief")
RING: Ref = ("customer", "ring")
ANNA: Ref = ("customer", "anna")
BEN: Ref = ("customer", "ben")
NOW = 1_000_000.0


def said(
    truth: Truth, who: Ref, at: float, answer: Answer, *, bad: bool = False, kind: str = "order.placed"
) -> None:
    event = Event(f"ev-{who[1]}-{at:g}", kind, "US-WA", "UTC", {who[0]: who[1]}, {}, at)
    truth.said(event, who, truth.bad.get(who), bad=bad)
    truth.answered(event, who, answer, at + 0.5)


@pytest.fixture
def truth() -> Truth:
    truth = Truth()
    caught = truth.plant("stolen_cards", frozenset({"V3", "V2"}), NOW)
    truth.involve(caught, THIEF)
    said(truth, THIEF, NOW + 1, Answer("step_up", ("O1",)))
    said(truth, THIEF, NOW + 10, Answer("allow"), bad=True, kind="payment.declined")
    said(truth, THIEF, NOW + 12, Answer("watch", ("V3",)), bad=True, kind="payment.declined")
    said(truth, THIEF, NOW + 15, Answer("block", ("V3", "D1")), bad=True)
    caught.stake("ord-1", 50_000)
    caught.settle("ord-1", lost=False)
    caught.stake("ord-2", 9_000)
    caught.settle("ord-2", lost=True)
    caught.settle("ord-2", lost=False)
    caught.stake("ord-3", 700)
    missed = truth.plant("promo_ring", frozenset({"P1"}), NOW)
    truth.involve(missed, RING)
    said(truth, RING, NOW + 5, Answer("allow"), bad=True, kind="promo.redeemed")
    not_yet = truth.plant("promo_ring", frozenset({"P1"}), NOW)
    truth.involve(not_yet, ("customer", "later"))

    truth.labels[ANNA] = "household"
    said(truth, ANNA, NOW + 2, Answer("review", ("D1",)))
    said(truth, BEN, NOW + 3, Answer("watch", ("V1",)))
    said(truth, BEN, NOW + 4, Answer("allow"))
    return truth


def test_catching_is_timed_from_the_first_bad_event(truth: Truth) -> None:
    row = scoring.score(truth)["scenarios"]["stolen_cards"]
    assert row == {
        "planted": 1,
        "noticed": 1,
        "interrupted": 1,
        "seconds_to_notice": 2.5,
        "seconds_to_interrupt": 5.5,
        "deeds_to_notice": 2,
        "deeds_to_interrupt": 3,
        "stopped_minor": 50_000,
        "lost_minor": 9_000,
        "open_minor": 700,
        "expected_codes": ["V2", "V3"],
        "expected_seen": ["V3"],
        "codes": ["D1", "O1", "V3"],
    }


def test_what_was_missed_is_said_and_what_has_not_begun_does_not_count(truth: Truth) -> None:
    row = scoring.score(truth)["scenarios"]["promo_ring"]
    assert (row["planted"], row["noticed"], row["seconds_to_notice"]) == (1, 0, None)


def test_accounts_and_innocents(truth: Truth) -> None:
    result = scoring.score(truth)
    assert result["accounts"] == {
        "bad": 2,
        "bad_troubled": 1,
        "innocent": 2,
        "innocent_troubled": 1,
        "precision": 0.5,
        "recall": 0.5,
        "insult_rate": 0.5,
        "acted_on_report": 0,
    }
    assert result["innocents"] == {
        "household": {"active": 1, "troubled": 1, "how": {"review": 1}},
        "plain": {"active": 1, "troubled": 0, "how": {}},
    }
    assert result["false_alarms"] == {
        "lookalikes": {"active": 1, "troubled": 1, "rate": 1.0},
        "ordinary": {"active": 1, "troubled": 0, "rate": 0.0},
    }
    assert result["orders"] == {"good": 3, "good_interrupted": 1, "false_positive_rate": 0.3333}
    assert result["verdicts"] == {"step_up": 1, "allow": 3, "watch": 2, "block": 1, "review": 1}


def test_an_action_counts_for_whoever_owns_the_target(truth: Truth) -> None:
    truth.owners[("order", "ord-9")] = RING
    truth.owners[("device", "dev-9")] = BEN
    truth.acted("hold_order", ("order", "ord-9"), NOW + 8, "P1")
    truth.acted("educate", BEN, NOW + 8)
    assert BEN not in truth.troubled
    truth.acted("lock_account", ("device", "dev-9"), NOW + 9)
    result = scoring.score(truth)
    row = result["scenarios"]["promo_ring"]
    assert (row["noticed"], row["seconds_to_interrupt"], row["expected_seen"]) == (1, 3.0, ["P1"])
    assert result["accounts"]["innocent_troubled"] == 2


def test_acting_on_a_report_is_no_trouble_for_nothing(truth: Truth) -> None:
    truth.reported |= {BEN, THIEF}
    truth.acted("suspend_interim", BEN, NOW + 9)
    truth.acted("suspend_interim", THIEF, NOW + 9)
    accounts = scoring.score(truth)["accounts"]
    assert accounts["acted_on_report"] == 1
    assert accounts["innocent_troubled"] == 1
    assert "suspend_interim" in truth.troubled[THIEF]


def test_the_table_and_the_file_say_the_same(truth: Truth, tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    scoring.write(truth, path)
    result = json.loads(path.read_text())
    assert result == scoring.score(truth)
    text = scoring.table(result)
    assert "stolen_cards" in text
    assert "500.00" in text
    assert "not P1" in text
    assert "not V2" not in text, "what was stopped early never showed the rest"
    assert "1 of 2 bad ones met resistance (recall 50.0 %, precision 50.0 %)" in text
    assert "household: 1 of 1 (review 1)" in text
    assert "1 of 2 kinds caught; not promo_ring" in text
    assert "look-alikes 1 of 1 (100.0 %), everybody else 0 of 1 (0.0 %)" in text
    assert [p.name for p in tmp_path.iterdir()] == ["score.json"]


def test_an_empty_history_scores_without_dividing_by_nothing() -> None:
    text = scoring.table(scoring.score(Truth()))
    assert "0 of 0" in text
