"""``tocsin triage``: a line out for each line in, and a clear word about what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin.config.main import main


def test_says_codes_severity_confidence_and_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"id": "a", "text": "he pointed a gun at me", "more": 1}\n\n{"id": 2, "text": "hola"}\n')
    assert main(["triage", str(file)]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["id"], first["codes"], first["severity"], first["to_person"]) == (
        "a",
        ["SAF.weapon"],
        "S0",
        False,
    )
    assert 0 < first["confidence"] <= 1
    assert {"rule", "severity", "why", "words"} == first["reasons"][0].keys()
    assert (second["id"], second["codes"], second["to_person"]) == (2, ["OTH.unclassified"], True)


@pytest.mark.parametrize(
    ("content", "words"),
    [('{"id": 1}', "Line 1 is not"), ("no json", "Line 1 is not"), (None, "cannot be read")],
)
def test_says_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, words: str
) -> None:
    file = tmp_path / "texts.jsonl"
    if content is not None:
        file.write_text(content)
    assert main(["triage", str(file)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
