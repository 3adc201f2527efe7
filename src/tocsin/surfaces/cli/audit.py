"""``tocsin audit …``: verify the audit chains, take a checkpoint to keep elsewhere, export all entries."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tocsin.surfaces.cli.environment import CommandError, Environment

HELP = "verify, checkpoint or export the audit chains"


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    verify = what.add_parser(
        "verify", help="check every entry, anchor and audited row; ends with 1 when something is broken"
    )
    verify.add_argument(
        "--chains-only", action="store_true", help="leave the rows out: quicker where there are many"
    )
    verify.add_argument("--against", type=Path, metavar="FILE", help="a checkpoint that was kept elsewhere")
    for name, words in (
        ("checkpoint", "write the newest anchor and the key to check it, to be kept out of reach"),
        ("export", "write every entry as a line of JSON, for other people's tools"),
    ):
        what.add_parser(name, help=words).add_argument(
            "--out", type=Path, metavar="FILE", help="default: the screen"
        )


def run(_env: Environment, args: argparse.Namespace) -> int:
    if args.what == "verify":
        return _verify(args)
    if args.what == "checkpoint":
        return _checkpoint(args.out)
    from tocsin.core.audit.verify import export_entries

    _write(export_entries(), args.out)
    return 0


def _verify(args: argparse.Namespace) -> int:
    from tocsin.core.audit.verify import run_verify

    report = run_verify(objects=not args.chains_only, against=_read(args.against) if args.against else None)
    print("\n".join(report.lines()))
    return 0 if report.ok else 1


def _checkpoint(out: Path | None) -> int:
    from tocsin.core.audit.anchor import export_checkpoint

    try:
        _write([json.dumps(export_checkpoint(), indent=2)], out)
    except LookupError as error:
        raise CommandError(f"{error} Try again when something has happened.") from error
    return 0


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text()))
    except (OSError, ValueError) as error:
        raise CommandError(
            f"The checkpoint {file} cannot be read: {error}. Nothing was verified. "
            "Give the file that `tocsin audit checkpoint` wrote."
        ) from error


def _write(lines: Iterable[str], out: Path | None) -> None:
    if out is None:
        for line in lines:
            sys.stdout.write(line + "\n")
        return
    with out.open("w") as file:
        file.writelines(line + "\n" for line in lines)
    print(f"written to {out}")
