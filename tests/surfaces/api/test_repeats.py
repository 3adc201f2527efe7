"""Sent again, it happened once; and two things under one name are refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from tests.domains import matter
from tests.surfaces.api.client import Caller, integration, places, problem
from tocsin.core.access.models import Idempotency
from tocsin.core.evidence.models import Evidence
from tocsin.core.outbox.models import WebhookEndpoint
from tocsin.domains.reports.models import Report, ReportMessage

REPORT = {"narrative": "He shouted at me.", "reporter": {"kind": "bystander"}}
NAME = "7f6c2a0e-5b1e-4b7c-9b0e-000000000001"


@pytest.mark.django_db
def test_the_first_answer_again(shop: Caller) -> None:
    first = shop("POST", "/reports", REPORT, Idempotency_Key=NAME)
    again = shop("POST", "/reports", REPORT, Idempotency_Key=NAME)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["pin"]
    assert (first.get("Idempotent-Replayed"), again.get("Idempotent-Replayed")) == (None, "true")
    assert Report.objects.count() == 1
    assert first.json()["pin"].encode() not in bytes(Idempotency.objects.get().body_sealed)


@pytest.mark.django_db
def test_without_a_name_it_happens_every_time(shop: Caller) -> None:
    for _ in range(2):
        assert shop("POST", "/reports", REPORT).status_code == 201
    assert Report.objects.count() == 2


@pytest.mark.django_db
def test_another_request_under_the_same_name(shop: Caller) -> None:
    shop("POST", "/reports", REPORT, Idempotency_Key=NAME)
    for path, body in (
        ("/reports", {**REPORT, "narrative": "Another."}),
        ("/webhooks", {"url": "https://a.example"}),
    ):
        answer = shop("POST", path, body, Idempotency_Key=NAME)
        assert (answer.status_code, problem(answer)["type"]) == (
            409,
            "urn:tocsin:problem:idempotency_key_reused",
        )
    assert (Report.objects.count(), WebhookEndpoint.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_names_belong_to_their_key(shop: Caller) -> None:
    other = integration()
    numbers = {
        caller("POST", "/reports", REPORT, Idempotency_Key=NAME).json()["number"] for caller in (shop, other)
    }
    assert len(numbers) == 2


@pytest.mark.django_db
def test_what_failed_can_be_tried_again_under_its_name(shop: Caller, world: None) -> None:
    told = {**REPORT, "subject": {"kind": "shopper", "id": "s-late"}}
    assert shop("POST", "/reports", told, Idempotency_Key=NAME).status_code == 422
    shop("PUT", "/entities/shopper/s-late", {})
    assert shop("POST", "/reports", told, Idempotency_Key=NAME).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "short", "with a blank", "x" * 121, "tab\tinside", "ünicode-name"])
def test_names_that_cannot_be_used(shop: Caller, name: str) -> None:
    answer = shop("POST", "/reports", REPORT, Idempotency_Key=name)
    assert (answer.status_code, places(answer)) == (422, {"Idempotency-Key"})
    assert not Report.objects.exists()


@pytest.mark.django_db
def test_a_file_sent_again_is_the_same_file(shop: Caller, world: None) -> None:
    number = matter.report(["CON.harassment"]).number

    def send(words: bytes, name: str = "note.txt", key: str = NAME) -> tuple[int, str]:
        answer = shop.client.post(
            f"/v1/reports/{number}/evidence", {"file": SimpleUploadedFile(name, words, "text/plain")},
            headers={"authorization": f"Bearer {shop.token}", "idempotency-key": key},
        )  # fmt: skip
        return answer.status_code, answer.json().get("id", answer.json().get("type"))

    first = send(b"He shouted at six.")
    assert first[0] == 201
    assert send(b"He shouted at six.") == first
    assert send(b"Something else.") == (409, "urn:tocsin:problem:idempotency_key_reused")
    assert send(b"He shouted at six.", key="another-name-1") == first
    assert Evidence.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment_it_still_happens_once() -> None:
    matter.marketplace()
    shop = integration("reports:write", "reports:read")
    number = matter.report(["CON.harassment"]).number

    def send() -> dict[str, str]:
        try:
            caller = Caller(shop.token)
            return dict(
                caller(
                    "POST", f"/reports/{number}/messages", {"text": "I have a photo."}, Idempotency_Key=NAME
                ).json()
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = [task.result() for task in [pool.submit(send) for _ in range(4)]]
    assert len({answer["id"] for answer in answers}) == 1
    assert ReportMessage.objects.filter(kind="message").count() == 1


@pytest.mark.django_db
def test_a_report_under_its_own_id_is_taken_once_and_another_under_that_id_is_refused(
    shop: Caller, world: None
) -> None:
    first = shop("POST", "/reports", {**REPORT, "external_id": "e-1"})
    again = shop("POST", "/reports", {**REPORT, "external_id": "e-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {**first.json(), "pin": None}
    grave = {**REPORT, "narrative": "Help, he has a gun.", "codes": ["SAF.weapon"], "external_id": "e-1"}
    refused = shop("POST", "/reports", grave)
    assert (refused.status_code, problem(refused)["type"]) == (
        409,
        "urn:tocsin:problem:external_id_reused",
    )
    assert places(refused) == {"external_id"}
    assert Report.objects.get().number == first.json()["number"]
    taken = shop("POST", "/reports", {**grave, "external_id": "e-2"})
    assert (taken.status_code, taken.json()["severity"]) == (201, "S0")


@pytest.mark.django_db
def test_two_systems_that_count_alike_do_not_lose_each_others_reports(shop: Caller) -> None:
    other = integration("reports:write")
    first = shop("POST", "/reports", {**REPORT, "external_id": "1"})
    second = other("POST", "/reports", {**REPORT, "external_id": "1"})
    assert first.json()["number"] != second.json()["number"]
    assert second.json()["pin"]
    assert Report.objects.count() == 2
