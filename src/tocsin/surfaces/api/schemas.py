"""Shapes of the API. Unknown fields are refused, with their path."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

ExternalId = Field(pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")


class Strict(Schema):
    """A body in which every unknown field is an error."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


EntityKind = Literal[
    "customer",
    "shopper",
    "store",
    "order",
    "device",
    "payment_instrument",
    "address",
    "payout_account",
    "phone",
]


class LinkIn(Strict):
    kind: EntityKind
    id: str = ExternalId
    relation: str = Field(pattern=r"^[a-z_]{1,40}$")


class EntityIn(Strict):
    attributes: dict[str, Any] = {}
    links: list[LinkIn] = Field(default=[], max_length=100)


class EntityInBatch(EntityIn):
    kind: EntityKind
    id: str = ExternalId


class EntityBatch(Strict):
    entities: list[EntityInBatch] = Field(min_length=1, max_length=1000)


class EntityOut(Schema):
    kind: str
    id: str
    attributes: dict[str, Any]
    hidden: list[str] = Field(default=[], description="Attributes too sensitive for this door.")
    standing: str | None = Field(default=None, description="Of an account: what our actions make of it.")


class EntityWritten(Schema):
    kind: str
    id: str
    outcome: Literal["created", "updated", "unchanged", "stale"]


class EntityBatchOut(Schema):
    written: list[EntityWritten]


class PartyRef(Strict):
    kind: Literal["customer", "shopper"]
    id: str = ExternalId


class ReporterIn(Strict):
    kind: Literal["customer", "shopper", "bystander", "store_staff", "anonymous"]
    account: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")
    name: str | None = Field(default=None, max_length=200)
    phone: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=254)


class ReportIn(Strict):
    codes: list[str] = Field(default=[], max_length=10)
    narrative: str = Field(min_length=1, max_length=20_000)
    language: str = Field(default="en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    reporter: ReporterIn
    on_behalf_of: str | None = Field(default=None, max_length=120)
    subject: PartyRef | None = None
    order: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")
    occurred_at: datetime | None = None
    zone: str | None = Field(default=None, max_length=60)
    region: str | None = Field(default=None, max_length=20)
    place: str | None = Field(default=None, max_length=500)
    safe_now: Literal["yes", "no", "unknown"] = "unknown"
    injuries: str | None = Field(default=None, max_length=2000)
    police_told: bool | None = None
    police_number: str | None = Field(default=None, max_length=60)
    wanted_outcome: str | None = Field(default=None, max_length=2000)
    contact_rules: str | None = Field(default=None, max_length=500)
    external_id: str | None = Field(default=None, max_length=64)
    facts: dict[str, str | int | float | bool | None] = {}


class ReportFiled(Schema):
    number: str
    number_digits: str
    pin: str | None = Field(description="Shown once. It cannot be read again.")
    severity: str
    status: str
    next_update_by: datetime | None
    guidance: list[str]


class MessageOut(Schema):
    direction: str
    kind: str
    at: datetime
    text: str


class ReportOut(Schema):
    number: str
    status: str
    severity: str
    received_at: datetime
    codes: list[str]
    completeness: int
    gaps: list[str]
    next_update_by: datetime | None
    case: str | None
    messages: list[MessageOut]


class TextIn(Strict):
    text: str = Field(min_length=1, max_length=10_000)


class EvidenceOut(Schema):
    id: str
    sha256: str
    size: int
    media_type: str
    received_at: datetime


class CasePartyOut(Schema):
    part: str
    kind: str
    id: str
    status: str
    account_id: str = Field(description="Tocsin's own id, for naming the subject of a decision.")


class CaseBrief(Schema):
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


class CasePage(Schema):
    items: list[CaseBrief]
    next_cursor: str
    hidden: int = Field(
        description="Cases that match and that access rules hide from this key (stops at 1,000)."
    )


class ActionOut(Schema):
    id: str
    type: str
    target: dict[str, str]
    protective: bool
    interim: bool
    status: str
    reason_code: str
    starts_at: datetime
    ends_at: datetime | None
    reversed_at: datetime | None


class ActionPage(Schema):
    items: list[ActionOut]


class DecisionOut(Schema):
    id: str
    case: str
    finding: str
    clause: str
    policy_version: str | None
    standard_of_proof: str
    state: str
    decided_at: datetime
    appeal_until: datetime | None
    account: dict[str, str] | None
    proposed_step: str | None
    chosen_step: str | None
    automated: str


class CaseOut(CaseBrief):
    parties: list[CasePartyOut]
    reports: list[str]
    alerts: list[dict[str, Any]]
    actions: list[ActionOut]
    decisions: list[DecisionOut]


class AssignIn(Strict):
    staff: str | None = Field(
        default=None, description="A staff id; empty takes the case oneself.", max_length=40
    )
    revision: int | None = None


class DecisionIn(Strict):
    subject: str = Field(description="account_id of one of the case's parties", max_length=40)
    finding: Literal["substantiated", "not_substantiated", "inconclusive", "false_report"]
    clause: str = Field(default="", max_length=40)
    standard_of_proof: Literal["reasonable_suspicion", "reasonable_belief", "preponderance"]
    facts_internal: str = Field(max_length=5000)
    facts_disclosable: str = Field(default="", max_length=5000)
    step: str = Field(default="", max_length=24)
    days: int | None = Field(default=None, ge=1, le=30)
    deviation_reason: str = Field(default="", max_length=5000)
    unmatch: bool = False
    revision: int | None = None


class AppealIn(Strict):
    grounds: str = Field(min_length=10, max_length=10_000)
    language: str = Field(default="en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


class AppealOut(Schema):
    id: str
    decision: str
    state: str
    outcome: str
    lodged_at: datetime
    decided_at: datetime | None


class AppealDecisionIn(Strict):
    outcome: Literal["uphold", "modify", "reverse", "remand"]
    reasons: str = Field(min_length=10, max_length=5000)


class SecondReadIn(Strict):
    agree: bool
    note: str = Field(default="", max_length=5000)


class NoticeOut(Schema):
    id: str
    kind: str
    issued_at: datetime
    language: str
    subject: str
    body: str
    statement: dict[str, Any]
    decision: str | None
    can_appeal: bool
    link: str


class NoticePage(Schema):
    items: list[NoticeOut]


class ConfirmationIn(Strict):
    status: Literal["applied", "failed"]
    detail: str = Field(default="", max_length=2000)


class WebhookIn(Strict):
    url: str = Field(min_length=8, max_length=500)
    topics: list[str] = Field(default=[], max_length=40, description="Empty: every public topic.")
    description: str = Field(default="", max_length=200)


class WebhookOut(Schema):
    id: str
    url: str
    topics: list[str]
    description: str
    created_at: datetime
    disabled_at: datetime | None


class WebhookMade(WebhookOut):
    secret: str = Field(description="Shown once. Signs every delivery.")


class WebhookList(Schema):
    items: list[WebhookOut]


class DeliveryOut(Schema):
    id: str
    topic: str
    state: str
    attempts: int
    created_at: datetime
    done_at: datetime | None
    last_error: str


class DeliveryPage(Schema):
    items: list[DeliveryOut]


class EventOut(Schema):
    seq: int
    id: str
    type: str
    ts: datetime
    received_at: datetime
    region: str
    entities: dict[str, str]
    fields: dict[str, Any]
    verdict: str


class EventPage(Schema):
    items: list[EventOut]
    next_cursor: str
    hidden: int
