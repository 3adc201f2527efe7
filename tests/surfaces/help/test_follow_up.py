"""Coming back to a report: only with number and PIN, only for a while, and nothing typed is lost."""

import time

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.domains.actors import staff
from tests.domains.reports.world import ANYBODY
from tests.support.web import Visitor
from tests.surfaces.help.test_reporting import HOSTILE, PNG
from tocsin.core.clocks.models import Clock
from tocsin.core.evidence.models import Evidence
from tocsin.domains.reports import actions, following, messages
from tocsin.domains.reports.filing import Filed
from tocsin.domains.reports.models import Report
from tocsin.surfaces.help import session


@pytest.fixture
def filed(db: None) -> Filed:
    told = {"narrative": "He shouted at me.", "codes": ["CON.harassment"], "safe_now": "yes"}
    return actions.file_report(ANYBODY, channel="web", data=told, region="US-CA")


def open_report(visitor: Visitor, filed: Filed, **more: object) -> None:
    visitor.post("/help/follow-up/", {"number": filed.number, "pin": filed.pin, **more})
    assert visitor.page.status_code == 302
    visitor.get("/help/follow-up/report/")


def texts(report: Report) -> list[str | None]:
    return [line.text for line in messages.history(report)]


def test_number_and_pin_open_it_and_nothing_else_does(visitor: Visitor, filed: Filed) -> None:
    assert visitor.get("/help/follow-up/report/").status_code == 302
    visitor.post("/help/follow-up/", {"number": filed.number, "pin": "000000"})
    assert visitor.page.status_code == 403
    assert "do not belong together" in visitor.text
    assert filed.number in visitor.html
    assert visitor.get("/help/follow-up/report/").status_code == 302
    open_report(visitor, filed)
    assert visitor.page.status_code == 200
    assert "Harassment" in visitor.text
    assert "He shouted at me." not in visitor.text


def test_a_strangers_guesses_keep_nobody_out_who_opened_it_in_this_browser(
    visitor: Visitor, filed: Filed
) -> None:
    open_report(visitor, filed)
    mark = visitor.client.cookies["help_marks"]
    assert (mark["path"], mark["httponly"], mark["samesite"]) == ("/help/", True, "Lax")
    assert filed.number not in mark.value
    stranger = Visitor()
    for _ in range(following.TRIES_A_NUMBER["pin"][0]):
        stranger.post("/help/follow-up/", {"number": filed.number, "pin": "000000"})
    stranger.post("/help/follow-up/", {"number": filed.number, "pin": filed.pin})
    assert stranger.page.status_code == 429
    open_report(visitor, filed)


def test_a_mistyped_number_is_named_as_mistyped(visitor: Visitor, filed: Filed) -> None:
    wrong = filed.number[:-1] + ("2" if filed.number[-1] != "2" else "3")
    visitor.post("/help/follow-up/", {"number": wrong, "pin": filed.pin})
    assert visitor.page.status_code == 422
    assert "One letter or digit is different" in visitor.text


def test_too_many_wrong_pins_ask_for_patience(visitor: Visitor, filed: Filed) -> None:
    for _ in range(following.TRIES_A_NUMBER["pin"][0]):
        visitor.post("/help/follow-up/", {"number": filed.number, "pin": "000000"})
        assert visitor.page.status_code == 403
    visitor.post("/help/follow-up/", {"number": filed.number, "pin": filed.pin})
    assert visitor.page.status_code == 429
    assert int(visitor.page["Retry-After"]) > 0
    assert "Nothing is lost" in visitor.text
    assert visitor.get("/help/follow-up/report/").status_code == 302


