"""``tocsin triage FILE``: what triage reads in texts, a JSON line each, to judge it on texts of one's own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tocsin.surfaces.cli.environment import CommandError, Environment

if TYPE_CHECKING:  # the model takes a moment to load: only for who needs it
    from tocsin.domains.reports.text_triage import Reading

HELP = "say what triage reads in texts: codes, severity, confidence and reasons"


class _Line(msgspec.Struct):
    """One text; other fields of the line are left alone."""

    id: str | int
    text: str


def arguments(parser: argparse.ArgumentParser) -> None:
    """The file."""
    parser.add_argument("file", metavar="FILE.jsonl", help='lines of {"id", "text"}; - for standard input')


def run(env: Environment, args: argparse.Namespace) -> int:
    """Print a line for each text, in the order of the file."""
    from tocsin.domains.reports.text_triage import read_text

    for line in _lines(args.file):
        print(msgspec.json.encode(_told(line, read_text(line.text))).decode(), flush=True)
    return 0


def _lines(file: str) -> Iterator[_Line]:
    try:
        with sys.stdin.buffer if file == "-" else Path(file).open("rb") as source:
            for number, raw in enumerate(source, 1):
                if raw.strip():
                    yield _line(number, raw)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}. Nothing was changed.") from None


def _line(number: int, raw: bytes) -> _Line:
    try:
        return msgspec.json.decode(raw, type=_Line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CommandError(
            f'Line {number} is not {{"id": …, "text": …}}: {error}. The lines before it were read; '
            "correct it and run this again."
        ) from None


def _told(line: _Line, reading: Reading) -> dict[str, object]:
    return {
        "id": line.id,
        "codes": reading.codes,
        "severity": reading.severity,
        "confidence": reading.confidence,
        "to_person": reading.unclear,
        "reasons": [
            {"rule": one.rule, "severity": one.severity, "why": one.text["en"], "words": one.detail}
            for one in reading.reasons
        ],
    }
