"""Webhooks: signed, pinned to the address that was checked, never redirected."""

from __future__ import annotations

import datetime as dt
import json
import time
from functools import lru_cache

from django.conf import settings

from tocsin.core.backoff import LONGEST
from tocsin.core.outbox import signing
from tocsin.core.outbox.addresses import Allowance
from tocsin.core.outbox.outbound import Answer, Forbidden, Outbound, Unreachable
from tocsin.core.outbox.parcels import DONE, Outcome, Parcel

_WORDS_KEPT = 200


@lru_cache(maxsize=8)
def outbound(allowed: tuple[str, ...]) -> Outbound:
    """The way out under the operator's list."""
    return Outbound(Allowance.parse(allowed))


def body_of(parcel: Parcel) -> bytes:
    """The bytes that are sent and signed: the same at every try."""
    return json.dumps(dict(parcel.data), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def send_webhook(parcel: Parcel) -> Outcome:
    """Send one delivery. 2xx is done, 410 means no more, anything else is tried again."""
    body = body_of(parcel)
    headers = signing.headers(parcel.secret, parcel.id, int(time.time()), body)
    try:
        answer = outbound(tuple(settings.TOCSIN_OUTBOUND_ALLOW)).post(parcel.to, body, headers)
    except Forbidden as error:
        return Outcome("later", f"The address may not be called: {error}", troubled=True)
    except Unreachable as error:
        return Outcome("later", str(error), troubled=True)
    return _judged(answer)


def _judged(answer: Answer) -> Outcome:
    if 200 <= answer.status < 300:
        return DONE
    if answer.status == 410:
        return Outcome("never", "The receiver answered 410: it wants no more.", gone=True)
    if 300 <= answer.status < 400:
        return Outcome(
            "later", f"The receiver answered {answer.status}; redirects are not followed.", troubled=True
        )
    said = answer.body.decode("utf-8", "replace").strip()[:_WORDS_KEPT]
    return Outcome(
        "later",
        f"The receiver answered {answer.status}" + (f": {said}" if said else "."),
        wait=_asked(answer.retry_after),
        troubled=answer.status >= 500 or answer.status == 429,
    )


def _asked(retry_after: str) -> dt.timedelta | None:
    """``Retry-After`` in seconds, at most our own longest pause; a date or nonsense counts as not given."""
    if not retry_after.isascii() or not retry_after.isdigit() or len(retry_after) > 6:
        return None
    return min(dt.timedelta(seconds=int(retry_after)), LONGEST)
