"""A short e-mail that says there is something to read, and nothing about what.

Somebody else may read a reporter's mail. It therefore names neither people, nor orders, nor what was
reported, and is never sent to somebody who told us how they may be reached: then a person decides.
"""

from __future__ import annotations

import json

from django.conf import settings

from tocsin.core.act import Work
from tocsin.core.crypto.seal import seal
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.publish import send
from tocsin.domains.reports import details
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.taxonomy_form import spoken_in

_SUBJECT = {"en": "There is a message for you", "es": "Hay un mensaje para usted"}
_TEXT = {
    "en": "You asked us to keep you informed. There is something new to read.\n\n"
    "Open {link} and enter the number and the PIN we gave you.\n\n"
    "If this is not for you, you can ignore it.\n",
    "es": "Nos pidió que le mantuviéramos al tanto. Hay algo nuevo que leer.\n\n"
    "Abra {link} y escriba el número y el PIN que le dimos.\n\n"
    "Si esto no es para usted, puede ignorarlo.\n",
}


def hint(work: Work, report: Report, *, key: str) -> None:
    """Queue the e-mail, when there is an address and no rule about contact.

    ``key`` makes it one a message.
    """
    held = details.opened(report)
    address = str(held["reporter"]["email"]).strip()
    if not address or str(held["contact_rules"]).strip():
        return
    text = spoken_in(_TEXT, report.language).format(link=f"{settings.TOCSIN_PUBLIC_URL}/help/follow-up/")
    message = {"to": address, "subject": spoken_in(_SUBJECT, report.language), "text": text}
    send(
        OutboxMessage.Kind.EMAIL, "report.hint", f"report:{report.pk}", key=f"report.hint:{key}",
        data={"report": report.pk}, key_scope=report.key_scope,
        body_sealed=seal(report.key_scope, "outbox", json.dumps(message, ensure_ascii=False)),
    )  # fmt: skip
    work.fact("reports.report", report.pk, "report.hint_queued")
