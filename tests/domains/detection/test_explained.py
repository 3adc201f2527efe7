"""Why an alert was raised, worked out again from what was shipped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.domains.actors import staff
from tests.domains.detection.desk import PACKAGED, Desk
from tests.engine.sealing import codec
from tocsin.core.access.check import Scope
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.crypto import shred
from tocsin.core.errors import AccessDenied
from tocsin.domains.detection.explained import Explained, _loaded, why_raised
from tocsin.domains.detection.models import Alert, Event, KeptExplanation, KeptRules, Verdict
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.detection.store import day_scope
from tocsin.engine.engine import ENGINE_VERSION
from tocsin.engine.log.reader import LogReader
from tocsin.engine.log.records import EventRecord
from tocsin.engine.why import why

pytestmark = pytest.mark.django_db

MINE = Scope(region="US-WA", data_class="P3", assigned=True)
NOT_MINE = replace(MINE, assigned=False)


def investigator() -> Actor:
    return staff("investigator")


def explained(rule: str, scope: Scope = MINE) -> Explained:
    return why_raised(investigator(), Alert.objects.get(rule=rule), scope)


def test_shipping_keeps_the_rules_and_what_was_looked_at_where_a_rule_fired(desk: Desk) -> None:
    desk.test_cards()
    ship_once(desk.read)
    rules = KeptRules.objects.get()
    assert (rules.version, rules.first_seq, rules.sources) == (PACKAGED.version, 1, dict(PACKAGED.sources))
    kept = list(KeptExplanation.objects.order_by("seq"))
    assert [row.seq for row in kept] == list(Verdict.objects.order_by("seq").values_list("seq", flat=True))
    assert {(row.rules_version, row.engine_version) for row in kept} == {(PACKAGED.version, ENGINE_VERSION)}


def test_the_database_explains_exactly_as_the_log_does(desk: Desk, tmp_path: Path) -> None:
    desk.test_cards(region="US-WA")
    ship_once(desk.read)
    found = explained("card_testing")
    records = LogReader(tmp_path / "decide", codec()).read(0, 100)
    [record] = [one for one in records if one.seq == Alert.objects.get().first_seq]
    assert isinstance(record, EventRecord)
    assert record.explain is not None
    assert found.why == why(PACKAGED, record.event(), record.explain)
    assert found.why is not None
    assert found.why.reproduced
    assert (found.rules_version, found.engine_version) == (PACKAGED.version, ENGINE_VERSION)


def message(desk: Desk) -> None:
    """A message that is blocked for what it says."""
    told = "Hi, support here: send me the six digit code you got."
    assert desk.tell("message.sent", customer="c-1", shopper="s-1", sender="customer", text=told) == "block"
    ship_once(desk.read)


def test_who_may_read_the_message_sees_which_phrase_decided(desk: Desk) -> None:
    message(desk)
    found = explained("asks_for_one_time_code").why
    assert found is not None
    assert [(one.name, one.threshold, one.held, one.covered) for one in found.fired[0].checks] == [
        ("text", "one_time_codes", True, False), ("text", "asks_for", True, False),
    ]  # fmt: skip
    assert all(isinstance(one.value, str) and len(one.value) < 20 for one in found.fired[0].checks)
    assert [(one.what.name, one.to) for one in found.smallest.changes] == [("text", "")]
    assert (found.hidden, found.reproduced) == (0, True)


def test_without_the_right_to_read_it_nothing_of_the_message_is_told(desk: Desk) -> None:
    message(desk)
    found = explained("asks_for_one_time_code", NOT_MINE).why
    assert found is not None
    assert [(one.value, one.held, one.covered) for one in found.fired[0].checks] == [(None, None, True)] * 2
    assert (found.near, found.smallest.changes) == ((), ())
    assert found.hidden == sum("message.sent" in rule.on for rule in PACKAGED.rules.values()) - len(
        found.fired
    )


def test_once_its_day_is_shredded_nobody_is_told(desk: Desk) -> None:
    message(desk)
    with act(system("retention"), "retention.shred") as work:
        shred.destroy(work, day_scope(Event.objects.get().received_at.date()), "over")
    found = explained("asks_for_one_time_code").why
    assert found is not None
    assert {one.covered for one in found.fired[0].checks} == {True}


@pytest.mark.parametrize(
    ("lost", "missing"), [(KeptRules, "rules"), (KeptExplanation, "explanation"), (Event, "explanation")]
)
def test_what_is_not_kept_any_more_is_named(
    desk: Desk, lost: type[KeptRules] | type[KeptExplanation] | type[Event], missing: str
) -> None:
    desk.test_cards()
    ship_once(desk.read)
    lost.objects.all().delete()
    _loaded.cache_clear()
    found = explained("card_testing")
    assert (found.why, found.missing, found.rules_version) == (None, missing, PACKAGED.version)


def test_rules_that_mean_something_else_today_explain_nothing(desk: Desk) -> None:
    desk.test_cards()
    ship_once(desk.read)
    KeptRules.objects.update(sources={"a.rules": "known_customer = known(customer)"})
    _loaded.cache_clear()
    assert explained("card_testing").missing == "rules"


def test_only_who_may_see_alerts_is_told_why(desk: Desk) -> None:
    desk.test_cards()
    ship_once(desk.read)
    with pytest.raises(AccessDenied):
        why_raised(staff("policy_manager"), Alert.objects.get(), MINE)
