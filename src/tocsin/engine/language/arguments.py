"""The arguments of a declaration: which there may be, and reading the plain ones."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from tocsin.engine.language.problems import Problems, Spot, nearest


class Arguments:
    """What stands between the brackets of `count(…)`, or the settings of a rule, by name."""

    def __init__(self, file: str, owner: ast.AST, given: Mapping[str, ast.expr], problems: Problems) -> None:
        self.owner = owner
        self.given = given
        self._file = file
        self._problems = problems

    @classmethod
    def of_call(
        cls, file: str, tree: ast.Call, positional: Iterable[str], known: Iterable[str], problems: Problems
    ) -> Arguments | None:
        """Positional arguments by the names of their places; None when there are too many or unknown ones."""
        places = list(positional)
        spot = Spot.of(file, tree)
        name = tree.func.id if isinstance(tree.func, ast.Name) else "this"
        if len(tree.args) > len(places):
            problems.add(
                spot, f"{name}() has {len(places)} places before the named settings: {', '.join(places)}."
            )
            return None
        given: dict[str, ast.expr] = dict(zip(places, tree.args, strict=False))
        fine = True
        for keyword in tree.keywords:
            key = keyword.arg or "**"
            if key not in known or key in given:
                what = (
                    "is given twice." if key in given else f"is no setting of {name}().{nearest(key, known)}"
                )
                problems.add(Spot.of(file, keyword), f'"{key[:64]}" {what}')
                fine = False
            given[key] = keyword.value
        return cls(file, tree, given, problems) if fine else None

    def say(self, message: str, key: str = "") -> None:
        """Note a mistake, at the setting's place when it is there."""
        self._problems.add(Spot.of(self._file, self.given.get(key, self.owner)), message)

    def text(self, key: str, default: str | None = None) -> str | None:
        """A text, or the default; None (with a problem noted) when there is neither."""
        tree = self.given.get(key)
        if tree is None:
            if default is None:
                self.say(f'"{key}" is missing.')
            return default
        if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
            return tree.value
        self.say(f'"{key}" is a text in quotes.', key)
        return None

    def whole(self, key: str, default: int, least: int, most: int) -> int | None:
        """A whole number from `least` to `most`."""
        tree = self.given.get(key)
        if tree is None:
            return default
        if isinstance(tree, ast.Constant) and type(tree.value) is int and least <= tree.value <= most:
            return tree.value
        self.say(f'"{key}" is a whole number from {least} to {most}.', key)
        return None

    def texts(self, key: str, *, required: bool = True) -> tuple[str, ...] | None:
        """One text or a list of texts."""
        tree = self.given.get(key)
        if tree is None:
            if required:
                self.say(f'"{key}" is missing.')
                return None
            return ()
        parts = tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]
        found = [
            part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        if len(found) != len(parts) or not parts:
            self.say(f'"{key}" is a text in quotes, or a list of such.', key)
            return None
        return tuple(dict.fromkeys(found))

    def parts(self, key: str) -> list[ast.expr]:
        """One expression or a list of expressions; none when it is missing."""
        tree = self.given.get(key)
        if tree is None:
            return []
        return list(tree.elts) if isinstance(tree, ast.List | ast.Tuple) else [tree]
