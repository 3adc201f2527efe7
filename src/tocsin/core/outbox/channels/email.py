"""E-mail: over SMTP when ``TOCSIN_SMTP_URL`` says where, otherwise to ``$TOCSIN_HOME/mail/<key>.eml``.

``TOCSIN_SMTP_URL``: ``smtp://user:password@host:587?from=safety@example.com`` (STARTTLS is required when
the server offers it or credentials are given), ``smtps://…`` for TLS from the first byte.
"""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from tocsin.core.outbox.channels import files
from tocsin.core.outbox.parcels import DONE, Outcome, Parcel

TIMEOUT_S = 10.0


def send_email(parcel: Parcel) -> Outcome:
    """Send one e-mail. The mail server's word is taken: accepted is done, refused for good is never."""
    if not settings.TOCSIN_SMTP_URL:
        # a person reads the file as it lies there, so lines and links stay whole
        readable = compose(parcel, _sender(), encoding="8bit")
        files.write(parcel.key, ".eml", readable.as_bytes())
        return DONE
    message = compose(parcel, _sender())
    try:
        _hand_over(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return _refused(max(codes, default=550))
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code)
    except (OSError, smtplib.SMTPException) as error:
        # the words of the error may hold the address, so only its kind is kept
        return Outcome("later", f"The mail server could not be used: {type(error).__name__}.")
    return DONE


def compose(parcel: Parcel, sender: str, encoding: str | None = None) -> EmailMessage:
    """The message itself. Its id comes from the idempotency key, so that a repeat is known as one.

    ``encoding`` of the text for its transfer; without one, whatever every mail server takes.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = _one_line(parcel.to)
    message["Subject"] = _one_line(parcel.body.get("subject", ""))
    message["Date"] = format_datetime(parcel.created_at)
    digest = hashlib.sha256(parcel.key.encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{digest}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(parcel.body.get("text", ""), cte=encoding)
    if parcel.body.get("html"):
        message.add_alternative(parcel.body["html"], subtype="html", cte=encoding)
    return message


def _hand_over(message: EmailMessage) -> None:
    url = urlsplit(settings.TOCSIN_SMTP_URL)
    host, tls = url.hostname or "127.0.0.1", ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT_S, context=tls)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT_S)
    with server:
        server.ehlo()
        if url.scheme != "smtps" and (server.has_extn("starttls") or url.username):
            server.starttls(context=tls)
            server.ehlo()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)


def _sender() -> str:
    given = parse_qs(urlsplit(settings.TOCSIN_SMTP_URL).query).get("from")
    return given[0] if given else f"no-reply@{urlsplit(settings.TOCSIN_PUBLIC_URL).hostname or 'localhost'}"


def _refused(code: int) -> Outcome:
    return Outcome("never" if code >= 500 else "later", f"The mail server refused it with code {code}.")


def _one_line(text: str) -> str:
    return " ".join(text.split())
