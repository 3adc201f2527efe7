"""Shapes of what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

_HIDDEN = "How many more match and are hidden from this key by access rules (counting stops at 1,000)."
_CURSOR = "Send it as `cursor` to read on; empty on the last page."


class Listed(Schema):
    """What every list has beside its items."""

    next_cursor: str = Field(description=_CURSOR)
    hidden: int = Field(description=_HIDDEN)


class Entity(Schema):
    """What is held about one thing, as far as this key may see it."""

    kind: str
    id: str
    attributes: dict[str, Any]
    hidden: list[str] = Field(default=[], description="Attributes too sensitive for this door.")
    standing: str | None = Field(default=None, description="Of an account: what our actions make of it.")


class EntityWritten(Schema):
    """What became of one thing."""

    kind: str
    id: str
    outcome: Literal["created", "updated", "unchanged", "stale", "erased"] = Field(
        description=(
            "stale: a newer state was known already. erased: the person's data was erased here, and does not "
            "come back by being told again."
        )
    )


class EntityBatchWritten(Schema):
    """What became of each thing, in the order it was sent."""

    written: list[EntityWritten]


class Target(Schema):
    """What an action is on, by your own id. A pair is `customer|shopper`."""

    kind: str
    id: str


class Reason(Schema):
    """Why a rule fired."""

    code: str
    rule: str
    text: str
    values: dict[str, Any]


class VerdictAction(Schema):
    """What you are asked to do at once."""

    type: str
    target: Target


class Verdict(Schema):
    """The answer to one event. It is durable before you get it."""

    event_id: str
    verdict: Literal["allow", "watch", "step_up", "review", "block"]
    reasons: list[Reason]
    actions: list[VerdictAction]
    rules_version: str
    engine_version: str
    seq: int
    decided_at: datetime
    late: bool = Field(description="The event came after later ones had been counted.")
    duplicate: bool = Field(description="This is the first answer to this event id, again.")


class NotDecided(Schema):
    """The place of an event in a batch whose id was used before for something else."""

    error: dict[str, Any]


class Verdicts(Schema):
    """The answers to a batch, in its order."""

    decisions: list[Verdict | NotDecided]


class ReportFiled(Schema):
    """A report was taken in."""

    number: str
    number_digits: str = Field(description="The number for a telephone keypad.")
    pin: str | None = Field(description="Shown once; null when this report was known already.")
    severity: str
    status: str
    next_update_by: datetime | None
    guidance: list[str] = Field(description="What the person can do now, in their language.")


class Message(Schema):
    """One line between the reporter and us."""

    direction: str
    kind: str
    at: datetime
    text: str


class Report(Schema):
    """Where a report stands."""

    number: str
    status: str
    severity: str
    received_at: datetime
    codes: list[str]
    completeness: int
    gaps: list[str] = Field(description="What it would help to know.")
    next_update_by: datetime | None
    case: str | None
    messages: list[Message]


class Added(Schema):
    """Something was added."""

    id: str


class Evidence(Schema):
    """A file was taken in. The same bytes again are the same item."""

    id: str
    sha256: str
    size: int
    media_type: str
    received_at: datetime


class CaseParty(Schema):
    """Somebody's part in a case."""

    part: str
    kind: str
    id: str
    status: str
    account_id: str = Field(description="Tocsin's own id, for naming the subject of a decision.")


class CaseBrief(Schema):
    """A case as a list shows it."""

    id: str
    reference: str
    title: str
    desk: str
    state: str
    severity: str
    codes: list[str]
    region: str
    source: str
    opened_at: datetime
    next_due_at: datetime | None
    assignee: str | None
    outcome: str
    revision: int


class CasePage(Listed):
    """Cases, worst first, then what is due first."""

    items: list[CaseBrief]


class CaseAlert(Schema):
    """Why a rule brought the case up."""

    id: str
    rule: str
    code: str
    state: str
    hits: int


class TimelineLine(Schema):
    """One thing that happened in a case."""

    at: datetime
    kind: str
    by: str = Field(description="Who did it.")
    summary: str
    body: str | None = Field(description="What was written, if anything was.")
    covered: bool = Field(description="Something was written, and this key may not read it.")


class Timeline(Schema):
    """The story of a case, the newest last."""

    items: list[TimelineLine]


class CaseReport(Schema):
    """A report as it was told."""

    number: str
    received_at: datetime
    codes: list[str]
    found_codes: list[str]
    covered: bool = Field(description="This key may not read what was told.")
    narrative: str | None
    messages: list[Message]


class CaseReports(Schema):
    """The reports of a case, the oldest first."""

    items: list[CaseReport]


class Action(Schema):
    """Something done to an account, an order or a pair."""

    id: str
    type: str
    target: Target
    detail: dict[str, Any] = Field(description='More where the type is not enough: {"feature": "alcohol"}.')
    protective: bool
    interim: bool
    status: Literal["requested", "applied", "failed", "reversed", "expired"]
    reason_code: str
    starts_at: datetime
    ends_at: datetime | None
    reversed_at: datetime | None


