"""Events of our own for the decide host: what was decided here, so that the engine knows it too.

The message's id is the event's id, so an event that was sent twice is decided once.
"""

from __future__ import annotations

import json
from functools import lru_cache

import httpx

from tocsin.core.outbox.parcels import DONE, Outcome, Parcel

TIMEOUT_S = 10.0
#: What is wrong with the event itself: sending it again would change nothing.
_FOR_GOOD = frozenset({400, 409, 413, 415, 422})


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    # our own process: never through a proxy, which would read events and keys
    return httpx.Client(timeout=TIMEOUT_S, trust_env=False, limits=httpx.Limits(max_connections=8))


def send_event(parcel: Parcel) -> Outcome:
    """Tell one event. Only a refusal of the event itself is final; events after it wait until it is told."""
    body = json.dumps({"id": parcel.id, **parcel.data}).encode()
    headers = {"Authorization": f"Bearer {parcel.secret}", "Content-Type": "application/json"}
    try:
        answer = _client().post(parcel.to, content=body, headers=headers)
    except httpx.HTTPError as error:
        return Outcome(
            "later", f"The decide host could not be reached: {type(error).__name__}.", troubled=True
        )
    if answer.is_success:
        return DONE
    said = f"The decide host answered {answer.status_code}: {answer.text[:200]}"
    if answer.status_code in _FOR_GOOD:
        return Outcome("never", said)
    return Outcome("later", said, troubled=True)
