"""A matter to work on: a small marketplace, the policies in force, staff of every role, and events that are
handled as a worker would handle them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from tests.domains.actors import integration
from tocsin.core.actor import Actor, system
from tocsin.core.outbox.handling import handle_due
from tocsin.core.outbox.models import OutboxMessage
from tocsin.domains.cases.actions import assign
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.decisions import DecisionInput, decide
from tocsin.domains.enforcement.models import Decision
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Account
from tocsin.domains.policies.actions import publish_packaged
from tocsin.domains.reports.actions import file_report
from tocsin.domains.reports.filing import Filed
from tocsin.domains.reports.taxonomy import current
from tocsin.domains.staff import actions as staff_actions
from tocsin.domains.staff.models import Staff

MARKETPLACE = integration(
    "actions:read", "actions:write", "appeals:write", "cases:read", "decisions:read", "entities:write",
    "events:read", "reports:read", "reports:write",
)  # fmt: skip
FACTS = {
    "facts_internal": "Three messages with threats, read in the conversation of the order.",
    "facts_disclosable": "On that day you wrote messages that threatened another person.",
}


def settle() -> int:
    """Handle events until nothing is left to handle. Fails when one could not be handled."""
    handled = 0
    while count := handle_due(timezone.now() + dt.timedelta(seconds=1)):
        handled += count
    left = OutboxMessage.objects.filter(kind=OutboxMessage.Kind.HANDLER).exclude(
        state=OutboxMessage.State.DONE
    )
    assert [(row.topic, row.destination, row.last_error) for row in left] == []
    return handled


def marketplace() -> None:
    """Shopper s-1 brought order o-1 to customer c-1 and is on the way with order o-live; customer c-2 and
    shopper s-2 have no part in it."""
    publish_packaged(current().codes())
    where = {"region": "US-WA", "zone": "America/Los_Angeles"}
    for kind, ident in (("customer", "c-1"), ("shopper", "s-1"), ("customer", "c-2"), ("shopper", "s-2")):
        upsert_entity(MARKETPLACE, kind, ident, {"name": f"Person {ident}", "language": "en", **where})
    upsert_entity(MARKETPLACE, "store", "st-1", {"name": "Corner", **where})
    for ident, status in (("o-1", "delivered"), ("o-live", "assigned")):
        told = {"customer": "c-1", "shopper": "s-1", "store": "st-1", "status": status}
        upsert_entity(MARKETPLACE, "order", ident, told)


def account(ref: str) -> Account:
    """An account as it stands now, by ``customer:c-1``."""
    role, _, ident = ref.partition(":")
    return Account.objects.get(role=role, external_id=ident)


def somebody(role: str, name: str = "", **more: Any) -> Staff:
    """A member of staff with a role."""
    called = name or f"{role} {Staff.objects.count()}"
    made = staff_actions.add(
        system("tests"), email=f"{called.replace(' ', '.')}@example.com", name=called, roles=[role],
        regions=more.pop("regions", ["*"]), password=None, **more,
    )  # fmt: skip
    return made


def report(codes: list[str], **told: Any) -> Filed:
    """A report of customer c-1 about shopper s-1, filed by the marketplace."""
    data = {
        "codes": codes,
        "narrative": "This happened when he brought my order.",
        "order": "o-1",
        "safe_now": "yes",
        "reporter": {"kind": "customer", "account": "c-1"},
        "subject": {"kind": "shopper", "id": "s-1"},
    } | told
    return file_report(MARKETPLACE, channel="api", data=data)


def case_about(codes: list[str], **told: Any) -> Case:
    """The case a report opens."""
    filed = report(codes, **told)
    settle()
    return Case.objects.get(report_links__report=filed.report)


def as_(staff: Staff, purpose: str = "case_handling") -> Actor:
    """The person, acting."""
    return Staff.objects.get(pk=staff.pk).actor(purpose)


def taken(case: Case, staff: Staff) -> Case:
    """The case, given to somebody."""
    return assign(as_(staff), case.pk, staff.pk)


def finding(subject: str, clause: str, **more: Any) -> DecisionInput:
    """A substantiated finding, more likely than not, with facts."""
    told = {"finding": "substantiated", "standard_of_proof": "preponderance", **FACTS} | more
    return DecisionInput(subject_id=account(subject).pk, clause_id=clause, **told)


def decided(case: Case, by: Staff, subject: str, clause: str, **more: Any) -> Decision:
    """A decision that was filed, and everything that followed from it."""
    made = decide(as_(by), case.pk, finding(subject, clause, **more))
    settle()
    return Decision.objects.get(pk=made.pk)
