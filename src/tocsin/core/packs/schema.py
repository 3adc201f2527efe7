"""The form of a jurisdiction pack: law, and our own defaults, as data that counsel can edit.

Every value carries its source and a mark: V (read in an official text), S (read second-hand), R (recalled and
not read again), D (a default this project chose). Nothing in a pack is a bare number.

A pack is identified by its place: ``default``, a country (``US``), a state (``US-CA``), a city
(``US-NY-NYC``), or a union with ``members`` (``EU``). A longer id lies inside the shorter one.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from tocsin.core.clocks.calendars import CalendarSpec
from tocsin.core.clocks.spec import Mark, Pause

Unit = Literal["second", "minute", "hour", "day", "month", "year", "count"]
CountBasis = Literal["elapsed", "calendar", "business", "count"]

_BASES: dict[str, set[str]] = {
    "second": {"elapsed"},
    "minute": {"elapsed"},
    "hour": {"elapsed"},
    "day": {"calendar", "business"},
    "month": {"calendar"},
    "year": {"calendar"},
    "count": {"count"},
}


class Cited(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every value of a pack says about itself. ``effective`` is the first day it applies, if later."""

    source: str
    mark: Mark
    note: str = ""
    effective: date | None = None

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise ValueError("a value needs its source")

    @property
    def verify_with_counsel(self) -> bool:
        """Recalled and not read again: it must be checked before anybody relies on it."""
        return self.mark == "R"


