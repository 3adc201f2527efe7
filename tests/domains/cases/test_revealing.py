"""A case opens the masks of its own people, and nobody else's."""

from __future__ import annotations

import pytest

from tests.domains.matter import account, as_, case_about, somebody, taken
from tocsin.core.access.models import Reveal
from tocsin.core.errors import AccessDenied, NotFound
from tocsin.domains.cases.models import Case
from tocsin.domains.cases.revealing import reveal
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
WHY = "To call her back about the threat."


@pytest.fixture
def case(world: None, investigator: Staff) -> Case:
    taken(case_about(["SAF.threat"]), investigator)
    return Case.objects.get()


@pytest.mark.parametrize("field", ["name", "home_address", "access_needs"])
def test_whoever_is_not_in_the_case_stays_masked(case: Case, investigator: Staff, field: str) -> None:
    for stranger in (account("customer:c-2").pk, account("shopper:s-2").pk, "acc_nobody"):
        with pytest.raises(NotFound):
            reveal(as_(investigator), case, stranger, field, WHY)
    assert not Reveal.objects.exists()


def test_whoever_is_in_the_case_is_seen_and_that_is_kept(case: Case, investigator: Staff) -> None:
    assert reveal(as_(investigator), case, account("customer:c-1").pk, "name", WHY) == "Person c-1"
    seen = Reveal.objects.get()
    assert (seen.object_id, seen.case_id, seen.reason) == (account("customer:c-1").pk, case.pk, WHY)


def test_what_is_sensitive_takes_the_case_itself(case: Case) -> None:
    other = somebody("investigator", "Ivo")
    with pytest.raises(AccessDenied) as caught:
        reveal(as_(other), case, account("customer:c-1").pk, "home_address", WHY)
    assert caught.value.reason == "assignment"
    assert not Reveal.objects.exists()
