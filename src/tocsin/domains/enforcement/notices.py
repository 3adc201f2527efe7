"""Writing to people: what was decided, why, and what they can do about it."""

from __future__ import annotations

import base64
import hmac
import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.crypto.seal import blind_index, open_text, seal
from tocsin.core.ids import new_id
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.publish import send
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.models import Decision, Notice
from tocsin.domains.people.models import Account, ContactPoint

_FILE = Path(__file__).parents[2] / "data" / "notices" / "notices.toml"


@lru_cache(maxsize=1)
def templates() -> dict[str, Any]:
    """All notice templates, from the data file."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def words(name: str, language: str) -> str:
    """A few words that are filled into a letter, in its language."""
    return str(templates()["words"][name][language])


def language_of(account: Account) -> str:
    """The language to write in: the person's first that we speak."""
    for tag in account.party.languages:
        base = tag.split("-")[0].lower()
        if base in ("en", "es"):
            return base
    return "en"


def access_code(notice_id: str) -> str:
    """The code that opens a notice on the help centre: 10 symbols (50 bits), derived, stored nowhere."""
    return base64.b32encode(blind_index("notice_code", notice_id)).decode()[:10]


def code_matches(notice_id: str, code: str) -> bool:
    """Constant-time comparison of a typed code."""
    typed = code.strip().upper().encode(errors="replace")  # text that is not ASCII cannot be compared
    return hmac.compare_digest(access_code(notice_id).encode(), typed)


def link(notice_id: str) -> str:
    """Where the person reads the notice and can appeal."""
    return f"{settings.TOCSIN_PUBLIC_URL}/help/notice/{notice_id}?code={access_code(notice_id)}"


def to_account(
    work: Work,
    kind: str,
    account: Account,
    case: Case,
    values: Mapping[str, str],
    *,
    decision: Decision | None = None,
    structured: Mapping[str, Any] | None = None,
) -> Notice:
    """Write a notice to an account holder: on the help centre, by e-mail when we know one, and to the
    marketplace.

    ``structured`` is the statement of reasons as data (handbook §5.1).
    """
    template = templates()[kind]
    language = language_of(account)
    notice_id = new_id("ntc")
    filled = {**values, "link": link(notice_id)}
    subject = template["subject"][language]
    body = template["body"][language].strip().format_map(filled)
    notice = Notice(
        id=notice_id,
        kind=kind,
        case=case,
        decision=decision,
        account=account,
        template=kind,
        template_version=template["version"],
        language=language,
        channel="account",
        legal_basis=template["legal_basis"],
        content_sealed=seal(
            case.key_scope,
            f"notice:{notice_id}",
            json.dumps(
                {"subject": subject, "body": body, "statement": dict(structured or {})}, ensure_ascii=False
            ),
        ),
        issued_at=timezone.now(),
    )
    work.save(notice, "notice.issue")
    _email(notice, account, subject, body)
    work.emit(
        "notice.issued",
        {
            "notice_id": notice.pk,
            "kind": kind,
            "account": {"kind": account.role, "id": account.external_id},
            "decision_id": decision.pk if decision else None,
        },
        key=notice.pk,
    )
    return notice


def _email(notice: Notice, account: Account, subject: str, body: str) -> None:
    contact = (
        ContactPoint.objects.filter(party=account.party, kind="email", retired_at=None)
        .order_by("-added_at")
        .first()
    )
    if contact is None:
        return
    message = json.dumps({"to_contact": contact.pk, "subject": subject, "text": body}, ensure_ascii=False)
    send(
        OutboxMessage.Kind.EMAIL, "notice", f"contact:{contact.pk}", key=f"notice:{notice.pk}:email",
        body_sealed=seal(account.party.key_scope, "outbox", message), key_scope=account.party.key_scope,
        data={"notice": notice.pk},
    )  # fmt: skip


def content(notice: Notice) -> dict[str, Any]:
    """The opened notice: {subject, body, statement}. Callers have checked access."""
    opened: dict[str, Any] = json.loads(
        open_text(notice.case.key_scope, f"notice:{notice.pk}", notice.content_sealed)
    )
    return opened
