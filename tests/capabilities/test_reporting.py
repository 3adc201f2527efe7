"""Reporting, as a person and as the marketplace's system meet it: on the public pages and through the API."""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.domains.reports.world import build
from tests.support.web import Visitor, plain_files, visitor
from tests.surfaces.help.test_letters import letter
from tests.surfaces.help.test_reporting import PNG
from tocsin.core.access.api_keys import issue
from tocsin.core.actor import system
from tocsin.core.clocks.models import Clock
from tocsin.core.ids import hash_pin, parse_report_number, spoken_groups
from tocsin.core.ids.crockford import SYMBOLS
from tocsin.core.outbox.handling import handle_due
from tocsin.domains.cases import actions as cases
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.models import Notice
from tocsin.domains.policies.actions import publish_packaged
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.pepper import pin_pepper
from tocsin.domains.reports.taxonomy import current
from tocsin.domains.staff.models import Staff

__all__ = ["letter", "plain_files", "visitor"]


def send(visitor: Visitor, code: str, **data: object) -> Report:
    path = f"/help/report/{code}/"
    visitor.get(path)
    told = {"narrative": "This is what happened.", "token": visitor.hidden("token"), **data}
    visitor.post(path, told)
    assert visitor.page.status_code == 201, visitor.text
    return Report.objects.get(number=visitor.marked("number"))


def open_report(visitor: Visitor, number: str, pin: str) -> None:
    visitor.post("/help/follow-up/", {"number": number, "pin": pin})
    if visitor.page.status_code == 302:
        visitor.get(visitor.page["Location"])


class Api:
    """The marketplace's system with a key."""

    def __init__(self) -> None:
        _, self.token = issue(system("test"), "test", ["reports:read", "reports:write"])

    def report(self, **body: object) -> dict:
        response = Client(headers={"Authorization": f"Bearer {self.token}"}).post(
            "/v1/reports",
            json.dumps({"narrative": "This is what happened.", "reporter": {"kind": "customer"}, **body}),
            content_type="application/json",
            headers={"Idempotency-Key": secrets.token_hex(12)},
        )
        assert response.status_code == 201, response.content
        return response.json()


@pytest.fixture
def specialist(db: None) -> Staff:
    return Staff.objects.create_user(
        email="ivy@tocsin.example", name="Ivy Okafor", roles=["investigator"], regions=["US"]
    )


@pytest.mark.capability("B0.1")
def test_an_order_an_account_or_a_person_can_be_reported_with_one_schema(
    visitor: Visitor, specialist: Staff
) -> None:
    people = build()
    publish_packaged(current().codes())
    api = Api()
    on_the_page = [
        send(visitor, "DEL.missing", order="o-1", reporter_role="customer"),
        send(visitor, "ACC.customer_ato", order="o-1", reporter_role="customer", email="ana@example.com"),
        send(visitor, "CON.harassment", order="https://market.example/orders/o-1", reporter_role="customer"),
    ]
    through_the_api = [
        api.report(codes=["DEL.missing"], order="o-1"),
        api.report(codes=["ACC.customer_ato"], reporter={"kind": "customer", "account": "c-1"}),
        api.report(codes=["CON.harassment"], subject={"kind": "shopper", "id": "s-1"}),
    ]
    for web, answer in zip(on_the_page, through_the_api, strict=True):
        same = Report.objects.get(number=answer["number"])
        assert (web.alleged_codes, web.severity, web.status) == (
            same.alleged_codes,
            same.severity,
            same.status,
        )
        assert web.taxonomy_version == same.taxonomy_version
    order, account, person = on_the_page
    assert order.order is not None
    assert account.reporter_account == people["customer:c-1"]
    assert person.subject_account == people["shopper:s-1"]


@pytest.mark.capability("B0.1")
def test_how_soon_we_answer_is_shown_live(visitor: Visitor, specialist: Staff) -> None:
    publish_packaged(current().codes())
    visitor.get("/help/")
    assert visitor.marked('severity="S2"') == ""
    answered = send(visitor, "CON.harassment", safe_now="yes")
    late = send(Visitor(), "CON.harassment", safe_now="yes")
    handle_due()
    case = Case.objects.get(report_links__report=answered)
    cases.assign(specialist.actor(), case.pk, specialist.pk)
    visitor.get("/help/")
    assert re.search(r'data-severity="S2">\s*100 %', visitor.html)
    due = Clock.objects.get(subject_id=late.pk, name="answer").due_at
    with time_machine.travel(due + dt.timedelta(minutes=1), tick=False):
        visitor.get("/help/")
    assert re.search(r'data-severity="S2">\s*50 %', visitor.html)


@pytest.mark.capability("B9.1")
def test_the_public_page_lists_what_can_be_reported_from_the_taxonomy(visitor: Visitor) -> None:
    for path in ("/help/", "/help/report/"):
        visitor.get(path)
        assert set(re.findall(r'data-code="([^"]+)"', visitor.html)) == current().codes()
        assert re.findall(r'data-taxonomy="([^"]+)"', visitor.html) == [current().version]
        for group, entries in current().public():
            assert group.title["en"] in visitor.text
            for entry in entries:
                assert entry.title["en"] in visitor.text
    assert send(visitor, "FOO.spoiled").taxonomy_version == current().version


