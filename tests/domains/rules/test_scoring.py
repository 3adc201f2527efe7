"""Models beside the rules: offered by one person, put into force by another, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import IntegrityError, transaction

from tests.domains.matter import somebody
from tests.domains.rules.drafts import engineer
from tests.engine.scores.test_score_in_rules import RULES, model_text
from tests.engine.scores.test_watching import ABOUT
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.domains.rules import comparing, model_queries, scoring
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.rules.publishing import publish
from tocsin.domains.scores.models import ModelComparison, ScoreModel
from tocsin.domains.staff.models import Staff
from tocsin.engine.language.ruleset import load, load_folder
from tocsin.engine.scores.model import read_model, write_model
from tocsin.engine.scores.observed import Hour, Watched, write_watched

pytestmark = pytest.mark.django_db
#: A second score, asked in shadow by nobody.
WITH_RIVAL = RULES.replace('danger = score("danger")', 'danger = score("danger")\nrival = score("rival")')


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    """Rules with a model that is not trained yet."""
    folder = tmp_path / "packaged"
    folder.mkdir()
    (folder / "a.rules").write_text(WITH_RIVAL)
    (folder / "danger.model.json").write_text(model_text(trees=[]))
    settings.TOCSIN_HOME, settings.TOCSIN_RULES_DIR = str(tmp_path), str(folder)
    return tmp_path


def trained(**changes: object) -> str:
    """The file of a trained model."""
    return write_model(msgspec.structs.replace(read_model(model_text(**changes)), training=ABOUT))


def version_in_force() -> str:
    return load(in_force().sources()).models["danger"].version


def everything() -> tuple[object, ...]:
    return list(ScoreModel.objects.order_by("pk").values_list()), AuditEntry.objects.count()


def test_a_model_comes_into_force_by_a_second_person_and_decide_is_handed_it(
    author: Staff, second: Staff, home: Path
) -> None:
    packaged, text = version_in_force(), trained()
    row = scoring.offer(engineer(author), "danger", text)
    assert scoring.offer(engineer(author), "danger", text).pk == row.pk
    assert (version_in_force(), publish()) == (packaged, 0)
    [one] = model_queries.offered(engineer(second))
    assert (one.row.pk, one.model.version) == (row.pk, read_model(text).version)
    assert scoring.put_into_force(engineer(second), row.pk).state == "in_force"
    assert version_in_force() == row.version != packaged
    assert publish() == 1
    assert load_folder(home / "rules" / "current").models["danger"].version == row.version
    assert model_queries.offered(engineer(second)) == []
    [listed] = [one for one in model_queries.overview(engineer(second)) if one.name == "danger"]
    assert (listed.row, listed.acts, [rule.id for rule in listed.rules]) == (
        ScoreModel.objects.get(), True, ["dangerous"],
    )  # fmt: skip


def test_who_offered_it_does_not_put_it_into_force(author: Staff, second: Staff) -> None:
    row = scoring.offer(engineer(author), "danger", trained())
    before = everything()
    with pytest.raises(AccessDenied) as refused:
        scoring.put_into_force(engineer(author), row.pk)
    assert (refused.value.reason, everything()) == ("own", before)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoreModel.objects.update(state="in_force", promoter=author)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoreModel.objects.update(state="in_force")


def test_taking_it_back_puts_back_what_it_replaced(author: Staff, second: Staff) -> None:
    packaged = version_in_force()
    old, new = (scoring.offer(engineer(author), "danger", trained(offset=one)) for one in (0.5, 0.25))
    for row in (old, new):
        scoring.put_into_force(engineer(second), row.pk)
    assert version_in_force() == new.version
    assert scoring.take_back(engineer(author), new.pk).state == "retired"
    assert version_in_force() == old.version
    scoring.take_back(engineer(author), old.pk)
    assert version_in_force() == packaged
    before = everything()
    assert scoring.take_back(engineer(author), old.pk).state == "retired"
    assert everything() == before


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("danger", "{", "Input data was truncated."),
        ("danger", model_text(), "This model is not trained."),
        ("danger", trained(inputs=["amount_minor", "nothing"]), 'There is no feature or field "nothing".'),
        ("../danger", trained(), "A name has at most 64 small letters"),
        ("danger", " " * (8 * 1024 * 1024 + 1), "A model file has at most 8,388,608 bytes."),
    ],
    ids=["no JSON", "not trained", "unknown input", "no name", "too large"],
)
def test_a_file_that_is_no_trained_model_for_these_rules_is_refused(
    author: Staff, name: str, text: str, told: str
) -> None:
    before = everything()
    with pytest.raises(InvalidInput) as refused:
        scoring.offer(engineer(author), name, text)
    assert refused.value.fields["file"].startswith(told)
    assert everything() == before


def test_a_model_that_does_not_fit_any_more_is_refused(author: Staff, second: Staff, home: Path) -> None:
    row = scoring.offer(engineer(author), "danger", trained())
    (home / "packaged" / "a.rules").write_text(WITH_RIVAL.replace("paid =", "spent ="))
    (home / "packaged" / "danger.model.json").unlink()
    before = everything()
    with pytest.raises(Conflict, match='There is no feature or field "paid"'):
        scoring.put_into_force(engineer(second), row.pk)
    assert everything() == before


def test_only_who_may_does_any_of_it(author: Staff, second: Staff) -> None:
    row = scoring.offer(engineer(author), "danger", trained())
    nobody, privacy = engineer(somebody("investigator")), engineer(somebody("privacy_officer"))
    before = everything()
    for refused in (
        lambda: scoring.offer(nobody, "danger", trained()),
        lambda: scoring.put_into_force(nobody, row.pk),
        lambda: scoring.take_back(nobody, row.pk),
        lambda: scoring.ask_comparison(nobody, "danger", "rival", capacity=1),
        lambda: model_queries.overview(privacy),
    ):
        with pytest.raises(AccessDenied):
            refused()
    with pytest.raises(NotFound):
        scoring.put_into_force(engineer(second), "mdl_none")
    with pytest.raises(Conflict, match="never in force"):
        scoring.take_back(engineer(second), row.pk)
    assert everything() == before


def test_the_drift_that_decide_wrote_down_is_told(author: Staff, second: Staff, home: Path) -> None:
    row = scoring.offer(engineer(author), "danger", trained())
    scoring.put_into_force(engineer(second), row.pk)
    assert model_queries.model(engineer(author), "danger").drift.score is None
    (home / "decide").mkdir()
    counts = [[2, 1, 1], [1, 1, 2, 0], [0] * 8 + [2, 2, 0]]
    write_watched(model_queries.watched_file(), {"danger": Watched(row.version, {"1": Hour(counts)})})
    drift = model_queries.model(engineer(author), "danger").drift
    assert (drift.events, drift.score) == (4, 0.0)
    assert drift.inputs == {"amount_minor / paid": 0.0, "amount_minor": 0.0}
    with pytest.raises(NotFound):
        model_queries.model(engineer(author), "other")


def test_a_comparison_waits_for_the_worker_and_says_when_too_little_is_known(
    author: Staff, second: Staff, home: Path
) -> None:
    labels = {"fraud": ["FRD-C.stolen_payment"]}
    for name in ("danger", "rival"):
        row = scoring.offer(engineer(author), name, trained(labels=labels))
        scoring.put_into_force(engineer(second), row.pk)
    asked = scoring.ask_comparison(engineer(author), "danger", "rival", capacity=50)
    assert scoring.ask_comparison(engineer(author), "danger", "rival", capacity=60).pk == asked.pk
    assert (comparing.compare_next(), comparing.compare_next()) == (1, 0)
    [row] = model_queries.comparisons(engineer(author), "danger")
    assert (row.state, row.capacity, row.figures) == ("done", 50, {})
    assert row.refusal.startswith("Of the events after both were trained, 0 are known to be fraud")


def test_a_comparison_with_a_model_that_no_rule_asks_is_refused_once(
    author: Staff, second: Staff, home: Path
) -> None:
    for name in ("danger", "idle"):
        row = scoring.offer(engineer(author), name, trained(labels={"fraud": ["FRD-C.stolen_payment"]}))
        scoring.put_into_force(engineer(second), row.pk)
    scoring.ask_comparison(engineer(author), "danger", "idle", capacity=50)
    assert (comparing.compare_next(), comparing.compare_next()) == (1, 0)
    [row] = model_queries.comparisons(engineer(author), "danger")
    assert row.refusal.startswith('No feature of these rules is score("idle")')


def test_a_comparison_whose_workers_die_is_given_up_and_waits_behind_others(
    author: Staff, second: Staff, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("danger", "rival", "third"):
        row = scoring.offer(engineer(author), name, trained(labels={"fraud": ["FRD-C.stolen_payment"]}))
        scoring.put_into_force(engineer(second), row.pk)
    scoring.ask_comparison(engineer(author), "danger", "rival", capacity=50)

    def killed(_row: ModelComparison) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(comparing, "_compare", killed)
        with pytest.raises(MemoryError):
            comparing.compare_next()
        scoring.ask_comparison(engineer(author), "danger", "third", capacity=50)
        with pytest.raises(MemoryError):
            comparing.compare_next()
        told = {row.challenger: (row.state, row.tries) for row in ModelComparison.objects.all()}
        assert told == {"rival": ("asked", 1), "third": ("asked", 1)}
        for _ in range(4):
            with pytest.raises(MemoryError):
                comparing.compare_next()
        assert (comparing.compare_next(), comparing.compare_next(), comparing.compare_next()) == (1, 1, 0)
    told = {row.challenger: (row.state, row.refusal) for row in ModelComparison.objects.all()}
    assert told == dict.fromkeys(("rival", "third"), ("done", "Working it out broke off three times."))


@pytest.mark.parametrize(
    ("challenger", "capacity", "field"),
    [("danger", 10, "challenger"), ("nothing", 10, "challenger"), ("rival", 0, "capacity")],
)
def test_a_comparison_that_cannot_be_is_refused(
    author: Staff, home: Path, challenger: str, capacity: int, field: str
) -> None:
    (home / "packaged" / "rival.model.json").write_text(trained())
    with pytest.raises(InvalidInput) as refused:
        scoring.ask_comparison(engineer(author), "danger", challenger, capacity=capacity)
    assert list(refused.value.fields) == [field]
    assert not ModelComparison.objects.exists()
