"""Errors of the database carry values; logs and rows do not."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

import tocsin
from tocsin.core.faults import Line, said
from tocsin.core.postgres import Urls

pytestmark = pytest.mark.django_db

WORDS = "Zephyrine\nQuillfeather"
STATEMENTS = [
    ("SELECT %s::int", [WORDS]),
    ("INSERT INTO core_refusal (id, at, actor) VALUES (%s, NULL, %s)", ["x", WORDS]),
    ("INSERT INTO core_rate_bucket (name) VALUES (%s)", [WORDS]),
]


def broken(statement: str, values: list[str]) -> tuple[DatabaseError, str]:
    """The error of a statement, and the record of it as it stands in the log."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as error:
        record = logging.LogRecord("tocsin", logging.ERROR, __file__, 1, "it broke", (), sys.exc_info())
        return error, Line("{levelname} {message}", style="{").format(record)
    raise AssertionError("it did not break")


@pytest.mark.parametrize(("statement", "values"), STATEMENTS)
def test_the_words_of_the_database_are_not_kept(statement: str, values: list[str]) -> None:
    error, logged = broken(statement, values)
    assert "Quillfeather" in str(error)
    for kept in (said(error), said(error.__cause__ or error), logged):
        assert "Zephyrine" not in kept
        assert "Quillfeather" not in kept
    assert "it broke" in logged
    assert "in broken" in logged
    assert type(error).__name__ in logged


def test_the_kind_and_the_code_are() -> None:
    error, _ = broken(*STATEMENTS[0])
    assert said(error) == "DataError, 22P02"
    assert said(ValueError("no such rule")) == "ValueError: no such rule"


def test_a_process_without_settings_writes_such_lines_too(postgres_urls: Urls) -> None:
    script = (
        "import logging, psycopg\n"
        "from tocsin.core.faults import log_to_screen\n"
        "log_to_screen()\n"
        "try:\n"
        f"    psycopg.connect({postgres_urls.owner!r}).execute('SELECT %s::int', [{WORDS!r}])\n"
        "except psycopg.Error:\n"
        "    logging.getLogger('tocsin.decide').exception('it broke')\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "ERROR tocsin.decide it broke" in ran.stderr
    assert "InvalidTextRepresentation" in ran.stderr
    assert "Quillfeather" not in ran.stderr.replace(repr(WORDS), "")


def test_nothing_sets_up_a_log_of_its_own() -> None:
    """Another formatter would keep the values."""
    source = Path(tocsin.__file__).parent
    own = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if re.search(r"basicConfig|logging\.Formatter\(|StreamHandler\(", path.read_text())
    ]
    assert own == ["core/faults.py"]
