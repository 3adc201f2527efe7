"""A rule to write, its stories, and the people who write and promote it."""

from __future__ import annotations

from django.utils import timezone

from tests.domains.matter import as_
from tocsin.core.actor import Actor
from tocsin.domains.rules import actions, reports
from tocsin.domains.rules.models import DetectionRule, Trial
from tocsin.domains.staff.models import Staff

NAME = "many_small_refusals"
TEXT = """small_refusals = count(
    "payment.declined", per=customer, within="1h", where=amount_minor < 500
)


class many_small_refusals(Rule):
    "Many small payments of one customer are declined"

    on = "payment.declined"
    when = small_refusals >= 2 and amount_minor < 500
    verdict = "review"
    severity = "S3"
    code = "V3"
    clause = "FRD-C.stolen_payment"
    reason = "{small_refusals} small payments were declined within an hour."
"""
STORIES = """[[test]]
name = "the third small refusal is looked at"
events = [
  { type = "payment.declined", repeat = 3, every = "1m", customer = "c", \
fields = { amount_minor = 100, currency = "USD" } },
]
expect = { verdict = "review", rules = ["many_small_refusals"] }
but = [{ fields = { amount_minor = 900 }, rules = [], verdict = "allow" }]
"""


def engineer(staff: Staff) -> Actor:
    """The person, working on rules."""
    return as_(staff, "rule_work")


def written(by: Staff, name: str = NAME, **more: str) -> DetectionRule:
    """A draft as it stands after writing."""
    text, stories = (one.replace(NAME, name) for one in (TEXT, STORIES))
    return actions.write(engineer(by), name, **({"text": text, "stories": stories} | more))


def checked(by: Staff, **more: str) -> DetectionRule:
    """A draft that was checked."""
    rule = written(by, **more)
    actions.ask(engineer(by), rule.name, "check")
    assert reports.make_next() == 1
    return DetectionRule.objects.get(pk=rule.name)


def met_traffic(name: str = NAME) -> None:
    """The rule saw an event in shadow, which is what it needs to be promoted."""
    now = timezone.now()
    Trial.objects.create(rule_id=name, clause="FRD-C.stolen_payment", events=1, since=now, until=now)


def backtested(by: Staff, days: int = 7, **more: str) -> DetectionRule:
    """A draft that was checked and backtested."""
    rule = checked(by, **more)
    assert rule.state == "checked"
    actions.ask(engineer(by), rule.name, "backtest", days=days)
    assert reports.make_next() == 1
    return DetectionRule.objects.get(pk=rule.name)
