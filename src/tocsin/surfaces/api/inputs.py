"""Shapes of what is sent. Unknown fields are refused, with their place."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

_ID = r"^[A-Za-z0-9_.:-]{1,64}$"
_LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
_EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LATEST = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)


def _in_range(at: dt.datetime) -> dt.datetime:
    # compared with its own offset: far outside, turning it into UTC would overflow
    if not _EARLIEST.year <= at.year < _LATEST.year:
        raise ValueError("this time lies outside of 1970 to 9000")
    return at


def _written_out(at: Any) -> Any:
    # the framework would read a number as seconds since 1970, also one that somebody mistyped
    if not isinstance(at, str | dt.datetime) or (isinstance(at, str) and "-" not in at[1:]):
        raise PydanticCustomError("datetime_type", "This should be a time.")
    return at


#: A moment with its offset, between 1970 and 9000.
Moment = Annotated[AwareDatetime, AfterValidator(_in_range), BeforeValidator(_written_out)]
#: An id of the marketplace's own.
ExternalId = Annotated[str, Field(pattern=_ID, examples=["c-1042"])]
#: An id of Tocsin's.
TocsinId = Annotated[str, Field(min_length=1, max_length=60)]
Language = Annotated[str, Field(pattern=_LANGUAGE, max_length=20, examples=["es-MX"], description="BCP 47.")]
#: Anything JSON can say but a number too large to keep; each kind of thing says what it takes.
_SCALAR = {"type": ["string", "number", "boolean", "null"]}
Scalar = Annotated[Any, WithJsonSchema(_SCALAR)]
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


class Strict(Schema):
    """A body in which every unknown field is an error."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class LinkIn(Strict):
    """Something else this one is connected with."""

    kind: EntityKind
    id: ExternalId
    relation: str = Field(pattern=r"^[a-z][a-z_]{1,39}$", examples=["uses"])


class EntityIn(Strict):
    """What you know of one thing. What is not named stays as it is; null clears it."""

    attributes: dict[str, Any] = Field(
        default={},
        description=(
            "By kind. customer, shopper: name email phone language region zone created_at status "
            "home_address access_needs. store: name region zone lat lon. order: customer shopper store "
            "address status total_minor currency placed_at delivered_at items_count. payment_instrument: "
            "owner fingerprint brand last4. address: line1 unit city postcode lat lon. updated_at says when "
            "a state was true. Money is in minor units. A card number is refused."
        ),
        examples=[{"name": "Ana Ruiz", "email": "ana@example.com", "region": "US-CA", "language": "es"}],
    )
    links: list[LinkIn] = Field(default=[], max_length=100)


class EntityInBatch(EntityIn):
    """One thing of a batch."""

    kind: EntityKind
    id: ExternalId


class EntityBatch(Strict):
    """Up to 1,000 things: all are taken, or none."""

    entities: list[EntityInBatch] = Field(min_length=1, max_length=1000)


class PartyRef(Strict):
    """An account, by your own id."""

    kind: Literal["customer", "shopper"]
    id: ExternalId


class ReporterIn(Strict):
    """Who reports. ``account`` is your own id; a contact is enough to follow up without one."""

    kind: Literal["customer", "shopper", "bystander", "store_staff", "anonymous"]
    account: ExternalId | None = None
    name: str | None = Field(default=None, max_length=200)
    phone: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=254)


class ReportIn(Strict):
    """A report, as it was told. A single sentence is a report."""

    kind: str | None = Field(default=None, max_length=60, description="One code, a short form of `codes`.")
    codes: list[str] = Field(
        default=[], max_length=10, description="What is alleged. None: a person classifies it.",
        examples=[["SAF.threat"]],
    )  # fmt: skip
    narrative: str = Field(min_length=1, max_length=20_000, description="The reporter's own words.")
    language: Language = "en"
    reporter: ReporterIn
    on_behalf_of: str | None = Field(default=None, max_length=120)
    subject: PartyRef | None = None
    order: ExternalId | None = None
    occurred_at: Moment | None = None
    zone: str | None = Field(default=None, max_length=60, examples=["America/Los_Angeles"])
    region: str | None = Field(default=None, max_length=20, examples=["US-CA"])
    place: str | None = Field(default=None, max_length=500)
    safe_now: Literal["yes", "no", "unknown"] = "unknown"
    injuries: str | None = Field(default=None, max_length=2000)
    police_told: bool | None = None
    police_number: str | None = Field(default=None, max_length=60)
    wanted_outcome: str | None = Field(default=None, max_length=2000)
    contact_rules: str | None = Field(default=None, max_length=500, examples=["By e-mail only, never call."])
    external_id: str | None = Field(
        default=None,
        max_length=64,
        description="Your own id of this report. The same report again gets the first answer; "
        "another one under it is refused.",
    )
    facts: dict[str, Scalar] = Field(
        default={}, description="Answers to the questions of the codes, by name."
    )


class TextIn(Strict):
    """A message."""

    text: str = Field(min_length=1, max_length=10_000)


class NoteIn(Strict):
    """A note for the file."""

    text: str = Field(min_length=1, max_length=20_000)


