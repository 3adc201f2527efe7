"""What is wrong with a rule file, said so that its author can put it right."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

MAX_PROBLEMS: Final = 100  # told in one go; more are no help to anybody
_LONGEST_MESSAGE: Final = 600
_LONGEST_LINE: Final = 160  # of a source line, what is shown around the place
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Spot:
    """A place in a file. Lines and columns count from one, in characters; `end`: the column after the
    last."""

    file: str
    line: int
    column: int
    end: int

    @classmethod
    def of(cls, file: str, node: ast.AST) -> Spot:
        """Where a node of the syntax tree stands; of a long one, its first line."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        same = getattr(node, "end_lineno", line) == line
        return cls(file, line, column + 1, (getattr(node, "end_col_offset", column) if same else 2**31) + 1)


@dataclass(frozen=True)
class Problem:
    """One mistake: where, and what was expected."""

    spot: Spot
    message: str
    source: str = ""  # the line

    def __str__(self) -> str:
        head = f"{self.spot.file}:{self.spot.line}:{self.spot.column}: {self.message}"
        if not self.source.strip():
            return head
        start = self.spot.column - 1
        end = max(start + 1, min(self.spot.end - 1, len(self.source)))
        first = max(0, start - _LONGEST_LINE // 2) if len(self.source) > _LONGEST_LINE else 0
        shown = self.source[first : first + _LONGEST_LINE]
        before = "".join("\t" if sign == "\t" else " " for sign in shown[: start - first])
        carets = "^" * max(1, min(end, first + len(shown)) - start)
        return f"{head}\n    {_printable(shown)}\n    {before}{carets}"


class RuleError(ValueError):
    """A rule set that cannot be used. `problems` names every mistake; nothing of the set is in force."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class TooManyProblems(Exception):
    """There are so many mistakes that looking for more is no use."""


class Problems:
    """Collects the mistakes of a set of files, each once."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._lines = {name: lines_of(text) for name, text in sources.items()}
        self._known: set[tuple[Spot, str]] = set()
        self.found: list[Problem] = []

    def add(self, spot: Spot, message: str) -> None:
        """Note a mistake. Raises TooManyProblems."""
        message = _printable(message[:_LONGEST_MESSAGE])
        if (spot, message) in self._known:
            return
        if len(self.found) >= MAX_PROBLEMS:
            raise TooManyProblems
        self._known.add((spot, message))
        lines = self._lines.get(spot.file, [])
        source = lines[spot.line - 1] if 0 < spot.line <= len(lines) else ""
        self.found.append(Problem(spot, message, source))

    def __bool__(self) -> bool:
        return bool(self.found)


def lines_of(text: str) -> list[str]:
    """The lines as the parser counts them: only \\n, \\r and \\r\\n end one."""
    return _LINE_END.split(text)


def nearest(name: str, known: Iterable[str]) -> str:
    """' Did you mean "…"?' when something close is known, else nothing."""
    close = difflib.get_close_matches(name[:64], list(known), n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""


def _printable(text: str) -> str:
    """Nothing in a rule file can speak to the terminal of whoever reads about it."""
    return "".join(sign if sign.isprintable() or sign == "\t" else "\ufffd" for sign in text)
