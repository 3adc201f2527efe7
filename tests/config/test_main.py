"""The console script: what it offers, and how it ends."""

from __future__ import annotations

import pytest

from tocsin.config import main as script


def test_every_command_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        script.main(["--help"])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, command in script.commands().items():
        assert f"{name} {command.help}" in shown


def test_a_wrong_setting_ends_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOCSIN_WEB_PORT", "eighty")
    assert script.main(["doctor"]) == 1
    assert capsys.readouterr().err == (
        "tocsin doctor: TOCSIN_WEB_PORT is 'eighty'; it should be a number from 0 to 65535\n"
    )


def test_a_command_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        script.main(["dance"])
    assert ended.value.code == 2
    assert "invalid choice: 'dance'" in capsys.readouterr().err
