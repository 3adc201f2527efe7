"""Why an item cannot be taken in or shown."""

from __future__ import annotations

from tocsin.core.errors import DomainError


class Erased(DomainError):
    """The key of the item was destroyed; its bytes can never be read again."""

    status = 410
    code = "erased"


class Infected(DomainError):
    """The virus scanner found something. The bytes stay sealed as evidence and are never handed out."""

    status = 409
    code = "infected"


class NotScanned(DomainError):
    """A virus scanner is set up and cannot be reached, so the item is not handed out for now."""

    status = 503
    code = "not_scanned"


class NotShown(DomainError):
    """The item cannot be shown on a page; it may still be downloaded."""

    status = 415
    code = "not_shown"


class Damaged(DomainError):
    """The bytes are not those that arrived. This is an incident, whoever asked."""

    status = 500
    code = "evidence_damaged"
