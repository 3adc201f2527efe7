"""Destroying keys: refused while somebody objects, final when done, remembered across restores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto import seal, shred
from tocsin.core.crypto.ledger import ledger, path
from tocsin.core.crypto.models import DataKey
from tocsin.core.crypto.seal import INDEX_SCOPE, Shredded
from tocsin.core.errors import Conflict, InvalidInput

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("key_home")]

PRIVACY = system("privacy")


@pytest.fixture
def held() -> Iterator[set[str]]:
    """Scopes that a legal hold covers."""
    scopes: set[str] = set()
    shred.register_guard(
        "test hold", lambda scope: f"legal hold LH-12 covers {scope}" if scope in scopes else None
    )
    yield scopes
    del shred._guards["test hold"]


def destroy(scope: str, reason: str = "the person asked for it") -> DataKey:
    with act(PRIVACY, "party.erase") as work:
        return shred.destroy(work, scope, reason)


def test_a_destroyed_key_takes_its_values_with_it_and_no_others() -> None:
    gone, kept = seal.seal_many([("party:1", "name", "Maria"), ("party:2", "name", "Ana")])
    row = destroy("party:1")
    assert row.wrapped is None
    assert row.destroyed_at is not None
    assert row.destroyed_reason == "the person asked for it"
    with pytest.raises(Shredded):
        seal.open_text("party:1", "name", gone)
    assert seal.open_text("party:2", "name", kept) == "Ana"
    assert AuditEntry.objects.filter(verb="key.destroyed", object_id=str(row.pk)).count() == 1


def test_a_hold_keeps_the_key_and_says_so(held: set[str]) -> None:
    sealed = seal.seal("party:1", "name", "Maria")
    held.add("party:1")
    with pytest.raises(Conflict, match=r"legal hold LH-12 covers party:1") as refused:
        destroy("party:1")
    assert refused.value.code == "key_held"
    assert seal.open_text("party:1", "name", sealed) == "Maria"
    assert AuditEntry.objects.filter(verb="key.destroyed").count() == 0
    held.clear()
    destroy("party:1")
    with pytest.raises(Shredded):
        seal.open_text("party:1", "name", sealed)


def test_an_objection_leaves_no_mark_on_a_scope_without_key(held: set[str]) -> None:
    held.add("party:9")
    with act(PRIVACY, "party.erase") as work, pytest.raises(Conflict):
        shred.destroy(work, "party:9", "asked")
    assert seal.seal("party:9", "name", "Maria")


def test_destroying_twice_changes_nothing() -> None:
    seal.seal("party:1", "name", "Maria")
    first, second = destroy("party:1"), destroy("party:1", "another reason")
    assert (second.destroyed_at, second.destroyed_reason) == (first.destroyed_at, first.destroyed_reason)
    assert AuditEntry.objects.filter(verb="key.destroyed").count() == 1


def test_a_scope_without_a_key_cannot_be_written_to_afterwards() -> None:
    destroy("party:1")
    with pytest.raises(Shredded):
        seal.seal("party:1", "name", "Maria")


@pytest.mark.parametrize(("scope", "reason"), [("party:1", "  "), (INDEX_SCOPE, "asked")])
def test_no_reason_and_the_platforms_own_keys_are_refused(scope: str, reason: str) -> None:
    index = seal.blind_index("phone", "+14155554471")
    with pytest.raises(InvalidInput):
        destroy(scope, reason)
    assert seal.blind_index("phone", "+14155554471") == index
    assert DataKey.objects.filter(destroyed_at__isnull=False).count() == 0


def test_a_hold_cannot_be_placed_on_what_is_gone() -> None:
    destroy("party:1")
    with act(PRIVACY, "hold.place"), pytest.raises(Conflict, match="erased"):
        shred.keep_still("party:1")


def test_destruction_is_written_down_once_it_is_certain(django_capture_on_commit_callbacks: Any) -> None:
    seal.seal("party:1", "name", "Maria")
    with django_capture_on_commit_callbacks(execute=True):
        destroy("party:1")
        assert not path().exists()
    assert [scope for scope, _ in ledger.entries()] == ["party:1"]
    assert shred.write_down() == 0


def test_what_a_crash_kept_from_the_ledger_is_added_later(key_home: Path) -> None:
    for scope in ("party:1", "party:2"):
        seal.seal(scope, "name", "Maria")
        destroy(scope)
    path().write_text("2026-01-01T00:00:00+00:00 party:1 2026-")
    assert shred.write_down() == 2
    assert {scope for scope, _ in ledger.entries()} >= {"party:1", "party:2"}
    assert shred.write_down() == 0


def test_after_a_restore_destroyed_keys_are_destroyed_again(django_capture_on_commit_callbacks: Any) -> None:
    sealed = seal.seal("party:1", "name", "Maria")
    backup = bytes(DataKey.objects.get(scope="party:1").wrapped or b"")
    with django_capture_on_commit_callbacks(execute=True):
        destroy("party:1")
    DataKey.objects.filter(scope="party:1").update(wrapped=backup, destroyed_at=None)
    with pytest.raises(Shredded):
        seal.open_text("party:1", "name", sealed)
    assert shred.reapply(PRIVACY) == 1
    assert DataKey.objects.get(scope="party:1").wrapped is None
    assert shred.reapply(PRIVACY) == 0


def test_a_later_key_of_the_same_name_is_another_key(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        destroy("party:1")
    DataKey.objects.all().delete()
    assert seal.open_text("party:1", "name", seal.seal("party:1", "name", "Maria")) == "Maria"
