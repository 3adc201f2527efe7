"""``tocsin rules …``: check a folder of rules, play its stories, compare it with another, look for what its
stories do not say, and try it against a stream of events; replay the past with a rule in it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.surfaces.cli import rules_past
from tocsin.surfaces.cli.environment import CommandError, Environment

if TYPE_CHECKING:  # the engine takes a while to load: only for who needs it
    from tocsin.engine.language.ruleset import RuleSet
    from tocsin.engine.ruletests import Story

HELP = "check, test, compare, question or try a folder of detection rules; replay the past with a rule"
_PAST = {"backtest": rules_past.backtest, "compare": rules_past.compare}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What there is to do, and the folders to do it with."""
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, words in (
        ("check", "say everything that is wrong with the rules, or what is in them"),
        ("test", "play the stories beside the rules"),
        ("mutate", "change each rule a little, and list the changes that no story notices"),
        ("answer", "read events, one JSON object a line, and write what decide would answer to each"),
    ):
        one = what.add_parser(name, help=words, description=words)
        one.add_argument(
            "folder", nargs="?", type=Path, metavar="FOLDER", help="default: the rules that decide uses"
        )
    diff = what.add_parser("diff", help="say in words what differs between two folders of rules")
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    rules_past.arguments(what)


def run(env: Environment, args: argparse.Namespace) -> int:
    """Ends with 1 when something is wrong with the rules or their stories."""
    if args.what == "diff":
        return _diff(args.old, args.new)
    if args.what in _PAST:
        return _PAST[args.what](args)
    folder = args.folder or env.rules_dir
    return {"check": _check, "test": _test, "mutate": _mutate, "answer": _answer}[args.what](folder)


def _check(folder: Path) -> int:
    from tocsin.engine.language.problems import RuleError
    from tocsin.engine.language.ruleset import load_folder

    try:
        rules = load_folder(folder)
    except RuleError as error:
        print(error)
        mistakes = _some(len(error.problems), "mistake")
        print(f"{mistakes}. None of these rules can be used before they are mended.")
        return 1
    print(
        f"{rules.version}: {_some(len(rules.rules), 'rule')}, {_some(len(rules.features), 'feature')}, "
        f"{_some(len(rules.lists), 'list')}"
    )
    return 0


def _test(folder: Path) -> int:
    from tocsin.engine.ruletests import run as play

    rules, stories = _load(folder), _stories(folder)
    failed = 0
    for file, story in stories:
        failures = play(story, rules)
        failed += bool(failures)
        for failure in failures:
            print(f"{file}: {failure.test}: {failure.message}")
    told = {name for _, story in stories for name in story.expect.rules or []}
    for name in sorted(rules.rules.keys() - told):
        print(f"no story ends with {name}")
    print(f"{_some(len(stories), 'story', 'stories')}, {failed} failed")
    return 1 if failed or rules.rules.keys() - told else 0


def _mutate(folder: Path) -> int:
    from tocsin.engine.mutations import mutants, unnoticed

    rules, stories = _load(folder), _stories(folder)
    try:
        found = unnoticed(rules, [story for _, story in stories])
    except ValueError as error:
        raise CommandError(f"A story cannot be played: {error} Run `tocsin rules test` first.") from None
    for mutant in found:
        print(f"{mutant.rule}: {mutant.what}")
    tried = sum(1 for rule in rules.rules.values() for _ in mutants(rule))
    print(f"{_some(tried, 'change')} tried, {len(found)} that no story notices")
    return 1 if found else 0


def _answer(folder: Path) -> int:
    from tocsin.surfaces.cli.answering import BadLine, answers

    try:
        for answer in answers(_load(folder), sys.stdin):
            print(answer, flush=True)
    except BadLine as error:
        raise CommandError(f"Nothing more was answered: {error}") from None
    return 0


def _diff(old: Path, new: Path) -> int:
    from tocsin.engine.language.differences import differences

    before, after = _load(old), _load(new)
    lines = differences(before, after)
    print("\n".join(lines) if lines else f"Both mean the same: {after.version}")
    return 0


def _load(folder: Path) -> RuleSet:
    from tocsin.engine.language.problems import RuleError
    from tocsin.engine.language.ruleset import load_folder

    try:
        return load_folder(folder)
    except RuleError as error:
        raise CommandError(
            f"The rules in {folder} have mistakes, and nothing was done with them.\n{error}"
        ) from None


def _stories(folder: Path) -> list[tuple[str, Story]]:
    from tocsin.engine.ruletests import TESTS_SUFFIX, stories_of

    try:
        found = stories_of(folder)
    except (OSError, ValueError) as error:
        raise CommandError(f"The stories in {folder} cannot be read: {error}. Nothing was played.") from None
    if not found:
        raise CommandError(f"There are no stories (*{TESTS_SUFFIX}) in {folder}.")
    return found


def _some(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
