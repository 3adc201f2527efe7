"""What the marketplace tells us is kept: sealed, linked, in order of time, never with a card number."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.domains.actors import integration, staff
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto.models import DataKey
from tocsin.core.errors import AccessDenied, InvalidInput
from tocsin.domains.people.actions import EntityInput, upsert_entities, upsert_entity
from tocsin.domains.people.models import Account, ContactPoint, Instrument, Link, Order, Party, Store
from tocsin.domains.people.queries import contacts_of
from tocsin.domains.people.records import instrument_attributes, party_profile

pytestmark = pytest.mark.django_db
MARKETPLACE = integration("entities:write")
ANA = {
    "name": "Ana Ruiz", "email": "Ana.Ruiz@Example.com", "phone": "(415) 555-0142", "language": "es",
    "region": "US-CA", "zone": "America/Los_Angeles",
    "created_at": "2025-03-01T10:00:00-08:00", "status": "active",
    "home_address": "a-1", "access_needs": ["wheelchair"],
}  # fmt: skip


def put(kind: str, entity_id: str, attributes: dict, links: list | None = None) -> str:
    return upsert_entity(MARKETPLACE, kind, entity_id, attributes, links or []).outcome


def test_a_person_is_stored_with_sealed_values_and_links() -> None:
    outcome = put("customer", "c-1", ANA, [{"kind": "device", "id": "d-1", "relation": "uses"}])
    account = Account.objects.get(role="customer", external_id="c-1")
    assert outcome == "created"
    assert (account.region, account.zone, account.status) == ("US-CA", "America/Los_Angeles", "normal")
    assert account.marketplace_status == "active"
    assert account.member_since == dt.datetime(2025, 3, 1, 18, tzinfo=dt.UTC)
    assert account.party.languages == ["es"]
    assert party_profile(account.party) == {"name": "Ana Ruiz", "access_needs": ["wheelchair"]}
    assert contacts_of(account.party) == {"email": "ana.ruiz@example.com", "phone": "+14155550142"}
    links = set(Link.objects.values_list("from_id", "to_kind", "to_id", "relation"))
    assert links == {("c-1", "device", "d-1", "uses"), ("c-1", "address", "a-1", "lives_at")}


def test_no_personal_value_stands_readable_in_the_database() -> None:
    put("customer", "c-1", ANA)
    put("address", "a-1", {"line1": "12 Quince Street", "city": "Oakland", "postcode": "94601"})
    with connection.cursor() as cursor:
        stored = []
        for table in ("people_party", "people_contact_point", "people_account", "people_instrument"):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            stored += [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT payload FROM core_audit_entry")
        stored += [row[0] for row in cursor.fetchall()]
    everything = "\n".join(stored)
    assert len(stored) > 6
    for secret in ("Ana", "Ruiz", "ana.ruiz", "5550142", "Quince", "wheelchair"):
        assert secret not in everything
        assert secret.encode().hex() not in everything


def test_telling_the_same_twice_changes_nothing_and_writes_nothing() -> None:
    put("customer", "c-1", ANA)
    entries = AuditEntry.objects.count()
    assert put("customer", "c-1", ANA) == "unchanged"
    assert AuditEntry.objects.count() == entries
    assert Party.objects.count() == 1


def test_a_new_phone_retires_the_old_one_and_an_old_one_can_come_back() -> None:
    put("customer", "c-1", ANA)
    assert put("customer", "c-1", {"phone": "+14155550199"}) == "updated"
    party = Account.objects.get(external_id="c-1").party
    assert contacts_of(party)["phone"] == "+14155550199"
    assert party.contact_points.filter(kind="phone").count() == 2
    put("customer", "c-1", {"phone": "+14155550142"})
    assert contacts_of(party)["phone"] == "+14155550142"
    assert party.contact_points.filter(kind="phone").count() == 2


def test_none_clears_a_value_and_what_is_not_named_stays() -> None:
    put("customer", "c-1", ANA)
    put("customer", "c-1", {"access_needs": None, "email": None})
    account = Account.objects.get(external_id="c-1")
    assert party_profile(account.party) == {"name": "Ana Ruiz"}
    assert not account.party.contact_points.filter(kind="email", retired_at=None).exists()
    assert account.region == "US-CA"


def test_an_older_state_that_arrives_late_is_ignored_but_its_links_count() -> None:
    put("customer", "c-1", {"name": "New Name", "updated_at": "2026-05-02T00:00:00Z"})
    late = {"name": "Old Name", "updated_at": "2026-05-01T00:00:00Z"}
    assert put("customer", "c-1", late, [{"kind": "device", "id": "d-9", "relation": "uses"}]) == "stale"
    account = Account.objects.get(external_id="c-1")
    assert party_profile(account.party) == {"name": "New Name"}
    assert Link.objects.filter(from_id="c-1", to_id="d-9").count() == 1


def test_an_unchanged_but_newer_state_still_keeps_older_ones_out() -> None:
    put("store", "s-1", {"name": "Corner", "updated_at": "2026-05-01T00:00:00Z"})
    assert put("store", "s-1", {"name": "Corner", "updated_at": "2026-05-03T00:00:00Z"}) == "unchanged"
    assert put("store", "s-1", {"name": "Elsewhere", "updated_at": "2026-05-02T00:00:00Z"}) == "stale"
    assert Store.objects.get().name == "Corner"


def test_the_marketplaces_status_never_changes_our_own() -> None:
    put("shopper", "s-1", {"name": "Bo Lee", "status": "terminated"})
    account = Account.objects.get(external_id="s-1")
    assert (account.status, account.marketplace_status) == ("normal", "terminated")


def test_an_order_may_arrive_before_the_people_it_names() -> None:
    put(
        "order", "o-1",
        {"customer": "c-7", "shopper": "s-7", "store": "st-7", "address": "a-7", "status": "placed",
         "total_minor": 4210, "currency": "USD", "items_count": 12, "placed_at": "2026-05-01T12:00:00Z"},
    )  # fmt: skip
    put("store", "st-7", {"name": "Corner", "region": "US-WA", "zone": "America/Los_Angeles"})
    put("customer", "c-7", ANA)
    assert put("order", "o-1", {"status": "picked", "store": "st-7"}) == "updated"
    order = Order.objects.get()
    assert order.customer is not None
    assert (order.customer.external_id, order.total_minor, order.items_count) == ("c-7", 4210, 12)
    assert (order.region, order.status, order.is_live) == ("US-WA", "picked", True)
    assert Link.objects.filter(relation="ordered_to", from_id="c-7", to_id="a-7").count() == 1


def test_the_same_card_under_two_ids_has_the_same_blind_index() -> None:
    put("payment_instrument", "p-1", {"owner": "c-1", "fingerprint": "fp9", "brand": "visa", "last4": "4242"})
    put("payment_instrument", "p-2", {"owner": "c-2", "fingerprint": "fp9"})
    put("payment_instrument", "p-3", {"owner": "c-2", "fingerprint": "fp8"})
    one, two, three = Instrument.objects.order_by("external_id")
    assert bytes(one.lookup) == bytes(two.lookup) != bytes(three.lookup)
    assert instrument_attributes(one)["last4"] == "4242"
    assert Link.objects.filter(from_id="p-1", to_kind="customer", to_id="c-1", relation="belongs_to").exists()


@pytest.mark.parametrize(
    "card", ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "my card 5555555555554444 ok"]
)
@pytest.mark.parametrize("attribute", ["brand", "fingerprint", "last4"])
def test_card_numbers_are_refused_wherever_they_stand(card: str, attribute: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        put("payment_instrument", "p-1", {"owner": "c-1", attribute: card})
    assert list(caught.value.fields) == [f"attributes.{attribute}"]
    assert not Instrument.objects.exists()


def test_a_card_number_as_the_id_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        put("payment_instrument", "4111111111111111", {})
    assert "id" in caught.value.fields


@pytest.mark.parametrize(
    ("kind", "entity_id", "attributes", "path"),
    [
        ("custmer", "c-1", {}, "kind"),
        ("customer", "", {}, "id"),
        ("customer", "a b", {}, "id"),
        ("customer", "c-1", {"nmae": "x"}, "attributes.nmae"),
        ("customer", "c-1", {"name": 7}, "attributes.name"),
        ("customer", "c-1", {"name": "x\0y"}, "attributes.name"),
        ("customer", "c-1", {"name": "x" * 201}, "attributes.name"),
        ("customer", "c-1", {"email": "nobody"}, "attributes.email"),
        ("customer", "c-1", {"phone": "12"}, "attributes.phone"),
        ("customer", "c-1", {"region": "California"}, "attributes.region"),
        ("customer", "c-1", {"zone": "Mars/Base"}, "attributes.zone"),
        ("customer", "c-1", {"zone": "../../etc/passwd"}, "attributes.zone"),
        ("customer", "c-1", {"created_at": "2026-01-01T00:00:00"}, "attributes.created_at"),
        ("customer", "c-1", {"updated_at": "2999-01-01T00:00:00Z"}, "attributes.updated_at"),
        ("customer", "c-1", {"updated_at": None}, "attributes.updated_at"),
        ("store", "s-1", {"lat": float("nan")}, "attributes.lat"),
        ("store", "s-1", {"lat": 91}, "attributes.lat"),
        ("order", "o-1", {"total_minor": 12.5}, "attributes.total_minor"),
        ("order", "o-1", {"total_minor": True}, "attributes.total_minor"),
        ("order", "o-1", {"items_count": 3_000_000_000}, "attributes.items_count"),
        ("order", "o-1", {"currency": "usd"}, "attributes.currency"),
        ("order", "o-1", {"status": "lost"}, "attributes.status"),
        ("payment_instrument", "p-1", {"last4": "42424"}, "attributes.last4"),
    ],
)
def test_what_cannot_be_accepted_is_named_by_its_path(
    kind: str, entity_id: str, attributes: dict, path: str
) -> None:
    audited = AuditEntry.objects.count()
    with pytest.raises(InvalidInput) as caught:
        put(kind, entity_id, attributes)
    assert list(caught.value.fields) == [path]
    assert not Account.objects.exists()
    assert AuditEntry.objects.count() == audited


def test_a_near_miss_is_answered_with_the_right_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        put("customer", "c-1", {"nmae": "x"})
    assert "did you mean name?" in caught.value.fields["attributes.nmae"]


def test_a_batch_is_all_or_nothing_and_names_the_item() -> None:
    batch = [EntityInput("customer", "c-1", ANA), EntityInput("customer", "c-2", {"colour": "red"})]
    with pytest.raises(InvalidInput) as caught:
        upsert_entities(MARKETPLACE, batch)
    assert list(caught.value.fields) == ["entities[1].attributes.colour"]
    assert not Account.objects.exists()


def test_a_batch_answers_in_the_order_it_was_given() -> None:
    given = [EntityInput("order", "o-1", {"customer": "c-1"}), EntityInput("customer", "c-1", ANA)]
    assert [(done.kind, done.outcome) for done in upsert_entities(MARKETPLACE, given)] == [
        ("order", "created"), ("customer", "created"),
    ]  # fmt: skip


def test_more_than_a_thousand_at_once_are_refused() -> None:
    with pytest.raises(InvalidInput):
        upsert_entities(MARKETPLACE, [EntityInput("device", f"d-{n}") for n in range(1001)])
    assert not Instrument.objects.exists()


def test_bad_links_are_named_by_their_path() -> None:
    with pytest.raises(InvalidInput) as caught:
        put("customer", "c-1", {}, [
            {"kind": "devise", "id": "d", "relation": "uses"}, {"kind": "device", "id": "d"},
            {"kind": "device", "id": "d", "relation": "uses", "since": 1},
        ])  # fmt: skip
    assert set(caught.value.fields) == {"links[0].kind", "links[1].relation", "links[2].since"}


def test_nobody_but_the_marketplace_may_write() -> None:
    for actor in (staff("supervisor"), integration("entities:read")):
        with pytest.raises(AccessDenied):
            upsert_entity(actor, "device", "d-1", {})
    assert not Instrument.objects.exists()


def test_every_write_is_audited_without_values() -> None:
    put("customer", "c-1", ANA)
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"entity.created", "entity.updated", "contact.added", "entity.linked"} <= verbs
    changed = [
        json.loads(e.payload)["detail"] for e in AuditEntry.objects.filter(object_type="people.account")
    ]
    assert {
        "changed": sorted(
            set(ANA) - {"access_needs", "home_address", "name", "language"}
            | {"access_needs", "name", "language"}
        )
    } in changed


def test_an_erased_person_does_not_come_back_by_being_told_again() -> None:
    put("customer", "c-1", ANA)
    party = Account.objects.get(external_id="c-1").party
    DataKey.objects.filter(scope=party.key_scope).update(destroyed_at=dt.datetime.now(dt.UTC), wrapped=None)
    assert put("customer", "c-1", {"name": "Ana Again"}) == "erased"
    assert contacts_of(party) == {}


@pytest.mark.django_db(transaction=True)
def test_two_that_tell_of_the_same_person_at_once_make_one_person() -> None:
    def tell(number: int) -> str:
        try:
            return upsert_entity(MARKETPLACE, "customer", "c-1", {"name": f"Name {number}"}).outcome
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(tell, range(6)))
    assert outcomes.count("created") == 1
    assert Account.objects.count() == Party.objects.count() == 1
    assert ContactPoint.objects.count() == 0


def test_a_late_link_never_makes_it_look_older() -> None:
    link = [{"kind": "device", "id": "d-1", "relation": "uses"}]
    put("customer", "c-1", {"updated_at": "2026-05-05T00:00:00Z"}, link)
    put("customer", "c-1", {"updated_at": "2026-05-01T00:00:00Z"}, link)
    assert Link.objects.get().last_seen == dt.datetime(2026, 5, 5, tzinfo=dt.UTC)


def test_a_batch_asks_the_database_a_fixed_number_of_times() -> None:
    def told(count: int, start: int) -> list[EntityInput]:
        return [
            EntityInput("customer", f"c-{n}", {**ANA, "email": f"a{n}@example.com"})
            for n in range(start, start + count)
        ]

    upsert_entities(MARKETPLACE, told(40, 0))
    with CaptureQueriesContext(connection) as few:
        upsert_entities(MARKETPLACE, told(4, 0))
    with CaptureQueriesContext(connection) as many:
        upsert_entities(MARKETPLACE, told(40, 0))
    assert len(many) == len(few) < 12
