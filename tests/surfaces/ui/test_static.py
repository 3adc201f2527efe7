"""What we took over from others is what they published, and everything survives being collected."""

from __future__ import annotations

import gettext
import hashlib
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

from tocsin.surfaces import ui
from tocsin.surfaces.ui.icons import known_icons, wanted_names

STATIC = Path(ui.__file__).parent / "static" / "tocsin"
TEMPLATES = Path(ui.__file__).parent / "templates"
ROWS = re.findall(r"^\| `([^`]+)` \|.*\[[^]]+\]\(\.\./([^)]+)\) \| `([0-9a-f]{64})` \|$",
                  (STATIC / "vendor" / "README.md").read_text(), re.MULTILINE)  # fmt: skip


@pytest.mark.parametrize(("file", "licence", "digest"), ROWS)
def test_every_vendored_file_is_unchanged_and_licensed(file: str, licence: str, digest: str) -> None:
    assert hashlib.sha256((STATIC / file).read_bytes()).hexdigest() == digest
    assert (STATIC / licence).stat().st_size > 500


def test_no_file_of_others_is_missing_from_the_list() -> None:
    listed = {file for file, _, _ in ROWS}
    found = {
        str(file.relative_to(STATIC))
        for folder in ("vendor", "fonts")
        for file in (STATIC / folder).iterdir()
        if file.suffix in {".js", ".css", ".woff2"}
    }
    assert found == listed


def test_the_sprite_holds_exactly_the_wanted_icons() -> None:
    assert known_icons() == frozenset(wanted_names())
    assert len(wanted_names()) == len(set(wanted_names()))


@pytest.mark.parametrize(
    "file", sorted(TEMPLATES.rglob("*.html")), ids=lambda file: str(file.relative_to(TEMPLATES))
)
def test_templates_hold_nothing_inline(file: Path) -> None:
    """A strict policy would drop it silently: style attributes, handlers, inline scripts, htmx's eval."""
    text = file.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:|hx-on|hx-vals=['\"]js:", text)
    for attributes in re.findall(r"<script([^>]*)>", text):
        assert "src=" in attributes or 'type="application/json"' in attributes


def test_the_spanish_catalogue_is_whole_and_compiled() -> None:
    folder = Path(ui.__file__).parent / "locale" / "es" / "LC_MESSAGES"
    source = (folder / "django.po").read_text()
    assert not re.search(r'msgstr(\[\d\])? ""\n\n', source.partition("\n\n")[2])
    with (folder / "django.mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)
    wanted = re.findall(r'^msgid "(.+)"$', source, re.MULTILINE)
    assert [text for text in wanted if catalogue.gettext(text) == text and "%(n)s" not in text] == []


def test_everything_can_be_collected_with_hashed_names(tmp_path: Path) -> None:
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    with override_settings(STORAGES=storages, STATIC_ROOT=tmp_path):
        call_command("collectstatic", interactive=False, verbosity=0)
    css = next((tmp_path / "tocsin" / "css").glob("tokens.????????????.css")).read_text()
    assert re.search(r"inter-latin-wght-normal\.[0-9a-f]{12}\.woff2", css)
