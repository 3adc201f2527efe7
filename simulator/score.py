"""Compare what Tocsin did with what was planted: caught, how fast, at what price to the innocent."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from simulator.events import rfc3339
from simulator.model import Ref
from simulator.truth import Plant, Truth

_PLAIN = "plain"


def score(truth: Truth) -> dict[str, Any]:
    """The whole score as plain data. Times in seconds, money in minor units, shares from 0 to 1.

    A plant is `noticed` by the first verdict other than allow, or the first action, after its first bad
    event; `interrupted`, which is to be caught, when that was more than a watch. Delays are medians, in
    seconds and in bad events (`deeds`, the first included). Plants that have not begun their deed do not
    count.
    """
    begun = [plant for plant in truth.plants if plant.first_bad_at is not None]
    return {
        "scenarios": _by_scenario(begun),
        "accounts": _accounts(truth, begun),
        "innocents": _innocents(truth),
        "false_alarms": _false_alarms(truth),
        "orders": _orders(truth),
        "verdicts": dict(truth.verdicts),
        "plants": [_plant(plant) for plant in truth.plants],
    }


def _by_scenario(begun: list[Plant]) -> dict[str, Any]:
    groups: dict[str, list[Plant]] = defaultdict(list)
    for plant in begun:
        groups[plant.scenario].append(plant)
    result = {}
    for name, plants in groups.items():
        seen = set().union(*(plant.codes for plant in plants))
        result[name] = {
            "planted": len(plants),
            "noticed": sum(plant.noticed_at is not None for plant in plants),
            "interrupted": sum(plant.interrupted_at is not None for plant in plants),
            "seconds_to_notice": _median(_delay(plant, plant.noticed_at) for plant in plants),
            "seconds_to_interrupt": _median(_delay(plant, plant.interrupted_at) for plant in plants),
            "deeds_to_notice": _median(plant.deeds_to_notice for plant in plants),
            "deeds_to_interrupt": _median(plant.deeds_to_interrupt for plant in plants),
            "stopped_minor": sum(plant.total("stopped") for plant in plants),
            "lost_minor": sum(plant.total("lost") for plant in plants),
            "open_minor": sum(plant.total("open") for plant in plants),
            "expected_codes": sorted(plants[0].expects),
            "expected_seen": sorted(plants[0].expects & seen),
            "codes": sorted(seen),
        }
    return result


def _accounts(truth: Truth, begun: list[Plant]) -> dict[str, Any]:
    """By account: is who was troubled (step-up, review, block or action) really in on something?"""
    bad: set[Ref] = set().union(*(plant.accounts.keys() for plant in begun))
    troubled = set(truth.troubled)
    innocent = {ref for ref in truth.active if ref not in truth.bad}
    right, wrong = len(troubled & bad), len(troubled & innocent)
    return {
        "bad": len(bad),
        "bad_troubled": right,
        "innocent": len(innocent),
        "innocent_troubled": wrong,
        "precision": _share(right, right + wrong),
        "recall": _share(right, len(bad)),
        "insult_rate": _share(wrong, len(innocent)),
        "acted_on_report": len(truth.acted_on_report),
    }


def _innocents(truth: Truth) -> dict[str, Any]:
    active: Counter[str] = Counter()
    troubled: Counter[str] = Counter()
    how: dict[str, Counter[str]] = defaultdict(Counter)
    for ref in truth.active:
        if ref in truth.bad:
            continue
        label = truth.label(ref)
        active[label] += 1
        if ref in truth.troubled:
            troubled[label] += 1
            how[label].update(truth.troubled[ref])
    return {
        label: {"active": active[label], "troubled": troubled[label], "how": dict(how[label])}
        for label in sorted(active)
    }


def _false_alarms(truth: Truth) -> dict[str, Any]:
    """Innocents troubled (step-up, review, block or action): those who look suspicious, and all others."""
    found = {}
    for name, plain in (("lookalikes", False), ("ordinary", True)):
        group = {ref for ref in truth.active - truth.bad.keys() if (truth.label(ref) == _PLAIN) is plain}
        wrong = len(group & truth.troubled.keys())
        found[name] = {"active": len(group), "troubled": wrong, "rate": _share(wrong, len(group))}
    return found


def _orders(truth: Truth) -> dict[str, Any]:
    return {
        "good": truth.good_orders,
        "good_interrupted": truth.good_orders_interrupted,
        "false_positive_rate": _share(truth.good_orders_interrupted, truth.good_orders),
    }


def _plant(plant: Plant) -> dict[str, Any]:
    return {
        "scenario": plant.scenario,
        "number": plant.number,
        "started_at": rfc3339(plant.started_at),
        "first_bad_at": None if plant.first_bad_at is None else rfc3339(plant.first_bad_at),
        "accounts": [{"kind": k, "id": i, "role": role} for (k, i), role in plant.accounts.items()],
        "events": plant.events,
        "reports": plant.reports,
        "noticed_by": plant.noticed_by,
        "seconds_to_notice": _delay(plant, plant.noticed_at),
        "seconds_to_interrupt": _delay(plant, plant.interrupted_at),
        "deeds_to_notice": plant.deeds_to_notice,
        "deeds_to_interrupt": plant.deeds_to_interrupt,
        "harm_minor": sum(stake.amount_minor for stake in plant.stakes.values()),
        "stopped_minor": plant.total("stopped"),
        "lost_minor": plant.total("lost"),
        "codes": sorted(plant.codes),
        "finished": plant.finished,
    }


def table(result: dict[str, Any]) -> str:
    """The score for people. `deeds`: bad events up to the one at which somebody was stopped."""
    lines = [
        f"{'scenario':<17}{'planted':>8}{'noticed':>8}{'after, s':>9}{'caught':>8}{'after, s':>9}{'deeds':>7}"
        f"{'kept':>11}{'lost':>11}  signals"
    ]
    for name, row in sorted(result["scenarios"].items()):
        lines.append(
            f"{name:<17}{row['planted']:>8}{row['noticed']:>8}{_number(row['seconds_to_notice']):>9}"
            f"{row['interrupted']:>8}{_number(row['seconds_to_interrupt']):>9}"
            f"{_number(row['deeds_to_interrupt']):>7}"
            f"{row['stopped_minor'] / 100:>11.2f}{row['lost_minor'] / 100:>11.2f}  {_signals(row)}"
        )
    missed = [name for name, row in sorted(result["scenarios"].items()) if not row["interrupted"]]
    kinds = f"{len(result['scenarios']) - len(missed)} of {len(result['scenarios'])} kinds caught"
    lines.append(f"{kinds}; not {', '.join(missed)}" if missed else kinds)
    accounts, orders, alarms = result["accounts"], result["orders"], result["false_alarms"]
    lines += [
        "",
        f"accounts   {accounts['bad_troubled']} of {accounts['bad']} bad ones met resistance "
        f"(recall {_percent(accounts['recall'])}, precision {_percent(accounts['precision'])})",
        f"innocents  {accounts['innocent_troubled']} of {accounts['innocent']} troubled for nothing "
        f"({_percent(accounts['insult_rate'])}); orders {orders['good_interrupted']} of {orders['good']} "
        f"({_percent(orders['false_positive_rate'])})",
        f"of these   look-alikes {_of(alarms['lookalikes'])}, everybody else {_of(alarms['ordinary'])}",
        f"reports    {accounts['acted_on_report']} accounts acted on because of an everyday report",
    ]
    for label, row in result["innocents"].items():
        if row["troubled"]:
            how = ", ".join(f"{kind} {n}" for kind, n in sorted(row["how"].items()))
            lines.append(f"           {label}: {row['troubled']} of {row['active']} ({how})")
    return "\n".join(lines)


def write(truth: Truth, path: Path) -> None:
    """Write score.json so that a reader never sees half of it."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.write_text(json.dumps(score(truth), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(beside, path)


def _signals(row: dict[str, Any]) -> str:
    all_stopped = row["interrupted"] == row["planted"]  # what was stopped early never showed the rest
    missing = [code for code in row["expected_codes"] if code not in row["expected_seen"] and not all_stopped]
    extra = [code for code in row["codes"] if code not in row["expected_codes"]]
    parts = [
        " ".join(row["expected_seen"]),
        f"not {' '.join(missing)}" if missing else "",
        f"also {' '.join(extra)}" if extra else "",
    ]
    return "; ".join(part for part in parts if part) or "-"


def _delay(plant: Plant, at: float | None) -> float | None:
    if at is None or plant.first_bad_at is None:
        return None
    return round(max(at - plant.first_bad_at, 0.0), 3)


def _median(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _of(group: dict[str, Any]) -> str:
    return f"{group['troubled']} of {group['active']} ({_percent(group['rate'])})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"
