"""Where the keys of days come from in an installation: the table of data keys, like all others. So they are
re-wrapped when the master key is changed, and can be destroyed."""

from __future__ import annotations

from tocsin.core.crypto.data_keys import keys_for


def stored_key(scope: str, create: bool) -> bytes:
    """The data key of a scope; with ``create``, it is made when there is none.

    Raises:
        Shredded, MissingKey, Tampered, KeyServiceUnavailable, django.db.Error.
    """
    return keys_for([scope], create=create).of(scope).raw
