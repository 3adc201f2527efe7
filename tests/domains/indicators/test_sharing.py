"""What was imported goes on as far as its marking allows, and no further."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.domains.indicators.documents import AMBER, GREEN_1, RED, bundle, indicator
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, InvalidInput
from tocsin.domains.indicators import reading
from tocsin.domains.indicators.importing import import_document
from tocsin.domains.indicators.models import Indicator
from tocsin.domains.indicators.recalling import recall
from tocsin.domains.indicators.sharing import AUDIENCES, share

pytestmark = pytest.mark.django_db
OURS = {"identity": "Our marketplace", "reason": "The circle asked for it."}
TOLD = {"source": "A marketplace nearby", "reason": "Shared in the fraud circle."}


@pytest.fixture
def held(engineer: Actor) -> None:
    """One indicator of each marking."""
    import_document(
        engineer,
        bundle(
            indicator(1, "[ipv4-addr:value = '198.51.100.1']", object_marking_refs=[GREEN_1], confidence=80),
            indicator(2, "[user-agent:value = 'a \\'b\\' \\\\ c']", object_marking_refs=[AMBER]),
            indicator(3, "[ipv4-addr:value = '198.51.100.3']", object_marking_refs=[RED]),
            indicator(4, "[ipv6-addr:value = '2001:db8::/32']"),
        ),
        **TOLD,
    )


def objects(document: bytes) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(document)["objects"] if one["type"] == "indicator"}


@pytest.mark.parametrize(
    ("audience", "names"),
    [("clear", ""), ("green", "1"), ("amber", "124"), ("amber+strict", "124")],
)
@pytest.mark.usefixtures("held")
def test_nothing_goes_further_than_its_marking_and_red_never(
    engineer: Actor, audience: str, names: str
) -> None:
    shared = share(engineer, audience, **OURS)
    assert sorted(objects(shared.document)) == [f"Indicator {number}" for number in names]
    assert (shared.count, shared.kept_back) == (len(names), 4 - len(names))
    assert b"198.51.100.3" not in shared.document
    assert AuditEntry.objects.filter(payload__contains="indicators.share").count() == 1


@pytest.mark.usefixtures("held")
def test_what_goes_out_reads_as_what_came_in(engineer: Actor) -> None:
    read = reading.read(share(engineer, "amber", **OURS).document)
    assert [(one.name, one.values, one.tlp, one.confidence) for one in read.indicators] == [
        (row.name, row.values, row.tlp if row.tlp != "unmarked" else "amber", row.confidence)
        for row in reading.read(
            bundle(
                indicator(
                    1, "[ipv4-addr:value = '198.51.100.1']", object_marking_refs=[GREEN_1], confidence=80
                ),
                indicator(2, "[user-agent:value = 'a \\'b\\' \\\\ c']", object_marking_refs=[AMBER]),
                indicator(4, "[ipv6-addr:value = '2001:db8::/32']"),
            )
        ).indicators
    ]
    assert read.skipped == []


@pytest.mark.usefixtures("held")
def test_what_was_taken_back_goes_out_as_revoked_under_the_same_id(engineer: Actor) -> None:
    before = objects(share(engineer, "green", **OURS).document)["Indicator 1"]
    recall(engineer, Indicator.objects.get(name="Indicator 1").pk, reason="It was a school.")
    after = objects(share(engineer, "green", **OURS).document)["Indicator 1"]
    assert after["id"] == before["id"]
    assert ("revoked" in before, after["revoked"]) == (False, True)
    assert after["modified"] > before["modified"]


@pytest.mark.usefixtures("held")
def test_who_may_share_and_for_whom(engineer: Actor, investigator: Actor) -> None:
    for audience, reason in (("red", "Asked for."), ("unmarked", "Asked for."), ("green", " ")):
        with pytest.raises(InvalidInput):
            share(engineer, audience, identity="Our marketplace", reason=reason)
    with pytest.raises(AccessDenied):
        share(investigator, "green", **OURS)
    assert AUDIENCES == ("clear", "green", "amber", "amber+strict")
    assert not AuditEntry.objects.filter(payload__contains="indicators.share").exists()


def test_personal_values_go_out_with_somebody_who_may_lift_masks_only(engineer: Actor) -> None:
    import_document(
        engineer,
        bundle(
            indicator(1, "[ipv4-addr:value = '198.51.100.1'] OR [email-addr:value = 'maria@example.com']"),
            indicator(2, "[phone-number:value = '+14155550142']"),
        ),
        **TOLD,
    )
    shared = share(engineer, "amber", **OURS)
    assert [one["pattern"] for one in objects(shared.document).values()] == [
        "[ipv4-addr:value = '198.51.100.1']"
    ]
    assert (shared.count, shared.kept_back) == (1, 1)
    both = replace(engineer, roles=engineer.roles | {"investigator"})
    assert b"maria@example.com" in share(both, "amber", **OURS).document


@pytest.mark.usefixtures("held")
def test_the_hash_and_the_reason_are_written_down_and_the_daily_cap_holds(
    engineer: Actor, settings: Any
) -> None:
    settings.TOCSIN_EXPORT_CAP = 3
    document = share(engineer, "amber", **OURS).document
    with pytest.raises(AccessDenied, match="a day is the most"):
        share(engineer, "amber", **OURS)
    [entry] = AuditEntry.objects.filter(payload__contains="indicators.share")
    assert hashlib.sha256(document).hexdigest() in entry.payload
    assert OURS["reason"] in entry.payload
