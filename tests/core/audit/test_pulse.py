"""The quick look says yes only while the newest anchor holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.audit.tampering import rewrite, tamper, write
from tocsin.core.audit.anchor import make_anchor
from tocsin.core.audit.keys import signing_keys
from tocsin.core.audit.pulse import anchored_at


def test_without_an_anchor_nothing_is_claimed(audit: Path) -> None:
    write(3, chain=3)
    assert anchored_at() is None


def test_an_untouched_audit_is_as_of_its_newest_anchor(audit: Path) -> None:
    write(3, chain=3)
    make_anchor()
    write(1, chain=3)
    newest = make_anchor()
    assert newest is not None
    assert anchored_at() == newest.at


@pytest.mark.parametrize("what", ["rewritten", "cut off", "signature", "content", "key"])
def test_whatever_was_touched_it_claims_nothing(audit: Path, what: str) -> None:
    write(4, chain=3)
    make_anchor()
    if what == "rewritten":
        rewrite(3, 2, '{"actor":"system:nobody"}')
    elif what == "cut off":
        tamper("DELETE FROM core_audit_entry WHERE seq = 4")
    elif what == "signature":
        tamper(
            "UPDATE core_audit_anchor SET signature = set_byte(signature, 0, 255 - get_byte(signature, 0))"
        )
    elif what == "content":
        tamper("UPDATE core_audit_anchor SET at = at + interval '1 second'")
    else:
        for file in signing_keys().folder.glob("*.pub"):
            file.unlink()
    assert anchored_at() is None
