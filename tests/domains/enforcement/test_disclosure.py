"""What the person reads names nobody who reported, however it is spelled; and only that is refused."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.domains.matter import as_, case_about, decided, finding, report, settle, somebody, taken
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.crypto import shred
from tocsin.core.errors import InvalidInput
from tocsin.domains.cases.merging import merge
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import appeals
from tocsin.domains.enforcement.decisions import decide
from tocsin.domains.enforcement.disclosure import given_away
from tocsin.domains.enforcement.models import Appeal, Decision, Notice
from tocsin.domains.enforcement.reversal import reverse
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.reports.models import Report
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
WHO = {
    "kind": "customer", "account": "c-1", "name": "Grace Núñez", "email": "Grace.N@Exämple.com",
    "phone": "(206) 555-0134",
}  # fmt: skip


@pytest.fixture
def case(supervisor: Staff) -> Case:
    """Grace Núñez, whom the marketplace knows as Maria Nunez Prado with another phone, about Sam Prado."""
    told = {"name": "Maria Nunez Prado", "phone": "+1 415 555 0171", "email": "prado@example.org"}
    upsert_entity(matter.MARKETPLACE, "customer", "c-1", told)
    upsert_entity(matter.MARKETPLACE, "shopper", "s-1", {"name": "Sam Prado"})
    return taken(case_about(["SAF.threat"], reporter=WHO), supervisor)


def said(case: Case, text: str) -> list[str]:
    return given_away(case, matter.account("shopper:s-1"), f"On that day you wrote this: {text}, and more.")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("to GRACE NUNEZ", "the name"),
        ("to grace  nun\u0303ez", "the name"),
        ("to Núñez", "the name"),
        ("to Grace", "the name"),
        ("to Maria", "the name"),
        ("grace.n@exämple.com", "the e-mail address"),
        ("<grace.n@XN--EXMPLE-CUA.COM>.", "the e-mail address"),
        ("Prado@Example.org", "the e-mail address"),
        ("206.555.0134", "the phone number"),
        ("+1 (206) 555 0134", "the phone number"),
        ("0014155550171", "the phone number"),
        ("of account c-1", "the account"),
        ("customer:C-1", "the account"),
    ],
)
def test_a_reporter_is_named(case: Case, text: str, what: str) -> None:
    assert said(case, text) == [what]


@pytest.mark.parametrize(
    "text",
    [
        "with little grace", "to Sam Prado", "of account c-10", "of account abc-1", "206 555 0199",
        "to Gracefield", "on 2026-03-10 at 12:10", "sam@example.org", "three messages, 17 words",
    ],
)  # fmt: skip
def test_anything_else_is_not(case: Case, text: str) -> None:
    assert said(case, text) == []


def test_the_number_of_a_report_is(case: Case) -> None:
    number = Report.objects.get().number
    spoken = number.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    for text in (number, number.removeprefix("TS-"), number.replace("-", ""), f"({spoken})"):
        assert said(case, text) == ["the report number"], text
    assert said(case, "TS-7K3M9-QX20D-4") == []


def test_nothing_is_decided_with_such_a_text(case: Case, supervisor: Staff) -> None:
    before, letters = Case.objects.get(), Notice.objects.count()
    facts = "On that day you wrote to Grace and c-1."
    with pytest.raises(InvalidInput) as caught:
        decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8", facts_disclosable=facts))
    assert caught.value.code == "names_the_reporter"
    assert caught.value.fields == {
        "facts_disclosable": "Take out the name and the account of somebody who reported."
    }
    assert "Grace" not in caught.value.sentence()
    assert (Decision.objects.count(), Notice.objects.count()) == (0, letters)
    assert Case.objects.get().revision == before.revision
    decide(as_(supervisor), case.pk, finding("shopper:s-1", "C1.8", facts_internal=facts))
    assert Decision.objects.count() == 1


def test_nor_an_appeal_answered_nor_a_decision_undone(case: Case, supervisor: Staff) -> None:
    made = decided(case, supervisor, "shopper:s-1", "C1.8")
    letters = Notice.objects.count()
    words = "We heard Grace again, and believe you."
    with pytest.raises(InvalidInput) as caught:
        reverse(as_(somebody("supervisor", "Omar")), made.pk, words)
    assert list(caught.value.fields) == ["reason"]
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, "It was not me on that day.")
    reviewer = as_(somebody("appeals_reviewer", "Arthur"), "appeal_review")
    with pytest.raises(InvalidInput) as caught:
        appeals.answer(reviewer, lodged.pk, "reverse", words)
    assert list(caught.value.fields) == ["reasons"]
    assert (Decision.objects.get().state, Appeal.objects.get().state) == ("in_force", "lodged")
    assert Notice.objects.count() == letters


def test_who_reported_themselves_may_read_their_own_name(case: Case) -> None:
    grace = matter.account("customer:c-1")
    assert given_away(case, grace, "You, Grace Núñez (c-1), wrote to us.") == []
    assert given_away(case, grace, f"You wrote {Report.objects.get().number}.") == ["the report number"]


def test_every_report_of_where_the_case_went_counts(case: Case, supervisor: Staff) -> None:
    filed = report(
        ["FRD-X.fake_support_caller"], reporter={"kind": "bystander", "name": "Quentin Zephyr"},
        subject={"kind": "shopper", "id": "s-2"},
    )  # fmt: skip
    settle()
    other = taken(Case.objects.get(report_links__report=filed.report), supervisor)
    assert said(case, "to Quentin") == []
    merge(as_(supervisor), case.pk, other.reference, "The same caller.")
    settle()
    for one in (case, other):
        assert said(Case.objects.get(pk=one.pk), "to Quentin") == ["the name"]
        assert said(Case.objects.get(pk=one.pk), "to Grace") == ["the name"]


def test_what_was_erased_is_not_compared(case: Case) -> None:
    with act(system("tests"), "key.destroy") as work:
        shred.destroy(work, Report.objects.get().key_scope, "asked for")
    assert said(case, "to Grace") == []
    assert said(case, "to Maria") == ["the name"]
