"""Making a report out of what was told: number and PIN, severity, completeness, where it goes, what comes
next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.cards import cover_cards
from tocsin.core.ids import hash_pin, new_id, new_pin, new_report_number, to_digits
from tocsin.core.outbox.notify import tick
from tocsin.domains.reports import claims, details, promises, repeats, suggesting
from tocsin.domains.reports.claims import Claims
from tocsin.domains.reports.completeness import completeness
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.pepper import pin_pepper
from tocsin.domains.reports.report_input import ReportInput
from tocsin.domains.reports.suggesting import raised
from tocsin.domains.reports.taxonomy import current as taxonomy
from tocsin.domains.reports.text_triage import read_text
from tocsin.domains.reports.triage import AGGRAVATORS, Aggravator, Triage, triage

#: There are 2**50 numbers; a second draw practically never happens, and a tenth means that something is
#: broken.
_DRAWS = 10
_ROUTED = {"support": Report.Status.ROUTED_SUPPORT, "privacy": Report.Status.ROUTED_PRIVACY}


@dataclass(frozen=True, slots=True)
class Filed:
    """A report that was taken in.

    ``pin`` is shown this once; it is empty when the report was known already. ``covered`` says that a card
    number stood in it, which we did not keep.
    """

    report: Report
    number: str
    digits: str
    pin: str
    guidance: tuple[str, ...]
    covered: bool = False

    @property
    def repeated(self) -> bool:
        """Whether this report had come in before."""
        return not self.pin


class _KnownAlready(Exception):
    """Somebody filed the same external id at the same moment."""


def file(actor: Actor, channel: str, told: ReportInput, *, region: str, zone: str) -> Filed:
    """File a checked report."""
    known = repeats.known(actor, told)
    if known is not None:
        return _filed(known, "")
    settled = claims.settle(actor, told, region=region, zone=zone)
    reading = read_text(told.narrative)
    found = raised(
        triage(told.all_codes(), told.answers(), _aggravators(told, settled), told.narrative), reading
    )
    report, pin = _draft(channel, told, settled, found), new_pin()
    repeats.mark(report, actor, told)
    report.details_sealed = details.sealed(report, told, suggesting.as_data(reading))
    try:
        with act(actor, "report.file") as work:
            report.next_update_by = promises.start(work, report, unclassified=found.unclassified)
            _insert(work, report, pin)
            work.emit("report.received", _event(report), key=report.pk)
            tick("queue")
    except _KnownAlready:
        known = repeats.known(actor, told)
        if known is None:
            raise
        return _filed(known, "")
    words = _words(told)
    return replace(_filed(report, pin), covered=cover_cards(words) != words)


def _words(told: ReportInput) -> str:
    return " | ".join([told.narrative, *(str(one) for one in told.facts.values())])


def guidance(report: Report) -> tuple[str, ...]:
    """What the person can do now, in the report's language, from the code that weighs most."""
    entries = [entry for code in report.alleged_codes if (entry := taxonomy().find(code))]
    if not entries:
        return ()
    worst = min(entries, key=lambda entry: entry.severity)
    language = report.language.split("-")[0].lower()
    return worst.steps.now.get(language) or worst.steps.now["en"]


def _filed(report: Report, pin: str) -> Filed:
    return Filed(report, report.number, to_digits(report.number), pin, guidance(report))


def _aggravators(told: ReportInput, settled: Claims) -> list[Aggravator]:
    """What makes it worse: as told, and what we know ourselves."""
    known: list[Aggravator] = [one for one in AGGRAVATORS if one in told.aggravators]
    if settled.order is not None and settled.order.is_live:
        known.append("live_delivery")
    # found, not merely alleged: otherwise many false reports would make the next one look graver
    before = Report.objects.filter(subject_account=settled.subject).exclude(found_codes=[])
    if settled.subject is not None and before.exists():
        known.append("same_offender")
    return known


def _draft(channel: str, told: ReportInput, settled: Claims, found: Triage) -> Report:
    complete = completeness(found.codes, told.answers())
    report = Report(
        id=new_id("rep"),
        channel=channel,
        received_at=timezone.now(),
        status=_first_status(found),
        severity=found.severity,
        severity_reasons=[_as_data(reason) for reason in found.reasons],
        severity_set_by="triage",
        alleged_codes=list(found.codes),
        taxonomy_version=taxonomy().version,
        reporter_kind=told.reporter.kind,
        reporter_party=settled.reporter.party if settled.reporter else None,
        reporter_account=settled.reporter,
        reporter_verified=settled.verified,
        subject_account=settled.subject,
        order=settled.order,
        language=told.language,
        access_mode=told.access_mode[:20],
        region=settled.region,
        zone=settled.zone,
        occurred_at=told.occurred_at,
        safe_now=told.safe_now,
        completeness=complete.score,
        gaps=[gap.key for gap in complete.gaps],
        data_class=found.data_class,
        notice_version=told.notice_version[:40],
    )
    return report


def _as_data(reason: Any) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "severity": reason.severity,
        "text": reason.text,
        "detail": list(reason.detail),
    }


def _first_status(found: Triage) -> Report.Status:
    if found.severity == "S0":
        return Report.Status.EMERGENCY_ACTIVE
    if found.routed:
        return _ROUTED[found.routed]
    return Report.Status.RECEIVED if found.unclassified else Report.Status.TRIAGED


def _insert(work: Work, report: Report, pin: str) -> None:
    """Give the report a number nobody has, and write it."""
    for draw in range(_DRAWS):
        report.number = new_report_number()
        report.pin_hash = hash_pin(pin, pepper=pin_pepper(), bound_to=report.number)
        try:
            with transaction.atomic():
                work.save(
                    report, severity=report.severity, codes=report.alleged_codes, channel=report.channel
                )
            return
        except IntegrityError as error:
            clash = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
            if clash == "report_external_once":
                raise _KnownAlready from error
            if "number" not in str(clash) or draw + 1 == _DRAWS:
                raise


def _event(report: Report) -> dict[str, Any]:
    return {
        "report": report.pk,
        "number": report.number,
        "channel": report.channel,
        "severity": report.severity,
        "status": report.status,
        "codes": report.alleged_codes,
        "data_class": report.data_class,
        "region": report.region,
        "reporter_verified": report.reporter_verified,
        "reporter_account": report.reporter_account.ref if report.reporter_account else None,
        "subject_account": report.subject_account.ref if report.subject_account else None,
        "order": report.order.external_id if report.order else None,
    }
