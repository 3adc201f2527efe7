"""Everything the desk does with a case, through the API with a personal key."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.domains import matter
from tests.domains.matter import account, settle, somebody
from tests.surfaces.api.client import Caller, integration, personal, places, problem
from tocsin.core.access.models import Refusal
from tocsin.core.evidence.models import Evidence
from tocsin.domains.cases.models import Case, CaseReport, TimelineEntry
from tocsin.domains.detection.models import Alert
from tocsin.domains.enforcement.models import Appeal, Decision
from tocsin.domains.reports.models import Report, ReportMessage
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
WHY = "It was my brother who had the phone on that day."
BECAUSE = "The phone was reported lost on that day."


@pytest.fixture
def lead(world: None) -> Staff:
    return somebody("supervisor", "Lee")


@pytest.fixture
def desk(lead: Staff) -> Caller:
    return personal(lead)


@pytest.fixture
def case(lead: Staff) -> Case:
    return matter.taken(matter.case_about(["SAF.threat"]), lead)


def decided(desk: Caller, case: Case) -> str:
    told = {
        "subject": account("shopper:s-1").pk, "finding": "substantiated", "clause": "C1.8",
        "standard_of_proof": "preponderance", **matter.FACTS,
    }  # fmt: skip
    answer = desk("POST", f"/cases/{case.pk}/decisions", told)
    assert answer.status_code == 201, answer.content
    settle()
    return str(answer.json()["id"])


def test_the_story_and_what_was_told(desk: Caller, case: Case) -> None:
    desk("POST", f"/cases/{case.pk}/notes", {"text": "She has a photo."})
    lines = desk("GET", f"/cases/{case.reference}/timeline").json()["items"]
    assert (lines[-1]["kind"], lines[-1]["by"], lines[-1]["body"]) == ("note", "Lee", "She has a photo.")
    [told] = desk("GET", f"/cases/{case.pk}/reports").json()["items"]
    assert told["narrative"] == "This happened when he brought my order."
    assert (told["covered"], told["codes"]) == (False, ["SAF.threat"])


def test_both_are_covered_for_who_has_not_been_given_the_case(desk: Caller, case: Case) -> None:
    desk("POST", f"/cases/{case.pk}/notes", {"text": "She has a photo."})
    other = personal(somebody("investigator"))
    lines = other("GET", f"/cases/{case.pk}/timeline").json()["items"]
    assert (lines[-1]["body"], lines[-1]["covered"]) == (None, True)
    [told] = other("GET", f"/cases/{case.pk}/reports").json()["items"]
    assert (told["narrative"], told["messages"], told["covered"]) == (None, [], True)


def test_a_question_to_the_reporter_makes_the_case_wait(desk: Caller, case: Case) -> None:
    number = Report.objects.get().number
    told = {"report": number.lower(), "text": "Do you still have the photo?", "question": True}
    answer = desk("POST", f"/cases/{case.pk}/messages", told)
    assert (answer.status_code, answer.json()["state"]) == (201, "awaiting_info")
    shop = integration("reports:read")
    asked = shop("GET", f"/reports/{number}").json()["messages"][-1]
    assert (asked["kind"], asked["text"]) == ("question", "Do you still have the photo?")


def test_only_to_a_reporter_of_this_case(desk: Caller, case: Case) -> None:
    other = matter.report(["CON.harassment"], order="o-live").number
    # without an event handled, it is in no case yet
    before = ReportMessage.objects.count()
    for number in (other, "TSN-nonsense"):
        answer = desk("POST", f"/cases/{case.pk}/messages", {"report": number, "text": "Hello."})
        assert answer.status_code == 422
    assert ReportMessage.objects.count() == before


def test_severity_goes_up_for_anybody_and_down_for_a_supervisor(desk: Caller, case: Case) -> None:
    ines = somebody("investigator")
    other = personal(ines)
    start = case.severity
    assert start == "S1"
    up = other("POST", f"/cases/{case.pk}/severity", {"severity": "S0", "reason": "He is at the door."})
    assert (up.status_code, up.json()["severity"]) == (200, "S0")
    down = {"severity": "S2", "reason": "He has left, and apologised."}
    assert other("POST", f"/cases/{case.pk}/severity", down).status_code == 403
    assert Case.objects.get().severity == "S0"
    assert desk("POST", f"/cases/{case.pk}/severity", down).json()["severity"] == "S2"


def test_a_measure_is_lifted(desk: Caller, case: Case) -> None:
    measure = desk(
        "POST", f"/cases/{case.pk}/protections", {"type": "step_up", "account": account("shopper:s-1").pk}
    ).json()
    assert measure["status"] == "requested"
    lifted = desk("POST", f"/actions/{measure['id']}/lift", {"reason": "It is him after all."})
    assert (lifted.status_code, lifted.json()["status"]) == (200, "reversed")
    assert desk("POST", f"/actions/{measure['id']}/lift", {"reason": "Again."}).status_code == 409


def test_closed_and_opened_again(desk: Caller, case: Case) -> None:
    closed = {"outcome": "no_breach", "reason": "The door camera shows a quiet hand-over."}
    assert desk("POST", f"/cases/{case.pk}/close", closed).json()["state"] == "closed"
    assert (
        desk("POST", f"/cases/{case.pk}/reopen", {"reason": "A second video."}).json()["state"] == "reopened"
    )
    assert desk("POST", f"/cases/{case.pk}/reopen", {"reason": "A second video."}).status_code == 409


def test_two_cases_become_one(desk: Caller, case: Case) -> None:
    other = matter.taken(
        matter.case_about(["CON.harassment"], order="o-none", reporter={"kind": "customer", "account": "c-2"},
                          subject={"kind": "shopper", "id": "s-2"}),
        Staff.objects.get(name="Lee"),
    )  # fmt: skip
    assert other.pk != case.pk
    told = {"into": case.reference, "reason": "The same evening at the same door."}
    answer = desk("POST", f"/cases/{other.pk}/merge", told)
    assert (answer.status_code, answer.json()["id"]) == (200, case.pk)
    assert Case.objects.get(pk=other.pk).state == "merged"
    assert CaseReport.objects.filter(case=case).count() == 2


def test_an_alert_is_answered_once_and_only_in_its_case(desk: Caller, case: Case) -> None:
    now = case.opened_at
    alert = Alert.objects.create(
        id="alr_1", subject_kind="shopper", subject_id="s-1", rule="r", code="V1", severity="S3",
        verdict="review", first_seq=1, last_seq=1, rules_version="1", opened_at=now, last_at=now,
    )  # fmt: skip
    path = f"/cases/{case.pk}/alerts/{alert.pk}/disposition"
    assert desk("POST", path, {"state": "cleared"}).status_code == 404
    assert Alert.objects.get().state != "cleared"
    case.alert_links.create(alert=alert, added_at=now)
    assert desk("POST", path, {"state": "cleared"}).json()["state"] == "cleared"
    assert desk("POST", path, {"state": "confirmed"}).status_code == 409
    assert Alert.objects.get().state == "cleared"


def test_a_mistaken_decision_is_undone_by_somebody_else(desk: Caller, case: Case) -> None:
    decision = decided(desk, case)
    assert desk("POST", f"/decisions/{decision}/reversal", {"reason": BECAUSE}).status_code == 409
    assert Decision.objects.get().state == "in_force"
    other = personal(somebody("supervisor", "Otto"))
    undone = other("POST", f"/decisions/{decision}/reversal", {"reason": BECAUSE})
    assert (undone.status_code, undone.json()["state"]) == (200, "reversed")


def test_an_appeal_is_lodged_found_read_taken_and_answered(desk: Caller, case: Case, shop: Caller) -> None:
    decision = decided(desk, case)
    lodged = shop("POST", f"/decisions/{decision}/appeals", {"grounds": WHY}).json()
    reviewer = somebody("appeals_reviewer", "Ada")
    ada = personal(reviewer)
    listed = ada("GET", "/appeals").json()
    assert ([one["id"] for one in listed["items"]], listed["next_cursor"], listed["hidden"]) == (
        [lodged["id"]], "", 0,
    )  # fmt: skip
    path = f"/appeals/{lodged['id']}"
    assert ada("GET", path).json()["grounds"] is None
    assert desk("POST", f"{path}/take").status_code == 409  # the decider
    assert Appeal.objects.get().reviewer_id is None
    assert ada("POST", f"{path}/take").json()["reviewer"] == reviewer.pk
    assert ada("GET", path).json()["grounds"] == WHY
    answered = ada("POST", f"{path}/decision", {"outcome": "reverse", "reasons": BECAUSE}).json()
    assert (answered["state"], answered["outcome"]) == ("remedied", "reverse")
    assert ada("GET", "/appeals").json()["items"] == []
    assert [one["id"] for one in ada("GET", "/appeals?tab=mine").json()["items"]] == [lodged["id"]]
    assert ada("GET", f"/appeals?tab=all&cursor={lodged['id']}").json()["items"] == []
    assert shop("GET", "/appeals").status_code == 403


def test_the_right_to_hand_reports_in_is_enough_to_add_to_them(world: None) -> None:
    number = matter.report(["SAF.sexual_assault"]).number
    settle()
    assert Report.objects.get().data_class == "P4"
    writer, reader = integration("reports:write"), integration("reports:read")
    added = writer("POST", f"/reports/{number}/messages", {"text": "There is a photo."})
    assert (added.status_code, ReportMessage.objects.get(kind="message").pk) == (201, added.json()["id"])
    photo = SimpleUploadedFile("note.txt", b"He shouted at six.", "text/plain")
    sent = writer.client.post(
        f"/v1/reports/{number}/evidence", {"file": photo},
        headers={"authorization": f"Bearer {writer.token}"},
    )  # fmt: skip
    assert sent.status_code == 201, sent.content
    assert Evidence.objects.count() == 1
    # and reading still takes the right to read, which ends before the most sensitive
    assert writer("GET", f"/reports/{number}").status_code == 403
    assert Refusal.objects.get().permission == "reports:read"
    assert reader("GET", f"/reports/{number}").status_code == 404
    assert reader("POST", f"/reports/{number}/messages", {"text": "x"}).status_code == 403
    assert ReportMessage.objects.filter(kind="message").count() == 1


def test_a_note_is_never_written_by_who_may_not(desk: Caller, case: Case) -> None:
    before = TimelineEntry.objects.count()
    for role in ("auditor", "trainer", "support_agent", "appeals_reviewer"):
        answer = personal(somebody(role))("POST", f"/cases/{case.pk}/notes", {"text": "x"})
        assert (answer.status_code, problem(answer)["type"]) == (403, "urn:tocsin:problem:access_denied")
    assert desk("POST", f"/cases/{case.pk}/notes", {"text": "  "}).status_code == 422
    assert places(desk("POST", f"/cases/{case.pk}/notes", {"txt": "x"})) == {"text", "txt"}
    assert TimelineEntry.objects.count() == before
