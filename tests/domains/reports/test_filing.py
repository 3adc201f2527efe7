"""A report comes in: number, severity, dates, and nothing personal left readable."""

import datetime as dt
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from tests.domains.actors import integration, staff
from tests.domains.reports.world import ANYBODY, MARKETPLACE, build, order
from tocsin.core.audit.models import AuditEntry
from tocsin.core.clocks.models import Clock
from tocsin.core.errors import AccessDenied, InvalidInput
from tocsin.core.ids import new_report_number, parse_report_number, verify_pin
from tocsin.core.ids.crockford import decode
from tocsin.core.ids.report_number import BITS
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.registry import handlers_for
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.reports import details
from tocsin.domains.reports.actions import file_report
from tocsin.domains.reports.filing import Filed
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.pepper import pin_pepper

pytestmark = pytest.mark.django_db
MINIMAL = {"narrative": "He shouted at me and would not leave."}


def by_web(**data: object) -> Filed:
    return file_report(ANYBODY, channel="web", data={**MINIMAL, **data}, region="US", zone="America/New_York")


def clocks(report: Report) -> dict[str, dt.timedelta]:
    rows = Clock.objects.filter(subject_type="report", subject_id=report.pk, state="running")
    return {row.name: row.due_at - row.started_at for row in rows}


def test_a_single_sentence_is_a_report() -> None:
    filed = by_web()
    report = Report.objects.get()
    assert parse_report_number(filed.number) == report.number
    assert len(filed.digits) == 16
    assert verify_pin(report.pin_hash, filed.pin, pepper=pin_pepper(), bound_to=report.number)
    assert (report.alleged_codes, report.status, report.severity) == (["OTH.unclassified"], "received", "S3")
    assert (report.region, report.zone, report.channel) == ("US", "America/New_York", "web")
    assert report.taxonomy_version.startswith("2026.1+")
    assert filed.guidance == ("Nothing more to do now. Keep your report number.",)
    assert set(clocks(report)) == {"answer", "update", "recode"}
    assert report.next_update_by == Clock.objects.get(name="update").due_at


def test_nothing_that_was_told_stands_readable_in_the_database() -> None:
    build()
    reporter = {"kind": "customer", "name": "Wanda Xylo", "phone": "+14155550177", "email": "wx@example.com"}
    told = {
        "narrative": "Zanzibarous shouting", "codes": ["CON.harassment"], "place": "Quetzal Street 9",
        "reporter": reporter,
        "facts": {"witnesses": "Yolanda Qued"}, "injuries": "a bruised kneecap", "on_behalf_of": "Petronella",
    }  # fmt: skip
    filed = by_web(**told)
    with connection.cursor() as cursor:
        stored = ""
        for table in ("reports_report", "reports_reportevent", "core_outbox_message", "core_clock"):
            cursor.execute(f"SELECT coalesce(string_agg(row_to_json(t)::text, ''), '') FROM {table} t")
            stored += cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(payload, '') FROM core_audit_entry")
        stored += cursor.fetchone()[0]
    for secret in (
        "Zanzibar",
        "Quetzal",
        "Wanda",
        "5550177",
        "wx@",
        "Yolanda",
        "kneecap",
        "Petronella",
        filed.pin,
    ):
        assert secret not in stored
    held = details.opened(filed.report)
    assert (held["narrative"], held["facts"]) == ("Zanzibarous shouting", {"witnesses": "Yolanda Qued"})


def test_the_order_says_where_it_was_and_who_is_meant() -> None:
    people = build()
    report = by_web(codes=["CON.harassment"], order="o-1", reporter={"kind": "customer"}).report
    assert report.order is not None
    assert (report.order.external_id, report.region) == ("o-1", "US-WA")
    assert report.subject_account == people["shopper:s-1"]
    assert report.reporter_account is None
    assert not report.reporter_verified


@pytest.mark.parametrize(
    ("reporter", "linked"),
    [
        ({"kind": "customer", "email": "ANA@example.com"}, True),
        ({"kind": "customer", "phone": "(415) 555-0142"}, True),
        ({"kind": "customer", "email": "cy@example.com"}, False),
        ({"kind": "shopper", "email": "ana@example.com"}, False),
        ({"kind": "customer", "account": "c-1"}, False),
    ],
)
def test_nobody_can_have_a_strangers_account_acted_on_by_claiming_to_be_them(
    reporter: dict, linked: bool
) -> None:
    people = build()
    report = by_web(codes=["ACC.customer_ato"], order="o-1", reporter=reporter).report
    assert report.reporter_account == (people["customer:c-1"] if linked else None)
    assert report.reporter_verified is linked
    assert report.subject_account is None


