"""``tocsin rules backtest|compare``: what a rule would have done, and does beside those in force."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tocsin.surfaces.cli.environment import CommandError


def arguments(what: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The two commands, beside those for folders."""
    words = "replay the past with a rule in it, and print what it would have done as JSON"
    backtest = what.add_parser("backtest", help=words, description=words)
    backtest.add_argument("file", type=Path, metavar="NAME.rules", help="the file of the rule NAME")
    backtest.add_argument("--days", type=int, default=7, help="how many days are judged (7)")
    backtest.add_argument("--replaces", default="", metavar="RULE", help="the rule it is to replace")
    words = "print how a rule in shadow does beside what is in force on the same events, as JSON"
    compare = what.add_parser("compare", help=words, description=words)
    compare.add_argument("rule", metavar="RULE")
    for one in (backtest, compare):
        one.set_defaults(needs_house=True)


def backtest(args: argparse.Namespace) -> int:
    """Ends with 1, and the mistakes, when the rule cannot be used."""
    from tocsin.domains.rules import backtests
    from tocsin.domains.rules.actions import MAX_DAYS
    from tocsin.domains.rules.in_force import in_force
    from tocsin.domains.rules.mistakes import problems_of
    from tocsin.domains.rules.models import DetectionRule
    from tocsin.engine.language.ruleset import SUFFIX, load

    if not 1 <= args.days <= MAX_DAYS:
        raise CommandError(f"--days takes 1 to {MAX_DAYS}. Nothing was replayed.")
    try:
        text = args.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{args.file} cannot be read: {error}. Nothing was replayed.") from None
    live = in_force()
    draft = DetectionRule(name=args.file.name.removesuffix(SUFFIX), text=text, replaces=args.replaces)
    drafted, problems = problems_of(draft, live)
    if drafted is None:
        for one in problems:
            print(f"{args.file}:{one['line']}:{one['column']}: {one['message']}\n{one['shown']}")
        return 1
    made = backtests.backtest(draft.name, load(live.sources()), drafted, args.days)
    _print({"rule": draft.name, "rules_version": drafted.version, "data_hash": made.data_hash} | made.figures)
    return 0


def compare(args: argparse.Namespace) -> int:
    """Ends with 1 while there is nothing to compare."""
    from tocsin.core.actor import system
    from tocsin.domains.rules import queries

    actor = system("command line")
    rule = queries.rule(actor, args.rule)
    found = queries.compared(actor, rule.name)
    if not found:
        raise CommandError(f"{rule.name} has met no traffic in shadow, so there is nothing to compare yet.")
    _print({"rule": rule.name, "state": rule.state} | found)
    return 0


def _print(figures: Mapping[str, Any]) -> None:
    print(json.dumps(figures, ensure_ascii=False, indent=2))
