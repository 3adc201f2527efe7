"""From text to a syntax tree, within limits: whatever is handed in, the answer is a tree or a list of
problems."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Final

from tocsin.engine.language.problems import Problems, Spot, lines_of

MAX_TEXT: Final = 256 * 1024  # bytes of one file
MAX_DEPTH: Final = 24  # of expressions within each other
MAX_NODES: Final = 20_000
MAX_BRACKETS: Final = 60  # open at once; the parser itself gives up far later
MAX_LITERAL: Final = 2**53  # beyond it a number would not be exact
#: Brackets, and what is no text: NUL and halves of a surrogate pair.
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_LOOKED_AT: Final = re.compile("[\\[\\](){}\0\ud800-\udfff]")
_BYTE_ORDER_MARK: Final = "\ufeff"

#: Everything of Python's syntax that means something here.
ALLOWED: Final[frozenset[type[ast.AST]]] = frozenset((
    ast.Module, ast.Expr, ast.Assign, ast.ClassDef, ast.Name, ast.Load, ast.Store, ast.Constant, ast.Call,
    ast.keyword, ast.List, ast.Tuple, ast.Dict, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.BinOp, ast.Add,
    ast.Sub, ast.Mult, ast.Div,
))  # fmt: skip
#: What of these is no part to look at: texts and values, and whether a name is read or written.
_NO_PARTS: Final = frozenset(("ctx", "id", "arg", "name", "kind", "type_comment", "type_ignores"))
_PARTS: Final[dict[type[ast.AST], tuple[str, ...]]] = {
    kind: tuple(name for name in kind._fields if name not in _NO_PARTS) for kind in ALLOWED
} | {ast.Constant: ()}
_REFUSED: Final[dict[type[ast.AST], str]] = {
    ast.Attribute: "A dot means nothing here. Event types are written in quotes.",
    ast.Import: "Nothing can be imported. All that rules can use is in the reference.",
    ast.ImportFrom: "Nothing can be imported. All that rules can use is in the reference.",
    ast.FunctionDef: "There are no functions of your own. A rule is written: class name(Rule):",
    ast.AsyncFunctionDef: "There are no functions of your own. A rule is written: class name(Rule):",
    ast.Lambda: "There are no functions of your own.",
    ast.Subscript: "Square brackets after a name mean nothing here.",
    ast.JoinedStr: 'Write the sentence without an "f" before it; the engine fills {name} in.',
    ast.ListComp: "Nothing is gone through in a loop. A list is written out, or has a name.",
    ast.SetComp: "Nothing is gone through in a loop. A list is written out, or has a name.",
    ast.DictComp: "Nothing is gone through in a loop. A list is written out, or has a name.",
    ast.GeneratorExp: "Nothing is gone through in a loop. A list is written out, or has a name.",
    ast.For: "Nothing is gone through in a loop. A list is written out, or has a name.",
    ast.While: "Nothing is gone through in a loop. A list is written out, or has a name.",
    ast.Set: "Write a list with square brackets, or with round ones.",
    ast.If: 'Write the two cases as two rules, or join them with "and" and "or".',
    ast.IfExp: 'Write the two cases as two rules, or join them with "and" and "or".',
    ast.Is: 'Write "x == y", or "known(x)" to ask whether something is there.',
    ast.IsNot: 'Write "x != y", or "not known(x)" to ask whether something is missing.',
    ast.AugAssign: "A name is given its meaning once.",
    ast.AnnAssign: "Types are worked out; write the name and the equals sign alone.",
    ast.NamedExpr: "A name is given its meaning on a line of its own.",
    ast.Starred: "A star means nothing here.",
    ast.UAdd: "Write the number without a plus sign.",
    ast.FloorDiv: "Write / to divide.",
    ast.Mod: "There is no remainder here.",
    ast.Pow: "There are no powers here.",
    ast.BitAnd: 'Write "and".',
    ast.BitOr: 'Write "or".',
    ast.Invert: 'Write "not".',
}


def parse(file: str, text: str, problems: Problems) -> ast.Module | None:
    """The tree, its columns in characters; None with problems noted."""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if (wrong := _unreadable(file, text)) is not None:
        problems.add(*wrong)
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, file)
    except SyntaxError as error:
        line, column = error.lineno or 1, max(error.offset or 1, 1)
        end = error.end_offset if error.end_lineno == line and error.end_offset else column + 1
        problems.add(Spot(file, line, column, max(end, column + 1)), _plain(error))
        return None
    except (RecursionError, MemoryError, ValueError, OverflowError):
        problems.add(Spot(file, 1, 1, 1), f"This is nested too deeply: at most {MAX_DEPTH} levels.")
        return None
    return tree if _within_limits(file, tree, text, problems) else None


def _unreadable(file: str, text: str) -> tuple[Spot, str] | None:
    """Why this should not even be handed to the parser."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        return Spot(file, 1, 1, 1), f"The file is too large: at most {MAX_TEXT // 1024} kB."
    depth = 0
    for number, line in enumerate(lines_of(text), 1):
        for found in _LOOKED_AT.finditer(line):
            sign, column = found.group(), found.start() + 1
            if sign not in "()[]{}":
                spot = Spot(file, number, column, column + 1)
                return spot, "There is something here that is no text. Save the file as UTF-8."
            # Brackets in strings and comments count too: that errs towards caution, in absurd files only.
            depth = depth + 1 if sign in "([{" else max(0, depth - 1)
            if depth > MAX_BRACKETS:
                spot = Spot(file, number, column, column + 1)
                return spot, f"Brackets are nested too deeply: at most {MAX_BRACKETS}."
    return None


def _plain(error: SyntaxError) -> str:
    what = (error.msg or "this is not the syntax of rules").rstrip(".")
    return f"This cannot be read: {what}."


def _within_limits(file: str, tree: ast.Module, text: str, problems: Problems) -> bool:
    """Only what is allowed, not too much of it, not too deep. Walks without recursion."""
    before = len(problems.found)
    lines = [] if text.isascii() else lines_of(text)
    waiting: list[tuple[ast.AST, ast.AST, int]] = [(tree, tree, 0)]
    seen = 0
    while waiting:
        node, owner, depth = waiting.pop()
        kind = type(node)
        seen += 1
        if kind._attributes:
            if lines:
                _count_in_characters(node, lines)
            owner = node  # operators have no place of their own: theirs is their owner's
        if seen > MAX_NODES:
            problems.add(Spot.of(file, owner), f"The file says too much: at most {MAX_NODES} parts.")
            return False
        if (parts := _PARTS.get(kind)) is None:
            problems.add(Spot.of(file, owner), _refusal(node))
            continue
        if depth > MAX_DEPTH:
            problems.add(Spot.of(file, owner), f"This is nested too deeply: at most {MAX_DEPTH} levels.")
            return False
        if wrong := _wrong_leaf(node):
            problems.add(Spot.of(file, owner), wrong)
        depth += 1
        for name in parts:
            part = getattr(node, name)
            if type(part) is list:
                waiting += [(one, owner, depth) for one in part if one is not None]
            elif part is not None:
                waiting.append((part, owner, depth))
    return len(problems.found) == before


def _count_in_characters(node: ast.AST, lines: list[str]) -> None:
    """The parser counts bytes; people count characters."""
    for line, key in (("lineno", "col_offset"), ("end_lineno", "end_col_offset")):
        number = getattr(node, line, None)
        if number is not None and 0 < number <= len(lines) and not lines[number - 1].isascii():
            start = lines[number - 1].encode()[: getattr(node, key)]
            setattr(node, key, len(start.decode(errors="replace")))


def _refusal(node: ast.AST) -> str:
    for kind, words in _REFUSED.items():
        if isinstance(node, kind):
            return words
    return f"{type(node).__name__} means nothing in a rule."


def _wrong_leaf(node: ast.AST) -> str:
    """What is wrong with a name or a value, or nothing."""
    if isinstance(node, ast.Name):
        return f'There is no name "{node.id[:64]}".' if node.id.startswith("__") else ""
    if not isinstance(node, ast.Constant):
        return ""
    value = node.value
    if isinstance(value, str):
        if _NO_TEXT.search(value):
            return "There is something in these quotes that is no text."
        return ""
    if isinstance(value, bool) or value is None:
        return ""
    if not isinstance(value, int | float):
        return f"{type(value).__name__} is no value that rules know."
    return "" if abs(value) <= MAX_LITERAL else "This number is too large to be exact (2^53)."
