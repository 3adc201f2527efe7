"""Who comes in: with a good key, for what the key may, as often as it may."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.domains.matter import somebody
from tests.surfaces.api.client import Caller, integration, personal, problem
from tocsin.core.access import api_keys
from tocsin.core.access.models import ApiKey, Refusal
from tocsin.core.actor import system
from tocsin.domains.people.models import Account
from tocsin.domains.staff import actions as staff_actions
from tocsin.surfaces.api import auth

pytestmark = pytest.mark.django_db
PUT = ("PUT", "/entities/customer/c-9", {"attributes": {"region": "US-CA"}})


@pytest.fixture(autouse=True)
def fresh_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_buckets", auth.LocalBuckets())


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer tsk_", "Bearer tsk_a_b", "Basic dXNlcjpwYXNz", "tsk_a_b",
     "Bearer tsk_%00_x", "Bearer " + "x" * 5000, "Bearer tsk_é_ü"],
)  # fmt: skip
def test_without_a_good_key_nobody_comes_in(shop: Caller, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    answer = shop.client.put(
        "/v1/entities/customer/c-9", b"{}", content_type="application/json", headers=headers
    )
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert problem(answer)["type"] == "urn:tocsin:problem:no_key"
    assert not Account.objects.exists()


def test_a_wrong_secret_and_a_wrong_key_look_the_same(shop: Caller) -> None:
    key_id = shop.token.split("_")[1]
    answers = [Caller(token)(*PUT) for token in (f"tsk_{key_id}_wrong", "tsk_nobody_wrong")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content


def test_a_revoked_key_and_one_whose_owner_left(world: None) -> None:
    admin = somebody("administrator")
    key, token = api_keys.issue(admin.actor(), "Shop", ["entities:write"])
    assert Caller(token)(*PUT).status_code == 200
    api_keys.revoke(admin.actor(), key.key_id)
    assert Caller(token)(*PUT).status_code == 401
    person = somebody("specialist")
    mine = personal(person, "cases:read")
    assert mine("GET", "/cases").status_code == 200
    staff_actions.set_active(admin.actor(), person.pk, False)
    assert mine("GET", "/cases").status_code == 401


def test_a_key_does_what_its_scopes_name(db: None) -> None:
    reader = integration("entities:read")
    answer = reader(*PUT)
    assert (answer.status_code, problem(answer)["type"]) == (403, "urn:tocsin:problem:access_denied")
    assert "entities:write" in problem(answer)["detail"]
    assert not Account.objects.exists()
    refusal = Refusal.objects.get()
    assert (refusal.permission, refusal.reason, refusal.path) == (
        "entities:write", "scope", "/v1/entities/customer/c-9",
    )  # fmt: skip


def test_people_decide_and_systems_do_not(shop: Caller, world: None) -> None:
    case = matter.case_about(["CON.harassment"])
    answer = shop("POST", f"/cases/{case.pk}/assign", {})
    assert (answer.status_code, Refusal.objects.get().permission) == (403, "personal_key")
    assert "personal key" in problem(answer)["detail"]


def test_a_person_does_not_speak_for_the_marketplace(world: None) -> None:
    person = personal(somebody("supervisor"))
    # even with the scope, which no personal key can be made with
    ApiKey.objects.exclude(staff_id="").update(scopes=["decide", "events:write", "actions:write"])
    for path in ("/decide", "/events", "/actions/act_1/confirmation"):
        assert person("POST", path, {"status": "applied"}).status_code == 403
    assert set(Refusal.objects.values_list("permission", flat=True)) == {"integration_key"}


def test_a_key_is_good_for_so_many_requests_a_minute(db: None) -> None:
    key, token = api_keys.issue(system("tests"), "Slow", ["cases:read"])
    ApiKey.objects.filter(pk=key.pk).update(rate_per_minute=3)
    slow, other = Caller(token), integration("cases:read")
    assert [slow("GET", "/cases").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    answer = slow("GET", "/cases")
    assert problem(answer)["type"] == "urn:tocsin:problem:too_many_attempts"
    assert 1 <= int(answer["Retry-After"]) <= 20
    assert other("GET", "/cases").status_code == 200


def test_counting_requests_costs_the_database_nothing(django_assert_num_queries: object, db: None) -> None:
    reader = integration("webhooks:manage")
    reader("GET", "/webhooks")
    # the key, and the endpoints: nothing is written
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert reader("GET", "/webhooks").status_code == 200


def test_refusals_of_one_key_that_pile_up_are_told(db: None) -> None:
    reader = integration("entities:read")
    for _ in range(6):
        reader(*PUT)
    assert Refusal.objects.filter(alerted_at__isnull=False).count() == 1
