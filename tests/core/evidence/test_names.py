"""File names as attackers write them, and as we show them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.evidence.names import safe_name, suffix


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\cmd.exe", "cmd.exe"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        (".htaccess", "htaccess"),
        ("evil\u202egpj.exe", "evil gpj.exe"),
        ("a\u200bb\u2066c\ufeff.txt", "a b c .txt"),
        ("nul\0byte.png", "nul byte.png"),
        ("line\r\nSet-Cookie: x=1.png", "line Set-Cookie_ x=1.png"),
        ('quote".png', "quote_.png"),
        ("<script>alert(1)</script>.png", "script_.png"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("console.log", "console.log"),
        ("Cafe\u0301.png", "Café.png"),
        ("配達の写真.heic", "配達の写真.heic"),
        ("lone\ud800surrogate.png", "lone_surrogate.png"),
        ("ends with dots...", "ends with dots"),
    ],
)
def test_hostile_names(raw: str, shown: str) -> None:
    assert safe_name(raw) == shown


def test_names_of_four_kilobytes_keep_their_suffix() -> None:
    shown = safe_name("x" * 4096 + ".jpeg")
    assert (len(shown), shown[-8:]) == (120, "xx….jpeg")
    assert len(safe_name("y" * 4096)) == 120
    assert len(safe_name("a." + "z" * 4096)) == 120


def test_suffixes() -> None:
    assert [suffix(name) for name in ("a.JPG", "a", ".png", "a.tar.gz", "a.", "a.b/c", "x." + "y" * 40)] == [
        ".jpg", "", "", ".gz", "", "", "",
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_whatever_comes_what_is_shown_is_harmless(raw: str) -> None:
    shown = safe_name(raw)
    assert 0 < len(shown) <= 120
    assert not set(shown) & set('/\\<>:"|?*\0\r\n')
    assert not shown.startswith(".")
    assert {unicodedata.category(sign) for sign in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert safe_name(shown) == shown
