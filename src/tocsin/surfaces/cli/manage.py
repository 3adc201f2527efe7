"""``tocsin manage …``: Django's own commands, in this home, as the application's role."""

from __future__ import annotations

import argparse

from tocsin.surfaces.cli.environment import Environment

HELP = "run a Django command, for example `tocsin manage showmigrations`"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="COMMAND …")


def run(_env: Environment, args: argparse.Namespace) -> int:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["tocsin manage", *args.rest])
    return 0
