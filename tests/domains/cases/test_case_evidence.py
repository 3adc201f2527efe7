"""The evidence of a case: who sees that it is there, who may open it, and that every hand is written down."""

from __future__ import annotations

import pytest

from tests.domains.matter import MARKETPLACE, as_, case_about, report, settle, somebody, taken
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.core.evidence import service
from tocsin.core.evidence.models import Custody, Evidence
from tocsin.domains.cases.actions import close
from tocsin.domains.cases.case_evidence import add, chain, find, items
from tocsin.domains.cases.models import Case
from tocsin.domains.reports.handing_in import add_evidence
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(supervisor: Staff) -> Case:
    """A threat with one file its reporter handed in, in the hands of the supervisor."""
    made = taken(case_about(["SAF.threat"]), supervisor)
    add_evidence(
        MARKETPLACE, made.report_ids()[0], content=b"I know where you live", filename="chat.txt",
        declared_type="text/plain",
    )  # fmt: skip
    settle()
    return Case.objects.get(pk=made.pk)


def test_what_came_with_a_report_is_in_the_case(case: Case, supervisor: Staff) -> None:
    (item,) = items(as_(supervisor), case)
    assert (item.name, item.may_open) == ("chat.txt", True)
    assert item.report == case.report_links.get().report.number


def test_without_the_case_one_sees_that_there_is_something_and_no_more(case: Case) -> None:
    investigator = somebody("investigator", "Other")
    (item,) = items(as_(investigator), case)
    assert (item.name, item.may_open) == ("", False)
    with pytest.raises(AccessDenied) as caught:
        find(as_(investigator), item.evidence.pk)
    assert caught.value.reason == "assignment"
    kin = somebody("supervisor", "Kin")
    Case.objects.filter(pk=case.pk).update(walled_off=[kin.pk])
    with pytest.raises(NotFound):
        find(as_(kin), item.evidence.pk)


def test_a_specialist_adds_a_file_once(case: Case, supervisor: Staff) -> None:
    for _ in range(2):
        added = add(
            as_(supervisor), case.pk, content=b"scan", filename="scan.txt", declared_type="text/plain"
        )
    assert (added.subject_type, added.subject_id, added.key_scope) == ("case", case.pk, f"case:{case.pk}")
    assert [item.name for item in items(as_(supervisor), case)] == ["chat.txt", "scan.txt"]
    assert case.timeline.filter(kind="evidence").count() == 2


def test_every_view_is_a_line_of_its_chain(case: Case, supervisor: Staff) -> None:
    (item,) = items(as_(supervisor), case)
    found = find(as_(supervisor), item.evidence.pk)
    data, media_type = service.view(as_(supervisor), found.evidence.pk, found.scope, purpose="case_handling")
    assert (data, media_type) == (b"I know where you live", "text/plain")
    _, name, lines = chain(as_(supervisor), item.evidence.pk)
    assert name == "chat.txt"
    assert [line.act for line in lines] == ["received", "sealed", "viewed"]
    assert lines[-1].actor == f"staff:{supervisor.pk}"


def test_what_cannot_be_taken_changes_nothing(case: Case, supervisor: Staff) -> None:
    with pytest.raises(InvalidInput):
        add(as_(supervisor), case.pk, content=b"", filename="empty.txt", declared_type="text/plain")
    close(as_(supervisor), case.pk, "inconclusive", "Nothing more to learn.")
    lines = Custody.objects.count()
    with pytest.raises(Conflict):
        add(as_(supervisor), case.pk, content=b"late", filename="late.txt", declared_type="text/plain")
    assert (Evidence.objects.count(), Custody.objects.count()) == (1, lines)


def test_what_a_report_without_a_case_brought_is_kept_from_those_it_is_about(world: None) -> None:
    filed = report(["DEL.missing"])
    add_evidence(MARKETPLACE, filed.report.pk, content=b"bag", filename="bag.txt", declared_type="text/plain")
    item = Evidence.objects.get(subject_type="report", subject_id=filed.report.pk)
    own = somebody("supervisor", "Own")
    assert find(as_(own), item.pk).evidence == item
    Staff.objects.filter(pk=own.pk).update(walled_off_accounts=["shopper:s-1"])
    with pytest.raises(NotFound):
        find(as_(own), item.pk)
