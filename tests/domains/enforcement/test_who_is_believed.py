"""What a machine takes on somebody's word: nothing that costs a stranger, unless we know who says it or the
law wants it on any report."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.domains import matter
from tests.domains.matter import account, as_, case_about, finding, settle, taken
from tocsin.core.actor import Actor
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.decisions import decide
from tocsin.domains.enforcement.models import Action
from tocsin.domains.enforcement.proposal import happened_at
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.reports.actions import file_report
from tocsin.domains.reports.filing import Filed
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
ANYBODY = Actor("reporter", "", "Somebody", purpose="self_service", via="web")


def from_the_page(code: str, email: str = "", **more: object) -> Filed:
    """A report from the public page about the order that is on its way."""
    told = {
        "codes": [code],
        "narrative": "It happened at my door.",
        "order": "o-live",
        "safe_now": "yes",
        "reporter": {"kind": "customer", "email": email},
    }
    filed = file_report(ANYBODY, channel="web", data=told | more, region="US-WA", zone="America/Los_Angeles")
    settle()
    return filed


def taken_by_machine() -> set[tuple[str, str]]:
    return set(Action.objects.values_list("type", "target_id"))


@pytest.mark.parametrize("code", ["SAF.weapon", "SAF.assault_in_progress", "FOO.tampering"])
def test_an_orders_id_alone_suspends_nobody_and_stops_nothing(world: None, code: str) -> None:
    filed = from_the_page(code)
    assert not filed.report.reporter_verified
    assert taken_by_machine() == {("unmatch", "c-1|s-1")}
    assert account("shopper:s-1").status == "normal"
    case = Case.objects.get()
    waits = case.timeline.filter(summary__startswith="Protection waits for a person")
    assert waits.count() == 1


def test_somebody_we_know_is_protected_at_once(world: None) -> None:
    upsert_entity(matter.MARKETPLACE, "customer", "c-1", {"email": "c1@example.com"})
    filed = from_the_page("SAF.weapon", email="c1@example.com")
    assert filed.report.reporter_verified
    kinds = {("unmatch", "c-1|s-1"), ("hold_order", "o-live"), ("suspend_interim", "s-1")}
    assert taken_by_machine() == kinds
    assert not Case.objects.get().timeline.filter(summary__startswith="Protection waits").exists()


def test_what_waited_is_taken_when_somebody_we_know_says_it_too(world: None) -> None:
    upsert_entity(matter.MARKETPLACE, "customer", "c-1", {"email": "c1@example.com"})
    from_the_page("SAF.weapon")
    from_the_page("SAF.weapon", email="c1@example.com")
    assert Case.objects.count() == 1
    assert ("suspend_interim", "s-1") in taken_by_machine()


@pytest.mark.parametrize("region", ["US-CA", "US-WA"])
def test_any_report_of_impaired_driving_suspends_where_the_law_wants_it(world: None, region: str) -> None:
    for kind, ident in (("customer", "c-1"), ("shopper", "s-1"), ("store", "st-1")):
        upsert_entity(matter.MARKETPLACE, kind, ident, {"region": region})
    upsert_entity(matter.MARKETPLACE, "order", "o-live", {"status": "assigned", "store": "st-1"})
    filed = from_the_page("SAF.impaired_driving")
    assert filed.report.subject_account == account("shopper:s-1")
    assert (("suspend_interim", "s-1") in taken_by_machine()) == (region == "US-CA")


def test_a_shopper_who_reports_a_drunk_driver_does_not_mean_themselves(world: None) -> None:
    filed = from_the_page("SAF.impaired_driving", reporter={"kind": "shopper"})
    assert filed.report.subject_account is None
    assert account("shopper:s-1").status == "normal"


def test_a_stranger_cannot_date_a_breach_to_before_there_was_a_policy(world: None, supervisor: Staff) -> None:
    long_ago = dt.datetime(2001, 5, 1, tzinfo=dt.UTC)
    from_the_page("SAF.threat", occurred_at=long_ago)
    case = taken(case_about(["SAF.threat"], order="o-live"), supervisor)
    assert case.report_links.count() == 2
    assert happened_at(case) == case.opened_at
    made = decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8"))
    assert made.state == "in_force"
