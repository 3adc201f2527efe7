"""Where carriers keep recordings, how they are fetched and deleted there. Nothing is asked of any other host,
and nothing shows a key to a host it is not for."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from tocsin.core.errors import DomainError
from tocsin.core.outbox.channels.webhook import outbound
from tocsin.core.outbox.outbound import Answer, Forbidden, Unreachable
from tocsin.domains.line import carrier_recordings
from tocsin.domains.line.models import Recording

log = logging.getLogger(__name__)
_TIMEOUT_S = 60.0
_GONE = (200, 202, 204, 410)


@dataclass(frozen=True, slots=True)
class Archive:
    """One carrier's. ``by_account``: the recording is fetched and deleted at its own address, with account
    and key; otherwise its address is open for a while, at one of ``hosts``, and deleting takes the key
    alone."""

    by_account: bool
    hosts: tuple[str, ...] = ()


ARCHIVES = {
    "twilio": Archive(by_account=True),
    "signalwire": Archive(by_account=True),
    # presigned addresses of its storage
    "telnyx": Archive(by_account=False, hosts=("s3.amazonaws.com",)),
}


def may_be_fetched(carrier: str, address: str) -> bool:
    """Whether this carrier was set up for fetching, and keeps recordings at such an address."""
    if carrier not in settings.TOCSIN_LINE_ARCHIVES:
        return False
    _, host = settings.TOCSIN_LINE_ARCHIVES[carrier]
    try:
        return urlsplit(address).netloc in (host, *ARCHIVES[carrier].hosts)
    except ValueError:
        return False


def fetch_due() -> int:
    """Fetch, seal and delete what is due. Returns how many recordings were looked at."""
    done = 0
    while (recording := carrier_recordings.take_next()) is not None:
        done += 1
        try:
            _carry_out(recording)
        except (Unreachable, Forbidden, DomainError, _Refused) as error:
            log.warning("recording %s could not be carried out: %s", recording.pk, error)
            carrier_recordings.put_off(recording.pk)
        except Exception:  # whatever it is, those behind it are looked at
            log.exception("recording %s could not be carried out", recording.pk)
            carrier_recordings.put_off(recording.pk)
    return done


class _Refused(Exception):
    """The carrier said no, or not yet."""


def _carry_out(recording: Recording) -> None:
    carrier = recording.call.carrier
    address = recording.address or ""
    if not may_be_fetched(carrier, address):
        raise _Refused("its address is not where this carrier keeps recordings")
    key, host = settings.TOCSIN_LINE_ARCHIVES[carrier]
    if ARCHIVES[carrier].by_account:
        headers = {"Authorization": _basic(recording.account, key)}
        whole, delete = f"{address.removesuffix('.wav')}.wav", address.removesuffix(".wav")
        gone: tuple[int, ...] = (*_GONE, 404)  # it was fetched at this very address
    else:
        headers = {"Authorization": f"Bearer {key}"}
        scheme = urlsplit(address).scheme
        whole, delete = address, f"{scheme}://{host}/v2/recordings/{recording.carrier_ref}"
        gone = _GONE  # not found may mean that it goes by another reference there
    if not recording.evidence_id:
        fetched = _ask("GET", whole, headers if ARCHIVES[carrier].by_account else {}, (200,).__contains__)
        carrier_recordings.store(recording.pk, fetched.body)
    _ask("DELETE", delete, headers, gone.__contains__)
    carrier_recordings.deleted(recording.pk)


def _ask(method: str, url: str, headers: Mapping[str, str], good: Callable[[int], bool]) -> Answer:
    answer = outbound(tuple(settings.TOCSIN_OUTBOUND_ALLOW)).request(
        method, url, headers, timeout_s=_TIMEOUT_S, cap=settings.TOCSIN_EVIDENCE_MAX_BYTES + 1
    )
    if not good(answer.status):
        raise _Refused(f"{method} was answered {answer.status}")
    return answer


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
