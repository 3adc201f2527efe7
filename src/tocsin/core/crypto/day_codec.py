"""Sealing files of the decide log under a data key of the day.

The keys are asked for beforehand, so that sealing waits for nobody. A day's key goes on being used until the
next one is there: when the key service cannot be reached as a day turns, more than a day lies under one key,
and nothing lies in clear.

Knows neither Django nor the database; whoever makes a codec says where keys come from.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: Gives the 32 bytes of a scope's data key; with True, it is made when there is none.
Fetch = Callable[[str, bool], bytes]

#: What the scopes of all these keys begin with.
PREFIX: Final = "decide:"
_NONCE: Final = 12


def scope_of(day: dt.date) -> str:
    """The key scope of what is written to the log on a day (UTC)."""
    return f"{PREFIX}{day.isoformat()}"


def day_of(scope: str) -> dt.date | None:
    """The day a scope belongs to; None when it is the scope of something else."""
    try:
        return dt.date.fromisoformat(scope.removeprefix(PREFIX)) if scope.startswith(PREFIX) else None
    except ValueError:
        return None


class DayCodec:
    """Seals and opens with AES-256-GCM: ``nonce (12) | ciphertext and tag``; the associated data is the key's
    scope and the place. One process may read, seal and begin a day in different threads."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._held: dict[str, bytes] = {}
        self._aead: dict[str, AESGCM] = {}
        self._current = ""

    def begin(self, day: dt.date) -> None:
        """Seal under this day's key from now on. Until then, and when this raises, the key before is used.

        Raises:
            What fetching raises: KeyServiceUnavailable, Shredded, an error of the database.
        """
        scope = scope_of(day)
        self._hold(scope, create=True)
        self._current = scope

    def current(self) -> str:
        """The scope in use; empty before the first ``begin``."""
        return self._current

    def seal(self, key: str, data: bytes, place: bytes) -> bytes:
        """Seal for one place, under a key that was current."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead[key].encrypt(nonce, data, _bound(key, place))

    def open(self, key: str, sealed: bytes, place: bytes) -> bytes | None:
        """What was sealed under this key for this place, or None when that is not so.

        Raises:
            Shredded, MissingKey, Tampered, KeyServiceUnavailable: there is no key to try it with.
        """
        try:
            return self._hold(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(key, place))
        except (InvalidTag, ValueError):
            return None

    def hand_over(self) -> bytes:
        """The keys held now, in clear, for a child's standard input; never for a file or an argument."""
        held = {scope: raw.hex() for scope, raw in self._held.copy().items()}
        return json.dumps({"current": self._current, "held": held}).encode()

    @classmethod
    def taken_over(cls, handed: bytes) -> DayCodec:
        """A codec with the keys of ``hand_over`` and no others."""
        told = json.loads(handed)
        held: Mapping[str, str] = told["held"]
        made = cls(lambda scope, _create: bytes.fromhex(held[scope]))
        made._hold(told["current"])
        made._current = told["current"]
        return made

    def _hold(self, scope: str, *, create: bool = False) -> AESGCM:
        if scope not in self._aead:
            raw = self._fetch(scope, create)
            self._held[scope] = raw
            self._aead[scope] = AESGCM(raw)
        return self._aead[scope]


def _bound(key: str, place: bytes) -> bytes:
    return key.encode() + b"|" + place
