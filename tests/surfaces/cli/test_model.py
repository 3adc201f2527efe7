"""``tocsin model …`` over an installation's own past."""

from __future__ import annotations

import argparse
import datetime as dt
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.domains.scores.conftest import marketplace
from tests.domains.scores.marketplace import NOW, SOURCES, START, Marketplace
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.engine.engine import Engine
from tocsin.engine.language.ruleset import load_folder
from tocsin.engine.scores.observed import Hour, Watched, write_watched
from tocsin.surfaces.cli import model
from tocsin.surfaces.cli.environment import CommandError, Environment

__all__ = ["marketplace"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """The rules, with models yet to be trained."""
    made = tmp_path / "packaged"
    made.mkdir()
    settings.TOCSIN_RULES_DIR = str(made)
    for name, text in SOURCES.items():
        (made / name).write_text(text)
    return made


def tocsin(folder: Path, *words: str) -> int:
    """``tocsin model`` with these words."""
    parser = argparse.ArgumentParser()
    model.arguments(parser)
    env: Any = SimpleNamespace(rules_dir=folder, home=folder.parent)
    return model.run(cast("Environment", env), parser.parse_args(list(words)))


#: Early enough that events after it are old enough to be judged.
CUT = NOW - dt.timedelta(days=25)


def train(folder: Path, name: str, *more: str) -> int:
    return tocsin(folder, "train", name, "--test-days", "15", "--now", NOW.isoformat(), *more)


def test_a_trained_model_lies_beside_the_rules_and_the_engine_scores_with_it(
    marketplace: Marketplace, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load_folder(folder)
    assert train(folder, "danger") == 0
    said = capsys.readouterr().out
    after = load_folder(folder)
    assert after.version != before.version
    assert sorted(path.name for path in folder.iterdir()) == sorted(SOURCES)
    about = after.models["danger"].training
    assert about is not None
    assert f"data {about.data}" in said
    assert f"{about.rows:,} events from 2026-08-01 00:00 UTC, {about.frauds:,} of them fraud" in said
    assert re.search(r"[\d,]+ values were kept with decisions; 0 differ from the replay", said)
    assert f"written to {folder / 'danger.model.json'}" in said
    assert Engine(after).plan.models.numbers["danger"] == 0


def test_show_says_what_a_model_is_and_how_it_did(
    marketplace: Marketplace, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tocsin(folder, "show", "danger") == 0
    assert "not trained yet: its score is unknown" in capsys.readouterr().out
    train(folder, "danger", "--capacity", "5")
    capsys.readouterr()
    assert tocsin(folder, "show", "danger") == 0
    said = capsys.readouterr().out
    found = load_folder(folder).models["danger"]
    assert found.training is not None
    judged = found.training.judged
    assert judged is not None
    value, low, high = judged.figures.auc_roc
    assert f"danger {found.version}, scores payment.authorised, 4 inputs" in said
    assert re.search(rf"AUC ROC +{value:.3f} +{low:.3f} to {high:.3f}", said)
    assert "5 looked at in a day" in said
    assert re.search(r"\d+\.\d%  amount_minor", said)
    assert "drift: decide has not scored an event with this version in the last day" in said
    (folder.parent / "decide").mkdir(exist_ok=True)
    counts = [[round(1e6 * share) for share in one.shares] for one in found.training.bins]
    scores = [round(1e6 * share) for share in found.training.shares]
    counts[0] = [sum(counts[0]), *[0] * (len(counts[0]) - 1)]
    seen = Watched(found.version, {"1": Hour([*counts, [*scores, 0]])})
    write_watched(folder.parent / "decide" / "models.json", {"danger": seen})
    tocsin(folder, "show", "danger")
    drift = capsys.readouterr().out.partition(" events of the last day (population")[2].splitlines()
    assert drift[1] == "    0.000  stable: the score"
    assert re.fullmatch(r" +\d\.\d{3}  shifted: train again: amount_minor", drift[2])
    assert all("0.000  stable: " in line for line in drift[3:])
    assert len(re.findall(r"(?m)^ {38} +\d+ +0\.\d{4} +\d\.\d{4}$", said)) == 10


def test_compare_puts_both_on_identical_events(
    marketplace: Marketplace, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("danger", "guess"):
        train(folder, name, "--now", CUT.isoformat())
    capsys.readouterr()
    assert tocsin(folder, "compare", "guess", "danger", "--now", NOW.isoformat(), "--capacity", "5") == 0
    said = capsys.readouterr().out
    assert re.match(
        r"[\d,]+ identical events of \d+ accounts on \d+ days, [\d,]+ of them fraud; 5 looked at", said
    )
    assert "danger is better in average precision" in said
    assert re.search(r"rank correlation of their scores -?0\.\d{3}", said)


def test_too_little_is_known(marketplace: Marketplace, folder: Path) -> None:
    before = (folder / "danger.model.json").read_text()
    with pytest.raises(Conflict, match="A model needs at least 50 frauds"):
        tocsin(folder, "train", "danger", "--now", START.isoformat())
    assert (folder / "danger.model.json").read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "danger", "--capacity", "0"], "--capacity must be at least 1. Nothing was changed."),
        (["train", "danger", "--test-days", "-1"], "--test-days must be at least 1. Nothing was changed."),
        (
            ["train", "danger", "--out", "/nowhere/x.json"],
            "/nowhere cannot be written to. Nothing was changed",
        ),
    ],
)
def test_what_cannot_be_done_is_said(words: list[str], said: str, folder: Path) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        tocsin(folder, *words)
    assert {path.name: path.read_text() for path in folder.iterdir()} == SOURCES


def test_a_model_that_is_not_there_or_not_trained_is_said(folder: Path) -> None:
    with pytest.raises(InvalidInput, match='There is no model "other" beside the rules'):
        tocsin(folder, "show", "other")
    with pytest.raises(InvalidInput, match="danger is not trained yet"):
        tocsin(folder, "compare", "danger", "guess")


def test_rules_with_mistakes_and_a_time_that_is_none_are_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        tocsin(folder, "train", "danger", "--now", "yesterday")
    assert '"yesterday" is no time; write it as' in capsys.readouterr().err
    (folder / "danger.model.json").write_text("{")
    for words in (["show", "danger"], ["show", "danger", "--rules", str(folder)]):
        with pytest.raises(CommandError, match="have mistakes, and nothing was done with them"):
            tocsin(folder, *words)