class ActionPage(Listed):
    """Actions, newest first."""

    items: list[Action]


class VerificationResult(Schema):
    """One result, as it was told."""

    external_id: str
    outcome: Literal["passed", "failed"]
    method: str
    attempts: int
    at: datetime
    evidence_sha256: str


class Verification(Schema):
    """One kind of verification of one order."""

    id: str
    order: str
    kind: Literal["pin", "photo", "receipt", "age"]
    state: Literal["demanded", "passed", "failed", "missing", "dropped"] = Field(
        description=(
            "missing: delivered, and no result came in time; one that comes later still counts. dropped: the "
            "order was cancelled."
        )
    )
    reason_code: str = Field(
        description="The first reason of the answer that demanded it; empty when it was not demanded."
    )
    demanded_at: datetime | None
    settled_at: datetime | None
    attempts: int
    results: list[VerificationResult]


class VerificationList(Schema):
    """Those of one order."""

    items: list[Verification]


class Decision(Schema):
    """A decision without its facts: those are in the notice."""

    id: str
    case: str
    finding: str
    clause: str
    policy_version: str | None
    standard_of_proof: str
    state: str
    decided_at: datetime
    appeal_until: datetime | None
    account: Target | None
    proposed_step: str | None
    chosen_step: str | None
    automated: str


class Case(CaseBrief):
    """A case with its people, reports, alerts, actions and decisions."""

    parties: list[CaseParty]
    reports: list[str]
    alerts: list[CaseAlert]
    actions: list[Action]
    decisions: list[Decision]


class Clause(Schema):
    """A clause somebody can be found to have broken."""

    clause: str
    title: str
    violation_code: str
    policy_version: str
    applies_to: list[str]


class ClauseList(Schema):
    """Clauses, those about the case's own codes first."""

    items: list[Clause]


class Weight(Schema):
    """Something a clause weighs."""

    name: str
    words: str


class Proposal(Schema):
    """What the policy proposes."""

    clause: str
    title: str
    text: str
    policy_version: str
    step: str = Field(description="`none` when the standard of proof carries no step.")
    days: int | None
    feature: str
    level: int
    second_reader: bool
    proof: str = Field(description="The standard of proof the step needs.")
    prior: int = Field(description="Earlier breaches that still count.")
    reasons: list[str]
    aggravators: list[Weight]
    mitigators: list[Weight]


class Skipped(Schema):
    """Something that could not be used."""

    path: str = Field(description="Where it stands in the document.")
    said: str = Field(description="Why it could not be used.")


class IndicatorImport(Schema):
    """What a document brought."""

    id: str
    standard: str
    tlp: str = Field(description="The strictest marking in it.")
    counts: dict[str, int] = Field(description="Indicators that were new, updated, unchanged or recalled.")
    skipped: list[Skipped]
    ignored: dict[str, int] = Field(description="What else stood in it, by its own word.")
    imported_at: datetime


class Appeal(Schema):
    """An appeal without its text."""

    id: str
    decision: str
    state: str
    outcome: str
    reviewer: str | None = Field(description="The staff id of whoever hears it.")
    lodged_at: datetime
    decided_at: datetime | None


class AppealPage(Listed):
    """Appeals, oldest first."""

    items: list[Appeal]


class AppealOpened(Appeal):
    """An appeal with what the person wrote."""

    case: str
    grounds: str | None = Field(description="Null for those who may not read it yet.")


class Notice(Schema):
    """A letter to an account holder, to show in your own app."""

    id: str
    kind: str
    issued_at: datetime
    language: str
    subject: str
    body: str
    statement: dict[str, Any] = Field(
        description="The statement of reasons as data; empty for other letters."
    )
    decision: str | None
    can_appeal: bool
    link: str = Field(description="Where its reader opens it. Empty for personal keys.")


class NoticePage(Listed):
    """Letters, newest first."""

    items: list[Notice]


class Webhook(Schema):
    """An endpoint that is told."""

    id: str
    url: str
    topics: list[str]
    description: str
    created_at: datetime
    disabled_at: datetime | None


class WebhookMade(Webhook):
    """An endpoint with its secret."""

    secret: str = Field(description="Shown once. It signs every delivery.")


class WebhookList(Schema):
    """The endpoints in use."""

    items: list[Webhook]


class Delivery(Schema):
    """One thing that went, or is about to go, to an endpoint."""

    id: str
    topic: str
    state: str
    attempts: int
    created_at: datetime
    done_at: datetime | None
    last_error: str


class DeliveryPage(Schema):
    """Deliveries, newest first."""

    items: list[Delivery]
    next_cursor: str = Field(description=_CURSOR)


class Event(Schema):
    """An event as it was taken in, without its personal fields."""

    seq: int
    id: str
    type: str
    ts: datetime
    received_at: datetime
    region: str
    entities: dict[str, str]
    fields: dict[str, Any]
    verdict: str


class EventPage(Listed):
    """Events, newest first."""

    items: list[Event]