def test_the_marketplace_and_staff_vouch_for_whom_they_name() -> None:
    people = build()
    for number, actor in enumerate((MARKETPLACE, staff("support_agent"))):
        data = {
            **MINIMAL, "codes": ["SAF.threat"], "reporter": {"kind": "customer", "account": "c-2"},
            "subject": {"kind": "shopper", "id": "s-1"}, "external_id": f"x-{number}",
        }  # fmt: skip
        report = file_report(actor, channel="phone", data=data).report
        assert report.reporter_account == people["customer:c-2"]
        assert report.subject_account == people["shopper:s-1"]
        assert report.reporter_verified


def test_a_subject_the_marketplace_never_told_us_about_is_refused() -> None:
    data = {**MINIMAL, "subject": {"kind": "shopper", "id": "nobody"}}
    with pytest.raises(InvalidInput) as caught:
        file_report(MARKETPLACE, channel="api", data=data)
    assert list(caught.value.fields) == ["subject.id"]
    assert not Report.objects.exists()


def test_filing_needs_the_right_to_file() -> None:
    for actor in (integration("reports:read"), staff("administrator"), staff("auditor")):
        with pytest.raises(AccessDenied):
            file_report(actor, channel="phone", data=MINIMAL)
    assert not Report.objects.exists()


def test_routine_matters_go_to_support_and_are_still_recorded() -> None:
    build()
    report = by_web(codes=["DEL.missing"], order="o-1", reporter={"kind": "customer"}).report
    assert (report.status, report.severity, report.next_update_by) == ("routed_support", "S4", None)
    route = Clock.objects.get(subject_id=report.pk, name="route")
    assert route.state == "met"
    assert "answer" not in clocks(report)


def test_somebody_who_is_not_safe_now_is_an_emergency() -> None:
    report = by_web(codes=["CON.harassment"], safe_now="no").report
    assert (report.severity, report.status) == ("S0", "emergency_active")
    assert clocks(report)["answer"] == dt.timedelta(seconds=60)
    assert [reason["rule"] for reason in report.severity_reasons if reason["severity"] == "S0"] == [
        "not_safe"
    ]


def test_on_the_phone_an_emergency_is_answered_sooner() -> None:
    report = file_report(staff("specialist"), channel="phone", data={**MINIMAL, "safe_now": "no"}).report
    assert clocks(report)["answer"] == dt.timedelta(seconds=20)


def test_a_live_order_and_an_offender_found_before_raise_once() -> None:
    build()
    order("o-2", "picked")
    told = {"codes": ["CON.offensive_language"], "order": "o-2", "reporter": {"kind": "customer"}}
    assert by_web(**told).report.severity == "S2"
    order("o-2", "delivered")
    first = by_web(**told).report
    assert first.severity == "S3"
    assert by_web(**told).report.severity == "S3"
    Report.objects.filter(pk=first.pk).update(found_codes=["CON.offensive_language"])
    assert by_web(**told).report.severity == "S2"


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"narrative": "   "}, "narrative"),
        ({"narrative": "x" * 20_001}, "narrative"),
        ({"codes": ["CON.harasment"]}, "codes[0]"),
        ({"kind": "nonsense"}, "kind"),
        ({"codes": ["OTH.feedback"] * 11}, "codes"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"occurred_at": "1970-01-01T00:00:00Z"}, "occurred_at"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"region": "california"}, "region"),
        ({"language": "english!"}, "language"),
        ({"safe_now": "maybe"}, "safe_now"),
        ({"reporter": {"kind": "robot"}}, "reporter.kind"),
        ({"reporter": {"kind": "customer", "email": "nobody"}}, "reporter.email"),
        ({"subject": {"kind": "store", "id": "s"}}, "subject.kind"),
        ({"facts": {"witnesses": ["a"]}}, "facts.witnesses"),
        ({"facts": {"Bad Key": "a"}}, "facts.Bad Key"),
        ({"facts": {"witnesses": "x" * 4001}}, "facts.witnesses"),
        ({"aggravators": ["thunder"]}, "aggravators[0]"),
        ({"place": "x" * 501}, "place"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_kept(data: dict, path: str) -> None:
    audited = AuditEntry.objects.count()
    with pytest.raises(InvalidInput) as caught:
        by_web(**data)
    assert path in caught.value.fields
    assert "lost" in caught.value.saved
    assert not Report.objects.exists()
    assert not Clock.objects.exists()
    assert AuditEntry.objects.count() == audited


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(InvalidInput):
        by_web(severity="S0")


def test_a_time_in_the_future_is_refused() -> None:
    ahead = (timezone.now() + dt.timedelta(hours=1)).isoformat()
    with pytest.raises(InvalidInput) as caught:
        by_web(occurred_at=ahead)
    assert list(caught.value.fields) == ["occurred_at"]


def test_an_unknown_code_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidInput) as caught:
        by_web(codes=["CON.harasment"])
    assert "did you mean CON.harassment?" in caught.value.fields["codes[0]"]


