"""From a document to what is seen of it here, to a list, to a drafted rule with its backtest, and back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.domains import matter
from tests.domains.detection.desk import Desk
from tests.domains.indicators.documents import attribute, bundle, event, indicator
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import prepare
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.indicators import queries, using
from tocsin.domains.indicators.comparing import compare_again, compare_next_import
from tocsin.domains.indicators.importing import import_document
from tocsin.domains.indicators.models import DraftedRule, Indicator, IndicatorValue, Sighting
from tocsin.domains.indicators.recalling import recall
from tocsin.domains.lists import queries as lists
from tocsin.domains.lists.models import ListEntry
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.rules import promoting, reports
from tocsin.domains.rules.models import DetectionRule, RuleReport, RuleStep

pytestmark = pytest.mark.django_db
TOLD = {"source": "A marketplace nearby", "reason": "Shared in the fraud circle."}
WHY = "Seen in the fraud circle."
NAME = "fraud_circle_october"


@pytest.fixture
def desk(tmp_path: Any) -> Desk:
    """An engine with the packaged rules and a log of its own."""
    return Desk(tmp_path / "decide")


@pytest.fixture
def seen(desk: Desk) -> Desk:
    """Two customers logged in from a bad network, one of them twice; a shopper wrote of a bad address."""
    matter.marketplace()
    told = {"email": "maria@example.com", "phone": "+1 415 555 0142"}
    upsert_entity(matter.MARKETPLACE, "customer", "c-1", told)
    upsert_entity(matter.MARKETPLACE, "device", "phone-9", {"model": "A phone"})
    for customer, address in (("c-1", "198.51.100.7"), ("c-1", "198.51.100.7"), ("c-2", "198.51.100.8")):
        desk.tell("account.login", customer=customer, ip=address, region="US-WA")
    desk.tell("account.login", customer="c-2", ip="203.0.113.1", device="phone-9")
    desk.tell(
        "message.sent", customer="c-2", shopper="s-1", sender="shopper",
        text="Pay at HTTPS://Pay.Example.com/x please", region="US-WA",
    )  # fmt: skip
    desk.tell("message.sent", customer="c-2", shopper="s-1", sender="customer", text="notpay.example.com")
    ship_once(desk.read)
    return desk


def imported(actor: Actor, *objects: dict[str, Any]) -> list[Indicator]:
    """The indicators of a bundle, by id, after the worker compared them."""
    import_document(actor, bundle(*objects), **TOLD)
    assert compare_next_import() == 1
    return list(Indicator.objects.order_by("standard_id"))


def told_engine() -> list[tuple[str, dict[str, Any]]]:
    """What is on its way to the engine: event type and fields."""
    sent = OutboxMessage.objects.filter(kind="event", topic__startswith="list.").order_by("created_at", "id")
    return [(one.topic, dict(prepare(one).data["fields"])) for one in sent]


def found(actor: Actor, row: Indicator) -> list[tuple[str, str, str, int]]:
    return sorted(
        (one.by, one.subject_kind, one.subject_id, one.count)
        for one in queries.sightings(actor, row.pk).items
    )


def test_each_kind_of_value_is_compared_with_what_is_held(
    seen: Desk, engineer: Actor, investigator: Actor
) -> None:
    network, email, phone, url, device, domain, nowhere = imported(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.0/24']"),
        indicator(2, "[email-addr:value = 'Maria@Example.com']"),
        indicator(3, "[phone-number:value = '+14155550142']"),
        indicator(4, "[url:value = 'https://pay.example.com/x']"),
        indicator(5, "[x-tocsin-device:value = 'phone-9']"),
        indicator(6, "[domain-name:value = 'pay.example.com']"),
        indicator(7, "[ipv4-addr:value = '192.0.2.55']"),
    )
    assert found(investigator, network) == [("event", "customer", "c-1", 2), ("event", "customer", "c-2", 1)]
    assert found(investigator, email) == [("contact", "customer", "c-1", 0)]
    assert found(investigator, phone) == [("contact", "customer", "c-1", 0)]
    assert found(investigator, url) == [("message", "shopper", "s-1", 1)]
    assert found(investigator, domain) == [("message", "shopper", "s-1", 1)]
    assert found(investigator, device) == [
        ("event", "customer", "c-2", 1),
        ("thing", "device", "phone-9", 0),
    ]
    assert found(investigator, nowhere) == []
    [first, _] = queries.sightings(investigator, network.pk).items
    assert first.first_at is not None
    assert first.last_at is not None
    assert first.first_at <= first.last_at


def test_what_happened_since_is_found_when_somebody_asks_again(
    seen: Desk, engineer: Actor, investigator: Actor
) -> None:
    [row] = imported(engineer, indicator(1, "[ipv4-addr:value = '192.0.2.55']"))
    assert compare_next_import() == 0
    seen.tell("account.login", customer="c-2", ip="192.0.2.55")
    ship_once(seen.read)
    with pytest.raises(AccessDenied):
        compare_again(investigator, row.came_with_id)
    assert compare_next_import() == 0
    compare_again(engineer, row.came_with_id)
    assert compare_next_import() == 1
    assert found(investigator, row) == [("event", "customer", "c-2", 1)]


def test_an_account_with_the_longest_id_there_is_is_found(seen: Desk, engineer: Actor) -> None:
    seen.tell("account.login", customer="c" * 128, ip="192.0.2.55")
    ship_once(seen.read)
    [row] = imported(engineer, indicator(1, "[ipv4-addr:value = '192.0.2.0/24']"))
    [sighting] = Sighting.objects.filter(value__indicator=row)
    assert (sighting.subject_kind, sighting.subject_id) == ("customer", "c" * 128)


def test_an_import_that_breaks_is_given_up_after_three_and_holds_up_nobody(
    seen: Desk, engineer: Actor
) -> None:
    broken = import_document(engineer, bundle(indicator(1, "[email-addr:value = 'x@example.com']")), **TOLD)
    IndicatorValue.objects.update(kind="network")  # which it is not: comparing it breaks
    assert compare_next_import() == 0
    import_document(engineer, event(attribute(1, "ip-src", "198.51.100.7")), **TOLD)
    assert [compare_next_import() for _ in range(5)] == [1, 0, 0, 0, 0]
    broken.refresh_from_db()
    assert (broken.compared_at, broken.compare_failures, broken.compare_failed) == (None, 3, True)
    assert AuditEntry.objects.filter(payload__contains="indicators.compare_failed").count() == 3
    assert not compare_again(engineer, broken.pk).compare_failed
    IndicatorValue.objects.filter(indicator__came_with=broken).update(kind="email")
    assert compare_next_import() == 1


def test_two_indicators_may_point_at_the_same(seen: Desk, engineer: Actor, investigator: Actor) -> None:
    for row in imported(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.7']"),
        indicator(2, "[ipv4-addr:value = '198.51.100.7'] OR [domain-name:value = 'nowhere.example.com']"),
    ):
        assert found(investigator, row) == [("event", "customer", "c-1", 2)]


def test_whom_somebody_may_not_see_is_counted_and_not_named(seen: Desk, engineer: Actor) -> None:
    [network] = imported(engineer, indicator(1, "[ipv4-addr:value = '198.51.100.0/24']"))
    page = queries.sightings(engineer, network.pk)
    assert (page.items, page.hidden) == ([], 2)
    elsewhere = matter.as_(matter.somebody("investigator", "Iris", regions=["US-CA"]))
    page = queries.sightings(elsewhere, network.pk)
    assert (page.items, page.hidden) == ([], 2)


def test_on_a_list_with_source_reason_and_end(seen: Desk, engineer: Actor) -> None:
    until = timezone.now() + dt.timedelta(days=30)
    address, email, network = imported(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.7']", valid_until=until.isoformat(), confidence=60),
        indicator(2, "[email-addr:value = 'maria@example.com']"),
        indicator(3, "[ipv4-addr:value = '198.51.100.0/24']"),
    )
    assert using.put_on_list(engineer, [address.pk, email.pk, network.pk], "bad_things", reason=WHY) == 2
    held = {one.value: one for one in lists.held(["bad_things"])}
    ends = int(until.timestamp() * 1000)
    assert {value: (one.until, one.confidence) for value, one in held.items()} == {
        "198.51.100.7": (ends, 60),
        "c-1": (None, 100),
    }
    [shown] = lists.from_source(engineer, address.pk)
    assert (shown.row.source, shown.row.reason, shown.value) == ("A marketplace nearby", WHY, "•••00.7")
    assert told_engine() == [
        ("list.added", {"list": "bad_things", "value": "198.51.100.7", "confidence": 60, "until": ends}),
        ("list.added", {"list": "bad_things", "value": "c-1", "confidence": 100}),
    ]
    assert "198.51.100.7" not in str(list(OutboxMessage.objects.values_list("data", flat=True)))
    using.put_on_list(engineer, [address.pk], "bad_things", reason=WHY)
    assert ListEntry.objects.count() == 2
    with pytest.raises(InvalidInput, match="nothing in this that a kept list can hold"):
        using.put_on_list(engineer, [network.pk], "bad_things", reason=WHY)


def test_a_drafted_rule_is_checked_and_backtested_over_what_was_before_the_list(
    seen: Desk, engineer: Actor
) -> None:
    rows = imported(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.8']"),
        indicator(2, "[ipv4-addr:value = '198.51.100.0/29']", valid_until="2030-01-31T00:00:00Z"),
        indicator(3, "[url:value = 'https://pay.example.com/x']"),
        indicator(4, "[x-tocsin-device:value = 'phone-9']"),
        indicator(5, "[x-tocsin-payment-card:bin = '424242']"),
    )
    rule = using.draft_rule(engineer, [row.pk for row in rows], NAME, reason=WHY, days=7)
    assert (rule.state, rule.author_id) == ("draft", engineer.id)
    assert 'entry("198.51.100.0/29", source="A marketplace nearby", until="2030-01-31")' in rule.text
    assert "198.51.100.8" not in rule.text + rule.stories
    drafts = DraftedRule.objects.order_by("indicator__standard_id")
    assert [(one.indicator_id, one.in_text) for one in drafts] == [
        (rows[0].pk, False), (rows[1].pk, True), (rows[2].pk, True), (rows[3].pk, False),
    ]  # fmt: skip
    assert reports.make_next() == 1
    check = RuleReport.objects.get(kind="check")
    assert (check.passed, check.figures["problems"], check.figures["failures"]) == (True, [], [])
    matter.settle()
    assert reports.make_next() == 1
    matter.settle()
    [backtest] = RuleReport.objects.filter(kind="backtest")
    assert (backtest.passed, backtest.days) == (True, 7)
    figures = backtest.figures
    assert (figures["listed"], figures["events"], figures["hits"], figures["people"]) == (2, 6, 5, 3)
    assert DetectionRule.objects.get(pk=NAME).state == "backtested"


def drafted(actor: Actor, *objects: dict[str, Any]) -> list[Indicator]:
    rows = imported(actor, *objects)
    using.draft_rule(actor, [row.pk for row in rows], NAME, reason=WHY, days=7)
    return rows


def state() -> str:
    return DetectionRule.objects.get(pk=NAME).state


def test_a_recall_by_hand_takes_entries_off_and_the_draft_back(seen: Desk, engineer: Actor) -> None:
    [row] = drafted(engineer, indicator(1, "[ipv4-addr:value = '198.51.100.7']"))
    with pytest.raises(InvalidInput):
        recall(engineer, row.pk, reason=" ")
    assert lists.held([NAME]) != []
    recall(engineer, row.pk, reason="It was a school.")
    assert lists.held([NAME]) == []
    assert told_engine()[1:] == [("list.removed", {"list": NAME, "value": "198.51.100.7"})]
    assert state() == "retired"
    assert "It was a school." in (RuleStep.objects.latest("at").reason or "")
    shown = queries.indicator(engineer, row.pk)
    assert (shown.state, shown.row.recall) == ("recalled", "It was a school.")
    assert [one.rule_id for one in queries.drafted(engineer, row.pk)] == [NAME]
    with pytest.raises(Conflict, match="was taken back or has ended"):
        using.put_on_list(engineer, [row.pk], "bad_things", reason=WHY)
    matter.settle()
    assert reports.make_next() == 1  # its check was on the way; nothing comes of it
    matter.settle()
    assert (state(), RuleReport.objects.filter(kind="backtest").count()) == ("retired", 0)


def test_a_later_bundle_that_revokes_pauses_a_rule_that_runs(seen: Desk, engineer: Actor) -> None:
    drafted(engineer, indicator(1, "[ipv4-addr:value = '198.51.100.0/24']"))
    reports.make_next()
    matter.settle()
    reports.make_next()
    promoting.promote(engineer, NAME, to="shadow", reason="Let us see.")
    taken = indicator(
        1, "[ipv4-addr:value = '198.51.100.0/24']", revoked=True, modified="2026-10-03T08:00:00.000Z"
    )
    made = import_document(engineer, bundle(taken), **TOLD)
    assert made.counts == {"recalled": 1}
    assert state() == "paused"


def test_a_rule_stays_while_something_else_it_was_drafted_from_stands(seen: Desk, engineer: Actor) -> None:
    first, second = drafted(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.7']"),
        indicator(2, "[ipv4-addr:value = '198.51.100.8']"),
    )
    recall(engineer, first.pk, reason="It was a school.")
    assert state() == "draft"
    assert [one.value for one in lists.held([NAME])] == ["198.51.100.8"]
    recall(engineer, second.pk, reason="This one too.")
    assert state() == "retired"


def test_a_value_that_another_indicator_points_at_stays_on_the_list(seen: Desk, engineer: Actor) -> None:
    until = timezone.now() + dt.timedelta(days=30)
    pattern = "[ipv4-addr:value = '198.51.100.7']"
    first, second = imported(
        engineer,
        indicator(1, pattern + " OR [ipv4-addr:value = '198.51.100.8']"),
        indicator(2, pattern, valid_until=until.isoformat(), confidence=60),
    )
    using.put_on_list(engineer, [first.pk, second.pk], "bad_things", reason=WHY)
    recall(engineer, first.pk, reason="It was a school.")
    ends = int(until.timestamp() * 1000)
    assert lists.held(["bad_things"]) == [lists.Held("bad_things", "198.51.100.7", ends, 60)]
    # whichever of the two came first, one entry of the second counts now
    assert [one.counts for one in lists.from_source(engineer, second.pk)].count(True) == 1
    value = {"list": "bad_things", "value": "198.51.100.7"}
    assert told_engine()[-1] == ("list.added", {**value, "confidence": 60, "until": ends})
    recall(engineer, second.pk, reason="This one too.")
    assert lists.held(["bad_things"]) == []


def test_what_a_list_cannot_hold_is_refused_with_all_that_came_with_it(
    seen: Desk, engineer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, too_long = imported(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.7']"),
        indicator(2, f"[x-tocsin-device:value = '{'d' * 201}']"),
    )
    with pytest.raises(InvalidInput, match="1 to 200 characters"):
        using.put_on_list(engineer, [fits.pk, too_long.pk], "bad_things", reason=WHY)
    monkeypatch.setattr(using, "MAX_ENTRIES", 1)
    with pytest.raises(InvalidInput, match="2 entries, more than 1 at once"):
        using.put_on_list(engineer, [fits.pk, too_long.pk], "bad_things", reason=WHY)
    assert not ListEntry.objects.exists()
    assert told_engine() == []


def test_a_deleted_misp_attribute_takes_back_what_it_brought(seen: Desk, engineer: Actor) -> None:
    import_document(engineer, event(attribute(1, "ip-src", "198.51.100.7")), **TOLD)
    row = Indicator.objects.get()
    using.put_on_list(engineer, [row.pk], "bad_things", reason=WHY)
    gone = attribute(1, "ip-src", "198.51.100.7", deleted=True, timestamp="1790900000")
    import_document(engineer, event(gone), **TOLD)
    assert lists.held(["bad_things"]) == []
    assert queries.indicator(engineer, row.pk).state == "recalled"


def test_a_newer_version_moves_the_end_of_entries_or_takes_them_off(seen: Desk, engineer: Actor) -> None:
    same, other = imported(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.7']", valid_until="2029-01-01T00:00:00Z"),
        indicator(2, "[ipv4-addr:value = '198.51.100.8']"),
    )
    using.put_on_list(engineer, [same.pk, other.pk], "bad_things", reason=WHY)
    later = {"modified": "2026-10-03T08:00:00.000Z"}
    imported(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.7']", valid_until="2030-01-01T00:00:00Z", **later),
        indicator(2, "[ipv4-addr:value = '198.51.100.9']", **later),
    )
    end = int(dt.datetime(2030, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
    assert [(one.value, one.until) for one in lists.held(["bad_things"])] == [("198.51.100.7", end)]


def test_what_cannot_be_used_is_refused_and_changes_nothing(
    seen: Desk, engineer: Actor, investigator: Actor
) -> None:
    ended, contact = imported(
        engineer,
        indicator(1, "[ipv4-addr:value = '198.51.100.7']", valid_until="2026-10-02T00:00:00Z"),
        indicator(2, "[email-addr:value = 'nobody@example.com']"),
    )
    for refused, chosen, more in [
        (Conflict, [ended.pk], {}),
        (InvalidInput, [contact.pk], {}),
        (InvalidInput, [], {}),
        (InvalidInput, [contact.pk], {"name": "No name"}),
        (InvalidInput, [contact.pk], {"days": 0}),
        (InvalidInput, [contact.pk], {"reason": ""}),
    ]:
        told = {"name": NAME, "reason": WHY, "days": 7} | more
        with pytest.raises(refused):
            using.draft_rule(engineer, chosen, **told)
    for who in (investigator, matter.as_(matter.somebody("supervisor", "Sue"))):
        with pytest.raises(AccessDenied):
            using.draft_rule(who, [ended.pk], NAME, reason=WHY, days=7)
        with pytest.raises(AccessDenied):
            recall(who, ended.pk, reason=WHY)
    for model in (ListEntry, DetectionRule, DraftedRule):
        assert not model.objects.exists()
    assert Indicator.objects.filter(recalled_at=None).count() == 2