class Number(Cited, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A length of time or a count. ``starts`` says what it is counted from; ``extension`` is the extra time
    the same rule allows once, in the same unit and basis."""

    value: int
    unit: Unit
    basis: CountBasis
    starts: str = ""
    pause: Pause = "never"
    extension: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value < 0 or (self.extension is not None and self.extension <= 0):
            raise ValueError("a number of a pack is not negative, and an extension adds something")
        if self.basis not in _BASES[self.unit]:
            raise ValueError(f"a number of {self.unit}s cannot have the basis {self.basis}")


class Flag(Cited, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A duty that applies or does not."""

    value: bool


class Consent(Cited, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose consent a recording needs."""

    value: Literal["one_party", "all_party"]


class Words(Cited, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A list of codes, languages or names."""

    value: tuple[str, ...]


class Text(Cited, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One short text, such as a telephone number."""

    value: str


class Deactivation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ending or limiting a worker's access.

    ``trigger``: a restriction longer than this is a deactivation. ``notice``: time before it takes effect,
    unless the reason is one of ``egregious``. ``economic_notice``: the same for business reasons.
    ``reasons``: latest time for written reasons. ``challenge``: how long the worker may challenge it.
    ``decide``: how long we may take to answer. ``publish_lead``: how long a policy must have been public
    before it binds. ``zero_tolerance``: a report of one of these suspends at once, then comes the
    investigation.
    """

    trigger: Number | None = None
    notice: Number | None = None
    economic_notice: Number | None = None
    reasons: Number | None = None
    challenge: Number | None = None
    decide: Number | None = None
    records: Number | None = None
    publish_lead: Number | None = None
    human_only: Flag | None = None
    just_cause: Flag | None = None
    progressive_discipline: Flag | None = None
    egregious: Words | None = None
    zero_tolerance: Words | None = None


class Appeals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Appeals by anybody: how long they may be lodged, and our clocks from receipt."""

    window: Number | None = None
    acknowledge: Number | None = None
    decide: Number | None = None
    limit: Number | None = None
    remedy: Number | None = None


class Vetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Background checks. ``wait``: between the notice before and the final adverse decision; ``wait_more``:
    added when the record is disputed. ``dispute``: what the reporting agency has to answer a dispute."""

    conditional_offer_first: Flag | None = None
    bifurcate: Flag | None = None
    arrests_considered: Flag | None = None
    lookback: Number | None = None
    wait: Number | None = None
    wait_more: Number | None = None
    dispute: Number | None = None
    statutory_bars: Words | None = None


class TrainingGate(Cited, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A course that must be passed before something may be done."""

    course: str
    before: str
    repeat: Number | None = None


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Requests about one's data, and breaches of it. ``breach_threshold`` is a number of residents.

    ``glass``: how long break-glass access lasts; ``glass_review``: how soon somebody else looks at its use.
    """

    acknowledge: Number | None = None
    answer: Number | None = None
    opt_out: Number | None = None
    request_log: Number | None = None
    breach_authority: Number | None = None
    breach_people: Number | None = None
    breach_sample: Number | None = None
    breach_threshold: Number | None = None
    glass: Number | None = None
    glass_review: Number | None = None


class LawEnforcement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Requests by authorities."""

    preservation: Number | None = None
    subpoena: Number | None = None
    emergency: Number | None = None
    user_notice: Number | None = None
    production_link: Number | None = None
    order: Number | None = None
    order_emergency: Number | None = None
    order_preservation: Number | None = None


class Charges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Charges somebody did not make: the clocks that bind the customer and the bank, for the claim kit."""

    debit_report: Number | None = None
    debit_answer: Number | None = None
    debit_limit: Number | None = None
    card_report: Number | None = None
    card_acknowledge: Number | None = None
    card_limit: Number | None = None


class Response(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast we act on one severity: a person answers, harm is stopped, somebody owns it, news is given."""

    answer_phone: Number | None = None
    answer: Number | None = None
    lock: Number | None = None
    protect: Number | None = None
    owner: Number | None = None
    update: Number | None = None
    route: Number | None = None


class Severities(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="upper"):
    """Objectives by severity, S0 (life at risk now) to S4 (routine)."""

    s0: Response = Response()
    s1: Response = Response()
    s2: Response = Response()
    s3: Response = Response()
    s4: Response = Response()


class Reporting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Reports: recoding of unclassified ones, and the clocks of people who report without a name."""

    recode: Number | None = None
    anonymous_acknowledge: Number | None = None
    anonymous_feedback: Number | None = None


class Enforcement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long a protective or final measure may stand before a person looks at it again."""

    interim_suspension: Number | None = None
    interim_notice: Number | None = None
    money_hold: Number | None = None
    block_review: Number | None = None
    step_up_fallback: Number | None = None
    restriction_review: Number | None = None
    reregistration_review: Number | None = None
    strike_life: Number | None = None
    new_payout_hold: Number | None = None


class Verification(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Order verification: how long after a delivery its result is waited for."""

    report: Number | None = None


class PolicyClocks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Policies: notice of a material change, ratification of an emergency text, exceptions, review."""

    change_notice: Number | None = None
    ratify: Number | None = None
    exception: Number | None = None
    review: Number | None = None


class Preemption(Cited, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """This pack's law leaves no room, in one section, for packs of places inside it."""

    section: str


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A country to which the pack of a union applies."""

    id: str
    name: str
    languages: tuple[str, ...]


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One jurisdiction. ``counsel`` names who reviewed it; empty means that nobody has."""

    id: str
    name: str
    version: str
    effective: date
    sources: tuple[str, ...]
    calendars: tuple[CalendarSpec, ...]
    counsel: str = ""
    open_points: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    preempts: tuple[Preemption, ...] = ()
    recording_consent: Consent | None = None
    languages: Words | None = None
    emergency_numbers: dict[str, Text] = {}
    training_gates: tuple[TrainingGate, ...] = ()
    deactivation: Deactivation = Deactivation()
    appeals: Appeals = Appeals()
    vetting: Vetting = Vetting()
    privacy: Privacy = Privacy()
    le: LawEnforcement = LawEnforcement()
    charges: Charges = Charges()
    response: Severities = Severities()
    reporting: Reporting = Reporting()
    enforcement: Enforcement = Enforcement()
    verification: Verification = Verification()
    policies: PolicyClocks = PolicyClocks()

    def __post_init__(self) -> None:
        if not self.calendars:
            raise ValueError(f"pack {self.id}: a pack names at least one calendar")


def values_of(pack: Pack) -> dict[str, Cited]:
    """Every cited value of a pack by its dotted path, such as ``response.S0.answer``."""
    found: dict[str, Cited] = {}
    _collect(pack, "", found)
    return found


def _collect(node: msgspec.Struct, prefix: str, found: dict[str, Cited]) -> None:
    for name, wire in zip(node.__struct_fields__, node.__struct_encode_fields__, strict=True):
        value = getattr(node, name)
        if isinstance(value, Cited):
            found[prefix + wire] = value
        elif isinstance(value, dict):
            found.update({f"{prefix}{wire}.{key}": one for key, one in value.items()})
        elif name == "training_gates":
            found.update({f"{prefix}{wire}.{gate.course}": gate for gate in value})
        elif isinstance(value, msgspec.Struct):
            _collect(value, f"{prefix}{wire}.", found)
