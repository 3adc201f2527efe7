"""The workload of `benchmarks.engine`: 60 windowed features over 7 kinds of entities, 200 rules, lists,
labels and links, and events in columns as a backtest reads them.

Everything comes from one seed. Who takes part is skewed, as it is in a marketplace: most events are of few.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tocsin.engine.hashing import NONE, hash_text
from tocsin.engine.language.nodes import Get
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.plan.plan import Plan
from tocsin.engine.runtime.encode import Encoder
from tocsin.engine.runtime.history import History

KINDS = ("customer", "shopper", "store", "device", "ip", "card", "address")
POPULATION = {"customer": 120_000, "shopper": 15_000, "store": 2_000, "device": 140_000, "ip": 60_000,
              "card": 130_000, "address": 100_000}  # fmt: skip
NAMED = {
    "customer": 1.0,
    "shopper": 0.6,
    "store": 0.6,
    "device": 0.95,
    "ip": 0.9,
    "card": 0.7,
    "address": 0.7,
}
TYPES = ("account.login", "account.login_failed", "payment.added", "payment.authorised", "payment.declined",
         "order.placed", "order.delivered", "refund.requested", "refund.paid", "tip.changed",
         "promo.redeemed", "offer.accepted")  # fmt: skip
FIELDS = ("amount_minor", "total_minor", "response_ms", "drop_distance_m", "store_distance_m", "tip_minor")
WINDOWS = ("5m", "1h", "24h", "7d", "30d")
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
SPAN = 30 * 86_400_000
FEATURES = 60
RULES = 200
_VERDICTS = ("watch", "step_up", "review", "block")


def rule_text(features: int = FEATURES, rules: int = RULES) -> tuple[str, list[dict[str, Any]]]:
    """The rule file, and the same rules as plain data for the others: (feature or field, op, limit) and
    types."""
    rng = random.Random(7)
    lines, names = ['"The workload of a benchmark."', ""], []
    for number in range(features):
        kind = KINDS[number % len(KINDS)]
        window = WINDOWS[(number // len(KINDS)) % len(WINDOWS)]
        of = sorted(rng.sample(TYPES, rng.randint(2, 5)))
        name = f"f{number}_{kind}_{window}"
        names.append(name)
        lines.append(
            f'{name} = {_call(number, kind)}of={of}, per={kind}, within="{window}")'.replace("'", '"')
        )
    lines += [
        "together = linked_accounts()",
        "removed = removed_nearby()",
        'watched = labelled(customer, "watched")',
        'stolen = listed(card, "stolen_cards")',
        "bad_codes = values(" + ", ".join(f'"code-{n}"' for n in range(2_000)) + ")",
    ]
    plain = []
    for number in range(rules):
        on = sorted(rng.sample(TYPES, rng.randint(1, 4)))
        tests = [(rng.choice(names), ">=", rng.choice([8, 12, 20, 40, 80])) for _ in range(rng.randint(1, 2))]
        tests.append((rng.choice(FIELDS), rng.choice([">", "<"]), rng.choice([500, 2_000, 8_000, 9_500])))
        extra = {
            0: "together >= 3",
            1: "removed >= 1",
            2: "watched",
            3: "stolen",
            4: "decline_code in bad_codes",
        }
        parts = [f"{name} {op} {limit}" for name, op, limit in tests]
        if number % 20 in extra:
            parts.append(extra[number % 20])
        verdict = _VERDICTS[number % len(_VERDICTS)]
        plain.append({"tests": tests, "on": on, "verdict": verdict})
        lines += [
            "", f"class rule_{number}(Rule):", f'    "Rule {number}"',
            f"    on = {on}".replace("'", '"'),
            f"    when = {' and '.join(parts)}", f'    verdict = "{verdict}"', '    severity = "S3"',
            '    code = "V1"', '    clause = "FRD-C.stolen_payment"', '    reason = "A benchmark."',
        ]  # fmt: skip
    return "\n".join(lines) + "\n", plain


def _call(number: int, kind: str) -> str:
    what = number % 5
    if what == 1:
        return "sum(response_ms, "
    if what == 3:
        return f"distinct({'device' if kind != 'device' else 'customer'}, "
    if what == 4 and number % 10 == 4:
        return "since("
    return "count("


def rule_set() -> tuple[RuleSet, list[dict[str, Any]]]:
    """The rule set and its plain twin."""
    text, plain = rule_text()
    return load({"workload.rules": text}), plain


def history(plan: Plan, events: int, *, population: float = 1.0, span: int = SPAN) -> History:
    """Events for this plan, oldest first. ``population``: how many take part, against the usual."""
    rng = np.random.default_rng(11)
    encoder = Encoder(plan)
    values: dict[str, np.ndarray] = {}
    for kind in POPULATION:
        size = max(1, int(POPULATION[kind] * population))
        who = (size * rng.random(events) ** 2).astype(np.int64)
        salt = np.int64(hash_text(kind))
        ids = (who + 1) * np.int64(-7046029254386353131) ^ salt
        values[kind] = np.where(rng.random(events) < NAMED[kind], ids, NONE)
    for name in FIELDS:
        values[name] = rng.integers(0, 10_000, events)
    ints = np.full((len(encoder.int_registers), events), NONE, np.int64)
    registers = {register: row for row, register in enumerate(encoder.int_registers.tolist())}
    for what, register in plan.registers.ints.items():
        if isinstance(what, Get) and what.name in values and register in registers:
            ints[registers[register]] = values[what.name]
        if isinstance(what, Get) and what.name == "decline_code" and register in registers:
            codes = np.array([hash_text(f"code-{n}") for n in range(40_000)], np.int64)
            ints[registers[register]] = codes[rng.integers(0, 40_000, events)]
    codes_of = np.array([plan.types[name] for name in TYPES], np.int64)
    return History(
        types=codes_of[rng.integers(0, len(TYPES), events)],
        sent=np.sort(rng.integers(0, span, events)) + START,
        ids=rng.integers(-(2**62), 2**62, events),
        digests=rng.integers(0, 2**62, events),
        ints=ints,
        numbers=np.full((len(encoder.number_registers), events), np.nan),
        mark_keys=np.zeros(events, np.int64),
        untils=np.zeros(events, np.int64),
        confidences=np.zeros(events, np.int64),
        inputs=encoder.int_registers,
        number_inputs=encoder.number_registers,
    )
