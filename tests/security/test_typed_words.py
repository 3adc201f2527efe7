"""Whatever people type, staff too, is found in no table of the database: every verb that takes words is given
some that occur nowhere else, and then everything there is is read as a thief would read it."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.domains import matter
from tests.domains.matter import MARKETPLACE, account, as_, case_about, finding, settle, somebody, taken
from tests.support.web import plain_files
from tests.surfaces.console.conftest import Desk
from tocsin.core.access import break_glass, reveals
from tocsin.core.access.check import Scope
from tocsin.core.access.refusals import record_refusal, refusals
from tocsin.core.act import act
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.crypto import shred
from tocsin.core.crypto.errors import Tampered
from tocsin.core.errors import AccessDenied
from tocsin.core.evidence import custody, service
from tocsin.domains.cases import actions, case_evidence, merging
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.models import Event
from tocsin.domains.detection.records import Record
from tocsin.domains.detection.store import write_events, write_verdicts
from tocsin.domains.enforcement import appeals, protection, reversal
from tocsin.domains.enforcement.decisions import decide, second_read
from tocsin.domains.enforcement.models import Action, Decision
from tocsin.domains.people import revealing
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.reports import actions as reports
from tocsin.domains.staff.models import Staff

__all__ = ["plain_files"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_files")]

OPEN = "control-peregrine-9173"


class Words:
    """Sentences that occur nowhere else, by where they were typed."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.typed: dict[str, str] = {}

    def about(self, what: str) -> str:
        sentence = f"Quillfeather {next(self._numbers)} zephyrine {what}, in her own words"
        self.typed[what] = sentence
        return sentence


def dump() -> bytes:
    """Every row of every table, as COPY writes it; what is stored as bytes or in hex or base64 as well."""
    parts: list[bytes] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
        for (table,) in cursor.fetchall():
            with cursor.copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as copy:
                parts += [f"\n-- {table}\n".encode(), *(bytes(one) for one in copy)]
    return b"".join(parts)


def forms(word: str) -> list[bytes]:
    plain = word.encode()
    encoded = [base64.b64encode(b"x" * skip + plain)[4:-4] for skip in range(3)]
    return [plain, plain.lower(), plain.hex().encode(), json.dumps(word)[1:-1].encode(), *encoded]


def found(words: dict[str, str]) -> list[str]:
    """Where they were typed, of the words that can be read in the database, and the table they are in."""
    tables = dump().split(b"\n-- ")
    return sorted(
        f"{what} in {_name(table)}"
        for what, word in words.items()
        for table in tables
        if any(form in table for form in forms(word))
    )


def _name(table: bytes) -> str:
    return table.split(b"\n", 1)[0].decode()


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def boss(db: None) -> Staff:
    matter.marketplace()
    return somebody("supervisor", "Sunita")


def test_the_search_finds_what_is_there(boss: Staff) -> None:
    Case.objects.filter(pk=case_about(["SAF.threat"]).pk).update(title=OPEN)
    assert found({"control": OPEN}) == ["control in cases_case", "control in cases_caseevent"]


def test_what_is_typed_into_a_case_is_readable_nowhere(boss: Staff, words: Words) -> None:
    case = taken(case_about(["SAF.threat"], narrative=words.about("narrative")), boss)
    me, other = as_(boss), somebody("supervisor", "Other")
    actions.add_note(me, case.pk, words.about("note"))
    actions.raise_severity(me, case.pk, "S0", words.about("raise"))
    actions.lower_severity(me, case.pk, "S2", words.about("lower"))
    report = case.report_ids()[0]
    actions.message_reporter(me, case.pk, report, words.about("message"))
    reports.add_message(MARKETPLACE, report, words.about("answer"))
    reports.raise_severity(me, report, "S0", words.about("report severity"))
    reports.recode(me, report, ["CON.harassment"], words.about("recode"))
    action = protection.protect(me, case.pk, "lock_account", account("shopper:s-1").pk)
    protection.confirm(MARKETPLACE, action.pk, "failed", words.about("confirmation"))
    for held in Action.objects.filter(case=case, protective=True, status__in=["requested", "confirmed"])[:1]:
        protection.lift(me, held.pk, words.about("lift"))
    item = case_evidence.add(
        me, case.pk, content=b"scan", filename=words.about("file name"), declared_type="text/plain"
    )
    deep = Scope(data_class="P3", assigned=True, region=case.region)
    service.view(me, item.pk, deep, purpose="case_handling", reason=words.about("view"))
    made = decide(
        me,
        case.pk,
        finding(
            "shopper:s-1", "C1.8", step="warn", deviation_reason=words.about("deviation"),
            facts_internal=words.about("facts"), facts_disclosable=words.about("told"),
        ),
    )  # fmt: skip
    settle()
    appeal = appeals.lodge(me, made.pk, words.about("grounds"), channel="console")
    reviewer = somebody("appeals_reviewer", "Rita")
    appeals.take(as_(reviewer, "appeal_review"), appeal.pk)
    appeals.answer(as_(reviewer, "appeal_review"), appeal.pk, "uphold", words.about("answer to the appeal"))
    reversal.reverse(as_(other), made.pk, words.about("reversal"))
    settle()
    assert found(words.typed) == []
    assert Decision.objects.get(pk=made.pk).deviation_reason == words.typed["deviation"]
    assert words.typed["view"] in [line.reason for line in custody.lines(item)]


