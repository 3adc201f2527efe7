"""Cells of a file that a spreadsheet will open."""

from __future__ import annotations

#: A cell that begins so would be run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: str) -> str:
    """The value, so that no spreadsheet runs it."""
    return f"'{value}" if value.startswith(_FORMULA) else value
