"""The pepper of follow-up PINs: it lives with the platform's keys, never in the database."""

from __future__ import annotations

from tocsin.core.crypto.seal import blind_index


def pin_pepper() -> bytes:
    """32 bytes derived from the platform's index key, which the key service holds."""
    return blind_index("pin-pepper", "1")
