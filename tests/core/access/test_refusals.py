"""Refusals stay, and the privacy officer hears of the grave ones and of many."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests.core.access.conftest import Emitted
from tests.core.access.people import staff
from tocsin.core.access.exports import check_cap
from tocsin.core.access.models import RateBucket, Refusal
from tocsin.core.access.refusals import BURST, record_refusal, refusals
from tocsin.core.actor import system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied

NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
NO = AccessDenied("Your role does not include this.", permission="cases.view", reason="role")


def refuse(who: str = "staff:stf_ada", error: AccessDenied = NO) -> Refusal:
    return record_refusal(who, error, purpose="case_handling", path="/console/cases/1")


@pytest.mark.django_db
def test_a_refusal_is_written_down_with_its_audit_entry() -> None:
    row = refuse()
    assert (row.actor, row.permission, row.reason, row.path) == (
        "staff:stf_ada", "cases.view", "role", "/console/cases/1",
    )  # fmt: skip
    assert AuditEntry.objects.filter(verb="access.refused", object_id=row.pk).count() == 1
    assert [one.pk for one in refusals(staff("privacy_officer"), of="staff:stf_ada")] == [row.pk]
    with pytest.raises(AccessDenied):
        refusals(staff("specialist"))


@pytest.mark.django_db
def test_a_burst_is_told_once(emitted: Emitted) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(BURST - 1):
            refuse()
        refuse("staff:stf_bo")
        assert emitted("access.refusals_burst") == []
        fifth = refuse()
        refuse()
        assert emitted("access.refusals_burst") == [{"actor": "staff:stf_ada", "refusal": fifth.pk}]
        clock.shift(dt.timedelta(minutes=10))
        for _ in range(BURST):
            refuse()
        assert len(emitted("access.refusals_burst")) == 2


@pytest.mark.django_db
def test_slow_tries_are_no_burst(emitted: Emitted) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(3 * BURST):
            refuse()
            clock.shift(dt.timedelta(minutes=3))
    assert emitted("access.refusals_burst") == []


@pytest.mark.django_db(transaction=True)
def test_an_export_beyond_the_cap_is_refused_written_down_and_told_at_once(
    settings: pytest.FixtureRequest, emitted: Emitted
) -> None:
    settings.TOCSIN_EXPORT_CAP = 200  # type: ignore[attr-defined]
    ada = staff("supervisor")
    check_cap(ada, 150)
    with pytest.raises(AccessDenied) as refused:
        check_cap(ada, 51)
    assert (refused.value.reason, refused.value.permission) == ("export_cap", "cases.export")
    check_cap(ada, 50)
    row = refuse(ada.ref, refused.value)
    assert emitted("access.refusal_alert") == [{"actor": ada.ref, "refusal": row.pk, "reason": "export_cap"}]
    with pytest.raises(AccessDenied):
        check_cap(staff("supervisor", staff_id="stf_bo"), 201)
    check_cap(system("privacy"), 100_000)
    assert RateBucket.objects.count() == 1
