"""Asking ClamAV, where there is one (``TOCSIN_CLAMD``: a socket path or ``host:port``)."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass

from clamav_client.clamd import ClamdError, ClamdNetworkSocket, ClamdUnixSocket
from django.conf import settings

from tocsin.core.evidence.models import Evidence

_TIMEOUT_S = 30
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scanned:
    """``found`` is the scanner's name of what it found."""

    state: str
    found: str = ""


NOT_SCANNED = Scanned(Evidence.Scan.NOT_SCANNED)


def is_set_up() -> bool:
    """Whether this installation has a scanner."""
    return bool(settings.TOCSIN_CLAMD)


def scan(data: bytes) -> Scanned:
    """Have the bytes looked at. A scanner out of reach leaves them not scanned: evidence is never turned away
    for that, and it is not handed out before a scan either."""
    if not is_set_up():
        return NOT_SCANNED
    try:
        answers = _daemon(settings.TOCSIN_CLAMD).instream(io.BytesIO(data))
    except (ClamdError, OSError) as error:
        _log.warning("the virus scanner did not answer: %s", error)
        return NOT_SCANNED
    state, found = next(iter(answers.values()), ("ERROR", None))
    if state == "FOUND":
        return Scanned(Evidence.Scan.INFECTED, found or "unnamed")
    return Scanned(Evidence.Scan.CLEAN) if state == "OK" else NOT_SCANNED


def _daemon(spec: str) -> ClamdNetworkSocket:
    host, colon, port = spec.rpartition(":")
    if colon and port.isdigit() and "/" not in spec:
        return ClamdNetworkSocket(host, int(port), timeout=_TIMEOUT_S)
    return ClamdUnixSocket(spec.removeprefix("unix:"), timeout=_TIMEOUT_S)
