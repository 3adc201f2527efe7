"""The token of a form: one form is one report, and we know which privacy notice was shown with it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.core import signing

from tocsin.surfaces.help.content import privacy_notice

_SALT = "tocsin.help.report"
#: A form may be open for as long as an answer is kept for repeats (see ``core.idempotency``).
_LIFE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class FormToken:
    """``key`` is the same for every time this form is sent."""

    key: str
    notice_version: str
    text: str


def fresh() -> FormToken:
    """A token for a form that is about to be shown."""
    key, notice = secrets.token_urlsafe(18), privacy_notice().stamp
    return FormToken(key, notice, signing.dumps([key, notice], salt=_SALT))


def read(text: str) -> FormToken:
    """The token that came back; one that is forged, broken or too old is as good as none."""
    try:
        key, notice = signing.loads(text[:400], salt=_SALT, max_age=_LIFE_S)
    except (signing.BadSignature, ValueError, TypeError):
        return fresh()
    return FormToken(str(key), str(notice), text)
