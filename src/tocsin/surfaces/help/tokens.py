"""The token of a form: what is sent twice with it is kept once, and we know which privacy notice was shown
with it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from tocsin.surfaces.help.content import privacy_notice

_SALT = "tocsin.help.report"
#: A form may be open for as long as an answer is kept for repeats (see ``core.idempotency``).
_LIFE_S = 24 * 3600
#: Fields a browser or this page adds.
_NOT_TYPED = frozenset({"csrfmiddlewaretoken", "token"})


@dataclass(frozen=True, slots=True)
class FormToken:
    """``key`` is the same for every time this form is sent."""

    key: str
    notice_version: str
    text: str

    def key_of(self, subject: str, typed: QueryDict, files: Sequence[UploadedFile]) -> str:
        """The key of what is sent with this form: the same for the same words and files, another as soon as
        one of them is changed, so that nothing is taken for a repeat that is none."""
        given = sorted((name, typed.getlist(name)) for name in typed if name not in _NOT_TYPED)
        said = json.dumps([self.key, subject, given, [_digest(file) for file in files]])
        return hashlib.sha256(said.encode()).hexdigest()


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


def _digest(file: UploadedFile) -> str:
    seen = hashlib.sha256((file.name or "").encode())
    for chunk in file.chunks():
        seen.update(chunk)
    file.seek(0)
    return seen.hexdigest()
