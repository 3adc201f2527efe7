"""API keys: made by the right people, checked without hints, gone at once when revoked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.access.people import key, staff
from tocsin.core.access import api_keys
from tocsin.core.access.models import ApiKey
from tocsin.core.actor import Actor, system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, InvalidInput, NotAuthenticated, NotFound

pytestmark = pytest.mark.django_db

ADMIN = staff("administrator", staff_id="stf_admin")
INVESTIGATOR = staff("investigator", staff_id="stf_ines", regions=("US-CA",))


@pytest.fixture
def people() -> Iterator[dict[str, Actor]]:
    """Active staff by id, in the place of the staff domain."""
    known = {INVESTIGATOR.id: INVESTIGATOR}
    before = api_keys._staff
    api_keys.register_staff(known.get)
    yield known
    api_keys._staff = before


def test_an_integration_key_speaks_for_the_marketplace() -> None:
    row, token = api_keys.issue(ADMIN, " Shop ", ["events:write", "decide", "decide"])
    assert token.startswith(f"tsk_{row.key_id}_")
    actor = api_keys.authenticate(token, address="203.0.113.9")
    assert actor == Actor(
        "api_key", row.key_id, "Shop", regions=frozenset({"*"}), purpose="integration",
        scopes=frozenset({"decide", "events:write"}), via="api_key",
    )  # fmt: skip
    assert actor.address == "203.0.113.9"
    assert AuditEntry.objects.filter(verb="api_key.issue", object_id=row.key_id, actor=ADMIN.ref).count() == 1


def test_the_secret_is_stored_nowhere() -> None:
    row, token = api_keys.issue(ADMIN, "Shop", ["decide"])
    secret = token.rpartition(f"{row.key_id}_")[2]
    row.refresh_from_db()
    stored = " ".join(str(getattr(row, field.attname)) for field in ApiKey._meta.concrete_fields)
    stored += " ".join(AuditEntry.objects.values_list("payload", flat=True))
    assert len(secret) == 43
    assert secret not in stored


def test_secrets_with_underscores_work() -> None:
    row, token = api_keys.issue(ADMIN, "Shop", ["decide"])
    ApiKey.objects.filter(pk=row.pk).update(secret_sha256=api_keys.digest("a_b__c"))
    assert api_keys.authenticate(f"tsk_{row.key_id}_a_b__c").id == row.key_id
    with pytest.raises(NotAuthenticated):
        api_keys.authenticate(token)


def test_every_wrong_token_gets_the_same_answer() -> None:
    row, token = api_keys.issue(ADMIN, "Shop", ["decide"])
    revoked, old = api_keys.issue(ADMIN, "Old shop", ["decide"])
    api_keys.revoke(ADMIN, revoked.key_id)
    wrong = [
        "", "tsk", "tsk_", f"tsk_{row.key_id}", f"tsk_{row.key_id}_", f"tsk_{row.key_id}_x", token[:-1],
        token + "x", token.replace("tsk_", "tok_"), token.upper(), f"tsk_nobody_{token[-43:]}", old,
        "tsk_\0_\0", "x" * 10_000,
    ]  # fmt: skip
    answers = set()
    for one in wrong:
        with pytest.raises(NotAuthenticated) as refused:
            api_keys.authenticate(one)
        answers.add((refused.value.sentence(), refused.value.status))
    assert len(answers) == 1
    assert api_keys.authenticate(f" {token}\n").id == row.key_id


@pytest.mark.parametrize("actor", [INVESTIGATOR, staff("privacy_officer"), key("webhooks:manage")])
def test_only_who_manages_keys_makes_integration_keys(actor: Actor) -> None:
    with pytest.raises(AccessDenied):
        api_keys.issue(actor, "Shop", ["decide"])
    assert ApiKey.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "scopes", "field"),
    [("  ", ["decide"], "name"), ("Shop", [], "scopes"), ("Shop", ["all"], "scopes")],
)
def test_a_key_has_a_name_and_scopes_that_exist(name: str, scopes: list[str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        api_keys.issue(ADMIN, name, scopes)
    assert list(refused.value.fields) == [field]
    assert ApiKey.objects.count() == 0


def test_a_personal_key_acts_as_its_owner_within_its_scopes(people: dict[str, Actor]) -> None:
    row, token = api_keys.issue(INVESTIGATOR, "My script", ["cases:read"], staff_id=INVESTIGATOR.id)
    actor = api_keys.authenticate(token)
    assert (actor.ref, actor.roles, actor.regions) == (
        INVESTIGATOR.ref, INVESTIGATOR.roles, INVESTIGATOR.regions,
    )  # fmt: skip
    assert (actor.scopes, actor.via, actor.by_key) == (frozenset({"cases:read"}), "api_key", True)
    assert row.staff_id == INVESTIGATOR.id


def test_a_personal_key_follows_its_owner(people: dict[str, Actor]) -> None:
    _, token = api_keys.issue(INVESTIGATOR, "My script", ["cases:read"], staff_id=INVESTIGATOR.id)
    people[INVESTIGATOR.id] = staff("trainer", staff_id=INVESTIGATOR.id)
    assert api_keys.authenticate(token).roles == frozenset({"trainer"})
    del people[INVESTIGATOR.id]
    with pytest.raises(NotAuthenticated):
        api_keys.authenticate(token)


def test_nobody_makes_a_personal_key_for_somebody_else_or_with_a_key(people: dict[str, Actor]) -> None:
    _, token = api_keys.issue(INVESTIGATOR, "My script", ["cases:write"], staff_id=INVESTIGATOR.id)
    for actor in (ADMIN, staff("investigator"), api_keys.authenticate(token)):
        with pytest.raises(AccessDenied):
            api_keys.issue(actor, "Theirs", ["cases:read"], staff_id=INVESTIGATOR.id)
    assert ApiKey.objects.count() == 1
    api_keys.issue(system("seed"), "Demo", ["cases:read"], staff_id=INVESTIGATOR.id)
    assert ApiKey.objects.count() == 2


def test_a_personal_key_never_speaks_for_the_marketplace(people: dict[str, Actor]) -> None:
    for scope in ("actions:write", "decide", "events:write", "replay"):
        with pytest.raises(InvalidInput) as caught:
            api_keys.issue(INVESTIGATOR, "My script", ["cases:read", scope], staff_id=INVESTIGATOR.id)
        assert scope in caught.value.fields["scopes"]
    assert ApiKey.objects.count() == 0


def test_a_key_says_how_often_it_may_be_used(people: dict[str, Actor]) -> None:
    row, token = api_keys.issue(ADMIN, "Shop", ["decide"])
    ApiKey.objects.filter(pk=row.pk).update(rate_per_minute=7)
    caller = api_keys.recognise(token)
    assert (caller.actor.ref, caller.per_minute) == (f"api_key:{row.pk}", 7)


def test_revoking(people: dict[str, Actor]) -> None:
    mine, token = api_keys.issue(INVESTIGATOR, "My script", ["cases:read"], staff_id=INVESTIGATOR.id)
    shop, _ = api_keys.issue(ADMIN, "Shop", ["decide"])
    for actor, target in (
        (staff("specialist"), mine),
        (INVESTIGATOR, shop),
        (api_keys.authenticate(token), mine),
    ):
        with pytest.raises(AccessDenied):
            api_keys.revoke(actor, target.key_id)
    assert ApiKey.objects.filter(revoked_at=None).count() == 2
    first = api_keys.revoke(INVESTIGATOR, mine.key_id).revoked_at
    assert api_keys.revoke(ADMIN, mine.key_id).revoked_at == first
    with pytest.raises(NotAuthenticated):
        api_keys.authenticate(token)
    with pytest.raises(NotFound):
        api_keys.revoke(ADMIN, "nobody")


def test_listing(people: dict[str, Actor]) -> None:
    mine, _ = api_keys.issue(INVESTIGATOR, "My script", ["cases:read"], staff_id=INVESTIGATOR.id)
    api_keys.issue(ADMIN, "Shop", ["decide"])
    assert [row.name for row in api_keys.keys(ADMIN)] == ["Shop", "My script"]
    assert [row.pk for row in api_keys.keys(INVESTIGATOR, staff_id=INVESTIGATOR.id)] == [mine.pk]
    for actor, staff_id in ((INVESTIGATOR, ""), (staff("specialist"), INVESTIGATOR.id)):
        with pytest.raises(AccessDenied):
            api_keys.keys(actor, staff_id=staff_id)
