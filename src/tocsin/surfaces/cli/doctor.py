"""``tocsin doctor``: looks at everything an operator would, and says in words what to do."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial

from tocsin.surfaces.cli.checks import machine
from tocsin.surfaces.cli.checks.database import Database
from tocsin.surfaces.cli.checks.findings import Check, Finding, State, wrong
from tocsin.surfaces.cli.checks.processes import processes
from tocsin.surfaces.cli.environment import Environment

HELP = "check this installation and say what to do about what is wrong"


def arguments(_parser: argparse.ArgumentParser) -> None:
    return None


def run(env: Environment, _args: argparse.Namespace) -> int:
    """Returns 1 when something is wrong."""
    anything_wrong = 0
    for finding in examine(env):
        print(f"{finding.state:<6} {finding.text}", flush=True)
        if finding.todo:
            print(f"       -> {finding.todo}", flush=True)
        anything_wrong += finding.state is State.WRONG
    print()
    if anything_wrong:
        print(f"{anything_wrong} things are wrong; each line above says what to do. Nothing was changed.")
        return 1
    print("Nothing is wrong.")
    return 0


def examine(env: Environment) -> Iterator[Finding]:
    """Every finding, in the order in which one depends on another."""
    yield from machine.python()
    yield from machine.home(env)
    yield from machine.disk(env)
    yield from machine.keys(env)
    yield from machine.ports(env)
    yield from machine.telephone(env)
    yield from _database(env)
    for check in (
        partial(processes, env), machine.browser, machine.voices, partial(machine.antivirus, env),
    ):  # fmt: skip
        yield from _guarded(check)


def _database(env: Environment) -> Iterator[Finding]:
    database = Database(env)
    try:
        yield from _guarded(database.reach)
        if database.connection is None:
            return
        yield from _guarded(_set_up_django)
        for check in (
            database.migrations, database.rights, database.time, database.waiting, database.log,
            database.recordings, database.keys,
        ):  # fmt: skip
            yield from _guarded(check)
    finally:
        database.close()


def _set_up_django() -> Iterator[Finding]:
    import django

    django.setup()
    yield from ()


def _guarded(check: Check) -> Iterator[Finding]:
    """A check that breaks is a finding, and the next one still runs."""
    try:
        yield from check()
    except Exception as error:
        name = getattr(check, "__name__", "a check").strip("_").replace("_", " ")
        yield wrong(
            f"{name} could not be checked: {type(error).__name__}: {error}",
            "please report this with the line above",
        )
