"""Deadlines planted on cases of their own, falling due one after the other while processes are killed."""

from __future__ import annotations

import json
import secrets

import httpx

from tests.support.stack import Stack, until

CASES = 6
CLOCKS = 120
EVERY_S = 0.5

_PLANT = """
import json
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.spec import Citation, ClockSpec
told = json.loads({told!r})
source = Citation(pack="default", path="planted", source="test", mark="D")
made = []
with act(system("test"), "test.plant") as work:
    for number in range(told["clocks"]):
        spec = ClockSpec(name=f"planted-{{number}}", basis="seconds", amount=int(number * told["every"]),
                         authority=source, on_breach="escalate")
        case = told["cases"][number % len(told["cases"])]
        made.append(clocks.start(work, spec, subject_type="case", subject_id=case, zone="UTC").pk)
print("MADE" + json.dumps(made))
"""


def open_cases(stack: Stack, key: str) -> list[str]:
    """Report ``CASES`` things about nobody in particular, and wait for the cases that are opened."""
    run, numbers = secrets.token_hex(4), []
    for number in range(CASES):
        body = {
            "codes": ["CON.harassment"], "narrative": "Somebody shouted at me for minutes.",
            "reporter": {"kind": "bystander"}, "external_id": f"planted-{run}-{number}",
        }  # fmt: skip
        made = httpx.post(
            f"{stack.web}/v1/reports", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=20
        )
        assert made.status_code == 201, made.text
        numbers.append(made.json()["number"])
    query = (
        "SELECT DISTINCT case_id FROM cases_report JOIN reports_report r ON r.id = report_id "
        "WHERE r.number = ANY(%s)"
    )
    with stack.connect() as database:
        until(lambda: len(database.execute(query, [numbers]).fetchall()) == CASES, "the cases to be opened")
        return [row[0] for row in database.execute(query, [numbers]).fetchall()]


def plant(stack: Stack, cases: list[str]) -> list[str]:
    """Start ``CLOCKS`` clocks on the cases, one due every ``EVERY_S`` seconds from now on; their ids."""
    told = json.dumps({"cases": cases, "clocks": CLOCKS, "every": EVERY_S})
    done = stack.tocsin("manage", "shell", "-c", _PLANT.format(told=told))
    line = next((one for one in done.stdout.splitlines() if one.startswith("MADE")), "")
    assert line, done.stdout + done.stderr
    return list(json.loads(line.removeprefix("MADE")))
