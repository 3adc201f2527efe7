"""The card-payment benchmark runs for anybody: on invented rows here, through a whole Tocsin of its own."""

from __future__ import annotations

import csv
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tocsin.engine.language.ruleset import load_folder
from tocsin.engine.ruletests import Story, read_stories, run

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RULES = load_folder(BENCHMARKS / "rules")
#: The rules that ask for a person.
ASKING = {name for name, rule in RULES.rules.items() if rule.verdict in ("review", "block")}
STORIES = read_stories((BENCHMARKS / "rules" / "card_payments.tests.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_its_rules_do_what_their_stories_say(story: Story) -> None:
    assert run(story, RULES) == []


def rows() -> list[dict[str, Any]]:
    """Forty days, ten payments a day; every payment at terminal 9 is fraud; no labels for the last days."""
    start, made = dt.datetime(2018, 4, 1), []
    for number in range(400):
        at = start + dt.timedelta(hours=2.4 * number)
        terminal = number % 10
        fraud = None if number >= 350 else int(terminal == 9)
        made.append(
            {
                "TRANSACTION_ID": number,
                "TX_DATETIME": at,
                "CUSTOMER_ID": number % 30,
                "TERMINAL_ID": terminal,
                "TX_AMOUNT": 20.0 + number % 7,
                "TX_FRAUD": fraud,
            }
        )
    return made


def test_it_counts_by_labels_known_by_then_and_ends_with_cases_in_the_queue(tmp_path: Path) -> None:
    data, out = tmp_path / "t.parquet", tmp_path / "out.csv"
    schema = pa.schema(
        [
            ("TRANSACTION_ID", pa.int32()),
            ("TX_DATETIME", pa.timestamp("ns")),
            ("CUSTOMER_ID", pa.int32()),
            ("TERMINAL_ID", pa.int32()),
            ("TX_AMOUNT", pa.float64()),
            ("TX_FRAUD", pa.int8()),
        ]
    )
    pq.write_table(pa.Table.from_pylist(rows(), schema), data)
    command = [
        sys.executable,
        str(BENCHMARKS / "card_payments.py"),
        "--data",
        str(data),
        "--json",
        "--out",
        str(out),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    # 33 of the 35 labelled frauds at terminal 9 became known before the end, each told once.
    told = sum(1 for number in range(350) if number % 10 == 9 and number + 70 <= 399)
    assert result["events"] == 400 + told
    assert (result["payments"], result["first_day"], result["last_day"]) == (400, "2018-04-01", "2018-05-10")
    assert result["judged"]["payments"] == 330
    assert result["judged"]["frauds"] == 33
    caught = {alarm["name"]: alarm for alarm in result["alarms"]}
    # The first frauds become known after seven days; from the second news on the terminal is under review.
    assert caught["Tocsin: review or block"]["precision"] == 1.0
    assert caught["Tocsin: review or block"]["caught"] == 25
    assert caught["amount > 220.00"]["flagged"] == 0
    assert {"machine", "versions", "command"} <= set(result)
    with out.open() as file:
        written = list(csv.DictReader(file))
    # Everything flagged was paid by one of three customers at terminal 9, and each has one case.
    hits = [
        (int(row["TRANSACTION_ID"]) % 30, rule)
        for row in written
        for rule in ASKING & set(row["rules"].split())
    ]
    assert {customer for customer, _ in hits} == {9, 19, 29}
    assert result["queue"] == {
        "hits": len(hits), "alerts": len(set(hits)), "cases": 3, "desks": {"fraud": 3},
    }  # fmt: skip
    assert [row["TRANSACTION_ID"] for row in written] == [str(number) for number in range(400)]
    assert written[389]["verdict"] == "block"


def test_it_is_a_module_as_well() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.card_payments", "--help"],
        capture_output=True, text=True, check=False, cwd=BENCHMARKS.parent,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "--data" in ran.stdout
