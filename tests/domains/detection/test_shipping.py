"""What the engine decided arrives in the database once, whatever breaks in between."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal

import pytest
from django.db import connection, transaction

from tests.domains.actors import integration, staff
from tests.domains.detection.desk import Desk
from tocsin.core.access.check import Scope
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.crypto import shred
from tocsin.core.errors import AccessDenied
from tocsin.core.outbox.models import OutboxMessage
from tocsin.domains.detection import queries
from tocsin.domains.detection.models import Alert, Event, ShipPosition, Verdict
from tocsin.domains.detection.records import InForce, Record
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.detection.store import day_scope

SYSTEM = integration("events:read")


def everything() -> tuple[int, int, int, int]:
    return (
        Event.objects.count(), Verdict.objects.count(), Alert.objects.count(),
        OutboxMessage.objects.filter(topic="alert.raised", destination="cases.open_for_alert").count(),
    )  # fmt: skip


@pytest.mark.django_db
def test_a_batch_arrives_with_its_verdicts_and_alerts(desk: Desk) -> None:
    assert desk.test_cards() == "block"
    assert ship_once(desk.read) == 5
    assert list(Event.objects.order_by("seq").values_list("verdict", flat=True)) == [
        "allow", "allow", "allow", "block", "block",
    ]  # fmt: skip
    assert Verdict.objects.count() == 2
    alert = Alert.objects.get()
    assert (alert.subject_kind, alert.subject_id, alert.rule) == ("customer", "c-1", "card_testing")
    assert (alert.hits, alert.state, alert.code, alert.violation_code) == (
        2, "open", "V3", "FRD-C.stolen_payment",
    )  # fmt: skip
    assert alert.value_minor == 200
    assert alert.reasons[0]["text"]
    assert ship_once(desk.read) == 0
    assert Event.objects.count() == 5


@pytest.mark.django_db
def test_an_alert_adds_up_one_currency_only(desk: Desk) -> None:
    desk.test_cards()
    other = {"customer": "c-1", "device": "phone", "amount_minor": 50_000, "currency": "JPY"}
    assert desk.tell("payment.declined", card="phone-card-5", **other) == "block"
    ship_once(desk.read)
    alert = Alert.objects.get()
    assert (alert.hits, alert.value_minor, alert.currency) == (3, 200, "USD")
    Alert.objects.update(value_minor=0, currency="")  # as if nothing before had moved money
    assert desk.tell("payment.declined", card="phone-card-6", **other) == "block"
    ship_once(desk.read)
    alert.refresh_from_db()
    assert (alert.hits, alert.value_minor, alert.currency) == (4, 50_000, "JPY")


@pytest.mark.django_db
def test_small_batches_add_up(desk: Desk) -> None:
    desk.test_cards(cards=7)
    sizes = []
    while size := ship_once(desk.read, limit=3):
        sizes.append(size)
    # the first record of the log is the rules themselves
    assert (sizes, sum(sizes)) == ([2, 3, 2], 7)
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(2, 9))
    assert Alert.objects.get().hits == 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "broken",
    [
        "detection_rules",
        "detection_explanation",
        "detection_verdict",
        "detection_alert",
        "core_outbox_message",
        "detection_ship_position",
    ],
)
def test_a_crash_between_leaves_nothing_and_the_next_round_ships_it_once(desk: Desk, broken: str) -> None:
    desk.test_cards()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION tests_crash() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'crash'; END $$"
        )
        cursor.execute(
            f"CREATE CONSTRAINT TRIGGER tests_crash AFTER INSERT OR UPDATE ON {broken} "
            "DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION tests_crash()"
        )
    try:
        with pytest.raises(Exception, match="crash"):
            ship_once(desk.read)
        assert everything() == (0, 0, 0, 0)
        assert not ShipPosition.objects.exclude(position="").exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER tests_crash ON {broken}")
            cursor.execute("DROP FUNCTION tests_crash()")
    assert ship_once(desk.read) == 5
    assert everything() == (5, 2, 1, 1)
    assert ship_once(desk.read) == 0
    assert everything() == (5, 2, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_while_one_ships_another_steps_aside(desk: Desk) -> None:
    desk.test_cards()
    reading, go_on = Signal(), Signal()

    def slowly(position: str, limit: int) -> tuple[Sequence[Record | InForce], str]:
        reading.set()
        assert go_on.wait(20)
        return desk.read(position, limit)

    def ship_slowly() -> int:
        try:
            return ship_once(slowly)
        finally:
            connection.close()

    # the row that says how far we are exists from the first round on
    assert ship_once(lambda position, limit: ([], position)) == 0
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ship_slowly)
        assert reading.wait(20)
        assert ship_once(desk.read) == 0
        go_on.set()
        assert first.result(timeout=30) == 5
    assert Event.objects.count() == 5


@pytest.mark.django_db
def test_one_open_alert_for_a_person_and_a_rule(desk: Desk) -> None:
    desk.test_cards("c-1")
    ship_once(desk.read)
    desk.test_cards("c-1", device="tablet")
    desk.test_cards("c-2", device="watch")
    ship_once(desk.read)
    found = Alert.objects.filter(rule="card_testing").order_by("subject_id")
    assert [(alert.subject_id, alert.hits) for alert in found] == [("c-1", 4), ("c-2", 2)]
    duplicate = Alert.objects.get(subject_id="c-1", rule="card_testing")
    duplicate.pk = "alr_second"
    with pytest.raises(Exception, match="alert_open_once"):
        duplicate.save(force_insert=True)


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["confirmed", "cleared", "unsettled"])
def test_after_an_alert_was_settled_the_next_is_a_new_one(desk: Desk, state: str) -> None:
    desk.test_cards()
    ship_once(desk.read)
    Alert.objects.update(state=state)
    desk.test_cards(device="tablet")
    ship_once(desk.read)
    states = Alert.objects.filter(rule="card_testing").order_by("id").values_list("state", flat=True)
    assert list(states) == [state, "open"]


@pytest.mark.django_db
def test_what_is_personal_is_sealed_by_day_and_goes_with_it(desk: Desk) -> None:
    desk.tell(
        "message.sent",
        customer="c-1",
        shopper="s-1",
        order="o-1",
        text="Zanzibarous words",
        sender="customer",
    )
    ship_once(desk.read)
    event = Event.objects.get()
    assert "text" not in event.fields
    assert b"Zanzibarous" not in bytes(event.sealed)
    assert "Zanzibarous" not in json.dumps([event.fields, event.entities])
    reader = staff("investigator", regions=("*",))
    deep = Scope(data_class="P3", assigned=True)
    assert queries.personal_fields(reader, event, deep) == {"text": "Zanzibarous words"}
    with pytest.raises(AccessDenied):
        queries.personal_fields(reader, event, Scope(data_class="P3"))
    with act(system("tests"), "test") as work:
        shred.destroy(work, day_scope(event.received_at.date()), "the day is over")
    assert queries.personal_fields(reader, event, deep) == {}


@pytest.mark.django_db
def test_events_are_read_page_by_page_and_what_is_hidden_is_counted(desk: Desk) -> None:
    for number in range(6):
        desk.tell(
            "order.placed", customer="c-1", order=f"o-{number}", region="US-CA" if number % 2 else "US-WA"
        )
    ship_once(desk.read)
    everywhere = queries.events_of(SYSTEM, kind="customer", entity_id="c-1", limit=4)
    assert (len(everywhere.items), everywhere.hidden) == (4, 0)
    rest = queries.events_of(
        SYSTEM, kind="customer", entity_id="c-1", limit=4, before_seq=int(everywhere.next_cursor)
    )
    assert (len(rest.items), rest.next_cursor) == (2, "")
    assert [row.seq for row in [*everywhere.items, *rest.items]] == [7, 6, 5, 4, 3, 2]
    in_washington = staff("specialist", regions=("US-WA",))
    page = queries.events_of(in_washington, kind="customer", entity_id="c-1", limit=2)
    assert ([row.seq for row in page.items], page.hidden, page.next_cursor) == ([6, 4], 2, "4")
    last = queries.events_of(in_washington, kind="customer", entity_id="c-1", limit=2, before_seq=4)
    assert ([row.seq for row in last.items], last.hidden, last.next_cursor) == ([2], 1, "")
    nowhere = queries.events_of(staff("specialist", regions=("EU",)), kind="customer", entity_id="c-1")
    assert (nowhere.items, nowhere.hidden) == ([], 6)


@pytest.mark.django_db
def test_events_of_ones_own_account_are_kept_away(desk: Desk) -> None:
    desk.tell("order.placed", customer="c-1", order="o-1")
    desk.tell("order.placed", customer="c-2", order="o-2")
    ship_once(desk.read)
    person = staff("specialist", regions=("*",), kept_from=frozenset({"customer:c-1"}))
    page = queries.events_of(person)
    assert ([row.customer for row in page.items], page.hidden) == (["c-2"], 1)


@pytest.mark.django_db
def test_events_are_found_by_anything_that_took_part(desk: Desk) -> None:
    desk.tell("order.placed", customer="c-1", order="o-1", store="st-1", device="phone")
    desk.tell("account.login", customer="c-2", ip="198.51.100.7")
    ship_once(desk.read)

    def found(**by: object) -> list[str]:
        return [row.type for row in queries.events_of(SYSTEM, **by).items]  # type: ignore[arg-type]

    for kind, ident in (("order", "o-1"), ("device", "phone"), ("store", "st-1"), ("customer", "c-1")):
        assert found(kind=kind, entity_id=ident) == ["order.placed"]
    assert found(kind="ip", entity_id="198.51.100.7") == ["account.login"]
    assert found(types=["account.login"]) == ["account.login"]
    assert found(since=dt.datetime.now(dt.UTC) + dt.timedelta(days=1)) == []
