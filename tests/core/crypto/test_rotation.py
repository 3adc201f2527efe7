"""Rotating the master key: every data key under the new one, every value still readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.core.actor import Actor, system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto import rotation, seal
from tocsin.core.crypto.data_keys import adapter
from tocsin.core.crypto.models import DataKey
from tocsin.core.errors import AccessDenied

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("key_home")]


def seeded() -> list[bytes]:
    return seal.seal_many([(f"party:{number}", "name", f"name {number}") for number in range(7)])


def readable(sealed: list[bytes]) -> list[str | None]:
    return seal.open_many((f"party:{number}", "name", value) for number, value in enumerate(sealed))


def test_rotation_wraps_every_key_again_and_touches_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 3)
    sealed = seeded()
    index = seal.blind_index("phone", "+14155554471")
    old = adapter().current()
    done = rotation.rotate(system("keys"))
    assert (done.rewrapped, done.unreadable, done.resumed) == (8, (), False)
    assert done.master_key_id == adapter().current() != old
    assert set(DataKey.objects.values_list("master_key_id", flat=True)) == {done.master_key_id}
    assert DataKey.objects.filter(rewrapped_at=None).count() == 0
    assert readable(sealed) == [f"name {number}" for number in range(7)]
    assert seal.blind_index("phone", "+14155554471") == index
    verbs = (
        AuditEntry.objects.filter(object_id=done.master_key_id).order_by("id").values_list("verb", flat=True)
    )
    assert list(verbs) == ["key.rotated", "key.rotation_finished"]


def test_after_rotation_the_old_master_key_is_not_needed(key_home: Path) -> None:
    sealed = seeded()
    old = adapter().current()
    rotation.rotate(system("keys"))
    (key_home / "keys" / "master" / f"{old}.key").unlink()
    from tocsin.core.crypto import data_keys

    data_keys.forget_all()
    assert readable(sealed)[0] == "name 0"


def test_an_interrupted_rotation_is_finished_before_a_new_one_is_begun() -> None:
    seeded()
    begun = adapter().rotate()  # and then the lights went out
    first = rotation.rotate(system("keys"))
    assert (first.master_key_id, first.rewrapped, first.resumed) == (begun, 7, True)
    second = rotation.rotate(system("keys"))
    assert (second.master_key_id == begun, second.rewrapped, second.resumed) == (False, 7, False)


def test_a_damaged_key_is_named_and_does_not_stop_the_others() -> None:
    sealed = seeded()
    damaged = DataKey.objects.get(scope="party:3")
    damaged.wrapped = bytes(60)
    damaged.save()
    done = rotation.rotate(system("keys"))
    assert (done.rewrapped, done.unreadable) == (6, ("party:3",))
    assert readable(sealed[:3]) == ["name 0", "name 1", "name 2"]
    assert rotation.rotate(system("keys")).resumed is False


def test_destroyed_keys_stay_destroyed() -> None:
    seeded()
    DataKey.objects.filter(scope="party:3").update(wrapped=None, destroyed_at="2026-01-01T00:00:00Z")
    assert rotation.rotate(system("keys")).rewrapped == 6
    assert DataKey.objects.get(scope="party:3").wrapped is None


def test_nobody_without_the_permission_rotates() -> None:
    seeded()
    before = adapter().current()
    supervisor = Actor("staff", "stf_1", "Ada", roles=frozenset({"supervisor"}), regions=frozenset({"*"}))
    with pytest.raises(AccessDenied):
        rotation.rotate(supervisor)
    assert adapter().current() == before
    assert set(DataKey.objects.values_list("master_key_id", flat=True)) == {before}
