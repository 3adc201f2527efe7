"""The page about access shows the tables as they are."""

from pathlib import Path

from tocsin.core.access.matrix import permissions_table, with_tables

PAGE = Path(__file__).parents[3] / "docs" / "change" / "access.md"


def test_the_tables_of_the_documentation_are_current() -> None:
    page = PAGE.read_text()
    assert permissions_table() in page
    assert with_tables(page) == page, f"run: python -m tocsin.core.access.matrix {PAGE.name}"
