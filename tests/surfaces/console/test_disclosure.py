"""A decision whose text names the reporter is refused at the field, and all that was typed stays."""

from __future__ import annotations

import re

import pytest

from tests.domains.matter import account, case_about, taken
from tests.surfaces.console.conftest import Desk
from tocsin.domains.enforcement.models import Decision
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
WHO = {"kind": "customer", "account": "c-1", "name": "Grace Núñez"}


def test_the_field_says_what_to_take_out(supervisor: Staff) -> None:
    case = taken(case_about(["SAF.threat"], reporter=WHO), supervisor)
    desk, address = Desk(supervisor), f"/console/case/{case.reference}/decide/"
    typed = {
        "subject": account("shopper:s-1").pk, "finding": "substantiated", "clause": "C1.8",
        "standard_of_proof": "preponderance", "facts_internal": "Three messages with threats.",
        "facts_disclosable": "You threatened Grace on that day.",
    }  # fmt: skip
    assert desk.post(address, **typed) == 422
    assert "Take out the name of somebody who reported." in desk.text
    field = re.search(r'<textarea id="d-dis".*?</textarea>', desk.html, re.S)
    assert field is not None
    assert 'aria-invalid="true"' in field[0]
    assert typed["facts_disclosable"] in field[0]
    assert Decision.objects.count() == 0
    assert desk.post(address, **typed | {"facts_disclosable": "You threatened somebody on that day."}) == 200
    assert Decision.objects.count() == 1
