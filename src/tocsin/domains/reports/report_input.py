"""What a report is made of when it comes in, on whatever channel, and whether it can be taken. Pure.

Almost everything can be taken: a report with a single sentence is a report. Only what cannot be understood
at all (an unknown code, a time that lies ahead, a text beyond any length) is refused, with its path.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from tocsin.core.errors import InvalidInput
from tocsin.domains.people.vocabulary import LANGUAGE, REGION, nearest
from tocsin.domains.reports.answers import given
from tocsin.domains.reports.taxonomy import UNCLASSIFIED, Taxonomy, current
from tocsin.domains.reports.triage import AGGRAVATORS

LONGEST_NARRATIVE = 20_000
LONGEST_ANSWER = 4_000
MOST_CODES = 10
CHANNELS = ("phone", "web", "app", "email", "sms", "chat", "api")
Channel = Literal["phone", "web", "app", "email", "sms", "chat", "api"]
ReporterKind = Literal["customer", "shopper", "bystander", "store_staff", "employee", "anonymous"]
#: Clocks of two houses never agree exactly.
_SKEW = dt.timedelta(minutes=5)
_EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_FACT_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST = {
    "contact_rules": 500,
    "external_id": 64,
    "injuries": 2000,
    "on_behalf_of": 120,
    "order": 500,
    "place": 500,
    "police_number": 60,
    "wanted_outcome": 2000,
}


class ReporterInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who tells us. ``account`` is the marketplace's id. Everything but the kind may be missing."""

    kind: ReporterKind = "anonymous"
    account: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""


class SubjectInput(msgspec.Struct, forbid_unknown_fields=True):
    """The account it is about, by the marketplace's id."""

    kind: Literal["customer", "shopper"]
    id: str


class ReportInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A report as told.

    Attributes:
        kind: one code, a short form of ``codes``.
        codes: what is alleged, by codes of the taxonomy; none means that a person will classify it.
        narrative: the reporter's own words, in ``language`` (BCP 47).
        order: the marketplace's order id, or a link that holds it; taken as a claim.
        occurred_at: aware. ``zone`` is where it happened, an IANA name.
        facts: answers to the taxonomy's questions, by key.
        aggravators: see ``triage.AGGRAVATORS``.
        notice_version: the privacy notice that was shown.
        external_id: the id of this report where it comes from; sent again with it, it is taken in once.
    """

    narrative: str
    kind: str = ""
    codes: list[str] = []
    language: str = "en"
    reporter: ReporterInput = msgspec.field(default_factory=ReporterInput)
    on_behalf_of: str = ""
    subject: SubjectInput | None = None
    order: str = ""
    occurred_at: dt.datetime | None = None
    zone: str = ""
    region: str = ""
    place: str = ""
    safe_now: Literal["yes", "no", "unknown"] = "unknown"
    injuries: str = ""
    police_told: bool | Literal["yes", "no", "unknown"] | None = None
    police_number: str = ""
    wanted_outcome: str = ""
    contact_rules: str = ""
    access_mode: str = ""
    facts: dict[str, Any] = {}
    aggravators: list[str] = []
    notice_version: str = ""
    external_id: str = ""

    def all_codes(self) -> list[str]:
        """The alleged codes, each once, in the order they were given."""
        return list(dict.fromkeys([*([self.kind] if self.kind else []), *self.codes]))

    def answers(self) -> dict[str, Any]:
        """Every answer by fact key, as triage and completeness read them."""
        told: dict[str, Any] = {
            "contact_rules": self.contact_rules,
            "injuries": self.injuries,
            "language": self.language,
            "narrative": self.narrative,
            "occurred_at": self.occurred_at,
            "order": self.order,
            "place": self.place,
            "police_number": self.police_number,
            "police_told": self.police_told,
            "reporter_role": self.reporter.kind if self.reporter.kind != "anonymous" else "",
            "safe_now": self.safe_now,
            "wanted_outcome": self.wanted_outcome,
            "access_needs": self.access_mode,
        }
        return {**self.facts, **{key: value for key, value in told.items() if given(value)}}


def read(data: Mapping[str, Any]) -> ReportInput:
    """A report from JSON-like data.

    Raises:
        InvalidInput: with the path of what cannot be read.
    """
    try:
        return msgspec.convert(dict(data), ReportInput)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `")
        name = path.rstrip("`").removeprefix("$").removeprefix(".") or "report"
        raise _refused({name: what}) from error


def check(report: ReportInput, *, now: dt.datetime, taxonomy: Taxonomy | None = None) -> None:
    """Do nothing when the report can be taken.

    Raises:
        InvalidInput: with everything that cannot, by path.
    """
    using = taxonomy or current()
    bad = _codes(report, using) | _texts(report) | _facts(report)
    if not report.narrative.strip():
        bad["narrative"] = "Please say in a few words what happened."
    elif len(report.narrative) > LONGEST_NARRATIVE:
        bad["narrative"] = (
            f"This has {len(report.narrative)} characters, and {LONGEST_NARRATIVE} fit. "
            "Send the first part now and add the rest as a message."
        )
    bad |= _when_and_where(report, now)
    for place, name in enumerate(report.aggravators):
        if name not in AGGRAVATORS:
            bad[f"aggravators[{place}]"] = f"Known are {', '.join(AGGRAVATORS)}."
    if bad:
        raise _refused(bad)


def _refused(fields: Mapping[str, str]) -> InvalidInput:
    return InvalidInput(
        "Some of this could not be read, so the report was not sent yet.",
        "Correct what is marked and send it again.",
        saved="Nothing you wrote was lost.",
        fields=fields,
    )


def _codes(report: ReportInput, taxonomy: Taxonomy) -> dict[str, str]:
    bad = {}
    named = [("kind", report.kind)] if report.kind else []
    named += [(f"codes[{place}]", code) for place, code in enumerate(report.codes)]
    if len(named) > MOST_CODES:
        bad["codes"] = f"At most {MOST_CODES} codes; choose those that fit best."
    for path, code in named[: MOST_CODES + 1]:
        if taxonomy.find(code) is None:
            bad[path] = (
                f"There is no code {code[:60]!r}{nearest(code[:60], taxonomy.codes())} "
                f"Use {UNCLASSIFIED} when none fits."
            )
    return bad


def _texts(report: ReportInput) -> dict[str, str]:
    bad = {
        name: f"This is longer than {longest} characters."
        for name, longest in _LONGEST.items()
        if len(getattr(report, name)) > longest
    }
    if "\0" in report.external_id:
        bad["external_id"] = "This holds a character that cannot be stored."
    who = report.reporter
    for name, longest in (("account", 64), ("name", 200), ("phone", 40), ("email", 254)):
        if len(getattr(who, name)) > longest:
            bad[f"reporter.{name}"] = f"This is longer than {longest} characters."
    if who.email and ("@" not in who.email or any(sign.isspace() for sign in who.email.strip())):
        bad["reporter.email"] = "An e-mail address looks like name@example.com."
    if not LANGUAGE.fullmatch(report.language):
        bad["language"] = "A language is written like en or es-MX."
    if report.region and not REGION.fullmatch(report.region):
        bad["region"] = "A region is written like US-CA."
    return bad


def _facts(report: ReportInput) -> dict[str, str]:
    bad = {}
    if len(report.facts) > 60:
        bad["facts"] = "At most 60 answers."
    for key, value in list(report.facts.items())[:60]:
        path = f"facts.{key[:40]}"
        if not _FACT_KEY.fullmatch(key):
            bad[path] = "The name of an answer is made of small letters, digits and underscores."
        elif not isinstance(value, str | int | float | bool | None):
            bad[path] = "An answer is a text, a number, true or false."
        elif isinstance(value, str) and len(value) > LONGEST_ANSWER:
            bad[path] = f"This is longer than {LONGEST_ANSWER} characters."
    return bad


def _when_and_where(report: ReportInput, now: dt.datetime) -> dict[str, str]:
    bad = {}
    at = report.occurred_at
    if at is not None and at.tzinfo is None:
        bad["occurred_at"] = "This time has no offset; add one, as in 2026-03-01T17:30:00-08:00."
    elif at is not None and at > now + _SKEW:
        bad["occurred_at"] = "This time lies in the future. Check the day and the hour."
    elif at is not None and at < _EARLIEST:
        bad["occurred_at"] = "This time lies too far back. Check the year."
    if report.zone:
        try:
            ZoneInfo(report.zone)
        except (KeyError, ValueError, OSError):
            bad["zone"] = "A time zone is written like America/Los_Angeles."
    return bad
