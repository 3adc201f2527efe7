"""Looking at evidence: allowed or not, logged, verified to the byte."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.core.access.people import key, staff
from tests.core.evidence import files
from tests.core.evidence.conftest import Take
from tocsin.core.access.check import Scope
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto.models import DataKey
from tocsin.core.crypto.seal import seal
from tocsin.core.crypto.shred import destroy
from tocsin.core.errors import AccessDenied, NotFound
from tocsin.core.evidence import custody, service
from tocsin.core.evidence.errors import Damaged, Erased, NotShown
from tocsin.core.evidence.models import Custody, Evidence
from tocsin.core.evidence.store import address_of

pytestmark = pytest.mark.django_db

SCOPE = Scope(region="US-CA", assigned=True, data_class="P2")
ADA = staff("specialist")
AUDITOR = staff("auditor", staff_id="stf_audit", purpose="audit")


def see(item: Evidence, actor: Actor = ADA, scope: Scope = SCOPE, **more: str) -> tuple[bytes, str]:
    return service.view(actor, item.pk, scope, **{"purpose": "case_handling", **more})


def acts(item: Evidence) -> list[str]:
    return [line.act for line in custody.lines(item)]


def test_a_view_gives_the_bytes_as_they_came_and_leaves_a_line(take: Take) -> None:
    item = take()
    assert see(item, reason="Comparing with the order") == (files.photo(), "image/jpeg")
    line = list(custody.lines(item))[-1]
    assert (line.act, line.actor, line.moved_to, line.reason, line.sha256) == (
        "viewed", "staff:stf_ada", "staff:stf_ada", "Comparing with the order", item.sha256,
    )  # fmt: skip
    entry = AuditEntry.objects.get(verb="evidence.viewed")
    assert (entry.actor, entry.object_id) == ("staff:stf_ada", line.pk)


@pytest.mark.parametrize(
    ("actor", "scope", "reason"),
    [
        (staff("support_agent"), SCOPE, "role"),
        (staff("administrator"), SCOPE, "role"),
        (ADA, replace(SCOPE, assigned=False), "assignment"),
        (staff("specialist", regions=("US-NY",)), SCOPE, "region"),
        (ADA, replace(SCOPE, walled_off=frozenset({"stf_ada"})), "walled_off"),
        (key("reports:read"), SCOPE, "role"),
    ],
)
def test_who_may_not_see_gets_nothing_and_leaves_no_custody(
    take: Take, actor: Actor, scope: Scope, reason: str
) -> None:
    item = take()
    for look in (
        lambda: see(item, actor, scope),
        lambda: service.display_image(actor, item.pk, scope, purpose="case_handling"),
        lambda: service.thumbnail(actor, item.pk, scope, purpose="case_handling"),
        lambda: service.cover(actor, item.pk, scope),
    ):
        with pytest.raises(AccessDenied) as refused:
            look()
        assert refused.value.reason == reason
    assert acts(item) == ["received", "sealed"]


def test_the_items_own_sensitivity_counts_whatever_the_page_says(take: Take) -> None:
    item = take(sensitivity="P4")
    with pytest.raises(AccessDenied) as refused:
        see(item, scope=replace(SCOPE, data_class="P1"))
    assert refused.value.reason == "class"
    assert see(item, staff("investigator"))[0] == files.photo()


def test_the_purpose_counts(take: Take) -> None:
    item = take()
    with pytest.raises(AccessDenied) as refused:
        see(item, purpose="self_service")
    assert refused.value.reason == "purpose"
    with pytest.raises(ValueError, match="unknown purpose"):
        see(item, purpose="curiosity")


def test_what_does_not_exist(shelf: Path) -> None:
    with pytest.raises(NotFound):
        service.view(ADA, "evd_nobody", SCOPE, purpose="case_handling")


def test_pictures_are_redrawn_for_the_screen(take: Take) -> None:
    item = take(files.photo((3000, 1500)))
    shown, media_type = service.display_image(ADA, item.pk, SCOPE, purpose="case_handling")
    small, _ = service.thumbnail(ADA, item.pk, SCOPE, purpose="case_handling")
    assert media_type == "image/jpeg"
    assert b"Telephone Maker" not in shown
    assert [Image.open(io.BytesIO(one)).size for one in (shown, small)] == [(2048, 1024), (320, 160)]
    assert acts(item) == ["received", "sealed", "viewed", "viewed"]


def test_a_cover_shows_nothing_and_is_not_a_view(take: Take) -> None:
    item = take()
    service.cover(ADA, item.pk, SCOPE)
    assert acts(item) == ["received", "sealed"]


@pytest.mark.parametrize(
    "content",
    [
        files.picture() + b"<script>alert(1)</script>",
        files.pdf(),
        files.iso_media(b"heic", b"heic"),
        files.png_of(60_000, 60_000),
        files.photo()[:200],
        files.TEXT,
    ],
)
def test_what_cannot_be_shown_can_be_downloaded(take: Take, content: bytes) -> None:
    item = take(content, filename="a")
    for show in (service.display_image, service.thumbnail):
        with pytest.raises(NotShown):
            show(ADA, item.pk, SCOPE, purpose="case_handling")
    assert acts(item) == ["received", "sealed"]
    assert see(item)[0] == content


def file_of(item: Evidence, shelf: Path) -> Path:
    return shelf / item.blob[:2] / item.blob[2:4] / item.blob


@pytest.mark.parametrize("place", [0, 1, 20, -1])
def test_one_changed_byte_fails_loudly_everywhere(take: Take, shelf: Path, place: int) -> None:
    item = take()
    assert service.verify(AUDITOR, item.pk).pk == item.pk
    file = file_of(item, shelf)
    changed = bytearray(file.read_bytes())
    changed[place] ^= 1
    file.chmod(0o600)
    file.write_bytes(changed)
    for look in (
        lambda: service.verify(AUDITOR, item.pk),
        lambda: see(item),
        lambda: service.display_image(ADA, item.pk, SCOPE, purpose="case_handling"),
    ):
        with pytest.raises(Damaged, match="changed"):
            look()
    assert acts(item) == ["received", "sealed", "verified", "damaged", "damaged", "damaged"]


def test_bytes_that_are_gone_are_damage(take: Take, shelf: Path) -> None:
    item = take()
    file_of(item, shelf).unlink()
    with pytest.raises(Damaged, match="not in the store"):
        see(item)
    assert acts(item)[-1] == "damaged"


def test_another_items_bytes_under_this_one_are_noticed(take: Take, shelf: Path) -> None:
    """Whoever can write to the store and to the row still cannot pass one item's bytes off as another's."""
    item, other = take(), take(files.TEXT, filename="a.txt")
    with pytest.raises(Damaged):
        service.read(replace_blob(item, other.blob))


def replace_blob(item: Evidence, blob: str) -> Evidence:
    copy = Evidence.objects.get(pk=item.pk)
    copy.blob = blob
    return copy


def test_a_forged_seal_with_the_right_key_is_noticed(take: Take, shelf: Path) -> None:
    item = take()
    forged = seal(item.key_scope, f"evidence|{item.sha256}", b"other bytes")
    (shelf / address_of(forged)[:2] / address_of(forged)[2:4]).mkdir(parents=True)
    (shelf / address_of(forged)[:2] / address_of(forged)[2:4] / address_of(forged)).write_bytes(forged)
    with pytest.raises(Damaged, match="not those that arrived"):
        service.read(replace_blob(item, address_of(forged)))


def test_a_lost_key_is_damage_and_a_destroyed_key_is_erasure(take: Take) -> None:
    lost, erased = take(), take(subject_id="rep_2", key_scope="report:rep_2")
    with act(system("privacy"), "report.erase") as work:
        destroy(work, "report:rep_2", "asked")
    DataKey.objects.filter(scope="report:rep_1").delete()
    with pytest.raises(Damaged, match="no key"):
        see(lost)
    with pytest.raises(Erased):
        see(erased)
    assert acts(erased) == ["received", "sealed"]


def test_only_who_audits_verifies(take: Take) -> None:
    item = take()
    with pytest.raises(AccessDenied):
        service.verify(ADA, item.pk)
    assert Custody.objects.filter(act="verified").count() == 0
