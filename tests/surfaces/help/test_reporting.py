"""Reporting on the public page: nothing typed is lost, nothing filed twice, nothing hostile comes alive."""

import datetime as dt
import re
import secrets

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.domains.reports.world import build
from tests.support.web import Visitor
from tocsin.core.evidence.models import Evidence
from tocsin.core.ids import parse_report_number, spoken_groups
from tocsin.domains.reports import details
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.taxonomy import current
from tocsin.surfaces.help.content import privacy_notice
from tocsin.surfaces.help.reporting import MOST_REPORTS

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7|add:7 }}"
THREAT = "/help/report/SAF.threat/"


def send(visitor: Visitor, path: str = THREAT, **data: object) -> None:
    visitor.get(path)
    visitor.post(path, {"token": visitor.hidden("token"), "narrative": "He said he would hurt me.", **data})


def test_one_sentence_is_enough_and_number_and_pin_are_shown(visitor: Visitor) -> None:
    send(visitor)
    assert visitor.page.status_code == 201
    report = Report.objects.get()
    assert parse_report_number(visitor.marked("number")) == report.number
    assert re.fullmatch(r"\d{6}", visitor.marked("pin"))
    assert re.fullmatch(r"\d{4} \d{4} \d{4} \d{4}", visitor.marked("digits"))
    for group in spoken_groups(report.number):
        assert ", ".join(group) in visitor.text
    assert report.notice_version == privacy_notice().stamp
    assert (report.channel, report.alleged_codes) == ("web", ["SAF.threat"])
    assert visitor.page["Cache-Control"] == "no-store"


def test_what_was_typed_survives_a_mistake(visitor: Visitor) -> None:
    ahead = (timezone.now() + dt.timedelta(days=400)).strftime("%Y-%m-%dT%H:%M")
    typed = {
        "narrative": HOSTILE,
        "safe_now": "no",
        "place": "Behind <b>the</b> store",
        "occurred_at": ahead,
        "aggravators": ["weapon"],
        "name": "O'Neil & Sons",
        "email": "a@example.com",
        "also": ["SAF.weapon"],
    }
    send(visitor, **typed)
    assert visitor.page.status_code == 422
    assert not Report.objects.exists()
    page = visitor.html
    assert "<script>alert(1)" not in page
    assert "onerror=alert(2)&gt;" in page
    assert "{{ 7|add:7 }}" in page
    for kept in ("Behind &lt;b&gt;the&lt;/b&gt; store", "O&#x27;Neil &amp; Sons", "a@example.com", ahead):
        assert kept in page
    for chosen in ('name="safe_now" value="no"', 'value="weapon"', 'value="SAF.weapon"'):
        assert re.search(chosen + r"[^>]*checked", page), chosen
    assert "Check the day and the hour" in visitor.text
    assert "Nothing you wrote was lost" in visitor.text


def test_sending_the_same_form_twice_keeps_one_report(visitor: Visitor) -> None:
    visitor.get(THREAT)
    form = {"token": visitor.hidden("token"), "narrative": "He said he would hurt me."}
    visitor.post(THREAT, form)
    first = visitor.marked("number"), visitor.marked("pin")
    visitor.post(THREAT, form)
    assert visitor.page.status_code == 201
    assert (visitor.marked("number"), visitor.marked("pin")) == first
    assert "kept one report and not two" in visitor.text
    assert Report.objects.count() == 1


def test_two_forms_are_two_reports(visitor: Visitor) -> None:
    send(visitor)
    send(visitor)
    assert Report.objects.count() == 2


def test_a_form_sent_again_with_other_words_is_a_report_of_its_own(visitor: Visitor) -> None:
    visitor.get("/help/report/DEL.missing/")
    token = visitor.hidden("token")
    visitor.post("/help/report/DEL.missing/", {"token": token, "narrative": "The milk is missing."})
    first = visitor.marked("number")
    for path, words in (("/help/report/SAF.weapon/", "He has a gun."), (THREAT, "He has a gun.")):
        visitor.post(path, {"token": token, "narrative": words})
        assert visitor.page.status_code == 201
        assert visitor.marked("number") != first
        assert "data-repeated" not in visitor.html
    told = [details.opened(report)["narrative"] for report in Report.objects.order_by("received_at")]
    assert told == ["The milk is missing.", "He has a gun.", "He has a gun."]


