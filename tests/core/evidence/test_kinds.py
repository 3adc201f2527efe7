"""What a file is, by its content; what is odd about it; what is turned away at the door."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.evidence import files
from tocsin.core.errors import InvalidInput
from tocsin.core.evidence.kinds import FLAGS, KINDS, sniff

GOOD = {
    "image/png": files.picture("PNG"),
    "image/jpeg": files.photo(),
    "image/gif": files.picture("GIF"),
    "image/webp": files.picture("WEBP"),
    "image/heic": files.iso_media(b"heic", b"mif1", b"heic"),
    "application/pdf": files.pdf(),
    "audio/wav": files.wav(),
    "audio/mpeg": files.mp3(),
    "audio/ogg": b"OggS\x00\x02" + bytes(60),
    "audio/mp4": files.iso_media(b"M4A ", b"isom", b"mp42"),
    "video/mp4": files.iso_media(b"isom", b"iso2", b"avc1"),
    "video/quicktime": files.iso_media(b"qt  ", b"qt  "),
    "video/webm": files.webm(),
    "message/rfc822": files.EML,
    "text/plain": files.TEXT,
}


@pytest.mark.parametrize("media_type", sorted(KINDS))
def test_every_kind_we_take_is_known_by_its_content(media_type: str) -> None:
    sniffed = sniff(GOOD[media_type], declared_type="application/octet-stream", filename="no suffix")
    assert (sniffed.media_type, sniffed.kind, sniffed.flags) == (media_type, KINDS[media_type], ())


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (files.mp3(tagged=True), "audio/mpeg"),
        (files.iso_media(b"mif1", b"heic"), "image/heic"),
        ("Grüße\n".encode("utf-16"), "text/plain"),
        ("Grüße\n".encode("cp1252"), "text/plain"),
        (files.picture("JPEG", progressive=True), "image/jpeg"),
    ],
)
def test_less_usual_forms(data: bytes, media_type: str) -> None:
    assert (sniff(data).media_type, sniff(data).flags) == (media_type, ())


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return out.getvalue()


ARCHIVES = {
    "ZIP": files.packed(),
    "empty ZIP": b"PK\x05\x06" + bytes(18),
    "Word": files.packed("word/document.xml"),
    "gzip": gzip.compress(b"x"),
    "bzip2": bz2.compress(b"x"),
    "xz": lzma.compress(b"x"),
    "tar": tar(),
    "RAR": b"Rar!\x1a\x07\x01\x00",
    "7-Zip": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "Zstandard": b"\x28\xb5\x2f\xfd\x04\x00",
    "zip bomb": files.packed("0", bytes(10_000_000)),
}


@pytest.mark.parametrize("name", sorted(ARCHIVES))
def test_archives_are_turned_away_with_a_way_forward(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        sniff(ARCHIVES[name], declared_type="image/png", filename="photo.png")
    assert refused.value.code == "archive_refused"
    assert "one by one" in refused.value.sentence()


HOSTILE = {
    "PNG and page": (files.picture() + b"<html><script>alert(1)</script>", "image/png", {"polyglot"}),
    "page in a PNG comment": (
        files.png_of(1, 1, files.png_chunk(b"tEXt", b"Comment\0<SCRIPT >x"), rows=b"\0\0"),
        "image/png", {"polyglot"},
    ),
    "JPEG and PHP": (files.photo() + b"<?php system($_GET[0]);", "image/jpeg", {"polyglot"}),
    "GIF and JAR": (files.picture("GIF") + files.packed("A.class"), "image/gif", {"polyglot"}),
    "PDF and ZIP": (files.pdf() + files.packed(), "application/pdf", {"polyglot"}),
    "WAV and PDF": (files.wav()[:36] + files.pdf(), "audio/wav", {"polyglot"}),
    "PDF that acts": (files.pdf("/OpenAction<</S/JavaScript/JS(x)>>"), "application/pdf", {"active_content"}),
    "PDF with files": (files.pdf("/EmbeddedFile"), "application/pdf", {"active_content"}),
    "page": (b"<!DOCTYPE html><html><body>hi", "text/plain", {"active_content"}),
    "page in UTF-16": ("<html><body>hi".encode("utf-16"), "text/plain", {"active_content"}),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', "text/plain", {"active_content"}),
    "shell script": (b"#!/bin/sh\nrm -rf /\n", "text/plain", {"program"}),
    "mail with a page": (files.EML + b"<html><body>x", "message/rfc822", {"active_content"}),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_are_known_for_what_they_are(name: str) -> None:
    data, media_type, flags = HOSTILE[name]
    sniffed = sniff(data)
    assert (sniffed.media_type, set(sniffed.flags)) == (media_type, flags)


@pytest.mark.parametrize(
    ("data", "flags"),
    [
        (b"MZ\x90\x00" + bytes(60), {"program", "unknown_type"}),
        (b"\x7fELF" + bytes(60), {"program", "unknown_type"}),
        (b"\x00\x01\x02", {"unknown_type"}),
        (b"\xff\xfb\x90\x00 two bytes of a header prove nothing", {"unknown_type"}),
        (files.iso_media(b"zzzz", b"yyyy"), {"unknown_type"}),
        (b"\x1a\x45\xdf\xa3" + bytes(60), {"unknown_type"}),
        (b"\x00\x00<script >" + bytes(9), {"active_content", "unknown_type"}),
    ],
)
def test_what_we_do_not_know_is_flagged(data: bytes, flags: set[str]) -> None:
    sniffed = sniff(data)
    assert (sniffed.kind, set(sniffed.flags)) == ("unknown", flags)


@pytest.mark.parametrize(
    ("data", "declared", "name", "flags"),
    [
        (GOOD["image/png"], "image/png; x=1", "a.png", ()),
        (GOOD["image/png"], "image/jpeg", "a.jpg", ()),  # pictures under other pictures' names: every day
        (GOOD["audio/mp4"], "video/mp4", "voice.mp4", ()),
        (GOOD["text/plain"], "text/csv", "a.csv", ()),
        (GOOD["image/png"], "text/html", "a.html", ("name_mismatch", "type_mismatch")),
        (GOOD["image/png"], "image/png", "photo.jpg.exe", ("name_mismatch",)),
        (GOOD["image/png"], "application/pdf", "a.pdf", ("name_mismatch", "type_mismatch")),
        (GOOD["text/plain"], "image/png", "a.png", ("name_mismatch", "type_mismatch")),
        (GOOD["image/png"], "", "report.final", ()),
    ],
)
def test_what_was_said_against_what_it_is(
    data: bytes, declared: str, name: str, flags: tuple[str, ...]
) -> None:
    assert sniff(data, declared_type=declared, filename=name).flags == flags


@given(st.binary(max_size=400), st.text(max_size=40), st.text(max_size=40))
def test_any_bytes_get_an_answer(data: bytes, declared: str, name: str) -> None:
    try:
        sniffed = sniff(data, declared_type=declared, filename=name)
    except InvalidInput as refused:
        assert refused.code == "archive_refused"  # noqa: PT017
        return
    assert set(sniffed.flags) <= FLAGS.keys()
    assert (sniffed.kind == "unknown") == ("unknown_type" in sniffed.flags)


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a_known_head_with_any_tail_never_crashes(media_type: str, data: st.DataObject) -> None:
    whole = GOOD[media_type]
    cut = data.draw(st.integers(1, len(whole)))
    sniff(whole[:cut] + data.draw(st.binary(max_size=60)).replace(b"ustar", b""))