def test_it_closes_by_itself_and_what_was_typed_comes_along(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    token = visitor.hidden("token")
    with time_machine.travel(time.time() + session.LIFE_S + 5, tick=True):
        visitor.post("/help/follow-up/report/message/", {"text": HOSTILE, "token": token})
        assert visitor.page.status_code == 403
        assert texts(filed.report) == []
        assert "<script>alert(1)" not in visitor.html
        assert "alert(1)" in visitor.html
        visitor.post("/help/follow-up/", {"number": filed.number, "pin": filed.pin, "kept": HOSTILE})
        visitor.get("/help/follow-up/report/")
        assert "alert(1)" in visitor.html
        visitor.post("/help/follow-up/report/message/", {"text": HOSTILE, "token": visitor.hidden("token")})
    assert texts(filed.report) == [HOSTILE]


def test_a_look_keeps_it_open(visitor: Visitor, filed: Filed) -> None:
    now = time.time()
    with time_machine.travel(now, tick=False) as clock:
        open_report(visitor, filed)
        for _ in range(3):
            clock.shift(session.LIFE_S - 10)
            assert visitor.get("/help/follow-up/report/").status_code == 200


def test_messages_and_files_are_added_once(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    token = visitor.hidden("token")
    for _ in range(2):
        file = SimpleUploadedFile("car.png", PNG, "image/png")
        visitor.post(
            "/help/follow-up/report/message/", {"text": "It was a red car.", "files": [file], "token": token}
        )
        assert visitor.page.status_code == 302
    visitor.get("/help/follow-up/report/")
    assert texts(filed.report) == ["It was a red car."]
    assert "It was a red car." in visitor.text
    assert "Picture" in visitor.text


def test_a_message_changed_and_sent_again_is_a_second_message(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    token = visitor.hidden("token")
    for text, content in (("First.", PNG), ("Second.", PNG), ("Second.", PNG + b"\0")):
        file = SimpleUploadedFile("car.png", content, "image/png")
        visitor.post("/help/follow-up/report/message/", {"text": text, "files": [file], "token": token})
        assert visitor.page.status_code == 302
    assert texts(filed.report) == ["First.", "Second.", "Second."]
    assert Evidence.objects.count() == 2


def test_an_empty_message_is_not_sent_and_a_bad_file_costs_nothing(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    visitor.post("/help/follow-up/report/message/", {"text": " ", "token": visitor.hidden("token")})
    assert visitor.page.status_code == 422
    empty = SimpleUploadedFile("a.txt", b"", "text/plain")
    form = {"text": "With a file.", "files": [empty], "token": visitor.hidden("token")}
    visitor.post("/help/follow-up/report/message/", form)
    visitor.get("/help/follow-up/report/")
    assert "a.txt was not kept" in visitor.text
    assert texts(filed.report) == ["With a file."]


def test_staff_words_are_shown_without_names_and_hostile_ones_stay_words(
    visitor: Visitor, filed: Filed
) -> None:
    actions.write_to_reporter(staff("specialist"), filed.report.pk, f"Which day? {HOSTILE}", question=True)
    open_report(visitor, filed)
    assert "<script>alert(1)" not in visitor.html
    assert "We asked you something" in visitor.text
    assert "Test Person" not in visitor.text
    assert "stf_test" not in visitor.html


def test_somebody_who_is_not_safe_reaches_a_supervisor(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    for _ in range(2):
        visitor.post("/help/follow-up/report/unsafe/", {})
        assert visitor.page.status_code == 302
    report = Report.objects.get()
    assert (report.severity, report.status) == ("S0", "emergency_active")
    assert Clock.objects.filter(subject_id=report.pk, name="answer", state="running").count() == 1
    visitor.get("/help/follow-up/report/")
    assert "Call your emergency number first" in visitor.text


def test_an_emergency_reopens_what_was_over(visitor: Visitor, filed: Filed) -> None:
    actions.tell_outcome(staff("specialist"), filed.report.pk, "We looked into it.")
    open_report(visitor, filed)
    visitor.post("/help/follow-up/report/unsafe/", {})
    report = Report.objects.get()
    assert (report.status, report.severity) == ("emergency_active", "S0")
    assert report.next_update_by is not None


def test_taking_it_back_says_what_that_means(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    assert "we still look into it" in visitor.text
    visitor.post("/help/follow-up/report/withdraw/", {"reason": "We talked."})
    visitor.get("/help/follow-up/report/")
    assert "You took this report back" in visitor.text
    assert Report.objects.get().status == "triaged"


def test_closing_and_leaving_shut_the_door(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    visitor.post("/help/follow-up/end/", {})
    assert visitor.get("/help/follow-up/report/").status_code == 302
    open_report(visitor, filed)
    left = visitor.get("/help/leave/")
    assert left.status_code == 302
    assert left["Location"].startswith("https://")
    assert left["Referrer-Policy"] == "no-referrer"
    assert visitor.get("/help/follow-up/report/").status_code == 302


def test_one_visitor_never_sees_anothers(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    assert Visitor().get("/help/follow-up/report/").status_code == 302


@pytest.mark.parametrize("path", ["message", "unsafe", "withdraw"])
def test_a_look_never_changes_anything(visitor: Visitor, filed: Filed, path: str) -> None:
    open_report(visitor, filed)
    assert visitor.get(f"/help/follow-up/report/{path}/").status_code == 405
    assert Report.objects.get().severity == "S2"


def test_a_card_number_in_a_message_is_covered(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    form = {"text": "It is 5555 5555 5555 4444.", "token": visitor.hidden("token")}
    visitor.post("/help/follow-up/report/message/", form)
    visitor.get("/help/follow-up/report/")
    assert texts(filed.report) == ["It is •••• 4444."]
    assert "did not keep it" in visitor.text


def test_when_it_is_over_nothing_more_is_asked(visitor: Visitor, filed: Filed) -> None:
    open_report(visitor, filed)
    assert "How complete your report is" in visitor.text
    actions.tell_outcome(staff("specialist"), filed.report.pk, "We looked into it and took action.")
    visitor.get("/help/follow-up/report/")
    assert "You have our answer" in visitor.text
    assert "We looked into it and took action." in visitor.text
    for gone in ("How complete your report is", "Take the report back", "What may come of it"):
        assert gone not in visitor.text
