"""Indicators over the API: a feed of the marketplace's own."""

from __future__ import annotations

import json

import pytest

from tests.domains.indicators.documents import AMBER, bundle, indicator
from tests.surfaces.api.client import Caller
from tocsin.domains.indicators.models import Import, Indicator

pytestmark = pytest.mark.django_db
TOLD = {"source": "A marketplace nearby", "reason": "Shared in the fraud circle."}
NAME = "7f6c2a0e-5b1e-4b7c-9b0e-000000000003"
DOCUMENT = json.loads(
    bundle(
        indicator(1, "[ipv4-addr:value = '198.51.100.7']", object_marking_refs=[AMBER]),
        indicator(2, "[url:value LIKE 'http%']"),
    )
)


def test_a_document_is_taken_in_once(shop: Caller) -> None:
    answer = shop("POST", "/indicators", TOLD | {"document": DOCUMENT})
    assert answer.status_code == 201
    said = answer.json()
    assert said["counts"] == {"new": 1}
    assert said["skipped"] == [{"path": "objects[2].pattern", "said": "it compares by LIKE"}]
    assert (said["standard"], said["tlp"], said["ignored"]) == ("STIX 2.1", "amber", {"identity": 1})
    for name in ({}, {"Idempotency_Key": NAME}, {"Idempotency_Key": NAME}):
        again = shop("POST", "/indicators", TOLD | {"document": DOCUMENT}, **name)
        assert (again.status_code, again.json()) == (201, said)
    assert again["Idempotent-Replayed"] == "true"
    assert (Import.objects.count(), Indicator.objects.count()) == (1, 1)


def test_a_bad_document_is_refused_with_the_place(shop: Caller) -> None:
    bad = {**DOCUMENT, "objects": [{"type": "indicator", "spec_version": "2.0"}]}
    answer = shop("POST", "/indicators", TOLD | {"document": bad})
    assert answer.status_code == 422
    assert "objects[0].spec_version" in answer.content.decode()
    assert not Import.objects.exists()
