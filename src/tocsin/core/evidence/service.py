"""Taking evidence in, showing it, verifying it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from tocsin.core.access.check import Scope, more_sensitive, require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import seal
from tocsin.core.errors import InvalidInput, NotFound, TooLarge
from tocsin.core.evidence import custody, images, serving
from tocsin.core.evidence.errors import Damaged, Infected, NotScanned, NotShown
from tocsin.core.evidence.kinds import sniff
from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.reading import NAME_FIELD, field_of, read
from tocsin.core.evidence.scan import is_set_up, scan
from tocsin.core.evidence.store import blobs
from tocsin.core.ids import new_id
from tocsin.core.locks import lock

_LONGEST_NAME = 4096


def receive(
    work: Work,
    *,
    content: BinaryIO | bytes,
    filename: str,
    declared_type: str,
    subject_type: str,
    subject_id: str,
    key_scope: str,
    source: str,
    channel: str,
    captured_at: dt.datetime | None = None,
    sensitivity: str = "P3",
    sensitive_media: bool = True,
    redacted_copy_of: Evidence | None = None,
) -> Evidence:
    """Take one item in, inside the action it belongs to. The same bytes twice in one subject are one item.

    The bytes are sealed and on the disk (or in the bucket) before the row can be committed. When the action
    fails, sealed bytes may stay behind that nothing points to; they are harmless and ``reap`` removes them.

    Args:
        subject_type, subject_id: the report or case it came with.
        key_scope: whose key seals it, ``report:…`` or ``case:…``; destroying that key erases it.
        source: who it came from, as a role or a reference, never a name.
        channel: web, phone, api, email, sms or console.
        captured_at: when it was recorded, if the sender says so.

    Raises:
        TooLarge: over ``TOCSIN_EVIDENCE_MAX_BYTES``. InvalidInput: empty, or an archive.
        StoreUnavailable, KeyServiceUnavailable: try again; nothing was taken in.
    """
    data = _all_of(content)
    sha256 = hashlib.sha256(data).hexdigest()
    lock("evidence", subject_type, subject_id, sha256)
    present = Evidence.objects.filter(subject_type=subject_type, subject_id=subject_id, sha256=sha256).first()
    if present is not None:
        custody.record(
            work, present, "received", moved_from=source, moved_to=channel, reason="sent once more"
        )
        return present
    sniffed = sniff(data, declared_type=declared_type, filename=filename)
    scanned = scan(data)
    evidence = Evidence(
        id=new_id("evd"), sha256=sha256, size=len(data), media_type=sniffed.media_type, kind=sniffed.kind,
        flags=list(sniffed.flags), declared_type=_printable(declared_type)[:100], scan=scanned.state,
        blob=blobs().put(seal(key_scope, field_of(sha256), data)),
        filename_sealed=seal(key_scope, NAME_FIELD, filename[:_LONGEST_NAME].encode("utf-8", "replace")),
        key_scope=key_scope, source=source[:80], channel=channel, captured_at=captured_at,
        received_at=timezone.now(), sensitivity=sensitivity, sensitive_media=sensitive_media,
        subject_type=subject_type, subject_id=subject_id, redacted_copy_of=redacted_copy_of,
    )  # fmt: skip
    work.save(evidence, "evidence.receive", sha256=sha256, size=len(data), flags=list(sniffed.flags))
    custody.record(work, evidence, "received", moved_from=source, moved_to=channel)
    custody.record(work, evidence, "sealed", moved_from=channel, moved_to=f"store:{evidence.blob}")
    if scanned.state != Evidence.Scan.NOT_SCANNED:
        custody.record(work, evidence, "scanned", reason=scanned.found or "nothing found")
    told = {
        "evidence": evidence.pk,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "scan": evidence.scan,
    }
    work.emit("evidence.received", told, key=evidence.pk)
    return evidence


def view(
    actor: Actor, evidence_id: str, scope: Scope, *, purpose: str, reason: str = ""
) -> tuple[bytes, str]:
    """The bytes as they arrived and their media type. Every view leaves a custody line and an audit entry,
    committed before the bytes are handed out. Send them with ``serving.download_headers``.

    ``scope`` is that of the report or case, worked out by its domain; the item's own sensitivity is added
    here.

    Raises:
        AccessDenied: role, purpose, region, assignment, class or a wall. NotFound: there is no such item.
        Infected: never handed out. NotScanned: the scanner is out of reach. Damaged: it does not verify; the
        privacy officer is told. Erased: its key was destroyed.
    """
    actor = actor.for_purpose(purpose)
    evidence = _allowed(actor, evidence_id, scope)
    data = _checked(actor, evidence)
    with act(actor, "evidence.view") as work:
        custody.record(work, evidence, "viewed", moved_to=actor.ref, reason=reason or purpose)
    return data, evidence.media_type


def display_image(
    actor: Actor, evidence_id: str, scope: Scope, *, purpose: str, reason: str = ""
) -> tuple[bytes, str]:
    """A picture redrawn for the screen (JPEG, at most 2,048 pixels, nothing but pixels). Logged as ``view``
    is.

    Raises:
        NotShown: no picture, flagged, too large or damaged; it may still be downloaded. Otherwise as
        ``view``.
    """
    return _drawn(actor, evidence_id, scope, purpose, reason, images.DISPLAY_PX)


def thumbnail(actor: Actor, evidence_id: str, scope: Scope, *, purpose: str) -> tuple[bytes, str]:
    """A small picture (320 pixels). It shows what there is to see, so it is logged as ``view`` is. Raises as
    ``display_image``."""
    return _drawn(actor, evidence_id, scope, purpose, "thumbnail", images.THUMBNAIL_PX)


def cover(actor: Actor, evidence_id: str, scope: Scope) -> tuple[bytes, str]:
    """What stands in the place of sensitive media until somebody asks: nothing can be made out, so nothing is
    logged. Raises as ``display_image``."""
    evidence = _picture(_allowed(actor, evidence_id, scope))
    return images.cover(_checked(actor, evidence), evidence.media_type), "image/jpeg"


def verify(actor: Actor, evidence_id: str) -> Evidence:
    """Check an item's bytes against the hash they arrived with, and leave a custody line.

    Raises:
        AccessDenied: without ``audit.verify``. Damaged: one byte differs; the line says so and the privacy
        officer is told. Erased: its key was destroyed. NotFound: there is no such item.
    """
    require(actor, "audit.verify")
    evidence = _found(evidence_id)
    _read_or_tell(actor, evidence)
    with act(actor, "evidence.verify") as work:
        custody.record(work, evidence, "verified")
    return evidence


def _drawn(
    actor: Actor, evidence_id: str, scope: Scope, purpose: str, reason: str, longest: int
) -> tuple[bytes, str]:
    actor = actor.for_purpose(purpose)
    evidence = _picture(_allowed(actor, evidence_id, scope))
    drawn = images.redraw(_checked(actor, evidence), evidence.media_type, longest=longest)
    with act(actor, "evidence.view") as work:
        custody.record(work, evidence, "viewed", moved_to=actor.ref, reason=reason or purpose)
    return drawn, "image/jpeg"


def _allowed(actor: Actor, evidence_id: str, scope: Scope) -> Evidence:
    evidence = _found(evidence_id)
    needed = more_sensitive(scope.data_class, evidence.sensitivity)
    require(actor, "evidence.view", replace(scope, data_class=needed))
    return evidence


def _found(evidence_id: str) -> Evidence:
    evidence = Evidence.objects.filter(pk=evidence_id).first()
    if evidence is None:
        raise NotFound("There is no such item of evidence.", "Check the link you followed.")
    return evidence


def _picture(evidence: Evidence) -> Evidence:
    if serving.way_out(evidence) not in (serving.IMAGE, serving.NEVER):
        raise NotShown("This item cannot be shown here.", "Download it to look at it.")
    return evidence


def _checked(actor: Actor, evidence: Evidence) -> bytes:
    """The bytes, verified, and looked at by the scanner where there is one."""
    if evidence.scan == Evidence.Scan.INFECTED:
        raise _infected()
    data = _read_or_tell(actor, evidence)
    if is_set_up() and evidence.scan == Evidence.Scan.NOT_SCANNED:
        _scan_now(actor, evidence, data)
    return data


def _scan_now(actor: Actor, evidence: Evidence, data: bytes) -> None:
    scanned = scan(data)
    if scanned.state == Evidence.Scan.NOT_SCANNED:
        raise NotScanned(
            "This item has not been checked for viruses yet, and the scanner does not answer.",
            "Try again in a few minutes.",
        )
    with act(actor, "evidence.scan") as work:
        row = work.lock(Evidence, evidence.pk)
        row.scan = scanned.state
        work.save(row)
        custody.record(work, row, "scanned", reason=scanned.found or "nothing found")
    if scanned.state == Evidence.Scan.INFECTED:
        raise _infected()


def _infected() -> Infected:
    return Infected(
        "The virus scanner found something in this item, so it is not handed out.",
        "It is kept sealed as evidence. Ask the sender for another copy.",
    )


def _read_or_tell(actor: Actor, evidence: Evidence) -> bytes:
    try:
        return read(evidence)
    except Damaged as error:
        with act(actor, "evidence.damaged") as work:
            custody.record(work, evidence, "damaged", reason=error.what)
            work.emit("evidence.damaged", {"evidence": evidence.pk, "subject_id": evidence.subject_id})
        raise


def _all_of(content: BinaryIO | bytes) -> bytes:
    most: int = settings.TOCSIN_EVIDENCE_MAX_BYTES
    data = content if isinstance(content, bytes) else content.read(most + 1)
    if len(data) > most:
        raise TooLarge(
            f"This file is larger than {most // (1024 * 1024)} MB, which is the most we can take.",
            "Send a shorter recording or a smaller picture, or send it in parts.",
            fields={"file": "This file is too large."},
        )
    if not data:
        raise InvalidInput(
            "This file is empty.", "Choose it again; it may not have been saved completely.",
            code="empty_file", fields={"file": "This file is empty."},
        )  # fmt: skip
    return data


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())
