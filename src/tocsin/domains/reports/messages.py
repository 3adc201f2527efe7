"""The conversation between a reporter and us. Every line is kept, sealed, in the order it was said.

Functions here run inside somebody's action: they take its ``work`` and lock the report themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.cards import cover_cards
from tocsin.core.crypto.seal import Sealed, open_many, seal
from tocsin.core.errors import InvalidInput
from tocsin.core.ids import new_id
from tocsin.domains.reports import mail, promises, raising
from tocsin.domains.reports.models import Report, ReportMessage
from tocsin.domains.reports.taxonomy_form import spoken_in

LONGEST = 10_000
US = "tocsin"
#: The kind of the line in which a reporter says that they are in danger.
NOT_SAFE = "not_safe"

_LATE = {
    "en": "We said you would hear from us by now, and you have not. Your report is not lost. We have told a "
    "supervisor, and we gave you a new date.",
    "es": "Le dijimos que ya sabría de nosotros y no ha sido así. Su informe no se ha perdido. Avisamos a un "
    "supervisor y le dimos una nueva fecha.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One message, opened. ``text`` is None when it was erased."""

    id: str
    direction: str
    kind: str
    channel: str
    author: str
    at: datetime
    text: str | None


def to_reporter(work: Work, report: Report, text: str, *, kind: str = "message") -> ReportMessage:
    """Write to the reporter. Keeps the promise of an update and gives the next date.

    A member of staff who writes has thereby answered. The reporter is told by e-mail that there is
    something to read, when they gave an address and did not limit how we may reach them; never what it
    says.
    """
    locked = work.lock(Report, report.pk)
    line = _write(
        work, locked, text, ReportMessage.Direction.TO_REPORTER, work.actor.ref, kind, locked.channel
    )
    if work.actor.kind == "staff":
        promises.answered(work, locked.pk)
    promises.told(work, locked)
    work.save(locked, "report.told")
    mail.hint(work, locked, key=line.pk)
    work.emit("report.message_sent", {"report": locked.pk, "message": line.pk, "kind": kind}, key=line.pk)
    return line


def from_reporter(
    work: Work, report: Report, text: str, *, channel: str, taking_back: bool = False
) -> ReportMessage:
    """The reporter wrote. What follows a question is its answer; words that may mean danger raise the report.

    ``taking_back``: they say why they withdraw it.
    """
    locked = work.lock(Report, report.pk)
    last = locked.messages.order_by("-at", "-id").first()
    asked = last is not None and last.kind == "question"
    line = _write(
        work,
        locked,
        text,
        ReportMessage.Direction.FROM_REPORTER,
        work.actor.ref,
        "answer" if asked else "message",
        channel,
    )
    work.emit(
        "report.message_received",
        {
            "report": locked.pk, "number": locked.number, "message": line.pk, "taking_back": taking_back,
        },
        key=line.pk,
    )  # fmt: skip
    raising.by_words(work, locked, text)
    return line


def say_not_safe(work: Work, report: Report, text: str, *, channel: str) -> ReportMessage:
    """The reporter of a locked report says that they are not safe now."""
    return _write(
        work, report, text, ReportMessage.Direction.FROM_REPORTER, work.actor.ref, NOT_SAFE, channel
    )


def said_not_safe(report: Report, *, since: datetime) -> bool:
    """Whether its reporter said so since then."""
    return report.messages.filter(kind=NOT_SAFE, at__gte=since).exists()


def tell_outcome(work: Work, report: Report, text: str) -> ReportMessage:
    """Tell the reporter how it ended. Nothing more is promised after that; they can still write."""
    locked = work.lock(Report, report.pk)
    line = _write(
        work, locked, text, ReportMessage.Direction.TO_REPORTER, work.actor.ref, "outcome", locked.channel
    )
    if work.actor.kind == "staff":
        promises.answered(work, locked.pk)
    promises.end(work, locked, "the outcome was told")
    if locked.status != Report.Status.CLOSED:
        locked.status = Report.Status.OUTCOME_TOLD
    locked.outcome_told_at = timezone.now()
    work.save(locked, "report.outcome_told")
    mail.hint(work, locked, key=line.pk)
    work.emit("report.outcome_told", {"report": locked.pk, "number": locked.number}, key=line.pk)
    return line


def say_late(work: Work, report: Report) -> ReportMessage:
    """Tell the reporter that a promised date passed. The report is locked, and its new date already set."""
    text = spoken_in(_LATE, report.language)
    line = _write(work, report, text, ReportMessage.Direction.TO_REPORTER, US, "delay", report.channel)
    mail.hint(work, report, key=line.pk)
    return line


def history(report: Report) -> list[Line]:
    """The whole conversation, oldest first. Callers have checked access."""
    rows = list(report.messages.order_by("at", "id"))
    texts = open_many(Sealed(report.key_scope, f"message:{row.pk}", row.body_sealed) for row in rows)
    return [
        Line(row.pk, row.direction, row.kind, row.channel, row.author, row.at, text)
        for row, text in zip(rows, texts, strict=True)
    ]


def _write(
    work: Work,
    report: Report,
    text: str,
    direction: ReportMessage.Direction,
    author: str,
    kind: str,
    channel: str,
) -> ReportMessage:
    words = cover_cards(text.replace("\0", "").strip())
    if not words:
        raise InvalidInput(
            "There is nothing to send yet.",
            "Write a few words first.",
            fields={"text": "Write a few words first."},
        )
    if len(words) > LONGEST:
        raise InvalidInput(
            f"This has {len(words)} characters, and {LONGEST} fit.",
            "Send it in two parts.",
            saved="Nothing you wrote was lost.",
            fields={"text": f"At most {LONGEST} characters."},
        )
    line = ReportMessage(
        id=new_id("rpm"),
        report=report,
        direction=direction,
        channel=channel,
        author=author,
        kind=kind,
        at=timezone.now(),
    )
    line.body_sealed = seal(report.key_scope, f"message:{line.pk}", words)
    work.save(line, f"report.message_{kind}", report=report.pk, direction=str(direction))
    return line
