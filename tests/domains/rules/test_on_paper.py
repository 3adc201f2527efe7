"""A rule on paper: written, checked, backtested over what was shipped."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.domains import matter
from tests.domains.detection.desk import Desk
from tests.domains.rules.drafts import NAME, STORIES, TEXT, backtested, checked, engineer, written
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, Conflict, DomainError, InvalidInput
from tocsin.domains.detection.actions import label
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.rules import actions, queries, reports
from tocsin.domains.rules.models import DetectionRule, RuleReport, RuleStep
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


def everything() -> tuple[object, ...]:
    return (
        list(DetectionRule.objects.order_by("name").values_list()),
        RuleReport.objects.count(), RuleStep.objects.count(), AuditEntry.objects.count(),
    )  # fmt: skip


def test_a_draft_is_written_and_writing_the_same_again_does_nothing(author: Staff) -> None:
    rule = written(author)
    assert (rule.state, rule.author_id, rule.text, rule.stories) == ("draft", author.pk, TEXT, STORIES)
    before = everything()
    assert written(author, text=TEXT.replace("\n", "\r\n")).content_hash == rule.content_hash
    assert everything() == before


def test_a_good_draft_passes_its_check_and_says_what_it_costs_and_meets(author: Staff) -> None:
    rule = checked(author)
    report = queries.newest_report(engineer(author), NAME, "check")
    assert report is not None
    assert (rule.state, report.passed, report.state) == ("checked", True, "done")
    found = dict(report.figures)
    assert found.pop("cost_us") >= 0
    assert found == {"problems": [], "stories": 2, "failures": [], "disturbed": [], "overlap": {}}
    [step] = queries.steps(engineer(author), NAME)
    assert (step.from_state, step.to_state, step.by) == ("draft", "checked", "system:rules")


def test_a_mistake_in_the_language_is_told_with_its_place(author: Staff) -> None:
    rule = checked(author, text=TEXT.replace("small_refusals >= 2", "small_refusal >= 2"))
    report = queries.newest_report(engineer(author), NAME, "check")
    assert report is not None
    [problem] = report.figures["problems"]
    assert (rule.state, report.passed) == ("draft", False)
    assert (problem["file"], problem["line"], problem["column"]) == (f"written.{NAME}.rules", 10, 12)
    assert 'Did you mean "small_refusals"?' in problem["message"]
    assert problem["shown"] == (
        "    when = small_refusal >= 2 and amount_minor < 500\n           " + "^" * len("small_refusal")
    )


@pytest.mark.parametrize(
    ("stories", "told"),
    [
        (STORIES.replace("repeat = 3", "repeat = 2"), "expected review: allow (no reason)"),
        (STORIES.split("but =")[0], f"No story ends with {NAME} not firing."),
        ("", f"No story ends with {NAME} firing."),
        ("[[test]", "Expected ']]'"),
    ],
)
def test_stories_that_fail_or_are_missing_are_told(author: Staff, stories: str, told: str) -> None:
    rule = checked(author, stories=stories)
    report = queries.newest_report(engineer(author), NAME, "check")
    assert report is not None
    assert (rule.state, report.passed) == ("draft", False)
    assert any(told in failure["message"] for failure in report.figures["failures"]), report.figures


def test_a_rule_that_fires_on_ordinary_days_does_not_pass(author: Staff) -> None:
    text = TEXT.replace("small_refusals >= 2 and amount_minor < 500", "total_minor > 0")
    text = text.replace('on = "payment.declined"', 'on = "order.placed"').replace("{small_refusals}", "Some")
    stories = STORIES.replace("payment.declined", "order.placed").replace(
        "amount_minor = 100", "total_minor = 100"
    )
    rule = checked(author, text=text, stories=stories.replace("amount_minor = 900", "total_minor = 0"))
    report = queries.newest_report(engineer(author), NAME, "check")
    assert report is not None
    assert (rule.state, report.passed, report.figures["failures"]) == ("draft", False, [])
    assert report.figures["disturbed"][0]["test"] == "a month of a faithful customer"


def test_a_file_holds_the_one_rule_it_is_named_for(author: Staff) -> None:
    checked(author, text=TEXT.replace("class many_small_refusals", "class other_name"))
    report = queries.newest_report(engineer(author), NAME, "check")
    assert report is not None
    assert report.figures["problems"][0]["message"] == f"Expected one rule, and that it is called {NAME}."


def test_a_changed_text_is_a_draft_again(author: Staff) -> None:
    checked(author)
    assert written(author, text=TEXT.replace(">= 2", ">= 3")).state == "draft"


def test_what_was_asked_for_already_is_made_once(author: Staff) -> None:
    written(author)
    asked = actions.ask(engineer(author), NAME, "check")
    assert actions.ask(engineer(author), NAME, "check").pk == asked.pk
    assert RuleReport.objects.count() == 1
    assert reports.make_next() == 1
    assert reports.make_next() == 0


def test_a_backtest_says_what_would_have_come_of_it(author: Staff, desk: Desk) -> None:
    for who in ("right", "wrong", "nobody-knows"):
        for _ in range(4):
            desk.tell("payment.declined", customer=who, card=f"card of {who}", amount_minor=100,
                      currency="USD", region="US-CA" if who != "wrong" else "US-WA")  # fmt: skip
    desk.tell("order.placed", customer="missed", total_minor=5000, currency="USD")
    assert ship_once(desk.read) == 13
    with act(system("tests"), "label.add") as work:
        for who, name in (
            ("right", "FRD-C.stolen_payment"), ("missed", "FRD-C.stolen_payment"), ("wrong", f"not:{NAME}"),
            ("not seen", "FRD-C.stolen_payment"),
        ):  # fmt: skip
            label(work, "customer", who, name, source="tests", confidence=1.0)
    rule = backtested(author)
    report = queries.newest_report(engineer(author), NAME, "backtest")
    assert report is not None
    found = dict(report.figures)
    assert (rule.state, report.passed) == ("backtested", True)
    assert found.pop("since") < found.pop("until")
    assert sum(found.pop("per_day").values()) == 6
    assert found == {
        "events": 13, "warm_up": 0, "listed": 0, "hits": 6, "rate": round(6 / 13, 6), "people": 3,
        "confirmed": 1, "cleared": 1, "unlabelled": 1, "missed": 1, "precision": 0.5, "recall": 0.5,
        "value": {"USD": 200},
        "regions": {"US-CA": {"people": 2, "cleared": 0}, "US-WA": {"people": 1, "cleared": 1}},
        "overlap": {}, "changed": {"allow → review": 6},
    }  # fmt: skip
    assert len(report.data_hash) == 64


def test_the_same_backtest_again_reads_the_same(author: Staff, desk: Desk) -> None:
    desk.test_cards()
    ship_once(desk.read)
    backtested(author)
    actions.ask(engineer(author), NAME, "backtest", days=7)
    reports.make_next()
    first, again = RuleReport.objects.filter(kind="backtest")
    assert first.data_hash == again.data_hash
    assert {**first.figures, "since": "", "until": ""} == {**again.figures, "since": "", "until": ""}
    assert first.figures["overlap"] == {"card_testing": 2}


def test_a_rule_is_compared_with_the_one_it_replaces(author: Staff, desk: Desk) -> None:
    desk.test_cards()
    ship_once(desk.read)
    backtested(author, replaces="card_testing")
    report = queries.newest_report(engineer(author), NAME, "backtest")
    assert report is not None
    assert report.figures["changed"] == {"allow → review": 1, "block → review": 2}
    assert report.figures["overlap"] == {}


@pytest.mark.parametrize("role", ["investigator", "auditor", "supervisor", "administrator", "specialist"])
def test_only_who_may_writes_or_asks(author: Staff, role: str) -> None:
    written(author)
    other = matter.somebody(role)
    before = everything()
    with pytest.raises(AccessDenied):
        written(other, name="another_rule")
    with pytest.raises(AccessDenied):
        actions.ask(engineer(other), NAME, "check")
    assert everything() == before


def test_what_cannot_be_is_refused_and_changes_nothing(author: Staff, second: Staff) -> None:
    written(author)
    before = everything()
    refusals: list[tuple[type[DomainError], object]] = [
        (InvalidInput, lambda: written(author, name="No")),
        (InvalidInput, lambda: written(author, name="card_testing")),
        (InvalidInput, lambda: written(author, name="another", text="x" * 60_001)),
        (InvalidInput, lambda: written(author, name="another", replaces="nothing_like_it")),
        (InvalidInput, lambda: written(author, name="another", replaces="another")),
        (InvalidInput, lambda: actions.ask(engineer(author), NAME, "backtest", days=0)),
        (Conflict, lambda: actions.ask(engineer(author), NAME, "backtest", days=7)),
        (Conflict, lambda: written(second, text=TEXT + "\n")),
    ]
    for error, attempt in refusals:
        with pytest.raises(error):
            attempt()  # type: ignore[operator]
    assert everything() == before


def test_the_database_refuses_that_an_author_promotes(author: Staff, second: Staff) -> None:
    rule = written(author)
    for changed in ({"promoter": author}, {"state": "active"}, {"share": 0}, {"author": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DetectionRule.objects.filter(pk=rule.pk).update(**changed)
    DetectionRule.objects.filter(pk=rule.pk).update(
        state="active", promoter=second, changed_at=timezone.now()
    )