@pytest.mark.capability("B9.4")
def test_the_form_helps_to_prepare_takes_pictures_and_links_and_scores(visitor: Visitor) -> None:
    build()
    path = "/help/report/FOO.tampering/"
    visitor.get(path)
    entry = current().entries["FOO.tampering"]
    for thing in (*entry.evidence.values(), {"en": "The order number, or the link to the order"}):
        assert thing["en"] in visitor.text
    empty = int(visitor.marked("score").split()[0])
    visitor.post(f"{path}score/", {"narrative": "The seal was broken.", "safe_now": "yes", "item": "Yoghurt"})
    answered = int(visitor.marked("score").split()[0])
    assert 0 <= empty < answered < 100
    report = send(
        visitor, "FOO.tampering", order="https://market.example/a/orders/o-1?tab=help", item="Yoghurt",
        narrative="The seal was broken.", files=[SimpleUploadedFile("screen.png", PNG, "image/png")],
    )  # fmt: skip
    assert report.order is not None
    assert report.order.external_id == "o-1"
    report.refresh_from_db()
    assert int(visitor.marked("score").split()[0]) == report.completeness
    assert "evidence" not in report.gaps
    before = report.completeness
    open_report(visitor, visitor.marked("number"), visitor.marked("pin"))
    assert "Picture" in visitor.text
    assert int(visitor.marked("score").split()[0]) == before


@pytest.mark.capability("B9.5")
def test_the_reporter_sees_stage_date_and_outcomes_and_nothing_about_others(
    visitor: Visitor, specialist: Staff
) -> None:
    build()
    publish_packaged(current().codes())
    report = send(
        visitor,
        "CON.harassment",
        order="o-1",
        reporter_role="customer",
        email="ana@example.com",
        safe_now="yes",
    )
    number, pin = visitor.marked("number"), visitor.marked("pin")
    handle_due()
    open_report(visitor, number, pin)
    report.refresh_from_db()
    assert re.search(r'data-stage="working"', visitor.html)
    assert report.next_update_by is not None
    assert report.next_update_by.strftime('datetime="%Y-%m-%dT%H:%M') in visitor.html
    for outcome in current().entries["CON.harassment"].steps.outcomes["en"]:
        assert outcome in visitor.text
    for private in ("Bo Lee", "s-1", "bo@example.com", "Ivy", specialist.pk):
        assert private not in visitor.html


@pytest.mark.capability("B9.5")
def test_after_a_decision_the_reporter_hears_the_outcome_but_not_the_sanction(
    visitor: Visitor, letter: Notice
) -> None:
    link = letter.case.report_links.select_related("report").get()
    report = link.report
    report.pin_hash = hash_pin("482915", pepper=pin_pepper(), bound_to=report.number)
    report.save()
    handle_due()
    open_report(visitor, report.number, "482915")
    assert re.search(r'data-stage="(told|closed)"', visitor.html)
    for private in ("Bo Lee", "s-1", "strike", "warning", "C2.2", "doorbell", letter.pk, "Ivy"):
        assert private not in visitor.text


@pytest.mark.capability("B9.7")
def test_the_number_with_its_pin_opens_the_report_and_a_typo_is_caught(visitor: Visitor) -> None:
    report = send(visitor, "SAF.threat")
    number, digits, pin = (visitor.marked(name) for name in ("number", "digits", "pin"))
    for typed in (number, number.lower().replace("-", " "), digits):
        visitor = Visitor()
        open_report(visitor, typed, pin)
        assert visitor.page.status_code == 200
        assert visitor.marked("number") == report.number
    for place in [at for at, sign in enumerate(number) if sign.isalnum() and at > 2]:
        for sign in SYMBOLS:
            if sign == number[place]:
                continue
            with pytest.raises(Exception, match="symbol"):
                parse_report_number(number[:place] + sign + number[place + 1 :])
    visitor = Visitor()
    wrong = number[:4] + ("7" if number[4] != "7" else "8") + number[5:]
    visitor.post("/help/follow-up/", {"number": wrong, "pin": pin})
    assert visitor.page.status_code == 422
    assert "One letter or digit is different from the number we gave out" in visitor.text
    visitor.post("/help/follow-up/", {"number": number, "pin": f"{(int(pin) + 1) % 10**6:06d}"})
    assert visitor.page.status_code == 403
    assert visitor.get("/help/follow-up/report/").status_code == 302


@pytest.mark.capability("B10.2")
def test_every_report_gets_a_number_at_once_that_can_be_said_and_not_guessed(visitor: Visitor) -> None:
    api = Api()
    numbers = []
    for _ in range(8):
        started = timezone.now()
        report = send(Visitor(), "OTH.unclassified")
        assert report.received_at >= started
        numbers.append(report.number)
        answer = api.report()
        assert Report.objects.filter(number=answer["number"]).exists()
        assert re.fullmatch(r"\d{6}", answer["pin"])
        assert re.fullmatch(r"\d{16}", answer["number_digits"])
        numbers.append(answer["number"])
    assert len(set(numbers)) == 16
    for number in numbers:
        assert re.fullmatch(r"TS-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]", number)
        words = " ".join(word for group in spoken_groups(number) for word in group)
        assert len(re.findall(r"as in [A-Z]|digit [a-z]", words)) == 13
    # neighbours in time have nothing in common: no counter, no clock in the number
    assert len({number[3:7] for number in numbers}) == 16
    send(visitor, "SAF.threat")
    for group in spoken_groups(visitor.marked("number")):
        assert ", ".join(group) in visitor.text
