"""What a door lets through: a case opens its own people only, a key does what its owner may, and what cannot
be read is refused in words and breaks nothing."""

from __future__ import annotations

from base64 import b64decode

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.domains.actors import integration, staff
from tests.support.web import Visitor, plain_files, visitor
from tocsin.core.access import api_keys
from tocsin.core.access.models import Reveal
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.errors import AccessDenied, Conflict
from tocsin.core.evidence.models import Evidence
from tocsin.domains.cases import actions, case_alerts, opening, walls
from tocsin.domains.cases.models import Case, CaseAlert, CaseParty, CaseReport
from tocsin.domains.detection import queries as alerts
from tocsin.domains.detection.models import Alert
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Account
from tocsin.domains.reports.actions import file_report, write_to_reporter
from tocsin.domains.reports.models import Report
from tocsin.domains.staff.models import Staff

__all__ = ["plain_files", "visitor"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_files")]
MARKETPLACE = integration("entities:write", "reports:write")
NUL = "%00"


def person(ident: str) -> Account:
    told = {"name": f"Secret {ident}", "email": f"{ident}@example.com", "region": "US-CA"}
    upsert_entity(MARKETPLACE, "customer", ident, told)
    return Account.objects.get(external_id=ident)


def member(name: str, *roles: str, **more: object) -> Staff:
    return Staff.objects.create(
        email=f"{name}@example.com", name=name, roles=list(roles), regions=["*"], password="!", **more
    )


def case_about(account: Account, **more: object) -> Case:
    now = timezone.now()
    fields = {"severity": "S3", "desk": "safety", "source": "staff", "region": "US-CA", **more}
    case = Case.objects.create(
        id=f"case_{Case.objects.count()}",
        reference=f"C-{Case.objects.count()}",
        title="t",
        opened_at=now,
        updated_at=now,
        **fields,
    )
    CaseParty.objects.create(case=case, account=account, part="subject")
    return case


def at_the_console(who: Staff) -> Client:
    Authenticator.objects.create(user=who, type=Authenticator.Type.TOTP, data={})
    client = Client()
    client.force_login(who)
    return client


def token_of(who: Staff, *scopes: str) -> dict[str, str]:
    _key, token = api_keys.issue(who.actor(), "test", scopes, staff_id=who.pk)
    return {"authorization": f"Bearer {token}"}


def alert_about(account: Account) -> Alert:
    now = timezone.now()
    return Alert.objects.create(
        id="alr_1",
        subject_kind="customer",
        subject_id=account.external_id,
        rule="r",
        code="V1",
        severity="S3",
        verdict="review",
        first_seq=1,
        last_seq=1,
        rules_version="1",
        opened_at=now,
        last_at=now,
    )


def test_a_case_opens_the_masks_of_its_own_people_only() -> None:
    ines = member("ines", "investigator")
    case = case_about(person("c-in"), assignee=ines)
    outside, client = person("c-out"), at_the_console(ines)
    for account, status, shown in (
        (outside, 404, False),
        (Account.objects.get(external_id="c-in"), 200, True),
    ):
        page = client.post(
            f"/console/case/{case.reference}/reveal/{account.pk}/email/", {"reason": "To call them back."}
        )
        assert page.status_code == status
        assert (f"{account.external_id}@example.com" in page.content.decode()) is shown
    assert list(Reveal.objects.values_list("object_id", flat=True)) == [case.parties.get().account_id]


def test_a_key_adds_no_evidence_for_somebody_who_may_not() -> None:
    filed = file_report(
        MARKETPLACE, channel="api", data={"narrative": "He shouted.", "codes": ["CON.harassment"]}
    )
    answer = Client().post(
        f"/v1/reports/{filed.number}/evidence",
        {"file": SimpleUploadedFile("a.txt", b"words", "text/plain")},
        headers=token_of(member("aud", "auditor"), "reports:read", "reports:write"),
    )
    assert answer.status_code == 403
    assert not Evidence.objects.exists()


def test_what_we_wrote_to_a_reporter_is_covered_for_those_who_may_not_read_the_case() -> None:
    filed = file_report(
        MARKETPLACE, channel="api", data={"narrative": "He shouted.", "codes": ["CON.harassment"]}
    )
    write_to_reporter(staff("supervisor", regions=("*",)), filed.report.pk, "Call me at home, Maria.")
    case = case_about(person("c-1"), data_class="P3")
    CaseReport.objects.create(case=case, report=filed.report, added_at=timezone.now())
    sam = member("sam", "specialist")
    headers = token_of(sam, "reports:read")

    def read() -> tuple[int, int]:
        answer = Client().get(f"/v1/reports/{filed.number}", headers=headers)
        return answer.status_code, len(answer.json().get("messages", []))

    assert read() == (200, 0)
    Case.objects.update(assignee=sam)
    assert read() == (200, 1)
    Case.objects.update(walled_off=[sam.pk])
    assert read()[0] == 404


def test_an_alert_about_ones_own_account_is_kept_from_one() -> None:
    alert = alert_about(person("c-own"))
    them = staff("specialist", regions=("*",), kept_from=frozenset({"customer:c-own"}))
    assert alerts.alerts(them) == ([], 1)
    assert alerts.alerts(staff("specialist", regions=("*",))) == ([alert], 0)
    with pytest.raises(AccessDenied):
        case_alerts.disposition(them, alert.pk, "cleared")
    assert Alert.objects.get().state == "open"


def test_everybody_above_somebody_is_kept_away_too() -> None:
    top = member("top", "supervisor")
    middle = member("middle", "supervisor", manager=top)
    low = member("low", "specialist", manager=middle, walled_off_accounts=["customer:c-kin"])
    assert walls.around([person("c-kin")]) == sorted([top.pk, middle.pk, low.pk])


def test_nobody_takes_a_case_from_its_owner_by_giving_it_to_a_third() -> None:
    ana, ben, cy = (member(name, "specialist") for name in ("ana", "ben", "cy"))
    case = case_about(person("c-1"), assignee=ana)
    with pytest.raises(Conflict):
        actions.assign(ben.actor(), case.pk, cy.pk)
    assert Case.objects.get().assignee == ana
    assert actions.assign(ana.actor(), case.pk, cy.pk).assignee == cy


def test_a_case_that_waits_for_its_second_reader_is_not_closed() -> None:
    ines = member("ines", "investigator")
    case = case_about(person("c-1"), assignee=ines, state="decision_pending")
    with pytest.raises(Conflict) as caught:
        actions.close(ines.actor(), case.pk, "inconclusive", "Nothing more comes.")
    assert caught.value.code == "decision_pending"
    assert Case.objects.get().state == "decision_pending"


def test_what_follows_up_in_a_case_locks_it_first() -> None:
    account = person("c-1")
    case, alert = case_about(account), alert_about(account)
    CaseAlert.objects.create(case=case, alert=alert, added_at=timezone.now())
    filed = file_report(
        MARKETPLACE, channel="api", data={"narrative": "He shouted.", "codes": ["CON.harassment"]}
    )
    CaseReport.objects.create(case=case, report=filed.report, added_at=timezone.now())
    for found in (
        lambda work: opening.from_alert(work, alert, {}, None, "t"),
        lambda work: opening.for_report(work, Report.objects.get().pk),
    ):
        with CaptureQueriesContext(connection) as asked, act(system("tests"), "test") as work:
            assert found(work).pk == case.pk
        assert any("cases_case" in one["sql"] and "FOR UPDATE" in one["sql"] for one in asked)


def test_what_somebody_was_writing_lies_sealed_in_their_session(visitor: Visitor) -> None:
    filed = file_report(
        Actor("reporter", "web", "Somebody", purpose="self_service", via="web"),
        channel="web",
        data={"narrative": "He shouted.", "codes": ["CON.harassment"]},
        region="US-CA",
    )
    kept = "His name is Zebulon Quartermain"
    visitor.post("/help/follow-up/", {"number": filed.number, "pin": filed.pin, "kept": kept})
    held = [row.get_decoded() for row in Session.objects.all()]
    assert any("help.kept" in one for one in held)
    assert not any("Zebulon" in str(one) or b"Zebulon" in b64decode(one.get("help.kept", "")) for one in held)
    visitor.get("/help/follow-up/report/")
    assert kept in visitor.html


@pytest.mark.parametrize("code", ["é", "ÿÿÿÿÿÿÿÿÿÿ", "\U0001f600"])
def test_a_code_in_another_script_is_simply_wrong(visitor: Visitor, code: str) -> None:
    visitor.post("/help/notice/", {"letter": "ntc_1", "code": code})
    assert visitor.page.status_code == 404


def test_nul_is_refused_everywhere_and_breaks_nothing(visitor: Visitor) -> None:
    assert visitor.get(f"/help/notice/ntc{NUL}?code=A").status_code == 400
    client = at_the_console(member("ines", "investigator"))
    assert client.get(f"/console/case/C{NUL}/").status_code == 400
    headers = token_of(member("sam", "specialist"), "cases:read", "cases:write", "decisions:read")
    for path in (f"/v1/cases/C{NUL}", f"/v1/decisions/d{NUL}", f"/v1/notices?account=customer:{NUL}"):
        answer = Client().get(path, headers=headers)
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")


def test_half_a_character_in_an_attribute_is_refused() -> None:
    _key, token = api_keys.issue(system("tests"), "test", ["entities:write"])
    answer = Client().put(
        "/v1/entities/store/st-1",
        '{"attributes": {"name": "\\ud800"}}',
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "attributes.name"
