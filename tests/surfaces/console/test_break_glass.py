"""Break-glass at the console: offered on the page of a refusal to whom it would help, and to nobody else."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests.domains.matter import as_, case_about, settle, somebody
from tests.surfaces.console.conftest import Desk
from tocsin.core.access.models import BreakGlass
from tocsin.core.audit.models import AuditEntry
from tocsin.core.clocks.models import Clock
from tocsin.domains.cases.models import Case
from tocsin.domains.staff import actions as staff_actions
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
WHY = "The family is on the telephone now."
OFFER = "In an emergency you may open this case"


def page_of(case: Case) -> str:
    return f"/console/case/{case.reference}/"


def looks(case: Case, person: Staff) -> int:
    return AuditEntry.objects.filter(verb="case.view", actor=f"staff:{person.pk}", object_id=case.pk).count()


@pytest.fixture
def sensitive(world: None) -> Case:
    """A case of class P4 that was given to nobody."""
    return case_about(["SAF.sexual_assault"])


@pytest.mark.parametrize("regions", [["*"], ["US-CA"]])
def test_what_is_not_theirs_opens_for_a_while_and_every_look_is_kept(
    sensitive: Case, regions: list[str]
) -> None:
    person = somebody("investigator", regions=regions)
    desk = Desk(person)
    assert desk.get(page_of(sensitive)) == 403
    assert f"{OFFER} for 30 minutes, with a reason." in desk.text
    assert sensitive.title not in desk.text
    assert desk.post(page_of(sensitive) + "glass/", reason=WHY) == 200
    assert "Opened. The privacy officer has been told." in desk.text
    assert "The glass is broken" in desk.text
    assert "This happened when he brought my order." in desk.text
    glass = BreakGlass.objects.get()
    assert (glass.staff_id, glass.object_id, glass.reason) == (person.pk, sensitive.pk, WHY)
    assert looks(sensitive, person) == 1
    assert desk.get(page_of(sensitive) + "body/") == 200
    assert looks(sensitive, person) == 2
    with time_machine.travel(glass.ends_at + dt.timedelta(seconds=1), tick=True):
        assert desk.get(page_of(sensitive)) == 403
        assert OFFER in desk.text
    assert looks(sensitive, person) == 2


def test_it_opens_one_case_and_no_other(sensitive: Case) -> None:
    person = somebody("investigator", regions=["US-CA"])
    other = case_about(["CON.harassment"], subject={"kind": "customer", "id": "c-2"}, order="")
    desk = Desk(person)
    assert desk.post(page_of(sensitive) + "glass/", reason=WHY) == 200
    assert desk.get(page_of(other)) == 403


def test_without_a_reason_what_was_typed_comes_back(sensitive: Case) -> None:
    desk = Desk(somebody("investigator"))
    assert desk.post(page_of(sensitive) + "glass/", reason="now, <b>") == 422
    assert "now, &lt;b&gt;</textarea>" in desk.html
    assert desk.text.count("At least 10 letters") >= 1
    assert not BreakGlass.objects.exists()
    assert desk.get(page_of(sensitive)) == 403


@pytest.mark.parametrize(
    ("role", "regions"),
    [
        ("specialist", ["*"]),  # their role never reaches P4
        ("auditor", ["*"]),
        ("privacy_officer", ["US-CA"]),  # reaches everything, and may not break the glass
        ("support_agent", ["*"]),
        ("administrator", ["*"]),
        ("trainer", ["US-CA"]),
    ],
)
def test_whom_it_would_not_help_or_who_may_not_gets_no_form(
    sensitive: Case, role: str, regions: list[str]
) -> None:
    desk = Desk(somebody(role, regions=regions))
    assert desk.get(page_of(sensitive)) == 403
    assert OFFER not in desk.text
    assert desk.get(page_of(sensitive) + "glass/") == 403
    assert desk.post(page_of(sensitive) + "glass/", reason=WHY) == 403
    assert not BreakGlass.objects.exists()
    assert not Clock.objects.filter(subject_type="break_glass").exists()


def test_whoever_is_kept_away_learns_nothing(sensitive: Case) -> None:
    person = somebody("investigator", "Wanda")
    staff_actions.wall_off(as_(somebody("administrator")), person.pk, ["shopper:s-1"])
    settle()
    desk = Desk(person)
    for address in (page_of(sensitive), page_of(sensitive) + "glass/"):
        assert desk.get(address) == 404
        theirs = desk.text
        assert OFFER not in theirs
        assert desk.get(address.replace(sensitive.reference, "C-000000")) == 404
        assert desk.text == theirs.replace(sensitive.reference, "C-000000")
    assert desk.post(page_of(sensitive) + "glass/", reason=WHY) == 404
    assert not BreakGlass.objects.exists()


def test_an_open_glass_is_no_way_around_a_wall_that_comes_later(sensitive: Case) -> None:
    person = somebody("investigator", "Wanda")
    desk = Desk(person)
    assert desk.post(page_of(sensitive) + "glass/", reason=WHY) == 200
    staff_actions.wall_off(as_(somebody("administrator")), person.pk, ["customer:c-1"])
    settle()
    assert desk.get(page_of(sensitive)) == 404


def test_who_sees_the_case_anyway_is_offered_nothing(sensitive: Case, supervisor: Staff) -> None:
    desk = Desk(supervisor)
    assert desk.get(page_of(sensitive)) == 200
    assert "Break the glass" not in desk.text


def test_somebody_else_reviews_it(sensitive: Case) -> None:
    person = somebody("investigator")
    assert Desk(person).post(page_of(sensitive) + "glass/", reason=WHY) == 200
    glass = BreakGlass.objects.get()
    officer = somebody("privacy_officer", "Pia")
    desk = Desk(officer)
    assert desk.get("/console/access/") == 200
    assert WHY in desk.text
    assert Desk(person).post("/console/access/review/", glass=glass.pk, outcome="justified") == 403
    assert desk.post("/console/access/review/", glass=glass.pk, outcome="not_justified") == 422
    assert desk.post(
        "/console/access/review/", glass=glass.pk, outcome="not_justified", note="Nobody had called."
    ) == 200  # fmt: skip
    glass.refresh_from_db()
    assert (glass.review_outcome, glass.reviewed_by) == ("not_justified", f"staff:{officer.pk}")
    assert Clock.objects.get(subject_type="break_glass").state == "met"
