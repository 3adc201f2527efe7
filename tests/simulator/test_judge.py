"""A program as the judge of an offline run: asked line by line, obeyed, and missed when it is gone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from simulator.judge import NoAnswer, asking
from tests.simulator.support import played

BLOCKS_ORDERS = """
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    bad = event["type"] == "order.placed"
    answer = {"verdict": "block", "reasons": [{"code": "O1"}]} if bad else {"verdict": "allow"}
    print(json.dumps(answer), flush=True)
"""


def program(folder: Path, text: str) -> str:
    (folder / "judge.py").write_text(text)
    return f"{sys.executable} {folder / 'judge.py'}"


def test_what_the_program_says_is_obeyed(tmp_path: Path) -> None:
    with asking(program(tmp_path, BLOCKS_ORDERS)) as judge:
        recorded = played("stolen_cards", judge=judge)
    orders = len(recorded.of_type("order.placed"))
    assert (len(recorded.of_type("order.cancelled")), recorded.truth.verdicts["block"]) == (orders, orders)
    assert recorded.plant.total("lost") == 0


@pytest.mark.parametrize("text", ["", "import sys\nsys.stdin.readline()\nprint('well', flush=True)"])
def test_a_program_that_gives_no_answer_ends_the_run(tmp_path: Path, text: str) -> None:
    with pytest.raises(NoAnswer, match="gave no answer to event"), asking(program(tmp_path, text)) as judge:
        played("stolen_cards", judge=judge)


def test_the_program_hears_the_event_as_the_decide_call_takes_it(tmp_path: Path) -> None:
    heard = tmp_path / "heard.jsonl"
    text = f"""
import sys
with open({str(heard)!r}, "w") as out:
    for line in sys.stdin:
        out.write(line)
        print('{{"verdict": "allow"}}', flush=True)
"""
    with asking(program(tmp_path, text)) as judge:
        recorded = played("tip_baiting", judge=judge)
    assert [json.loads(line) for line in heard.read_text().splitlines()] == recorded.events
