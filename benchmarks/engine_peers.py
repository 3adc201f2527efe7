"""The same 200 rules on other engines: over ready values, because none of them keeps windows of its own.

Each is given one dictionary an event, with the values our kernel worked out, and answers which rules fire.
Their answers are compared with ours before anything is timed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Judge = Callable[[Row], int]


def plain_python(rules: list[dict[str, Any]]) -> Judge:
    """One compiled Python function with all rules in it: what a team writes by hand."""
    lines = ["def judge(t):", "    fired = 0"]
    for rule in rules:
        tests = [f"t[{name!r}] is not None and t[{name!r}] {op} {limit}" for name, op, limit in rule["tests"]]
        lines.append(f"    if t['type'] in {tuple(rule['on'])!r} and {' and '.join(tests)}: fired += 1")
    lines.append("    return fired")
    space: dict[str, Any] = {}
    exec(compile("\n".join(lines), "rules", "exec"), space)
    judge: Judge = space["judge"]
    return judge


def ezrules(rules: list[dict[str, Any]]) -> Judge:
    """ezrules' engine: one function a rule, as its editor writes them. It wants settings it does not use
    here."""
    for name, value in (("DB_ENDPOINT", "sqlite://"), ("APP_SECRET", "-"), ("ORG_ID", "1")):
        os.environ[f"EZRULES_{name}"] = value
    from ezrules.core.rule_engine import RuleEngineFactory

    config = []
    for number, rule in enumerate(rules):
        tests = [f"${name} is not None and ${name} {op} {limit}" for name, op, limit in rule["tests"]]
        logic = f"if $type in {json.dumps(rule['on'])} and {' and '.join(tests)}:\n\treturn 'HIT'"
        config.append({"rid": f"r{number}", "logic": logic, "description": ""})
    engine = RuleEngineFactory.from_json(config)
    return lambda row: len(engine(row)["rule_results"])


def zen(rules: list[dict[str, Any]]) -> Judge:
    """zen-engine: a decision table with one row a rule, every hit collected."""
    from zen import ZenEngine

    rows = []
    for number, rule in enumerate(rules):
        types = "[" + ", ".join(json.dumps(name) for name in rule["on"]) + "]"
        tests = [f"{name} != null and {name} {op} {limit}" for name, op, limit in rule["tests"]]
        when = f"type in {types} and {' and '.join(tests)}"
        rows.append({"_id": str(number), "i": when, "o": str(number)})
    here = {"x": 0, "y": 0}
    graph = {
        "nodes": [
            {"id": "a", "name": "in", "type": "inputNode", "position": here},
            {"id": "t", "name": "t", "type": "decisionTableNode", "position": here,
             "content": {"hitPolicy": "collect",
                         "inputs": [{"id": "i", "name": "when", "type": "expression"}],
                         "outputs": [{"id": "o", "name": "rule", "field": "rule", "type": "expression"}],
                         "rules": rows}},
            {"id": "z", "name": "out", "type": "outputNode", "position": here},
        ],
        "edges": [{"id": "1", "sourceId": "a", "targetId": "t", "type": "edge"},
                  {"id": "2", "sourceId": "t", "targetId": "z", "type": "edge"}],
    }  # fmt: skip
    decision = ZenEngine().create_decision(json.dumps(graph))
    return lambda row: len(decision.evaluate(row)["result"])


def microseconds(judge: Judge, rows: list[Row], least_s: float = 1.0) -> float:
    """Processor time an event."""
    judged, started = 0, time.process_time()
    while (spent := time.process_time() - started) < least_s or judged == 0:
        for row in rows:
            judge(row)
        judged += len(rows)
        spent = time.process_time() - started
    return spent / judged * 1e6
