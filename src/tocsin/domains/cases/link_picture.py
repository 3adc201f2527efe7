"""A link graph as a picture that is read without our software: columns by distance from the people of the
case, every link with its words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from tocsin.domains.people.graph import Key, Line, Node
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS

Place = tuple[int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
#: Pixels: of a column, of a row, around everything, above the graph, of half a dot.
_WIDE, _HIGH, _EDGE, _TOP, _DOT = 330, 64, 40, 70, 9
_PAPER, _INK, _FAINT = "#ffffff", "#1b1d22", "#5c626d"
_PERSON, _THING, _BAD = "#3f4650", "#2f6fd0", "#c02e2e"
_STANDS_OUT: Final = frozenset({"suspended", "suspended_pending", "terminated"})


def picture(nodes: Mapping[Key, Node], lines: Set[Line], parts: Mapping[Key, str], title: str) -> bytes:
    """The graph as PNG. ``parts``: who the people of the case are in it."""
    places = _places(nodes)
    across = max((x for x, _ in places.values()), default=0) + _WIDE
    down = max((y for _, y in places.values()), default=_TOP) + _HIGH
    image = Image.new("RGB", (max(across, 2 * _WIDE), down), _PAPER)
    draw = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(17), ImageFont.load_default(12)
    draw.text((_EDGE, 18), title, _INK, large)
    draw.text((_EDGE, 42), "A link is a lead, not a finding.", _FAINT, small)
    for line in sorted(lines, key=lambda one: (one.from_key, one.to_key, one.relation)):
        _line(draw, places[line.from_key], places[line.to_key], line.relation, small)
    for key, node in nodes.items():
        _node(draw, places[key], node, parts.get(key, ""), small)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _places(nodes: Mapping[Key, Node]) -> dict[Key, Place]:
    columns: dict[int, list[Key]] = defaultdict(list)
    for key in sorted(nodes):
        columns[nodes[key].hops].append(key)
    tallest = max(map(len, columns.values()), default=1)
    return {
        key: (_EDGE + hops * _WIDE, _TOP + 20 + int((at + (tallest - len(keys)) / 2) * _HIGH))
        for hops, keys in columns.items()
        for at, key in enumerate(keys)
    }


def _line(draw: ImageDraw.ImageDraw, start: Place, end: Place, relation: str, font: Font) -> None:
    draw.line((start, end), _FAINT, 1)
    middle = ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
    words = relation.replace("_", " ")
    box = draw.textbbox(middle, words, font, anchor="mm")
    draw.rectangle(box, _PAPER)
    draw.text(middle, words, _FAINT, font, anchor="mm")


def _node(draw: ImageDraw.ImageDraw, at: Place, node: Node, part: str, font: Font) -> None:
    x, y = at
    bad = node.status in _STANDS_OUT
    fill = _BAD if bad else _PERSON if node.kind in ACCOUNT_KINDS else _THING
    box = (x - _DOT, y - _DOT, x + _DOT, y + _DOT)
    if node.kind in ACCOUNT_KINDS:
        draw.ellipse(box, fill)
    else:
        draw.rectangle(box, fill)
    said = [node.kind.replace("_", " "), *([part.lower()] if part else [])]
    said += [node.status.replace("_", " ")] if bad else []
    said += ["shared by many"] if node.crowded else []
    draw.text((x + 14, y - 14), ", ".join(said), _INK, font)
    draw.text((x + 14, y + 1), node.id, _INK, font)
