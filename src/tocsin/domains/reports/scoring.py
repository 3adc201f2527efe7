"""How complete a report is with everything that was added to it since."""

from __future__ import annotations

from tocsin.core.evidence.models import Evidence
from tocsin.domains.reports import details
from tocsin.domains.reports.completeness import Completeness, Gap, completeness
from tocsin.domains.reports.models import Report


def score(report: Report) -> Completeness:
    """The completeness as it is now: what was told, and what was handed in."""
    answers = details.answers(report)
    pieces = Evidence.objects.filter(subject_type="report", subject_id=report.pk)
    handed_in = list(pieces.values_list("media_type", flat=True))
    if handed_in:
        answers["evidence"] = len(handed_in)
    if any(kind.startswith("image/") for kind in handed_in):
        answers["item_photo"] = True
    return completeness(report.alleged_codes, answers)


def rescore(report: Report) -> None:
    """Bring a report's stored score up to date. Does not save it."""
    now = score(report)
    report.completeness, report.gaps = now.score, [gap.key for gap in now.gaps]


def gaps(report: Report) -> tuple[Gap, ...]:
    """What would still help, the most important first."""
    return score(report).gaps if report.gaps else ()