@pytest.mark.parametrize("token", ["", "x" * 5000, "forged:token:here"])
def test_a_forged_or_missing_form_token_still_files(visitor: Visitor, token: str) -> None:
    visitor.get(THREAT)
    visitor.post(THREAT, {"token": token, "narrative": "He said he would hurt me."})
    assert visitor.page.status_code == 201
    assert Report.objects.get().notice_version == privacy_notice().stamp


def test_without_the_forgery_token_nothing_is_filed(visitor: Visitor) -> None:
    response = visitor.client.post(THREAT, {"narrative": "x"})
    assert response.status_code == 403
    assert not Report.objects.exists()


@pytest.mark.parametrize("narrative", ["", "   \n\t ", "x" * 20_001])
def test_nothing_and_too_much_are_refused_in_words(visitor: Visitor, narrative: str) -> None:
    send(visitor, narrative=narrative)
    assert visitor.page.status_code == 422
    assert "Please check these points" in visitor.text
    assert not Report.objects.exists()


def test_a_body_beyond_all_measure_is_refused_and_files_nothing(visitor: Visitor) -> None:
    visitor.get(THREAT)
    visitor.post(THREAT, {"token": visitor.hidden("token"), "narrative": "x" * (3 * 1024 * 1024)})
    assert visitor.page.status_code == 400
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"occurred_at": "last tuesday"},
        {"occurred_at": "2026-01-01T10:00:00+05:00"},
        {"email": "nobody"},
        {"safe_now": "perhaps"},
        {"region": "XX-YY"},
        {"aggravators": ["thunder"]},
        {"also": ["ACC.customer_ato"]},
    ],
)
def test_what_no_form_of_ours_would_send_is_refused(visitor: Visitor, data: dict) -> None:
    send(visitor, **data)
    assert visitor.page.status_code == 422
    assert not Report.objects.exists()


def test_null_bytes_and_odd_letters_do_not_break_anything(visitor: Visitor) -> None:
    send(visitor, narrative="a\0b \u202etxt.exe 👩‍👩‍👧 \ud83d"[:-1], name="\u0000")
    assert visitor.page.status_code in (201, 422)


def test_an_unknown_matter_has_no_page(visitor: Visitor) -> None:
    for code in ("SAF.nothing", "..", "<script>", "x" * 500):
        assert visitor.get(f"/help/report/{code}/").status_code == 404


def test_files_are_taken_in_and_a_bad_one_never_costs_the_report(visitor: Visitor) -> None:
    files = [
        SimpleUploadedFile("door.png", PNG, "image/png"),
        SimpleUploadedFile("<b>empty.txt", b"", "text/plain"),
        SimpleUploadedFile("all.zip", b"PK\x03\x04" + bytes(60), "application/zip"),
    ]
    send(visitor, files=files)
    assert visitor.page.status_code == 201
    report = Report.objects.get()
    kept = Evidence.objects.get(subject_type="report", subject_id=report.pk)
    assert (kept.media_type, kept.source, kept.channel) == ("image/png", f"reporter:{report.pk}", "web")
    assert "these files could not be kept" in visitor.text
    assert "&lt;b&gt;empty.txt" in visitor.html
    assert "evidence" not in report.gaps


def test_too_many_files_at_once_are_refused_before_anything_is_filed(visitor: Visitor) -> None:
    send(visitor, files=[SimpleUploadedFile(f"{n}.png", PNG, "image/png") for n in range(11)])
    assert visitor.page.status_code in (400, 422)
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "typed",
    ["o-1", " #o-1 ", "https://market.example/orders/o-1", "https://market.example/help?order=o-1&x=1"],
)
def test_an_order_number_or_a_link_to_it_finds_the_order(visitor: Visitor, typed: str) -> None:
    people = build()
    send(visitor, order=typed, reporter_role="customer", occurred_at="2026-05-01T09:30")
    report = Report.objects.get()
    assert report.order is not None
    assert report.order.external_id == "o-1"
    assert report.subject_account == people["shopper:s-1"]
    assert report.zone == "America/Los_Angeles"
    assert report.occurred_at == dt.datetime(2026, 5, 1, 16, 30, tzinfo=dt.UTC)