class CaseMessageIn(TextIn):
    """A message to the reporter of one of the case's reports."""

    report: str = Field(max_length=60, description="The number of the report.")
    question: bool = Field(default=False, description="The case waits for the answer.")


class ReasonIn(Strict):
    """Why, for the file."""

    reason: str = Field(min_length=3, max_length=5000)


class SeverityIn(ReasonIn):
    """How severe it is after all."""

    severity: Literal["S0", "S1", "S2", "S3", "S4"]


class MergeIn(ReasonIn):
    """Into which case, by id or reference."""

    into: TocsinId
    revision: int | None = None


class DispositionIn(Strict):
    """What an alert turned out to be."""

    state: Literal["confirmed", "cleared"]


class AssignIn(Strict):
    """To whom a case is given."""

    staff: TocsinId | None = Field(default=None, description="A staff id; left out, you take it yourself.")
    revision: int | None = Field(default=None, description="The revision you read; a newer one is a 409.")


class CloseIn(Strict):
    """How a case ends without a decision about anybody."""

    outcome: Literal["action_taken", "no_breach", "inconclusive", "false_report", "no_action_needed"]
    reason: str = Field(min_length=3, max_length=5000, description="For the file.")
    revision: int | None = None


class ProtectIn(Strict):
    """A measure that protects now, ends by itself, and is no finding."""

    type: Literal[
        "lock_account", "hold_order", "unmatch", "step_up", "hold_payout", "hold_refund", "suspend_interim"
    ]
    account: TocsinId | None = Field(default=None, description="account_id of a party, where it needs one.")


class DecisionIn(Strict):
    """A finding under a written clause. ``step`` left out takes the step the policy proposes."""

    subject: TocsinId = Field(description="account_id of one of the case's parties.")
    finding: Literal["substantiated", "not_substantiated", "inconclusive", "false_report"]
    clause: str = Field(default="", max_length=40, examples=["C1.8"])
    standard_of_proof: Literal["reasonable_suspicion", "reasonable_belief", "preponderance"]
    facts_internal: str = Field(max_length=5000, description="The facts relied on, for the file.")
    facts_disclosable: str = Field(
        default="", max_length=5000, description="The facts as the person may read them; never who reported."
    )
    aggravators: list[Annotated[str, Field(max_length=40)]] = Field(
        default=[],
        max_length=20,
        description="What makes it worse, of what the clause weighs (see the proposal).",
    )
    mitigators: list[Annotated[str, Field(max_length=40)]] = Field(default=[], max_length=20)
    step: str = Field(default="", max_length=24, examples=["suspend_fixed"])
    days: int | None = Field(default=None, ge=1, le=366)
    feature: str = Field(default="", max_length=40, description="Which feature `restrict_feature` limits.")
    deviation_reason: str = Field(
        default="", max_length=5000, description="Needed when the step or its length is not the proposed one."
    )
    unmatch: bool = Field(default=False, description="Keep the customer and the shopper apart from now on.")
    revision: int | None = None


class SecondReadIn(Strict):
    """What the second reader says."""

    agree: bool
    note: str = Field(default="", max_length=5000)


class UndoIn(Strict):
    """Why a decision was a mistake. The person it was about reads this."""

    reason: str = Field(min_length=10, max_length=5000)


class IndicatorsIn(Strict):
    """A document that somebody shared with you."""

    source: str = Field(min_length=2, max_length=200, description="Who shared it.")
    reason: str = Field(min_length=3, max_length=500, description="Why it is taken in.")
    document: dict[str, Any] = Field(description="A STIX 2.1 bundle or a MISP event, as it is.")


class AppealIn(Strict):
    """Why the account holder thinks that the decision is wrong, in their words."""

    grounds: str = Field(min_length=10, max_length=10_000)
    language: Language = "en"


class AppealDecisionIn(Strict):
    """The answer to an appeal. All but uphold undo everything the decision caused."""

    outcome: Literal["uphold", "modify", "reverse", "remand"]
    reasons: str = Field(min_length=10, max_length=5000, description="The account holder reads these.")


class ConfirmationIn(Strict):
    """Whether you carried an action out."""

    status: Literal["applied", "failed"]
    detail: str = Field(default="", max_length=2000)


class VerificationIn(Strict):
    """How one verification of an order went. There is no field for a PIN or a document on purpose."""

    external_id: ExternalId = Field(description="Your id of this result: told twice, it counts once.")
    kind: Literal["pin", "photo", "receipt", "age"]
    outcome: Literal["passed", "failed"]
    method: str = Field(
        pattern=r"^[a-z][a-z_]{1,39}$", description="How it was done.", examples=["code_in_app", "id_scan"]
    )
    attempts: int = Field(ge=1, le=100, description="Tries until then, this one included.")
    at: Moment
    evidence_sha256: str = Field(
        default="",
        pattern=r"^([0-9a-fA-F]{64})?$",
        description="Of the photo or receipt that you keep, in hex.",
    )


class WebhookIn(Strict):
    """Where to be told, and of what."""

    url: str = Field(min_length=8, max_length=500, examples=["https://shop.example/tocsin"])
    topics: list[Annotated[str, Field(max_length=40)]] = Field(
        default=[], max_length=40, description="None: every public topic."
    )
    description: str = Field(default="", max_length=200)
