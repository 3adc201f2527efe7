"""The icon sprite: one SVG file of `<symbol>`s that `{% icon "name" %}` points into.

The drawings are Lucide's (ISC). Only the icons named in `icon_names.txt` are in the
sprite. To add one, put its Lucide name into that list and rebuild the sprite from an unpacked
`lucide-static` package:

    python -m tocsin.surfaces.ui.icons path/to/lucide-static/icons
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

ICONS = Path(__file__).parent / "static" / "tocsin" / "icons"
SPRITE = ICONS / "sprite.svg"
NAMES = Path(__file__).parent / "icon_names.txt"

_DRAWING = re.compile(r"<svg[^>]*>(.*?)</svg>", re.DOTALL)


def wanted_names() -> list[str]:
    """The names in `icon_names.txt`, in order, without comments or blanks."""
    lines = NAMES.read_text(encoding="utf-8").splitlines()
    return [name for line in lines if (name := line.partition("#")[0].strip())]


@cache
def known_icons() -> frozenset[str]:
    """Every icon id that is really drawn in the sprite."""
    return frozenset(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text(encoding="utf-8")))


def build_sprite(drawings: Path) -> str:
    """One SVG document with a `<symbol>` for each wanted name.

    Raises FileNotFoundError when a wanted icon has no drawing in the folder `drawings`.
    """
    symbols = []
    for name in wanted_names():
        found = _DRAWING.search((drawings / f"{name}.svg").read_text(encoding="utf-8"))
        if found is None:
            raise ValueError(f"{name}.svg holds no <svg> element")
        shapes = re.sub(r"\s+", " ", found.group(1)).replace("> <", "><").strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


if __name__ == "__main__":
    SPRITE.write_text(build_sprite(Path(sys.argv[1])), encoding="utf-8")
