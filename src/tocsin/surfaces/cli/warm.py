"""``tocsin warm``: compile the engine's kernels now, so that the first start of ``decide`` does not wait."""

from __future__ import annotations

import argparse

HELP = "compile the decision engine's kernels, once for each version"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(_env: object, _args: argparse.Namespace) -> int:
    """Compile, and say how long it took."""
    from tocsin.engine.runtime.warm import warm

    print(f"the decision engine is ready to start after {warm():.1f} s")
    return 0
