"""The follow-up PIN of a report: six digits that the reporter keeps.

A PIN has only a million values, so a stolen table of plain hashes could be searched in minutes. Each PIN is
therefore first keyed with a pepper that does not live in the database, together with the number it belongs
to, and then hashed with Argon2id.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LENGTH = 6
# The second parameter set of RFC 9106 is meant for large memory; this one (19 MiB, two passes) keeps a
# check below about 50 ms on a small machine. The stored text carries its parameters, so they may be raised
# at any time.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)


def new_pin() -> str:
    """Draw a PIN. Those that people try first (same digits, runs, repeated halves) are drawn again."""
    while True:
        pin = f"{secrets.randbelow(10**LENGTH):0{LENGTH}d}"
        if not is_trivial(pin):
            return pin


def is_trivial(pin: str) -> bool:
    """True for a PIN somebody would guess early: 111112, 123456, 987654, 121212, 123123, 123321."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    return (
        len(set(pin)) <= 2
        or steps <= {1}
        or steps <= {9}
        or pin[:3] == pin[3:]
        or pin[:2] == pin[2:4] == pin[4:]
        or pin == pin[::-1]
    )


def hash_pin(pin: str, *, pepper: bytes, bound_to: str) -> str:
    """Hash a PIN for storage. ``bound_to`` is the report number: a hash copied to another row does not
    verify."""
    return _HASHER.hash(_keyed(pin, pepper, bound_to))


def verify_pin(stored: str | None, pin: str, *, pepper: bytes, bound_to: str) -> bool:
    """Compare a typed PIN with the stored hash, in constant time with respect to the PIN.

    Pass ``stored=None`` when there is no such report: the same work is done, so that the time taken does
    not tell whether a number exists. Spaces and hyphens in the PIN are ignored.
    """
    typed = "".join(symbol for symbol in pin if not (symbol.isspace() or symbol == "-"))
    try:
        matches = _HASHER.verify(stored or _hash_of_nothing(), _keyed(typed, pepper, bound_to))
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None


def _keyed(pin: str, pepper: bytes, bound_to: str) -> bytes:
    if len(pepper) < 16:
        raise ValueError("the pepper needs at least 16 bytes")
    return hmac.new(pepper, f"{bound_to}\0{pin}".encode(), hashlib.sha256).digest()


@lru_cache(maxsize=1)
def _hash_of_nothing() -> str:
    return _HASHER.hash(secrets.token_bytes(32))
