"""The public pages are plain: school grade eight in English, easy in Spanish."""

from tests.readability import english_grade, spanish_ease
from tests.surfaces.help.test_translations import MODULES, TEMPLATES, compiled, in_template, sentences
from tocsin.surfaces.help.content import privacy_notice

GRADE, EASE = 8.0, 65.0


def said() -> list[str]:
    texts = [text for path in TEMPLATES for text in in_template(path)]
    texts += [text for path in MODULES for text in sentences(path.read_text(encoding="utf-8"))]
    return [text for text in dict.fromkeys(texts) if len(text.split()) > 5]


def test_the_pages_are_plain_in_both_languages() -> None:
    texts = said()
    assert len(texts) > 80
    assert english_grade(" ".join(f"{text.rstrip('.')}." for text in texts)) < GRADE
    spanish = [compiled().gettext(text) for text in texts]
    assert spanish_ease(" ".join(f"{text.rstrip('.')}." for text in spanish)) > EASE


def test_the_privacy_notice_is_plain_in_both_languages() -> None:
    for section in privacy_notice().sections:
        assert english_grade(" ".join(section.text["en"])) < GRADE, section.id
        assert spanish_ease(" ".join(section.text["es"])) > EASE, section.id
