"""The console script ``tocsin``: reads the environment and hands it to a command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from tocsin.config.env import BadEnvironment, Env
from tocsin.core import postgres
from tocsin.core.errors import DomainError
from tocsin.surfaces.cli.environment import CommandError


@dataclass(frozen=True)
class Command:
    """One command. ``database``: needs the database to run, ``django``: and Django; ``owner``: as its
    owner.
    """

    run: Callable[[Env, argparse.Namespace], int]
    help: str
    arguments: Callable[[argparse.ArgumentParser], None] = lambda _parser: None
    database: bool = False
    django: bool = False
    owner: bool = False


def _module(name: str, *, database: bool = True, django: bool = True, owner: bool = False) -> Command:
    module = import_module(f"tocsin.surfaces.cli.{name}")
    return Command(module.run, module.HELP, module.arguments, database=database, django=django, owner=owner)


def commands() -> dict[str, Command]:
    """Every command by its name, in the order ``tocsin --help`` shows them."""
    from tocsin.config import processes
    from tocsin.surfaces.cli import up

    return {
        "up": Command(lambda env, args: up.run(env, args, processes.PROGRAMS), up.HELP, up.arguments),
        "web": Command(
            lambda env, _: processes.serve_web(env), "serve console, help centre and API", database=True
        ),
        "live": Command(
            lambda env, _: processes.serve_live(env), "serve live updates", database=True, django=True
        ),
        "decide": Command(
            lambda env, _: processes.serve_decide(env), "serve decisions", database=True, django=True
        ),
        "line": Command(
            lambda env, _: processes.serve_line(env), "answer the telephone", database=True, django=True
        ),
        "warm": _module("warm", database=False, django=False),
        "worker": _module("worker"),
        "migrate": _module("migrate", owner=True),
        "demo": _module("load_demo"),
        "doctor": _module("doctor", database=False, django=False),
        "rules": _module("rules", database=False, django=False),
        "model": _module("model"),
        "triage": _module("triage", database=False, django=False),
        "audit": _module("audit"),
        "keys": _module("keys"),
        "log": _module("log"),
        "manage": _module("manage"),
    }


def parser(known: dict[str, Command]) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="tocsin", description="Trust and safety for marketplaces.")
    subparsers = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in known.items():
        command.arguments(subparsers.add_parser(name, help=command.help, description=command.help))
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. What goes wrong is said in words on standard error."""
    known = commands()
    args = parser(known).parse_args(argv)
    command = known[args.command]
    if command.owner:
        os.environ["TOCSIN_DB_ROLE"] = "owner"
    try:
        env = Env.load()
        # children and Django find the same home, wherever they are started
        os.environ["TOCSIN_HOME"] = str(env.home)
        os.environ["DJANGO_SETTINGS_MODULE"] = "tocsin.config.settings"
        # one part of a command may need what the others do without
        whole = getattr(args, "needs_house", False)
        if (command.database or whole) and env.embedded:
            postgres.ensure(env.postgres_folder)
        if command.django or whole:
            import django

            django.setup()
        return command.run(env, args)
    except (CommandError, postgres.PostgresError, BadEnvironment) as error:
        print(f"tocsin {args.command}: {error}", file=sys.stderr)
        return 1
    except DomainError as error:
        words = " ".join(filter(None, (error.what, error.saved, error.next_step)))
        print(f"tocsin {args.command}: {words}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
