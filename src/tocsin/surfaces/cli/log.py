"""``tocsin log …``: begin a new log of decisions when the old one is lost."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from tocsin.surfaces.cli.environment import CommandError, Environment

HELP = "begin a new log of decisions, when the old one is lost"


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    what.add_parser("begin", help="go on after the last record that is in the database; removes nothing")


def run(env: Environment, _args: argparse.Namespace) -> int:
    """Refused while `decide` runs, and when nothing is lost."""
    from tocsin.core.act import act
    from tocsin.core.actor import system
    from tocsin.core.crypto.day_codec import DayCodec
    from tocsin.core.crypto.day_keys import stored_key
    from tocsin.domains.detection.ship import shipped
    from tocsin.engine.engine import StateError
    from tocsin.engine.language.ruleset import load_folder
    from tocsin.engine.log import LogLockedError
    from tocsin.engine.log.state import begin_after

    env.make_folders()
    position, codec = shipped(), DayCodec(stored_key)
    codec.begin(datetime.now(UTC).date())
    try:
        with act(system("operator"), "log.begin") as work:
            work.fact("detection.log", "default", after_record=position)
            begin_after(env.home / "decide", codec, load_folder(env.rules_dir), position)
    except (StateError, LogLockedError) as error:
        raise CommandError(f"{error} Nothing was changed.") from error
    print(f"a new log begins after record {position}; what the engine remembered is lost")
    return 0
