"""Every sentence of the public pages is there in Spanish, and the compiled catalogue is the written one."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

import tocsin

ROOT = Path(tocsin.__file__).parent
CATALOGUE = ROOT / "locale" / "es" / "LC_MESSAGES"
UI = ROOT / "surfaces" / "ui"
TEMPLATES = [
    *(ROOT / "surfaces" / "help" / "templates").rglob("*.html"),
    UI / "templates" / "tocsin" / "help_base.html",
    UI / "templates" / "tocsin" / "base.html",
    UI / "templates" / "tocsin" / "error.html",
]
MODULES = [*(ROOT / "surfaces" / "help").glob("*.py"), UI / "errors.py", UI / "templatetags" / "tocsin_ui.py"]
_CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "gettext_noop"}


def sentences(source: str) -> Iterator[str]:
    """The first argument of every call that translates."""
    for node in ast.walk(ast.parse(source)):
        if (
            not isinstance(node, ast.Call)
            or not isinstance(node.func, ast.Name)
            or node.func.id not in _CALLS
        ):
            continue
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            yield node.args[0].value


def in_template(path: Path) -> Iterator[str]:
    """What Django would hand to xgettext for a template."""
    text = templatize(path.read_text(encoding="utf-8"))
    for call in re.findall(
        r"gettext\(u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\"\"\".*?\"\"\")\)", text, re.S
    ):
        yield str(ast.literal_eval(call))


def compiled() -> gettext.GNUTranslations:
    with (CATALOGUE / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def test_every_sentence_is_translated() -> None:
    catalogue = compiled()._catalog  # type: ignore[attr-defined]
    known = {key[0] if isinstance(key, tuple) else key for key in catalogue}
    found = [(path.name, text) for path in TEMPLATES for text in in_template(path)]
    found += [(path.name, text) for path in MODULES for text in sentences(path.read_text(encoding="utf-8"))]
    assert len(found) > 250
    assert [(name, text) for name, text in found if text not in known] == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    written = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    blocks = re.findall(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', written, re.M)
    translations = compiled()
    assert len(blocks) > 250
    for identifier, text in blocks:
        said, wanted = (ast.literal_eval(f"({part})") for part in (identifier, text))
        if said:
            assert translations.gettext(said) == wanted
            assert wanted.strip()


def test_placeholders_are_the_same_in_both_languages() -> None:
    for said, text in compiled()._catalog.items():  # type: ignore[attr-defined]
        key = said[0] if isinstance(said, tuple) else said
        if key:
            assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", key)), key
