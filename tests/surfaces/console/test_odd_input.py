"""Forms that carry what no form of ours would send: an answer, never a broken page, and nothing lost."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.surfaces.console.conftest import Desk
from tocsin.core.errors import InvalidInput
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.models import Decision
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Account
from tocsin.domains.staff.models import Staff

ODD_NUMBERS = ["²", "9" * 5000, "-1", "1.5", "\u0663"]


@pytest.fixture
def case(world: None, supervisor: Staff) -> Case:
    return matter.taken(matter.case_about(["SAF.threat"]), supervisor)


@pytest.fixture
def desk(supervisor: Staff) -> Desk:
    return Desk(supervisor)


@pytest.mark.parametrize("typed", ODD_NUMBERS)
def test_a_number_of_days_that_is_none_is_said_and_nothing_typed_is_lost(
    case: Case, desk: Desk, typed: str
) -> None:
    words = "Three messages with threats, read in the conversation."
    status = desk.post(f"/console/case/{case.reference}/decide/", days=typed, facts_internal=words)
    assert status == 422
    assert "This is not a number of days." in desk.text
    assert words in desk.html
    assert not Decision.objects.exists()


@pytest.mark.parametrize("typed", ODD_NUMBERS)
def test_a_state_of_the_case_that_is_none_counts_as_unsaid(case: Case, desk: Desk, typed: str) -> None:
    assert desk.get(f"/console/case/{case.reference}/close/?revision={typed[:50]}") == 200
    assert f'value="{case.revision}"' in desk.html


@pytest.mark.parametrize("typed", ["2026-13-45T00:00", "0001-01-01T00:00:00+14:00", "2026-01-01T00:00", "x"])
def test_a_moment_that_is_none_counts_as_now(case: Case, desk: Desk, typed: str) -> None:
    assert desk.get(f"/console/case/{case.reference}/note/?read_at={typed.replace('+', '%2B')}") == 200


def test_a_date_that_stands_for_none_is_refused_and_breaks_no_page(case: Case, desk: Desk) -> None:
    with pytest.raises(InvalidInput):
        upsert_entity(matter.MARKETPLACE, "shopper", "s-1", {"created_at": "0001-01-01T00:00:00+00:00"})
    assert Account.objects.get(external_id="s-1").member_since is None
    assert desk.get(f"/console/case/{case.reference}/") == 200
