"""The models' desk without scripts: what is in force, how it did, how far today lies from its training;
offered by one person and put into force by another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.domains.matter import somebody
from tests.domains.rules.test_scoring import WITH_RIVAL, trained, version_in_force
from tests.engine.scores.test_score_in_rules import model_text
from tests.engine.scores.test_watching import ABOUT
from tests.surfaces.console.conftest import Desk
from tocsin.domains.rules import comparing, model_queries
from tocsin.domains.scores.models import ScoreModel
from tocsin.domains.staff.models import Staff
from tocsin.engine.scores.model import Judged, Measured, read_model, write_model
from tocsin.engine.scores.observed import Hour, Watched, write_watched

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_files")]
PAGE = "/console/models/"
JUDGED = Judged(
    learnt_until=1_600_000_000_000, first=1_600_000_000_000, until=1_700_000_000_000, rows=1500, frauds=60,
    capacity=20, figures=Measured([0.9, 0.85, 0.95], [0.7, 0.6, 0.8], [0.5, 0.4, 0.6]), brier=0.0123,
    reliability=[[150.0, 0.02, 0.01]] * 10,
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    folder = tmp_path / "packaged"
    folder.mkdir()
    (folder / "a.rules").write_text(WITH_RIVAL)
    (folder / "danger.model.json").write_text(model_text(trees=[]))
    (folder / "rival.model.json").write_text(trained(labels={"fraud": ["FRD-C.stolen_payment"]}))
    settings.TOCSIN_HOME, settings.TOCSIN_RULES_DIR = str(tmp_path), str(folder)
    return tmp_path


@pytest.fixture
def anna(world: None) -> Staff:
    return somebody("rules_engineer", "Anna")


@pytest.fixture
def ben(world: None) -> Staff:
    return somebody("rules_engineer", "Ben")


def judged_text() -> str:
    model = read_model(trained(labels={"fraud": ["FRD-C.stolen_payment"]}))
    about = msgspec.structs.replace(ABOUT, judged=JUDGED)
    return write_model(msgspec.structs.replace(model, training=about))


def offer(desk: Desk, text: str, name: str = "danger.model.json") -> int:
    desk.get(PAGE)
    file: Any = SimpleUploadedFile(name, text.encode(), "application/json")
    return desk.post(PAGE, file=file)


def test_a_model_is_offered_by_one_put_into_force_by_another_and_taken_back(anna: Staff, ben: Staff) -> None:
    author, second = Desk(anna), Desk(ben)
    packaged = version_in_force()
    assert author.get(PAGE) == 200
    assert "danger" in author.text
    assert "not trained" in author.text
    assert offer(author, judged_text()) == 200
    row = ScoreModel.objects.get()
    assert "Offered. Somebody else can put it into force." in author.text
    assert "Somebody else has to put it into force." in author.text
    assert author.post(PAGE + "step/", verb="put_into_force", model=row.pk) == 403
    assert "You offered this model" in author.text
    assert version_in_force() == packaged
    second.get(PAGE)
    assert "by Anna, trained on 4 events, 1 of them fraud" in second.text
    assert second.post(PAGE + "step/", verb="put_into_force", model=row.pk) == 200
    assert "The model is in force." in second.text
    assert version_in_force() == row.version
    second.post(PAGE + "step/", verb="take_back", model=row.pk)
    assert "what it replaced is back" in second.text
    assert version_in_force() == packaged


def test_its_page_shows_what_it_was_made_of_how_it_did_and_its_drift(
    anna: Staff, ben: Staff, home: Path
) -> None:
    author, second = Desk(anna), Desk(ben)
    offer(author, judged_text())
    row = ScoreModel.objects.get()
    second.post(PAGE + "step/", verb="put_into_force", model=row.pk)
    assert author.get(PAGE + "danger/") == 200
    assert row.version in author.text
    assert "Average precision 0.700 (0.600 to 0.800)" in author.text
    assert "on 1,500 later events, 60 of them fraud; 20 can be looked at in a day" in author.text
    assert author.text.count("150 0.020 0.010") == 10
    assert "nothing seen yet" in author.text
    (home / "decide").mkdir()
    counts = [[2, 1, 1], [0, 0, 4, 0], [0] * 8 + [2, 2, 0]]
    write_watched(model_queries.watched_file(), {"danger": Watched(row.version, {"1": Hour(counts)})})
    author.get(PAGE + "danger/")
    assert "4 events of the last day" in author.text
    assert "Score stable 0.000" in author.text
    assert "amount_minor 50.0 shifted" in author.text
    author.get(PAGE)
    assert "champion" in author.text


def test_champion_and_challenger_are_compared_when_asked(anna: Staff, ben: Staff) -> None:
    author = Desk(anna)
    offer(author, judged_text())
    Desk(ben).post(PAGE + "step/", verb="put_into_force", model=ScoreModel.objects.get().pk)
    author.get(PAGE + "danger/")
    assert author.post(PAGE + "danger/compare/", challenger="rival", capacity="0") == 422
    assert "A whole number from 1 to 100,000." in author.text
    assert author.post(PAGE + "danger/compare/", challenger="rival", capacity="20") == 200
    assert "The past is being replayed." in author.text
    assert comparing.compare_next() == 1
    author.get(PAGE + "danger/")
    assert "Of the events after both were trained, 0 are known to be fraud" in author.text


@pytest.mark.parametrize(
    ("text", "said"), [("{", "Input data was truncated"), (model_text(), "This model is not trained")]
)
def test_a_file_that_is_none_is_refused_beside_its_field(anna: Staff, text: str, said: str) -> None:
    author = Desk(anna)
    assert offer(author, text) == 422
    assert said in author.text
    assert not ScoreModel.objects.exists()


def test_without_a_file_a_step_or_a_model_it_says_so(anna: Staff) -> None:
    author = Desk(anna)
    assert author.post(PAGE) == 422
    assert "Choose a file first." in author.text
    assert author.post(PAGE + "step/", verb="dance", model="x") == 422
    assert author.post(PAGE + "step/", verb="take_back", model="x") == 404
    assert author.get(PAGE + "nothing/") == 404