def test_words_of_closing_merging_and_second_reading_are_readable_nowhere(boss: Staff, words: Words) -> None:
    other = taken(case_about(["CON.harassment"], subject={"kind": "customer", "id": "c-2"}, order=""), boss)
    case = taken(case_about(["SAF.threat"]), boss)
    me = as_(boss)
    merging.merge(me, other.pk, case.pk, words.about("merge"))
    actions.close(me, case.pk, "no_breach", words.about("closing"))
    actions.reopen(me, case.pk, words.about("reopening"))
    settle()
    made = decide(as_(boss), case.pk, finding("shopper:s-1", "C1.8", aggravators=("weapon",)))
    assert made.state == "awaiting_second_reader"
    second_read(as_(somebody("supervisor", "Reader")), made.pk, False, words.about("second reader"))
    settle()
    assert found(words.typed) == []


def test_reasons_for_looking_are_readable_nowhere_and_by_reviewers(boss: Staff, words: Words) -> None:
    case = taken(case_about(["SAF.threat"]), boss)
    upsert_entity(MARKETPLACE, "customer", "c-1", {"name": words.about("name"), "region": "US-WA"})
    scope = Scope(data_class="P3", assigned=True, region=case.region)
    revealing.reveal(
        as_(boss),
        account("customer:c-1").pk,
        "name",
        reason=words.about("reveal"),
        scope=scope,
        case_id=case.pk,
    )
    glass = break_glass.open_glass(as_(boss), "cases.case", case.pk, words.about("glass"))
    officer = somebody("privacy_officer", "Olga")
    assert [one.reason for one in break_glass.to_review(as_(officer))] == [words.typed["glass"]]
    desk = Desk(officer)
    assert desk.get("/console/access/") == 200
    for what in ("reveal", "glass"):
        assert words.typed[what] in desk.text
    break_glass.review(as_(officer), glass.pk, "not_justified", words.about("review"))
    record_refusal(as_(boss).ref, AccessDenied("No.", reason="role"), path=f"/x/{words.about('path')}")
    with act(as_(boss), "clock.extend") as work:
        clock = clocks.running("case", case.pk)[0]
        clocks.extend(work, clock.pk, dt.timedelta(hours=1), words.about("extension"))
    settle()
    assert found(words.typed) == []
    assert [look.reason for look in reveals.latest(as_(officer))] == [words.typed["reveal"]]
    assert refusals(as_(officer))[0].path == f"/x/{words.typed['path']}"
    assert clocks.why_extended(Clock.objects.get(pk=clock.pk)) == [words.typed["extension"]]


def test_the_access_log_asks_for_its_keys_once(
    boss: Staff, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(12):
        record_refusal(as_(boss).ref, AccessDenied("No.", reason="role"), path=f"/somewhere/{number}")
    officer = as_(somebody("privacy_officer"))
    with django_assert_max_num_queries(2):
        assert {row.path for row in refusals(officer)} == {f"/somewhere/{number}" for number in range(12)}


def test_a_text_does_not_open_in_another_row(boss: Staff) -> None:
    first, second = (
        record_refusal(as_(boss).ref, AccessDenied("No.", reason="role"), path=f"/{one}") for one in "ab"
    )
    second.path_sealed = first.path_sealed
    with pytest.raises(Tampered):
        assert second.path


def test_once_its_day_is_shredded_a_reason_is_gone(boss: Staff) -> None:
    refused = record_refusal(as_(boss).ref, AccessDenied("No.", reason="role"), path="/a")
    with act(as_(boss), "test") as work:
        shred.destroy(work, f"access:{timezone.now().astimezone(dt.UTC).date()}", "the day is over")
    assert type(refused).objects.get(pk=refused.pk).path is None


def test_fields_nobody_thought_of_are_readable_nowhere(boss: Staff, words: Words) -> None:
    now = timezone.now()
    fields = {"nickname": words.about("an unknown field"), "reason": words.about("a code that is none")}
    reason = {
        "code": "M1", "rule": "r", "text": f"You wrote {fields['nickname']}.", "values": dict(fields),
    }  # fmt: skip
    record = Record(
        1, "evt", "custom.visit", now, now, "US-CA", {"customer": "c-1"}, fields, "review", (reason,)
    )
    write_events([record])
    write_verdicts([record])
    assert Event.objects.get().fields == {}
    assert found(words.typed) == []
