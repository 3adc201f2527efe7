"""The document is kept: schemathesis sends what it allows and what it forbids to a running Tocsin, and every
answer has a status, a type and a shape that is written down there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Cast, cast
from tests.support.stack import Stack, until

#: All but those about accepting: which data fits together only the domains know, and the document cannot say.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
SEED = 20_261
#: Of each operation; beside these every boundary of its schema is tried once.
EXAMPLES = 5
#: Seconds after which it stops, however slow the machine is.
MOST_S = 45


@pytest.fixture(scope="module")
def people(own_stack: Stack) -> Cast:
    made = cast(own_stack, "fuzz", "supervisor", "appeals_reviewer")
    with own_stack.connect() as database:
        database.execute("UPDATE core_api_key SET rate_per_minute = 1000000")
    return made


@pytest.fixture(scope="module")
def things(own_stack: Stack, people: Cast) -> Iterator[dict[str, str]]:
    """One of everything that has an id, so that what is sent gets further than "not found"."""
    shop = Marketplace(own_stack.web, own_stack.decide, people.key, people.tag)
    desk = httpx.Client(
        base_url=f"{own_stack.web}/v1", timeout=60,
        headers={"Authorization": f"Bearer {people['supervisor'].key}"},
    )  # fmt: skip
    customer, shopper, order = shop.people_and_order()
    told = {
        "codes": ["SAF.threat"], "narrative": "He said he would come back.", "order": order,
        "reporter": {"kind": "customer", "account": customer}, "subject": {"kind": "shopper", "id": shopper},
    }  # fmt: skip
    number = shop.client.post("/v1/reports", json=told).json()["number"]

    def report() -> Any:
        return shop.client.get(f"/v1/reports/{number}").json()

    until(lambda: report()["case"], "its case")
    path = f"/cases/{report()['case']}"
    done = desk.post(f"{path}/assign", json={})
    assert done.status_code == 200, done.text
    case = desk.get(path).json()
    [subject] = [one["account_id"] for one in case["parties"] if one["part"] == "subject"]
    finding = {
        "subject": subject, "finding": "substantiated", "clause": "C1.8",
        "standard_of_proof": "preponderance", "facts_internal": "Read in the messages.",
        "facts_disclosable": "You threatened another person.",
    }  # fmt: skip
    decision = desk.post(f"{path}/decisions", json=finding).json()
    appeal = shop.client.post(
        f"/v1/decisions/{decision['id']}/appeals", json={"grounds": "It was not me at all."}
    ).json()
    endpoint = shop.client.post("/v1/webhooks", json={"url": shop.receiver.url}).json()
    delivery = shop.client.post(f"/v1/webhooks/{endpoint['id']}/test").json()
    action = desk.get(path).json()["actions"][0]
    yield {
        "path.case_id": case["id"], "path.number": number, "path.decision_id": decision["id"],
        "path.appeal_id": appeal["id"], "path.endpoint_id": endpoint["id"],
        "path.delivery_id": delivery["id"], "path.action_id": action["id"],
    }  # fmt: skip
    shop.stop()


def fuzz(folder: Path, base: str, key: str, document: dict[str, Any], things: dict[str, str]) -> str:
    """Run schemathesis on a document; returns what it found, empty when that is nothing."""
    (folder / "document.json").write_text(json.dumps(document))
    known = "".join(f'"{name}" = "{value}"\n' for name, value in things.items())
    (folder / "schemathesis.toml").write_text(f"[parameters]\n{known}")
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", "document.json", "--url", base,
            "--header", f"Authorization: Bearer {key}", "--phases", "examples,coverage,fuzzing",
            "--mode", "all", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-shrink",
            "--max-time", str(MOST_S), "--continue-on-failure", "--checks", ",".join(CHECKS),
            # an endpoint that was added would be told things, wherever in the world it is
            "--exclude-operation-id", "webhooks_add_webhook", "--warnings", "off", "--no-color",
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


def document_for(stack: Stack, *who: str) -> dict[str, Any]:
    """The document as it is published, with the operations of these kinds of callers."""
    whole: dict[str, Any] = httpx.get(f"{stack.web}/v1/openapi.json").json()
    for path, methods in list(whole["paths"].items()):
        whole["paths"][path] = {
            method: operation for method, operation in methods.items() if operation["x-who"] in who
        }
    return whole


def test_with_an_integration_key(
    own_stack: Stack, people: Cast, things: dict[str, str], tmp_path: Path
) -> None:
    document = document_for(own_stack, "anybody", "system")
    found = fuzz(tmp_path, own_stack.web, people.key, document, things)
    assert not found, found


def test_with_a_personal_key(own_stack: Stack, people: Cast, things: dict[str, str], tmp_path: Path) -> None:
    document = document_for(own_stack, "person")
    found = fuzz(tmp_path, own_stack.web, people["supervisor"].key, document, things)
    assert not found, found


def test_the_decide_host_keeps_the_same_document(own_stack: Stack, people: Cast, tmp_path: Path) -> None:
    whole = document_for(own_stack, "system")
    whole["paths"] = {path: {"post": whole["paths"][path]["post"]} for path in ("/v1/decide", "/v1/events")}
    found = fuzz(tmp_path, own_stack.decide, people.key, whole, {})
    assert not found, found
