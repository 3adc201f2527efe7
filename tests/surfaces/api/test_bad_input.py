"""Whatever is sent: never a broken server, always a document that says what and where, and nothing
changed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings

from tests.domains import matter
from tests.domains.matter import account, somebody
from tests.surfaces.api.client import Caller, personal, places, problem
from tocsin.core.audit.models import AuditEntry
from tocsin.domains.cases.models import Case
from tocsin.domains.people.models import Account
from tocsin.domains.reports.models import Report

pytestmark = pytest.mark.django_db
REPORT = {"narrative": "He shouted at me.", "reporter": {"kind": "customer", "account": "c-1"}}
DEEP = "[" * 30 + "]" * 30
DEEPER = "[" * 100_000 + "]" * 100_000


def report_with(**told: Any) -> dict[str, Any]:
    return {**REPORT, **told}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"narrative", "reporter"}),
        ({"narrative": "x", "reporter": {"kind": "alien"}}, {"reporter.kind"}),
        (
            report_with(narative="x", reporter={"kind": "customer", "acount": "c-1"}),
            {"narative", "reporter.acount"},
        ),
        (report_with(narrative=""), {"narrative"}),
        (report_with(narrative="   "), {"narrative"}),
        (report_with(narrative=5), {"narrative"}),
        (report_with(narrative="x" * 20_001), {"narrative"}),
        (report_with(codes=["NO.such_code"]), {"codes[0]"}),
        (report_with(codes=["x"] * 11), {"codes"}),
        (report_with(codes=[1]), {"codes[0]"}),
        (report_with(language="not a language"), {"language"}),
        (report_with(occurred_at="yesterday"), {"occurred_at"}),
        (report_with(occurred_at="2026-01-01T00:00:00"), {"occurred_at"}),
        (report_with(occurred_at="0001-01-01T00:00:00+23:59"), {"occurred_at"}),
        (report_with(occurred_at="9999-12-31T23:59:59-23:59"), {"occurred_at"}),
        (report_with(occurred_at="1999-01-01T00:00:00Z"), {"occurred_at"}),
        (report_with(occurred_at="2100-01-01T00:00:00Z"), {"occurred_at"}),
        (report_with(occurred_at=10**400), {"occurred_at"}),
        (report_with(occurred_at=1764000000), {"occurred_at"}),
        (report_with(occurred_at="1764000000"), {"occurred_at"}),
        (report_with(zone="Mars/Olympus"), {"zone"}),
        (report_with(safe_now="perhaps"), {"safe_now"}),
        (report_with(police_told="perhaps"), {"police_told"}),
        (report_with(facts={"Not A Name": 1}), {"facts.Not A Name"}),
        (report_with(facts={"nested": {"a": 1}}), {"facts.nested"}),
        (report_with(subject={"kind": "shopper", "id": "nobody-knows"}), {"subject.id"}),
        (report_with(order="o 1"), {"order"}),
        (report_with(reporter={"kind": "customer", "email": "not an address"}), {"reporter.email"}),
        ([], {"body"}),
        ("text", {"body"}),
        (None, {"body"}),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_taken(shop: Caller, body: Any, expected: set[str]) -> None:
    answer = shop("POST", "/reports", raw=json.dumps(body).encode())
    assert (answer.status_code, places(answer)) == (422, expected)
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"nickname": "Ana"}, {"attributes.nickname"}),
        ({"name": ["Ana"]}, {"attributes.name"}),
        ({"name": "x" * 10_000}, {"attributes.name"}),
        ({"email": "ana"}, {"attributes.email"}),
        ({"created_at": "2100-01-01T00:00:00Z"}, {"attributes.created_at"}),
        ({"created_at": "2026-01-01"}, {"attributes.created_at"}),
        ({"created_at": 10**30}, {"attributes.created_at"}),
        ({"zone": "Mars/Olympus"}, {"attributes.zone"}),
        ({"region": "California"}, {"attributes.region"}),
    ],
)
def test_attributes_that_cannot_be_taken(shop: Caller, attributes: Any, expected: set[str]) -> None:
    answer = shop("PUT", "/entities/customer/c-9", {"attributes": attributes})
    assert (answer.status_code, places(answer)) == (422, expected)
    assert not Account.objects.exists()


@pytest.mark.parametrize("total", [10**30, -(10**30), 1.5, "12", True])
def test_money_is_a_whole_number_of_64_bits(shop: Caller, total: object) -> None:
    answer = shop("PUT", "/entities/order/o-9", {"attributes": {"total_minor": total, "currency": "USD"}})
    assert (answer.status_code, places(answer)) == (422, {"attributes.total_minor"})


def test_a_card_number_never_gets_in(shop: Caller) -> None:
    told = {"attributes": {"fingerprint": "4111 1111 1111 1111"}}
    answer = shop("PUT", "/entities/payment_instrument/card-1", told)
    assert answer.status_code == 422
    assert b"4111" not in answer.content


def test_a_batch_says_which_one_and_takes_none(shop: Caller) -> None:
    entities = [
        {"kind": "customer", "id": "c-1", "attributes": {}},
        {"kind": "customer", "id": "c-2", "attributes": {"name": 5}},
        {"kind": "planet", "id": "c-3"},
    ]
    answer = shop("POST", "/entities", {"entities": entities})
    assert (answer.status_code, places(answer)) == (422, {"entities[2].kind"})
    answer = shop("POST", "/entities", {"entities": entities[:2]})
    assert (answer.status_code, places(answer)) == (422, {"entities[1].attributes.name"})
    assert not Account.objects.exists()
    answer = shop("POST", "/entities", {"entities": []})
    assert (answer.status_code, places(answer)) == (422, {"entities"})
    too_many = [{"kind": "customer", "id": f"c-{n}"} for n in range(1001)]
    assert shop("POST", "/entities", {"entities": too_many}).status_code == 422
    assert not Account.objects.exists()


#: An operation that takes text, and the body without the text.
TEXTS = {
    "/reports": ("narrative", REPORT),
    "/webhooks": ("description", {"url": "https://shop.example/x"}),
}
UNKEEPABLE = ["before\\u0000after", "\\ud800", "half \\udc00 a pair"]


@pytest.mark.parametrize("text", UNKEEPABLE)
@pytest.mark.parametrize("path", TEXTS)
def test_text_that_nobody_can_keep_is_named(shop: Caller, path: str, text: str) -> None:
    name, rest = TEXTS[path]
    raw = json.dumps({**rest, name: "@"}).replace("@", text).encode()
    answer = shop("POST", path, raw=raw)
    assert (answer.status_code, places(answer)) == (422, {name})


@pytest.mark.parametrize("text", UNKEEPABLE)
def test_neither_in_names_nor_deep_inside(shop: Caller, text: str) -> None:
    raw = b'{"attributes": {"name": "x", "%s": 1}}' % text.encode()
    answer = shop("PUT", "/entities/customer/c-1", raw=raw)
    assert (answer.status_code, places(answer)) == (422, {"attributes"})
    raw = b'{"attributes": {"access_needs": ["a", "%s"]}}' % text.encode()
    answer = shop("PUT", "/entities/customer/c-1", raw=raw)
    assert (answer.status_code, places(answer)) == (422, {"attributes.access_needs[1]"})
    assert not Account.objects.exists()


@pytest.mark.parametrize("text", UNKEEPABLE)
def test_neither_in_what_people_write(world: None, text: str) -> None:
    person = somebody("supervisor")
    desk = personal(person)
    case = matter.taken(matter.case_about(["CON.harassment"]), person)
    told = {
        "subject": account("shopper:s-1").pk, "finding": "substantiated", "clause": "C2.1",
        "standard_of_proof": "preponderance", "facts_internal": "@" * 12, "facts_disclosable": "@" * 12,
        "deviation_reason": "Because of @.", "step": "educate",
    }  # fmt: skip
    raw = json.dumps(told).replace("@", text).encode()
    answer = desk("POST", f"/cases/{case.pk}/decisions", raw=raw)
    assert (answer.status_code, places(answer)) == (
        422, {"facts_internal", "facts_disclosable", "deviation_reason"},
    )  # fmt: skip
    assert Case.objects.get().state == "investigating"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cases/%00"),
        ("GET", "/decisions/a%00b"),
        ("GET", "/reports/%00"),
        ("GET", "/cases?desk=%00"),
        ("GET", "/cases?cursor=%00"),
        ("GET", "/actions?account=%00"),
        ("GET", "/notices?account=customer:%00"),
        ("GET", "/events?entity_kind=ip&entity_id=%00"),
        ("GET", "/events?type=a&type=%00"),
        ("GET", "/entities/customer/%00"),
        ("PUT", "/entities/store/%00"),
        ("DELETE", "/webhooks/%00"),
        ("GET", "/webhooks/%00/deliveries"),
        ("POST", "/webhooks/%00/test"),
        ("POST", "/webhooks/deliveries/%00/redeliver"),
        ("POST", "/actions/%00/confirmation"),
    ],
)
def test_nor_in_the_address(shop: Caller, method: str, path: str) -> None:
    body = {"status": "applied"} if "confirmation" in path else {} if method == "PUT" else None
    answer = shop(method, path, body)
    assert answer.status_code == 422
    assert places(answer)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"{]}",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        DEEP.encode(),
        DEEPER.encode(),
        b'{"a": ' + b"9" * 5000 + b"}",
        b"narrative=x",
        b'{"narrative": "a", "narrative": "b", "reporter": {"kind": "anonymous"}}',
        b'{"narrative": "a", "reporter": {"kind": "customer", "kind": "anonymous"}}',
    ],
    ids=[
        "broken",
        "empty",
        "wrong",
        "not utf-8",
        "nan",
        "infinity",
        "deep",
        "deeper",
        "endless number",
        "form",
        "twice",
        "twice inside",
    ],
)
def test_what_is_no_json(shop: Caller, raw: bytes) -> None:
    answer = shop("POST", "/reports", raw=raw)
    assert answer.status_code == (422 if raw == b"" else 400)
    assert problem(answer)["detail"]
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"]
)
def test_another_media_type(shop: Caller, kind: str) -> None:
    answer = shop("POST", "/reports", REPORT, Content_Type=kind)
    assert (answer.status_code, problem(answer)["type"]) == (415, "urn:tocsin:problem:media_type")
    assert not Report.objects.exists()


def test_a_compressed_body(shop: Caller) -> None:
    assert shop("POST", "/reports", REPORT, Content_Encoding="gzip").status_code == 415
    assert shop("POST", "/reports", REPORT, Content_Encoding="identity").status_code == 201


def test_a_body_that_is_too_large(shop: Caller) -> None:
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == 2 * 1024 * 1024
    raw = json.dumps(REPORT).encode().ljust(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    assert shop("POST", "/reports", raw=raw).status_code == 201
    answer = shop("POST", "/reports", raw=raw + b" ")
    assert (answer.status_code, problem(answer)["type"]) == (413, "urn:tocsin:problem:too_large")
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/cases?limit=0", "limit"),
        ("/cases?limit=201", "limit"),
        ("/cases?limit=x", "limit"),
        ("/cases?tab=nothing", "tab"),
        ("/cases?severity=S9", "severity"),
        ("/cases?cursor=nobody", "cursor"),
        ("/events?limit=1001", "limit"),
        ("/events?cursor=x", "cursor"),
        ("/events?since=yesterday", "since"),
        ("/events?since=2026-01-01T00:00:00", "since"),
        ("/events?until=0001-01-01T00:00:00%2B23:59", "until"),
        ("/events?since=9" * 1 + "9" * 400, "since"),
        ("/events?entity_kind=customer", "entity_id"),
        ("/actions?since=x", "since"),
        ("/actions?since=0.5", "since"),
        ("/events?until=-1764000000", "until"),
        ("/actions?limit=501", "limit"),
        ("/notices", "account"),
        ("/notices?account=", "account"),
        ("/entities/planet/p-1", "kind"),
        ("/entities/customer/" + "x" * 65, "entity_id"),
    ],
)
def test_a_question_that_cannot_be_asked(shop: Caller, path: str, field: str) -> None:
    answer = shop("GET", path)
    assert (answer.status_code, places(answer)) == (422, {field})


def test_an_endless_page_marker_is_simply_the_end(shop: Caller) -> None:
    answer = shop("GET", "/events?cursor=99999999999999999999")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "٣"])
def test_a_length_that_is_no_number(shop: Caller, length: str) -> None:
    headers = {"authorization": f"Bearer {shop.token}"}
    answer = shop.client.generic(
        "POST", "/v1/reports", json.dumps(REPORT).encode(), content_type="application/json",
        headers=headers, CONTENT_LENGTH=length,
    )  # fmt: skip
    assert (answer.status_code, problem(answer)["type"]) == (411, "urn:tocsin:problem:length_required")
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("path", "cursor"),
    [
        ("/cases", "dec_x"),
        ("/actions", "' OR 1=1 --"),
        ("/notices?account=customer:c-1", "~~~~"),
        ("/appeals", "case_x"),
        ("/events", "1 OR 1"),
    ],
)
def test_a_page_marker_that_was_tampered_with(shop: Caller, world: None, path: str, cursor: str) -> None:
    caller = personal(somebody("supervisor")) if path == "/appeals" else shop
    joint = "&" if "?" in path else "?"
    answer = caller("GET", f"{path}{joint}{urlencode({'cursor': cursor})}")
    # either it is refused by its name, or it marks a place beyond which there is nothing
    assert answer.status_code in (200, 422)
    assert answer.json()["items"] == [] if answer.status_code == 200 else places(answer) == {"cursor"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("POST", "/cases/x/y/z"), ("GET", "/"), ("GET", "/cases/"), ("PUT", "/docs/x")],
)
def test_an_address_that_does_not_exist(shop: Caller, method: str, path: str) -> None:
    answer = shop(method, path)
    assert (answer.status_code, problem(answer)["type"]) == (404, "urn:tocsin:problem:not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/reports", "POST"),
        ("DELETE", "/cases", "GET"),
        ("PATCH", "/entities/customer/c-1", "PUT, GET"),
        ("OPTIONS", "/reports", "POST"),
        ("HEAD", "/cases", "GET"),
        ("TRACE", "/cases", "GET"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_there(shop: Caller, method: str, path: str, allowed: str) -> None:
    answer = shop(method, path)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert sorted(answer["Allow"].split(", ")) == sorted(allowed.split(", "))


def test_what_was_refused_left_no_trace_but_the_refusals(shop: Caller) -> None:
    before = AuditEntry.objects.count()
    shop("POST", "/reports", {"narrative": "x"})
    shop("PUT", "/entities/customer/c-1", {"attributes": {"name": 5}})
    shop("GET", "/cases?limit=0")
    assert AuditEntry.objects.count() == before


def test_things_that_are_not_there(shop: Caller, world: None) -> None:
    desk = personal(somebody("supervisor"))
    for caller, method, path, body in (
        (shop, "GET", "/cases/case_nothing", None),
        (shop, "GET", "/decisions/dec_nothing", None),
        (shop, "GET", "/entities/customer/nobody", None),
        (shop, "POST", "/decisions/dec_nothing/appeals", {"grounds": "It was not me at all."}),
        (shop, "POST", "/actions/act_nothing/confirmation", {"status": "applied"}),
        (shop, "DELETE", "/webhooks/whk_nothing", None),
        (shop, "GET", "/webhooks/whk_nothing/deliveries", None),
        (shop, "POST", "/webhooks/whk_nothing/test", None),
        (shop, "POST", "/webhooks/deliveries/msg_nothing/redeliver", None),
        (desk, "POST", "/cases/case_nothing/assign", {}),
        (desk, "POST", "/cases/case_nothing/close", {"outcome": "no_breach", "reason": "Nothing there."}),
        (desk, "POST", "/decisions/dec_nothing/second-reading", {"agree": True}),
        (
            desk,
            "POST",
            "/appeals/apl_nothing/decision",
            {"outcome": "uphold", "reasons": "It stands as it is."},
        ),
    ):
        answer = caller(method, path, body)
        assert (answer.status_code, problem(answer)["type"]) == (404, "urn:tocsin:problem:not_found"), path