def test_an_order_nobody_knows_is_kept_as_a_claim(visitor: Visitor) -> None:
    send(visitor, order="javascript:alert(1)//")
    report = Report.objects.get()
    assert report.order is None
    assert details.opened(report)["order"] == "javascript:alert(1)//"


def test_a_place_gives_region_and_zone(visitor: Visitor) -> None:
    send(visitor, region="US-WA", occurred_at="2026-01-15T09:30")
    report = Report.objects.get()
    assert (report.region, report.zone) == ("US-WA", "America/Los_Angeles")
    assert report.occurred_at == dt.datetime(2026, 1, 15, 17, 30, tzinfo=dt.UTC)


def test_every_matter_has_a_form_that_files(visitor: Visitor) -> None:
    for entry in current():
        path = f"/help/report/{entry.code}/"
        visitor.get(path)
        visitor.post(path, {"token": visitor.hidden("token"), "narrative": "It happened."})
        assert visitor.page.status_code == 201, entry.code
        visitor = Visitor()
    assert set(Report.objects.values_list("alleged_codes", flat=True)[0]) <= current().codes()
    assert Report.objects.count() == len(current().codes())


def test_each_question_says_why_and_each_group_names_the_privacy_notice(visitor: Visitor) -> None:
    visitor.get("/help/report/ACC.unauthorised_charge/")
    for fact in current().facts_for(["ACC.unauthorised_charge"]):
        if fact.asked_by == "reporter" and fact.kind != "photo":
            assert fact.why["en"] in visitor.text, fact.key
    groups = visitor.html.count('class="notice-line')
    assert groups >= 5
    assert visitor.text.count(f"privacy notice {privacy_notice().version}") == groups


def test_the_score_counts_answers_and_keeps_nothing(visitor: Visitor) -> None:
    visitor.get(THREAT)
    visitor.post(f"{THREAT}score/", {"narrative": "He said it.", "safe_now": "yes"})
    some = int(visitor.marked("score").split()[0])
    visitor.post(f"{THREAT}score/", {"narrative": "He said it.", "safe_now": "yes", "place": "At my door"})
    assert int(visitor.marked("score").split()[0]) > some > 0
    assert not Report.objects.exists()


def test_a_flood_from_one_address_has_to_wait_and_loses_nothing(visitor: Visitor) -> None:
    for _ in range(MOST_REPORTS):
        send(visitor)
    assert Report.objects.count() == MOST_REPORTS
    words = f"my own words {secrets.token_hex(4)}"
    send(visitor, narrative=words)
    assert visitor.page.status_code == 429
    assert words in visitor.html
    assert "Nothing is lost" in visitor.text
    assert Report.objects.count() == MOST_REPORTS


def test_spanish_from_the_first_page_to_the_last(spanish_visitor: Visitor) -> None:
    spanish_visitor.get("/help/")
    assert "Seguridad" in spanish_visitor.text
    send(spanish_visitor, narrative="Me dijo que me iba a pegar.")
    assert "Tenemos su informe" in spanish_visitor.text
    assert "T de Toledo" in spanish_visitor.text
    report = Report.objects.get()
    assert report.language == "es"
    for leftover in ("What happens next", "Your PIN", "Read aloud"):
        assert leftover not in spanish_visitor.text


def test_a_card_number_is_covered_before_it_is_kept_and_the_person_is_told(visitor: Visitor) -> None:
    path = "/help/report/ACC.unauthorised_charge/"
    told = "They used 4111 1111 1111 1111, security code 123."
    send(visitor, path, narrative=told, card_last4="4111111111111111")
    assert "We covered it and did not keep it" in visitor.text
    report = Report.objects.get()
    held = details.opened(report)
    assert held["narrative"] == "They used •••• 1111, security code ••••."
    assert held["facts"]["card_last4"] == "•••• 1111"


def test_danger_is_asked_first_but_where_the_matter_is_routine(visitor: Visitor) -> None:
    orders = {}
    for code in ("SAF.threat", "DEL.missing"):
        visitor.get(f"/help/report/{code}/")
        orders[code] = [
            visitor.html.index(title) for title in ("Right now", "What happened", "When and where")
        ]
    assert orders["SAF.threat"] == sorted(orders["SAF.threat"])
    now, *rest = orders["DEL.missing"]
    assert rest == sorted(rest)
    assert now > rest[-1]
