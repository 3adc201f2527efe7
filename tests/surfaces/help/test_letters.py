"""Reading a letter and appealing: with its code only, in time, once."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests.domains.reports.world import MARKETPLACE, build
from tests.support.web import Visitor
from tests.surfaces.help.test_reporting import HOSTILE
from tocsin.core.crypto.seal import open_text
from tocsin.core.outbox.handling import handle_due
from tocsin.domains.cases import actions as cases
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import decisions
from tocsin.domains.enforcement.models import Appeal, Notice
from tocsin.domains.enforcement.notices import access_code
from tocsin.domains.policies.actions import publish_packaged
from tocsin.domains.reports.actions import file_report
from tocsin.domains.reports.taxonomy import current
from tocsin.domains.staff.models import Staff
from tocsin.surfaces.help.letters import TRIES_A_LETTER

GROUNDS = "The order went to the wrong door, and I have the photo to show it."


@pytest.fixture
def letter(db: None) -> Notice:
    """A statement of reasons for shopper s-1, from a report to a decision."""
    build()
    publish_packaged(current().codes())
    told = {
        "narrative": "He insulted me at the door.", "codes": ["CON.offensive_language"], "safe_now": "yes",
        "reporter": {"kind": "customer", "account": "c-1"}, "subject": {"kind": "shopper", "id": "s-1"},
    }  # fmt: skip
    file_report(MARKETPLACE, channel="api", data=told)
    handle_due()
    person = Staff.objects.create_user(
        email="ivy@example.com", name="Ivy Okafor", roles=["investigator"], regions=["US"]
    )
    case = Case.objects.get()
    cases.assign(person.actor(), case.pk, person.pk)
    given = decisions.DecisionInput(
        subject_id=case.parties.get(part="subject").account_id, finding="substantiated", clause_id="C2.2",
        standard_of_proof="preponderance", facts_internal="Two messages and the doorbell video say so.",
        facts_disclosable="Words of insult were used at a delivery on 1 May.",
    )  # fmt: skip
    decisions.decide(person.actor(), case.pk, given)
    return Notice.objects.get(kind="statement_of_reasons")


def address(letter: Notice, code: str = "") -> str:
    return f"/help/notice/{letter.pk}?code={code or access_code(letter.pk)}"


def test_the_letter_opens_with_its_code_and_says_what_and_why(visitor: Visitor, letter: Notice) -> None:
    assert visitor.get(address(letter)).status_code == 200
    assert "Words of insult were used at a delivery on 1 May." in visitor.text
    assert "doorbell video" not in visitor.text
    assert "c-1" not in visitor.text
    assert "Send the appeal" in visitor.text


def test_the_last_day_is_the_last_day_where_the_person_lives(visitor: Visitor, letter: Notice) -> None:
    visitor.get(address(letter))
    assert letter.decision is not None
    assert letter.decision.appeal_until is not None
    assert letter.account is not None
    until = letter.decision.appeal_until.astimezone(ZoneInfo(letter.account.zone))
    assert (until.hour, until.minute) == (23, 59)
    assert f"You have time until {until.day} {until:%b %Y}" in visitor.text


def test_a_wrong_code_and_a_letter_that_is_not_there_get_the_same_answer(
    visitor: Visitor, letter: Notice
) -> None:
    answers = []
    for path in (address(letter, "AAAAAAAAAA"), "/help/notice/ntc_nothing?code=AAAAAAAAAA"):
        response = visitor.get(path)
        answers.append(
            (response.status_code, visitor.text.replace(letter.pk, "X").replace("ntc_nothing", "X"))
        )
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert "insult" not in visitor.text


def test_guessing_codes_has_an_end(visitor: Visitor, letter: Notice) -> None:
    for _ in range(TRIES_A_LETTER):
        assert visitor.get(address(letter, "AAAAAAAAAA")).status_code == 404
    assert visitor.get(address(letter)).status_code == 429
    assert "insult" not in visitor.text


def test_by_hand_with_reference_and_code(visitor: Visitor, letter: Notice) -> None:
    visitor.post("/help/notice/", {"letter": letter.pk, "code": "wrong"})
    assert visitor.page.status_code == 404
    assert letter.pk in visitor.html
    visitor.post("/help/notice/", {"letter": f" {letter.pk} ", "code": access_code(letter.pk).lower()})
    assert visitor.page.status_code == 302
    assert visitor.get(visitor.page["Location"]).status_code == 200


def test_an_appeal_is_lodged_once_and_its_words_are_sealed(visitor: Visitor, letter: Notice) -> None:
    visitor.get(address(letter))
    form = {"code": visitor.hidden("code"), "grounds": f"{GROUNDS} {HOSTILE}"}
    for _ in range(2):
        visitor.post(f"/help/notice/{letter.pk}", form)
        assert visitor.page.status_code in (302, 200)
    appeal = Appeal.objects.get()
    case = letter.case
    assert appeal.lodged_by == f"party:{letter.account_id}"
    sealed = open_text(case.key_scope, f"appeal:{appeal.pk}:grounds", appeal.grounds_sealed)
    assert sealed == f"{GROUNDS} {HOSTILE}"
    visitor.get(address(letter))
    assert "We have your appeal" in visitor.text
    assert "Send the appeal" not in visitor.text


@pytest.mark.parametrize("grounds", ["", "no", "x" * 10_001])
def test_an_appeal_without_words_is_not_lodged_and_keeps_what_was_typed(
    visitor: Visitor, letter: Notice, grounds: str
) -> None:
    visitor.get(address(letter))
    visitor.post(f"/help/notice/{letter.pk}", {"code": access_code(letter.pk), "grounds": grounds})
    assert visitor.page.status_code == 422
    assert grounds in visitor.html
    assert not Appeal.objects.exists()


def test_without_the_code_nothing_is_lodged(visitor: Visitor, letter: Notice) -> None:
    visitor.post(f"/help/notice/{letter.pk}", {"code": "AAAAAAAAAA", "grounds": GROUNDS})
    assert visitor.page.status_code == 404
    assert not Appeal.objects.exists()


def test_after_its_time_an_appeal_is_no_longer_offered(visitor: Visitor, letter: Notice) -> None:
    assert letter.decision is not None
    assert letter.decision.appeal_until is not None
    with time_machine.travel(letter.decision.appeal_until + dt.timedelta(minutes=1), tick=False):
        visitor.get(address(letter))
        assert "Send the appeal" not in visitor.text
        visitor.post(f"/help/notice/{letter.pk}", {"code": access_code(letter.pk), "grounds": GROUNDS})
        assert visitor.page.status_code == 409
    assert "The time to appeal has ended" in visitor.text
    assert not Appeal.objects.exists()
