"""Plugging a detector in and out: one person proposes it, another one starts it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import seal
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.outbox.channels.webhook import outbound
from tocsin.core.outbox.outbound import Forbidden
from tocsin.core.outbox.parcels import SECRET_SEALED_AS
from tocsin.core.outbox.signing import new_secret
from tocsin.domains.detectors.calling import scope_of
from tocsin.domains.detectors.models import Detector
from tocsin.domains.reports.taxonomy import current as taxonomy
from tocsin.engine.language.stages import SHARES

State = Detector.State
MAX_TIMEOUT_MS: Final = 5000
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,59}")


def propose(
    actor: Actor,
    name: str,
    *,
    url: str,
    about: str,
    clause: str,
    threshold: float,
    types: Sequence[str] = (),
    share: int = SHARES,
    timeout_ms: int = 1000,
) -> tuple[Detector, str]:
    """Describe a detector. Nothing is sent to it before somebody else starts it. Returns it and its signing
    secret, which cannot be seen again. What each thing means: see ``models``.

    Raises:
        AccessDenied: without ``rules.edit``. InvalidInput: an address we do not call, or what cannot be.
        Conflict: there is one of this name.
    """
    require(actor, "rules.edit")
    wrong = _wrong(name, url, about, clause, threshold, share, timeout_ms)
    if wrong:
        raise InvalidInput("The detector cannot be kept like this.", "Mend what is marked.", fields=wrong)
    secret = new_secret()
    with act(actor, "detector.propose") as work:
        if Detector.objects.filter(pk=name).exists():
            raise Conflict(f"There is a detector called {name} already.", "Choose another name.")
        detector = Detector(
            name=name, url=url, secret_sealed=seal(scope_of(name), SECRET_SEALED_AS, secret), about=about,
            clause=clause, types=sorted(set(types)), share=share, threshold=threshold, timeout_ms=timeout_ms,
            proposed_by_id=actor.id, proposed_at=timezone.now(),
        )  # fmt: skip
        work.save(detector)
    return detector, secret


def start(actor: Actor, name: str) -> Detector:
    """Have a detector asked about the events that are decided from now on. Twice starts it once.

    Raises:
        AccessDenied: without ``rules.promote``, or whoever proposed it. NotFound.
    """
    require(actor, "rules.promote")
    with act(actor, "detector.start") as work:
        detector = work.lock(Detector, name)
        if detector.proposed_by_id == actor.id:
            raise AccessDenied(
                "You proposed this detector, so somebody else has to let events out to it.",
                "Ask another rules engineer or a supervisor to look at it.",
                permission="rules.promote", reason="own",
            )  # fmt: skip
        if detector.state != State.SHADOW:
            detector.state, detector.started_by_id = State.SHADOW, actor.id
            detector.started_at, detector.stopped_at = timezone.now(), None
            detector.failures, detector.not_before = 0, None
            work.save(detector)
    return detector


def stop(actor: Actor, name: str) -> Detector:
    """Ask a detector nothing more; who proposed it may too. Twice changes nothing.

    Raises:
        AccessDenied: without ``rules.promote``. NotFound.
    """
    require(actor, "rules.promote")
    with act(actor, "detector.stop") as work:
        detector = work.lock(Detector, name)
        if detector.state != State.STOPPED:
            detector.state, detector.stopped_at = State.STOPPED, timezone.now()
            work.save(detector)
    return detector


def _wrong(
    name: str, url: str, about: str, clause: str, threshold: float, share: int, timeout_ms: int
) -> dict[str, str]:
    wrong = {}
    if not _NAME.fullmatch(name):
        wrong["name"] = "3 to 60 small letters, digits and _, beginning with a letter."
    if message := _refused(url):
        wrong["url"] = message
    if about not in Detector.About.values:
        wrong["about"] = f"One of: {', '.join(Detector.About.values)}."
    if taxonomy().find(clause) is None:
        wrong["clause"] = "There is no such code in the taxonomy."
    if not (math.isfinite(threshold) and 0 <= threshold <= 1):
        wrong["threshold"] = "A number from 0 to 1."
    if not 1 <= share <= SHARES:
        wrong["share"] = "More than none and at most all events."
    if not 50 <= timeout_ms <= MAX_TIMEOUT_MS:
        wrong["timeout_ms"] = f"50 to {MAX_TIMEOUT_MS:,} milliseconds."
    return wrong


def _refused(url: str) -> str:
    """Why we do not call an address; nothing when we do."""
    if len(url) > 500:
        return "At most 500 characters."
    try:
        outbound(tuple(settings.TOCSIN_OUTBOUND_ALLOW)).check(url)
    except Forbidden as error:
        return str(error)
    return ""
