"""``tocsin model …``: train models on what was decided and what became of it, show them, compare them."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.surfaces.cli.environment import CommandError, Environment

if TYPE_CHECKING:  # the engine takes a while to load: only for who needs it
    from tocsin.engine.language.ruleset import RuleSet

HELP = "train, show or compare the models that score events"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What there is to do."""
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    train = what.add_parser(
        "train",
        help="train a model on the events and labels of this installation",
        description="Trains on what is known now; a twin that knew less says how well such a model ranks. "
        "Writes NAME.model.json beside the rules, and nothing else: at the console it is put into force.",
    )
    train.add_argument("name", metavar="NAME")
    train.add_argument("--test-days", type=int, default=7, help="days to judge a twin on (default: 7)")
    train.add_argument("--out", type=Path, metavar="FILE", help="default: NAME.model.json beside the rules")
    show = what.add_parser("show", help="say what a model is, and how it did")
    show.add_argument("name", metavar="NAME")
    compare = what.add_parser("compare", help="put two trained models on identical events")
    compare.add_argument("champion", metavar="CHAMPION")
    compare.add_argument("challenger", metavar="CHALLENGER")
    for one in (train, show, compare):
        one.add_argument("--rules", type=Path, metavar="FOLDER", help="default: the rules in force")
    for one in (train, compare):
        one.add_argument(
            "--capacity", type=int, default=100, metavar="N", help="events looked at in a day (default: 100)"
        )
        one.add_argument(
            "--events",
            type=int,
            default=2_000_000,
            metavar="N",
            help="only the newest N (default: 2,000,000)",
        )
        one.add_argument(
            "--now", type=_moment, metavar="TIME", help="as if it were then (ISO 8601), to do it again"
        )


def run(env: Environment, args: argparse.Namespace) -> int:
    """Ends with 1 when it cannot be done."""
    from tocsin.engine.runtime.state import EngineFullError
    from tocsin.engine.scores.model import ModelError

    for name, least in (("test_days", 1), ("capacity", 1), ("events", 1)):
        if getattr(args, name, least) < least:
            raise CommandError(f"--{name.replace('_', '-')} must be at least {least}. Nothing was changed.")
    rules = _rules(args.rules)
    try:
        return {"train": _train, "show": _show, "compare": _compare}[args.what](env, args, rules)
    except (ModelError, EngineFullError) as error:
        raise CommandError(f"{error} Nothing was changed.") from None


def _train(env: Environment, args: argparse.Namespace, rules: RuleSet) -> int:
    from tocsin.domains.scores.training import train_from_past
    from tocsin.engine.scores.model import SUFFIX, write_model
    from tocsin.surfaces.cli.model_words import judged_lines, trained_lines

    out = args.out or (args.rules or env.rules_dir) / f"{args.name}{SUFFIX}"
    if not os.access(out.parent, os.W_OK):
        raise CommandError(f"{out.parent} cannot be written to. Nothing was changed; choose another --out.")
    made = train_from_past(
        rules, args.name, now=_now(args), test_days=args.test_days, capacity=args.capacity,
        limit=args.events, told=_progress(),
    )  # fmt: skip
    draft = out.with_name(f".{out.name}.tmp")
    draft.write_text(write_model(made.model), encoding="utf-8")
    draft.replace(out)
    print("\n".join([*trained_lines(args.name, made), *judged_lines(made.model)]))
    print(f"\nwritten to {out}; offer it at the console, under Models, to have it put into force")
    return 0


def _show(env: Environment, args: argparse.Namespace, rules: RuleSet) -> int:
    from tocsin.domains.scores.training import model_of
    from tocsin.engine.scores.observed import WATCHED_FILE, drift_of, read_watched
    from tocsin.surfaces.cli.model_words import drift_lines, judged_lines, model_lines

    model = model_of(rules, args.name)
    drift = drift_of(model, read_watched(env.home / "decide" / WATCHED_FILE).get(args.name))
    print("\n".join([*model_lines(args.name, model), *judged_lines(model), *drift_lines(drift)]))
    return 0


def _compare(_env: Environment, args: argparse.Namespace, rules: RuleSet) -> int:
    from tocsin.domains.scores.training import compare_on_past
    from tocsin.surfaces.cli.model_words import comparison_lines

    found = compare_on_past(
        rules, args.champion, args.challenger, now=_now(args), capacity=args.capacity, limit=args.events,
        told=_progress(),
    )  # fmt: skip
    print("\n".join(comparison_lines(args.champion, args.challenger, found)))
    return 0


def _rules(folder: Path | None) -> RuleSet:
    """Those of a folder, or those in force."""
    from tocsin.domains.rules.in_force import in_force
    from tocsin.engine.language.problems import RuleError
    from tocsin.engine.language.ruleset import load_folder

    try:
        return load_folder(folder) if folder else in_force().read()
    except RuleError as error:
        where = f"in {folder}" if folder else "in force"
        raise CommandError(
            f"The rules {where} have mistakes, and nothing was done with them.\n{error}"
        ) from None


def _now(args: argparse.Namespace) -> dt.datetime:
    return args.now or dt.datetime.now(dt.UTC)


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no time; write it as 2026-11-01T00:00Z') from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _progress() -> Callable[[int], None]:
    """To people who wait at a terminal; what is found has the standard output to itself."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda events: print(f"\r{events:,} events read", end="", file=sys.stderr, flush=True)
