"""The command line says what is wrong and writes what was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.cli import main
from simulator.scenarios import SCENARIOS


def test_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scenarios", "jaywalking", "--offline", "x"], "no scenario called jaywalking"),
        (["--speed", "0", "--offline", "x"], "must be above zero"),
        ([], "an API key is needed"),
    ],
)
def test_a_wrong_call_is_explained(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOCSIN_API_KEY", raising=False)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_an_offline_run_writes_the_same_files_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("a", "b"):
        arguments = ["--offline", str(tmp_path / folder), "--duration", "300", "--rate", "5", "--every", "20"]
        assert main([*arguments, "--population", "40", "--seed", "3"]) == 0
    kinds = ("events", "entities", "reports", "follow_ups", "verifications")
    names = {"truth.json", *(f"{kind}.jsonl" for kind in kinds)}
    assert {path.name for path in (tmp_path / "a").iterdir()} == names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    truth = json.loads((tmp_path / "a" / "truth.json").read_text())
    events = {json.loads(line)["id"] for line in (tmp_path / "a" / "events.jsonl").open(encoding="utf-8")}
    planted = {event for plant in truth["plants"] for event in plant["events"]}
    assert planted
    assert planted <= events
    assert "bad ones met resistance" in capsys.readouterr().out
