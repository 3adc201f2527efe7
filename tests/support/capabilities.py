"""Which capability rows the tests prove.

A test carries its row: ``@pytest.mark.capability("A4.8")``. With ``--capability-outcomes FILE`` the session
writes a JSON object row -> "passing" | "failing" for every row that a test ran for.
A skipped test proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

ROWS_FILE = Path(__file__).parents[2] / "docs" / "capabilities.tsv"


def read_rows() -> dict[str, str]:
    """The rows in their order: permanent name -> acceptance sentence."""
    rows: dict[str, str] = {}
    for line in ROWS_FILE.read_text().splitlines():
        row, sentence = line.split("\t")
        rows[row] = sentence
    return rows


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--capability-outcomes", metavar="FILE", help="write the outcome of each capability row")


class Outcomes:
    """Collects the outcome of each row while the session runs."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.by_row: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        report: pytest.TestReport = yield  # type: ignore[assignment]
        proven = report.when == "call" and report.passed
        # an expected failure is a failure: the row does not hold
        broken = report.failed or hasattr(report, "wasxfail")
        for row in rows_of(item):
            if broken:
                self.by_row[row] = "failing"
            elif proven:
                self.by_row.setdefault(row, "passing")
        return report  # type: ignore[return-value]

    def pytest_sessionfinish(self) -> None:
        self.file.write_text(json.dumps(self.by_row))


def rows_of(item: pytest.Item) -> list[str]:
    """The rows a test carries."""
    return [row for mark in item.iter_markers("capability") for row in mark.args]


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("--capability-outcomes")
    if file:
        config.pluginmanager.register(Outcomes(Path(file)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = read_rows()
    for item in items:
        unknown = [row for row in rows_of(item) if row not in known]
        if unknown:
            raise pytest.UsageError(f"{item.nodeid} names rows that do not exist: {', '.join(unknown)}")
