"""The headers evidence leaves under, and which items may be shown at all."""

from __future__ import annotations

import pytest

from tocsin.core.evidence.kinds import FLAGS, KINDS
from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.serving import display_headers, download_headers, way_out


def item(media_type: str, *flags: str, scan: str = "clean") -> Evidence:
    return Evidence(
        media_type=media_type, kind=KINDS.get(media_type, "unknown"), flags=list(flags), scan=scan
    )


def test_what_may_be_shown() -> None:
    assert {media_type: way_out(item(media_type)) for media_type in sorted(KINDS)} == {
        "application/pdf": "download", "audio/mp4": "media", "audio/mpeg": "media", "audio/ogg": "media",
        "audio/wav": "media", "image/gif": "image", "image/heic": "download", "image/jpeg": "image",
        "image/png": "image", "image/webp": "image", "message/rfc822": "download", "text/plain": "text",
        "video/mp4": "media", "video/quicktime": "media", "video/webm": "media",
    }  # fmt: skip
    assert way_out(item("application/x-dosexec", "unknown_type")) == "download"


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_anything_odd_is_a_download_and_nothing_else(flag: str) -> None:
    assert {way_out(item(media_type, flag)) for media_type in KINDS} == {"download"}


def test_infected_items_have_no_way_out() -> None:
    assert way_out(item("image/png", scan="infected")) == "never"


def test_a_download_runs_nothing() -> None:
    headers = download_headers(item("image/png"), "photo.png")
    assert headers == {
        "Cache-Control": "no-store, private",
        "Content-Disposition": "attachment; filename=\"photo.png\"; filename*=UTF-8''photo.png",
        "Content-Security-Policy": (
            "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "Content-Type": "image/png",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def test_a_flagged_download_starts_nothing_by_its_name_or_type() -> None:
    headers = download_headers(item("image/png", "polyglot"), "../\u202egpj.exe")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"gpj.exe.untrusted\"; filename*=UTF-8''gpj.exe.untrusted"
    )


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("配達.png", "attachment; filename=\"__.png\"; filename*=UTF-8''%E9%85%8D%E9%81%94.png"),
        ('a"; evil=".png', "attachment; filename=\"a__ evil__.png\"; filename*=UTF-8''a_%3B%20evil%3D_.png"),
        (
            "a\r\nSet-Cookie: b",
            "attachment; filename=\"a Set-Cookie_ b\"; filename*=UTF-8''a%20Set-Cookie_%20b",
        ),
        ("", "attachment; filename=\"file\"; filename*=UTF-8''file"),
    ],
)
def test_no_name_breaks_out_of_its_header(name: str, disposition: str) -> None:
    assert download_headers(item("image/png"), name)["Content-Disposition"] == disposition


def test_what_is_shown_inside_our_pages() -> None:
    headers = display_headers("image/jpeg")
    assert (headers["Content-Type"], headers["Content-Disposition"]) == ("image/jpeg", "inline")
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert display_headers("text/plain")["Content-Type"] == "text/plain; charset=utf-8"
