"""``tocsin demo``: loads the demo marketplace, and keeps the key its simulator calls with."""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from pathlib import Path

from tocsin.surfaces.cli.environment import Environment

HELP = "load demo data (`tocsin up --demo` does so and runs the simulator)"


def simulator_key_file(home: Path) -> Path:
    """Where the simulator's API key lies, for its owner only."""
    return home / "run" / "simulator.key"


def arguments(_parser: argparse.ArgumentParser) -> None:
    return None


def run(env: Environment, _args: argparse.Namespace) -> int:
    """``demo.load(env)`` loads the data, may run again, and returns the simulator's API key."""
    key: str = import_module("tocsin.surfaces.cli.demo").load(env)
    file = simulator_key_file(env.home)
    file.touch(mode=0o600)
    os.chmod(file, 0o600)
    file.write_text(key)
    return 0
