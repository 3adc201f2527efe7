"""Letters of a case: read from its page as their reader got them, without the link that opens them."""

from __future__ import annotations

import pytest

from tests.domains.matter import case_about, decided, somebody, taken
from tests.surfaces.console.conftest import Desk
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.crypto import shred
from tocsin.domains.enforcement.models import Notice
from tocsin.domains.enforcement.notices import access_code
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter(supervisor: Staff) -> Notice:
    case = taken(case_about(["SAF.threat"]), supervisor)
    return Notice.objects.get(decision=decided(case, supervisor, "shopper:s-1", "C1.8"))


def address(letter: Notice) -> str:
    return f"/console/case/{letter.case.reference}/letter/?letter={letter.pk}"


def test_a_letter_opens_from_the_case(supervisor: Staff, letter: Notice) -> None:
    desk = Desk(supervisor)
    assert desk.get(f"/console/case/{letter.case.reference}/") == 200
    assert f'href="{address(letter)}"' in desk.html
    assert desk.get(address(letter)) == 200
    assert "A decision about your account" in desk.text
    assert "What we found: On that day you wrote messages that threatened another person." in desk.text
    assert "Appeal here: …" in desk.text
    assert access_code(letter.pk) not in desk.html


def test_without_the_right_to_the_facts_its_words_are_covered(letter: Notice) -> None:
    desk = Desk(somebody("specialist"))
    assert desk.get(address(letter)) == 200
    assert "The words of this letter are covered for you." in desk.text
    assert "threatened another person" not in desk.text


def test_what_was_erased_is_said(supervisor: Staff, letter: Notice) -> None:
    with act(system("tests"), "key.destroy") as work:
        shred.destroy(work, letter.case.key_scope, "asked for")
    desk = Desk(supervisor)
    assert desk.get(address(letter)) == 200
    assert "The words of this letter were erased." in desk.text


def test_a_letter_of_another_case_is_not_there(supervisor: Staff, letter: Notice) -> None:
    other = case_about(["SAF.threat"])
    desk = Desk(supervisor)
    assert desk.get(f"/console/case/{other.reference}/letter/?letter={letter.pk}") == 404
    assert desk.get(f"/console/case/{letter.case.reference}/letter/?letter=ntc_none") == 404
    assert "There is no such letter in this case." in desk.text
