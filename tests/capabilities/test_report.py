"""The record of capabilities: it says passing only for rows whose every test passed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.capabilities import report
from tests.support.capabilities import read_rows

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.mark.capability("A1.1")
def test_passes(): pass

@pytest.mark.capability("A1.2")
@pytest.mark.parametrize("good", [True, False, True])
def test_one_of_three_fails(good): assert good

@pytest.mark.capability("A1.3")
def test_skipped(): pytest.skip("not here")

@pytest.mark.capability("A1.4")
@pytest.mark.xfail
def test_expected_to_fail(): assert False

@pytest.fixture
def broken(): raise OSError("no disk")

@pytest.mark.capability("A1.5", "A1.6")
def test_cannot_be_set_up(broken): pass

@pytest.fixture
def untidy():
    yield
    raise OSError("no broom")

@pytest.mark.capability("A1.7")
def test_cannot_be_torn_down(untidy): pass

def test_of_nothing(): pass
"""


def outcomes(folder: Path, tests: str) -> tuple[int, dict[str, str], str]:
    """Run ``tests`` with the plugin: pytest's exit code, the outcomes, and what it said."""
    (folder / "test_rows.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = capability(row): a row\n")
    file = folder / "outcomes.json"
    plugins = ("-p", "no:django", "-p", "tests.support.capabilities")
    options = (f"--capability-outcomes={file}", f"--rootdir={folder}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options, str(folder)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(file.read_text()) if file.exists() else {}, done.stdout + done.stderr


def test_a_row_passes_when_every_test_of_it_passes(tmp_path: Path) -> None:
    code, rows, said = outcomes(tmp_path, TESTS)
    assert code == 1, said
    assert rows == {
        "A1.1": "passing",
        "A1.2": "failing",
        "A1.4": "failing",
        "A1.5": "failing",
        "A1.6": "failing",
        "A1.7": "failing",
    }


def test_a_row_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    code, rows, said = outcomes(
        tmp_path, "import pytest\n@pytest.mark.capability('A99.1')\ndef test_it(): pass\n"
    )
    assert code == 4
    assert "names rows that do not exist: A99.1" in said
    assert rows == {}


def test_the_rows_are_all_there_in_their_order() -> None:
    rows = list(read_rows())
    assert len(rows) == 129
    assert rows[0] == "A1.1"
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert all(len(sentence.split()) > 3 for sentence in read_rows().values())


@pytest.mark.parametrize(("state", "code"), [("passing", 0), ("failing", 1)])
def test_the_report_has_one_line_a_row(
    state: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "run_tests", lambda: {"A1.2": state})
    assert report.main() == code
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 129
    assert [line.split("\t")[0] for line in lines] == list(read_rows())
    assert lines[1].split("\t") == ["A1.2", state, read_rows()["A1.2"]]
    assert {line.split("\t")[1] for line in lines} == {state, "untested"}
