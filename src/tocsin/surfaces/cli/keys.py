"""``tocsin keys …``: change the master key; destroy again what a restored database brought back."""

from __future__ import annotations

import argparse

from tocsin.surfaces.cli.environment import Environment

HELP = "change the master key, or repeat destructions after a restore"


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    what.add_parser(
        "rotate", help="make a new master key and wrap every data key with it; safe while running"
    )
    what.add_parser("reapply", help="destroy again the keys that a restore brought back")


def run(_env: Environment, args: argparse.Namespace) -> int:
    """Returns 1 when some keys could not be read."""
    from tocsin.core.actor import system

    operator = system("operator")
    if args.what == "reapply":
        from tocsin.core.crypto.shred import reapply

        print(f"{reapply(operator)} keys had come back and were destroyed again")
        return 0
    from tocsin.core.crypto.rotation import rotate

    done = rotate(operator)
    how = "finished an earlier rotation" if done.resumed else "made a new master key"
    print(f"{how}: {done.master_key_id}; {done.rewrapped} data keys wrapped with it")
    for scope in done.unreadable:
        print(f"could not be read and was left as it is: {scope}")
    return 1 if done.unreadable else 0
