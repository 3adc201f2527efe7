"""Nobody is chosen for a measure or a decision unless the case is about that one person."""

from __future__ import annotations

import re

import pytest

from tests.domains import matter
from tests.surfaces.console.conftest import Desk
from tocsin.domains.staff.models import Staff


def chosen(desk: Desk, name: str) -> list[str]:
    """What is selected in the list of accounts."""
    held = re.search(rf'<select[^>]* name="{name}".*?</select>', desk.html, re.S)
    assert held is not None
    return re.findall(r'<option value="([^"]*)" selected', held.group())


@pytest.mark.parametrize(("form", "name"), [("decide", "subject"), ("protect", "account")])
def test_the_person_a_case_is_about_is_chosen(world: None, supervisor: Staff, form: str, name: str) -> None:
    case = matter.taken(matter.case_about(["SAF.threat"]), supervisor)
    desk = Desk(supervisor)
    assert desk.get(f"/console/case/{case.reference}/{form}/") == 200
    assert chosen(desk, name) == [matter.account("shopper:s-1").pk]


@pytest.mark.parametrize(("form", "name"), [("decide", "subject"), ("protect", "account")])
def test_nobody_is_chosen_in_a_case_about_nobody(
    world: None, supervisor: Staff, form: str, name: str
) -> None:
    case = matter.taken(matter.case_about(["SAF.collision_no_injury"], subject=None), supervisor)
    desk = Desk(supervisor)
    assert desk.get(f"/console/case/{case.reference}/{form}/") == 200
    assert chosen(desk, name) == []
    assert desk.post(f"/console/case/{case.reference}/{form}/", type="lock_account") == 422
