"""From paper into force by two people, and out again in one act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.domains import matter
from tests.domains.rules.drafts import NAME, TEXT, backtested, engineer, met_traffic, written
from tests.domains.rules.test_on_paper import everything
from tocsin.core.errors import AccessDenied, Conflict, DomainError, InvalidInput, NotFound
from tocsin.domains.rules import actions, promoting, queries
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.rules.publishing import publish
from tocsin.domains.staff.models import Staff
from tocsin.engine.language.ruleset import RuleSet, load, load_folder

pytestmark = pytest.mark.django_db
WHY = "It does what its backtest said."


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    settings.TOCSIN_HOME = str(tmp_path)
    return tmp_path


def promoted(author: Staff, second: Staff, to: str, **more: str) -> DetectionRule:
    """A rule that was taken all the way to a state."""
    rule = backtested(author, **more)
    met_traffic(rule.name)
    for state in ("shadow", "canary", "active"):
        rule = promoting.promote(engineer(second), rule.name, to=state, reason=WHY, early=True)
        if state == to:
            return rule
    raise AssertionError(to)


def now_in_force() -> RuleSet:
    return load(in_force().sources())


def test_a_rule_goes_from_paper_into_force_step_by_step(author: Staff, second: Staff) -> None:
    backtested(author)
    met_traffic()
    assert NAME not in now_in_force().rules
    promoting.promote(engineer(author), NAME, to="shadow", reason=WHY)
    rule = now_in_force().rules[NAME]
    assert (rule.stage, rule.acts) == ("shadow", False)
    promoting.promote(engineer(second), NAME, to="canary", reason=WHY, share=250, early=True)
    rule = now_in_force().rules[NAME]
    assert (rule.stage, rule.share) == ("canary", 250)
    promoting.promote(engineer(second), NAME, to="active", reason=WHY)
    rule = now_in_force().rules[NAME]
    assert (rule.stage, rule.share) == ("active", 10_000)
    said = [
        (one.from_state, one.to_state, one.by, one.reason) for one in queries.steps(engineer(author), NAME)
    ]
    assert said[:3] == [
        ("canary", "active", f"staff:{second.pk}", WHY),
        ("shadow", "canary", f"staff:{second.pk}", WHY),
        ("backtested", "shadow", f"staff:{author.pk}", WHY),
    ]  # fmt: skip


def test_going_where_it_is_already_does_nothing(author: Staff, second: Staff) -> None:
    promoted(author, second, "canary")
    before = everything()
    promoting.promote(engineer(second), NAME, to="canary", reason=WHY)
    assert everything() == before


def test_who_wrote_it_does_not_put_it_into_force(author: Staff, second: Staff) -> None:
    promoted(author, second, "shadow")
    before = everything()
    with pytest.raises(AccessDenied) as refused:
        promoting.promote(engineer(author), NAME, to="canary", reason=WHY, early=True)
    assert refused.value.reason == "own"
    promoting.promote(engineer(second), NAME, to="canary", reason=WHY, early=True)
    promoting.pause(engineer(author), NAME, reason="Too many hits.")
    with pytest.raises(AccessDenied):
        promoting.resume(engineer(author), NAME, reason=WHY)
    assert DetectionRule.objects.get().state == "paused"
    assert before != everything()


def test_a_supervisor_may_be_the_second_person_and_an_investigator_may_not(
    author: Staff, second: Staff
) -> None:
    promoted(author, second, "shadow")
    before = everything()
    with pytest.raises(AccessDenied):
        promoting.promote(
            engineer(matter.somebody("investigator")), NAME, to="canary", reason=WHY, early=True
        )
    supervisor = matter.somebody("supervisor")
    before = everything()
    with pytest.raises(AccessDenied):
        promoting.promote(engineer(matter.somebody("auditor")), NAME, to="canary", reason=WHY, early=True)
    assert before[0] == everything()[0]
    made = promoting.promote(engineer(supervisor), NAME, to="canary", reason=WHY, early=True)
    assert (made.state, made.promoter_id) == ("canary", supervisor.pk)


def test_shadow_takes_its_time_unless_somebody_says_why_not(author: Staff, second: Staff) -> None:
    rule = promoted(author, second, "shadow")
    before = everything()
    with pytest.raises(InvalidInput) as refused:
        promoting.promote(engineer(second), NAME, to="canary", reason=WHY)
    assert set(refused.value.fields) == {"early"}
    assert everything() == before
    DetectionRule.objects.update(state_since=timezone.now() - dt.timedelta(days=7))
    assert promoting.promote(engineer(second), rule.name, to="canary", reason=WHY).state == "canary"


def test_what_replaces_takes_the_place_and_a_roll_back_gives_it_back(author: Staff, second: Staff) -> None:
    promoted(author, second, "canary", replaces="card_testing")
    assert now_in_force().rules["card_testing"].stage == "active"
    promoting.promote(engineer(second), NAME, to="active", reason=WHY)
    assert "card_testing" not in now_in_force().rules
    promoting.roll_back(engineer(author), NAME, reason="It troubles the wrong people.")
    after = now_in_force().rules
    assert (NAME in after, after["card_testing"].stage) == (False, "active")
    before = everything()
    promoting.roll_back(engineer(author), NAME, reason="Once more.")
    assert everything() == before


def test_a_roll_back_leaves_alone_what_somebody_changed_since(author: Staff, second: Staff) -> None:
    promoted(author, second, "active", replaces="card_testing")
    newer = TEXT[TEXT.index("class ") :].replace(NAME, "another_one")
    promoted(author, second, "active", name="another_one", replaces=NAME, text=newer)
    assert DetectionRule.objects.get(pk=NAME).state == "retired"
    promoting.roll_back(engineer(second), "another_one", reason=WHY)
    states = dict(DetectionRule.objects.values_list("name", "state"))
    assert states == {NAME: "active", "another_one": "retired", "card_testing": "retired"}


def test_a_paused_rule_is_silent_and_goes_on_where_it_was(author: Staff, second: Staff) -> None:
    promoted(author, second, "canary")
    promoting.pause(engineer(author), NAME, reason="Too many hits.")
    assert NAME not in now_in_force().rules
    promoting.resume(engineer(second), NAME, reason=WHY)
    rule = now_in_force().rules[NAME]
    assert (rule.stage, rule.share) == ("canary", 500)


def test_a_rule_that_comes_with_tocsin_can_be_paused_and_resumed(second: Staff) -> None:
    promoting.pause(engineer(second), "card_testing", reason="Too many hits.")
    assert "card_testing" not in now_in_force().rules
    promoting.resume(engineer(second), "card_testing", reason=WHY)
    assert now_in_force().version == load_folder(Path(__file__).parents[3] / "src/tocsin/data/rules").version


def test_what_cannot_be_is_refused_and_changes_nothing(author: Staff, second: Staff) -> None:
    written(author)
    me = engineer(second)
    before = everything()
    refusals: list[tuple[type[DomainError], Callable[[], object]]] = [
        (Conflict, lambda: promoting.promote(me, NAME, to="shadow", reason=WHY)),
        (Conflict, lambda: promoting.promote(me, NAME, to="", reason=WHY)),
        (Conflict, lambda: promoting.promote(me, NAME, to="active", reason=WHY)),
        (Conflict, lambda: promoting.pause(me, NAME, reason=WHY)),
        (Conflict, lambda: promoting.resume(me, NAME, reason=WHY)),
        (Conflict, lambda: promoting.roll_back(me, NAME, reason=WHY)),
        (NotFound, lambda: promoting.pause(me, "nothing_like_it", reason=WHY)),
        (InvalidInput, lambda: promoting.promote(me, NAME, to="shadow", reason=" ")),
    ]
    for error, attempt in refusals:
        with pytest.raises(error):
            attempt()
    assert everything() == before


def test_the_text_of_a_rule_in_shadow_is_fixed(author: Staff, second: Staff) -> None:
    promoted(author, second, "shadow")
    before = everything()
    with pytest.raises(Conflict):
        written(author, text=TEXT + "\n")
    with pytest.raises(Conflict):
        actions.ask(engineer(author), NAME, "check")
    assert everything() == before


def test_two_rules_that_do_not_fit_each_other_do_not_come_into_force(author: Staff, second: Staff) -> None:
    backtested(author)
    backtested(author, name="another_one")
    promoting.promote(engineer(author), NAME, to="shadow", reason=WHY)
    before = everything()
    with pytest.raises(Conflict) as refused:
        promoting.promote(engineer(author), "another_one", to="shadow", reason=WHY)
    assert '"small_refusals" has its meaning already' in refused.value.what
    assert everything() == before


def test_the_rules_in_force_are_published_whole_and_once(author: Staff, second: Staff, home: Path) -> None:
    assert publish() == 0
    promoted(author, second, "shadow")
    matter.settle()
    current = home / "rules" / "current"
    assert load_folder(current).version == now_in_force().version
    assert load_folder(current).rules[NAME].stage == "shadow"
    assert publish() == 0
    first = current.resolve()
    promoting.promote(engineer(second), NAME, to="canary", reason=WHY, early=True)
    matter.settle()
    assert load_folder(current).rules[NAME].stage == "canary"
    promoting.roll_back(engineer(second), NAME, reason=WHY)
    matter.settle()
    assert NAME not in load_folder(current).rules
    assert not first.exists()
    assert len(list((home / "rules").iterdir())) == 3


def test_a_set_that_was_half_written_is_written_again(author: Staff, second: Staff, home: Path) -> None:
    promoted(author, second, "shadow")
    assert publish() == 1
    current = home / "rules" / "current"
    name = current.readlink().name
    current.unlink()
    next((home / "rules" / name).glob("*.rules")).unlink()
    (home / "rules" / f"{name}.tmp").mkdir()
    assert publish() == 1
    assert load_folder(current).version == now_in_force().version
