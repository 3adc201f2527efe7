"""The appeals desk in the most sensitive cases: found, taken, read, answered."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.domains.matter import account, case_about, decided, settle, somebody, taken
from tests.surfaces.console.conftest import Desk
from tocsin.core.audit.models import AuditEntry
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import appeals
from tocsin.domains.enforcement.models import Appeal, Decision
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
GROUNDS = "It was my brother who had the phone on that day."
REASONS = "The phone was reported lost on that day, as the log shows."


@pytest.fixture
def lodged(supervisor: Staff) -> Appeal:
    case = taken(case_about(["SAF.sexual_assault"]), supervisor)
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    return appeals.lodge(matter.MARKETPLACE, made.pk, GROUNDS, channel="api")


def test_a_reviewer_finds_takes_reads_and_answers(lodged: Appeal) -> None:
    case = Case.objects.get()
    arthur = somebody("appeals_reviewer", "Arthur")
    desk, address = Desk(arthur), f"/console/appeals/{lodged.pk}/"

    # found, and covered
    assert desk.get("/console/appeals/") == 200
    assert case.reference in desk.text
    for secret in ("s-1", "C1.8", "Suspend"):
        assert secret not in desk.text.split("Unassigned")[0].split(case.reference)[1]
    assert desk.get(address) == 200
    assert "Take the appeal to read it." in desk.text
    for secret in (GROUNDS, "C1.8", "threats"):
        assert secret not in desk.text
    assert f"/console/case/{case.reference}/" not in desk.html
    assert desk.get(f"/console/case/{case.reference}/") == 403

    # taken, and read
    assert desk.post(address + "take/") == 200
    assert GROUNDS in desk.text
    assert matter.FACTS["facts_internal"] in desk.text
    assert desk.get(f"/console/case/{case.reference}/") == 200
    assert "This happened when he brought my order." in desk.text
    looks = AuditEntry.objects.filter(actor=f"staff:{arthur.pk}")
    assert looks.filter(verb="case.view", object_id=case.pk).count() == 1
    assert looks.filter(verb="appeal.view", object_id=lodged.pk).exists()

    # answered, and what was answered can be read
    assert desk.post(address + "answer/", outcome="reverse", reasons=REASONS) == 200
    settle()
    assert "Answered. The person is told." in desk.text
    assert GROUNDS in desk.text
    assert (Decision.objects.get().state, account("shopper:s-1").status) == ("reversed", "normal")
    assert desk.get(f"/console/case/{case.reference}/") == 403


def test_the_decider_is_told_that_somebody_else_hears_it(lodged: Appeal, supervisor: Staff) -> None:
    desk, address = Desk(supervisor), f"/console/appeals/{lodged.pk}/"
    assert desk.get(address) == 200
    assert "You had a part in this decision" in desk.text
    assert address + "take/" not in desk.html
    assert desk.post(address + "answer/", outcome="reverse", reasons=REASONS) == 422
    lodged.refresh_from_db()
    assert (lodged.state, lodged.reviewer_id) == ("lodged", None)


def test_a_supervisor_hands_an_appeal_on(lodged: Appeal, supervisor: Staff) -> None:
    arthur, bea, omar = (
        somebody(role, name)
        for role, name in (
            ("appeals_reviewer", "Arthur"),
            ("appeals_reviewer", "Bea"),
            ("supervisor", "Omar"),
        )
    )
    address = f"/console/appeals/{lodged.pk}/"
    assert Desk(arthur).post(address + "take/") == 200
    desk = Desk(omar)
    assert desk.get(address) == 200
    offered = desk.html.split('id="ho-staff"')[1].split("</select>")[0]
    assert (f'value="{bea.pk}"' in offered, f'value="{supervisor.pk}"' in offered) == (True, False)
    assert desk.post(address + "hand-on/", staff=supervisor.pk) == 200
    assert "somebody else" in desk.text.lower()
    lodged.refresh_from_db()
    assert lodged.reviewer_id == arthur.pk
    assert desk.post(address + "hand-on/", staff=bea.pk) == 200
    assert "The appeal was handed on." in desk.text
    lodged.refresh_from_db()
    assert (lodged.state, lodged.reviewer_id) == ("assigned", bea.pk)
