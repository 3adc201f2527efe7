"""The same report told twice under one id of the marketplace, and another one told under a taken id."""

from __future__ import annotations

import hmac

import msgspec

from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import blind_index
from tocsin.core.errors import Conflict
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.report_input import ReportInput


def mark(report: Report, actor: Actor, told: ReportInput) -> None:
    """Write into a new report whose id its ``external_id`` is, and a keyed digest of what was told."""
    if told.external_id:
        report.external_id, report.external_from = told.external_id, actor.ref
        report.told_digest = _digest(told)


def known(actor: Actor, told: ReportInput) -> Report | None:
    """The report that the same key, or the same person, filed under this id before; None when there is none.

    Raises:
        Conflict: something else was told under this id.
    """
    if not told.external_id:
        return None
    first = Report.objects.filter(external_from=actor.ref, external_id=told.external_id).first()
    if first is not None and not hmac.compare_digest(first.told_digest, _digest(told)):
        raise Conflict(
            "This external_id was used for another report, so this one was not taken in.",
            "Send it with an id of its own. What belongs to the first report goes to its messages.",
            saved="The first report is unchanged.",
            code="external_id_reused",
            fields={"external_id": "Used for another report."},
        )
    return first


def _digest(told: ReportInput) -> str:
    """HMAC-SHA256 (hex) of everything that was told, by a key that the key service holds."""
    return blind_index("report-told", _canonical(told)).hex()


def _canonical(told: ReportInput) -> str:
    return msgspec.json.encode(told, order="deterministic", enc_hook=str).decode()
