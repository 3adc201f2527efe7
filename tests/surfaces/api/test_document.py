"""The document says what there is: every operation, every status, every shape; and the page says it too."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support.web import plain_files
from tests.surfaces.api.client import Caller
from tocsin.core.access.permissions import SCOPES
from tocsin.surfaces.api import examples
from tocsin.surfaces.api.app import api
from tocsin.surfaces.api.document import TAGS, document
from tocsin.surfaces.api.outline import groups

__all__ = ["plain_files"]

OPERATIONS = [
    (method, path, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with what it refers to, so that it can be validated on its own."""
    return {**schema, "components": document()["components"]}


def test_it_is_openapi_3_1() -> None:
    assert document()["openapi"] == "3.1.0"
    # as it is sent: statuses are texts there
    assert list(OpenAPIV31SpecValidator(json.loads(json.dumps(document()))).iter_errors()) == []


def test_it_is_complete() -> None:
    routes = {
        (method.lower(), "/v1" + path)
        for router in api._get_bound_routers()
        for path, view in router.path_operations.items()
        for one in view.operations
        for method in one.methods
    }
    assert {(method, path) for method, path, _ in OPERATIONS} == routes
    assert len(set(IDS)) == len(IDS)
    assert {operation["x-scope"] for _, _, operation in OPERATIONS} == set(SCOPES) - {"replay"}
    assert {tag for _, _, operation in OPERATIONS for tag in operation["tags"]} == set(TAGS)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_operation_says_everything(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert f"Scope: `{operation['x-scope']}`" in operation["description"]
    assert operation["security"] == [{"key": []}]
    statuses = {int(status) for status in operation["responses"]}
    assert {401, 403, 422, 429, 503} <= statuses
    assert len([status for status in statuses if status < 400]) == 1
    assert (404 in statuses) or "{" not in path
    if method in ("post", "put"):
        assert {400, 411, 413, 415} <= statuses
    for status, answer in operation["responses"].items():
        assert answer["description"]
        kind = "application/problem+json" if int(status) >= 400 else "application/json"
        assert set(answer["content"]) == {kind}
    assert all("Retry-After" in operation["responses"][status]["headers"] for status in (429, 503))
    names = {one["name"] for one in operation["parameters"]}
    takes_events = operation["operationId"] in ("events_decide", "events_tell")
    assert ("Idempotency-Key" in names) == (method == "post" and not takes_events)
    assert set(re.findall(r"{(\w+)}", path)) <= names


def test_every_body_has_an_example_that_fits_it() -> None:
    for _, _, operation in OPERATIONS:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            named = [one["value"] for one in content.get("examples", {}).values()]
            given = [content["example"]] if "example" in content else named
            if "format" in str(content["schema"]) and "binary" in str(content["schema"]):
                continue
            assert given, operation["operationId"]
            for example in given:
                Draft202012Validator(resolved(content["schema"])).validate(example)
    assert set(examples.BODIES) <= set(IDS)


@pytest.mark.django_db
def test_the_examples_are_taken_as_they_stand(shop: Caller) -> None:
    sent = {
        "entities_post_entities": ("POST", "/entities", 200),
        "entities_put_entity": ("PUT", "/entities/customer/c-1042", 200),
        "reports_file_report": ("POST", "/reports", 201),
        "webhooks_add_webhook": ("POST", "/webhooks", 201),
    }
    for name, (method, path, status) in sent.items():
        answer = shop(method, path, examples.BODIES[name])
        assert answer.status_code == status, (name, answer.content)


@pytest.mark.django_db
def test_everybody_may_read_it(plain_files: None) -> None:
    machine = Client().get("/v1/openapi.json")
    assert (machine.status_code, machine["Content-Type"]) == (200, "application/json")
    assert machine.json() == json.loads(json.dumps(document()))
    page = Client().get("/v1/docs")
    html = page.content.decode()
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self'" in page["Content-Security-Policy"]
    for method, path, operation in OPERATIONS:
        assert f'id="{operation["operationId"]}"' in html
        assert f'href="#{operation["operationId"]}"' in html
        assert f">{method.upper()}<" in html
        assert path in html
    assert "<code>Authorization: Bearer tsk_…</code>" in html
    assert "under Staff and keys" in html
    assert "`" not in html
    # nothing that the policy refuses, and nothing from anywhere else
    assert " style=" not in html
    assert not re.search(r"\son[a-z]+=", html)
    assert all(
        "src=" in tag or 'type="application/json"' in tag for tag in re.findall(r"<script[^>]*>", html)
    )
    assert re.findall(r'(?:src|href)="(https?:[^"]+)"', html) == []


def test_fields_within_fields_are_shown() -> None:
    found = {one.anchor: one for group in groups(document()) for one in group.operations}
    assert len(found) == len(IDS)
    filed = {row.name: row for row in found["reports_file_report"].body}
    assert filed["reporter.account"].type == "text or null"
    assert filed["narrative"].required
    assert not filed["reporter.account"].required
    assert {"entities[].kind", "entities[].links[].relation"} <= {
        row.name for row in found["entities_post_entities"].body
    }