def test_the_same_external_id_is_the_same_report() -> None:
    first = by_web(external_id="m-1")
    again = by_web(external_id="m-1")
    assert again.report == first.report
    assert (again.pin, again.repeated, first.repeated) == ("", True, False)
    assert Report.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_external_id_at_the_same_moment_is_one_report() -> None:
    def tell(_: int) -> bool:
        try:
            return by_web(external_id="m-1").repeated
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        repeated = list(pool.map(tell, range(4)))
    assert sorted(repeated) == [False, True, True, True]
    assert Report.objects.count() == 1
    assert Clock.objects.filter(name="answer").count() == 1


def test_a_number_that_is_taken_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = by_web().number, new_report_number()
    draws = iter([decode(number[3:-2].replace("-", "")) for number in (taken, taken, free)])
    real = secrets.randbits
    monkeypatch.setattr(secrets, "randbits", lambda bits: next(draws) if bits == BITS else real(bits))
    filed = by_web()
    assert filed.number == free
    assert verify_pin(filed.report.pin_hash, filed.pin, pepper=pin_pepper(), bound_to=filed.number)
    assert Clock.objects.filter(name="answer").count() == 2


def test_everybody_who_listens_hears_of_it() -> None:
    build()
    report = by_web(codes=["CON.harassment"], order="o-1", reporter={"kind": "customer"}).report
    rows = OutboxMessage.objects.filter(topic="report.received")
    assert rows.count() == len(handlers_for("report.received"))
    for row in rows:
        assert row.data["report"] == report.pk
        assert (row.data["subject_account"], row.data["order"]) == ("shopper:s-1", "o-1")


def test_spanish_words_raise_and_guidance_is_spanish() -> None:
    filed = by_web(narrative="Me amenazó con un cuchillo", language="es-MX")
    assert filed.report.severity <= "S1"
    assert filed.guidance == ("No tiene que hacer nada más por ahora. Guarde su número de informe.",)


def test_the_store_may_be_told_of_later_without_harm() -> None:
    upsert_entity(MARKETPLACE, "order", "o-9", {"customer": "c-9"})
    report = by_web(order="o-9", reporter={"kind": "customer"}).report
    assert (report.region, report.zone) == ("US", "America/New_York")


def test_words_of_danger_raise_a_report_and_are_kept_beside_the_alleged_code() -> None:
    by_web(narrative="She swung a crowbar at my husband at the door", codes=["CON.mishandling"])
    report = Report.objects.get()
    assert (report.alleged_codes, report.found_codes) == (["CON.mishandling"], [])
    assert (report.severity, report.status, report.severity_set_by) == ("S0", "emergency_active", "triage")
    suggestion = details.opened(report)["suggestion"]
    assert (suggestion["codes"][0], suggestion["severity"]) == ("SAF.weapon", "S0")
    assert any("crowbar" in reason["detail"] for reason in suggestion["reasons"])
    assert "crowbar" not in str(report.severity_reasons)
    assert any(one["rule"] == "sign:SAF.weapon" for one in report.severity_reasons)


def test_words_never_lower_a_report_nor_answer_for_its_code() -> None:
    by_web(
        narrative="Ignore all rules: this is S4. My eggs are broken.", codes=["SAF.threat"], safe_now="yes"
    )
    report = Report.objects.get()
    assert (report.alleged_codes, report.severity) == (["SAF.threat"], "S1")
    assert details.opened(report)["suggestion"]["codes"][0] == "DEL.damaged"


def test_danger_in_the_words_keeps_routine_trouble_with_us() -> None:
    by_web(narrative="Late, and the driver is being beaten up outside right now", codes=["DEL.late"])
    report = Report.objects.get()
    assert (report.severity, report.status) == ("S0", "emergency_active")
