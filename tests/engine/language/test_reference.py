"""The page about the language says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from tocsin.engine.language.functions import FUNCTIONS
from tocsin.engine.language.reference import reference
from tocsin.engine.language.rules import SETTINGS
from tocsin.engine.language.ruleset import LISTS, RESERVED, load
from tocsin.engine.schema import packaged

PAGE = Path(__file__).parents[3] / "docs" / "integrate" / "rule-language.md"
README = Path(__file__).parents[3] / "src" / "tocsin" / "data" / "rules" / "README.md"


def test_the_page_is_as_the_code_would_write_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "Run: python -m tocsin.engine.language.reference docs/integrate/rule-language.md"
    )


def test_every_name_is_on_the_page() -> None:
    page, schema = reference(), packaged()
    for name in (*schema.entities, *schema.fields, *schema.events, *SETTINGS, *LISTS, *RESERVED, *FUNCTIONS):
        assert re.search(rf"[`( ]{re.escape(name)}\b", page), name


def test_its_example_and_the_one_of_the_readme_are_rules() -> None:
    for page in (reference(), README.read_text(encoding="utf-8")):
        blocks = [
            "\n".join(line[4:] for line in block.splitlines())
            for block in re.findall(r"(?:(?: {4}.*)?\n)+", page)
        ]
        [example] = [block for block in blocks if "class card_declined_repeatedly(Rule):" in block]
        assert list(load({"a.rules": example}).rules) == ["card_declined_repeatedly"]
