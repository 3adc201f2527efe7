"""Taking evidence in: sealed, hashed, with its custody, once."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Max

from tests.core.evidence import files
from tests.core.evidence.conftest import Take
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import InvalidInput, TooLarge
from tocsin.core.evidence import custody
from tocsin.core.evidence.models import Custody, Evidence
from tocsin.core.evidence.reading import display_names, read

pytestmark = pytest.mark.django_db


def stored(shelf: Path) -> list[Path]:
    return [path for path in shelf.rglob("*") if path.is_file()]


def test_what_arrives_is_described_by_its_content(take: Take) -> None:
    photo = files.photo()
    item = take(photo, declared_type="image/jpeg", channel="app", sensitivity="P4")
    item.refresh_from_db()
    assert (item.sha256, item.size, item.media_type, item.kind, item.flags, item.scan, item.sensitivity) == (
        hashlib.sha256(photo).hexdigest(), len(photo), "image/jpeg", "image", [], "not_scanned", "P4",
    )  # fmt: skip
    assert read(item) == photo
    assert display_names([item]) == ["photo.jpg"]


def test_nothing_lies_open(take: Take, shelf: Path) -> None:
    item = take(files.TEXT, filename="Maria Lopez threat.txt")
    (file,) = stored(shelf)
    assert file.name == item.blob == hashlib.sha256(file.read_bytes()).hexdigest()
    assert files.TEXT[:10] not in file.read_bytes()
    item.refresh_from_db()
    row = " ".join(str(getattr(item, field.attname)) for field in Evidence._meta.concrete_fields)
    assert "Maria" not in row + str(bytes(item.filename_sealed))
    assert AuditEntry.objects.filter(payload__contains="Maria").count() == 0


def test_custody_begins_on_arrival(take: Take) -> None:
    before = AuditEntry.objects.aggregate(last=Max("pk", default=0))["last"]
    item = take(source="reporter", channel="phone")
    lines = [
        (line.act, line.actor, line.sha256, line.moved_from, line.moved_to) for line in custody.lines(item)
    ]
    assert lines == [
        ("received", "system:web", item.sha256, "reporter", "phone"),
        ("sealed", "system:web", item.sha256, "phone", f"store:{item.blob}"),
    ]
    assert {line.tool for line in custody.lines(item)} == {custody.tool()}
    verbs = AuditEntry.objects.filter(pk__gt=before).order_by("id").values_list("verb", flat=True)
    assert [verb for verb in verbs if verb.startswith("evidence.")] == [
        "evidence.receive", "evidence.received", "evidence.sealed",
    ]  # fmt: skip


def test_the_same_bytes_twice_in_one_subject_are_one_item(take: Take, shelf: Path) -> None:
    first = take(filename="a.jpg")
    assert take(filename="b.jpg").pk == first.pk
    assert (Evidence.objects.count(), len(stored(shelf))) == (1, 1)
    assert [line.act for line in custody.lines(first)] == ["received", "sealed", "received"]
    other = take(subject_id="rep_2", key_scope="report:rep_2")
    assert other.pk != first.pk
    assert other.sha256 == first.sha256
    assert other.blob != first.blob  # sealed apart: nobody can tell from the store that they are the same


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_sent_by_many_at_once_are_one_item(take: Take, shelf: Path) -> None:
    def send(number: int) -> str:
        try:
            return take(filename=f"{number}.jpg").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(send, range(12)))) == 1
    assert (Evidence.objects.count(), len(stored(shelf)), Custody.objects.filter(act="received").count()) == (
        1,
        1,
        12,
    )


def test_files_are_read_as_streams_up_to_the_limit(take: Take, settings: Any, shelf: Path) -> None:
    settings.TOCSIN_EVIDENCE_MAX_BYTES = 1000
    assert take(io.BytesIO(b"x" * 1000), filename="a.txt").size == 1000
    endless = io.BytesIO(b"y" * 100_000)
    with pytest.raises(TooLarge):
        take(endless, filename="b.txt")
    assert endless.tell() == 1001  # no more than needed to know
    with pytest.raises(TooLarge):
        take(b"z" * 1001)
    assert (Evidence.objects.count(), len(stored(shelf))) == (1, 1)


def test_empty_files_and_archives_are_turned_away_and_leave_nothing(take: Take, shelf: Path) -> None:
    for content, code in (
        (b"", "empty_file"),
        (io.BytesIO(), "empty_file"),
        (files.packed(), "archive_refused"),
    ):
        with pytest.raises(InvalidInput) as refused:
            take(content)
        assert refused.value.code == code
        assert list(refused.value.fields) == ["file"]
    assert (Evidence.objects.count(), Custody.objects.count(), stored(shelf)) == (0, 0, [])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\0b.png", "a b.png"),
        ("\ud800.png", "_.png"),
        ("n" * 5000, "n" * 119 + "…"),
        ("", "file"),
    ],
)
def test_hostile_names_are_kept_sealed_and_shown_safely(take: Take, name: str, shown: str) -> None:
    item = take(filename=name, declared_type="text/html\r\nX-Evil: 1\0")
    assert display_names([item]) == [shown]
    assert item.declared_type == "text/htmlX-Evil: 1"


def test_hostile_files_are_kept_and_flagged(take: Take) -> None:
    item = take(files.picture() + b"<html><script>x()</script>", filename="a.png", declared_type="image/png")
    item.refresh_from_db()
    assert (item.media_type, item.flags) == ("image/png", ["polyglot"])


def test_when_the_action_fails_nothing_is_there(take: Take, shelf: Path) -> None:
    with transaction.atomic():
        take()
        transaction.set_rollback(True)  # the report could not be saved
    assert (Evidence.objects.count(), Custody.objects.count()) == (0, 0)
    assert len(stored(shelf)) == 1  # an orphan: sealed, and nothing points to it


@pytest.mark.parametrize(
    "column", ["sha256", "blob", "size", "key_scope", "subject_id", "received_at", "flags"]
)
def test_the_database_refuses_to_change_an_item(take: Take, column: str) -> None:
    item = take()
    values = {"size": 1, "received_at": "2020-01-01T00:00:00Z", "flags": ["program"]}
    with pytest.raises(DatabaseError, match="is fixed"), transaction.atomic():
        Evidence.objects.filter(pk=item.pk).update(**{column: values.get(column, "x")})
    assert (
        Evidence.objects.filter(pk=item.pk).update(scan="clean", sensitive_media=False, sensitivity="P4") == 1
    )


def test_the_database_refuses_to_change_or_drop_custody(take: Take) -> None:
    item = take()
    with pytest.raises(DatabaseError, match="only ever grows"), transaction.atomic():
        item.custody.update(actor="somebody else")
    with pytest.raises(DatabaseError, match="only ever grows"), transaction.atomic():
        item.custody.all().delete()
    assert item.custody.count() == 2
