"""From typed nodes back to the language, for people who read about a rule."""

from __future__ import annotations

from tocsin.engine.language.nodes import (
    AllOf,
    AnyOf,
    Calculate,
    Compare,
    Constant,
    Far,
    Feature,
    Get,
    Known,
    Match,
    Node,
    Not,
)

#: How tightly a form holds its parts together; what is looser inside gets brackets.
_LOOSE, _OR, _AND, _NOT, _COMPARE, _SUM, _TIMES, _TIGHT = range(8)


def written(node: Node) -> str:
    """The expression as somebody would write it."""
    return _write(node, _LOOSE)


def declared(feature: Feature) -> str:
    """The right side of a feature's declaration, without its note."""
    parts = [feature.value.name] if feature.value else []
    if feature.kind in ("ratio",):
        scale, top, bottom, _ = feature.numbers
        parts = [*feature.uses, f"scale={scale}", f"prior=({top}, {bottom})"]
    elif feature.word:
        parts.append(f'"{feature.word}"')
    if feature.of:
        parts.append("of=" + _some([f'"{name}"' for name in feature.of]))
    if feature.per:
        parts.append("per=" + _some([part.name for part in feature.per]))
    if feature.window:
        parts.append(f'within="{feature.window}"')
    if feature.where is not None:
        parts.append(f"where={written(feature.where)}")
    return f"{feature.kind}({', '.join(parts)})"


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _write(node: Node, outside: int) -> str:
    own, text = _form(node)
    return f"({text})" if own < outside else text


def _form(node: Node) -> tuple[int, str]:
    """How tightly it holds together, and its text."""
    match node:
        case AllOf(parts):
            return _AND, " and ".join(_write(part, _AND + 1) for part in parts)
        case AnyOf(parts):
            return _OR, " or ".join(_write(part, _OR + 1) for part in parts)
        case Not(Match("in", part, list_)):
            return _COMPARE, f"{_write(part, _SUM)} not in {list_}"
        case Not(part):
            return _NOT, f"not {_write(part, _NOT)}"
        case Compare(op, a, b):
            return _COMPARE, f"{_write(a, _SUM)} {op} {_write(b, _SUM)}"
        case Calculate("-", Constant(0), b):
            return _TIMES, f"-{_write(b, _TIGHT)}"
        case Calculate(op, a, b):
            own = _SUM if op in "+-" else _TIMES
            return own, f"{_write(a, own)} {op} {_write(b, own + 1)}"
        case Match("in", part, list_):
            return _COMPARE, f"{_write(part, _SUM)} in {list_}"
        case Match("says", part, list_):
            return _TIGHT, f"says({written(part)}, {list_})"
        case Match(how, part):
            return _TIGHT, f"shows_{how}({written(part)})"
        case Known(part):
            return _TIGHT, f"known({written(part)})"
        case Far(parts):
            return _TIGHT, f"metres_between({', '.join(map(written, parts))})"
        case Get(_, name):
            return _TIGHT, name
        case Constant(value):
            return _TIGHT, f'"{value}"' if isinstance(value, str) else f"{value}"
