"""Two cases about the same thing become one, and nothing is lost on the way."""

from __future__ import annotations

import pytest

from tests.domains.matter import account, as_, case_about, report, settle, somebody, taken
from tocsin.core.audit.models import AuditEntry
from tocsin.core.clocks import service as clocks
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.domains.cases.actions import close
from tocsin.domains.cases.case_evidence import add, find, items
from tocsin.domains.cases.merging import merge
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.models import Action
from tocsin.domains.enforcement.protection import protect
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(supervisor: Staff) -> tuple[Case, Case]:
    """A fraud case and a safety case, both in the hands of the supervisor."""
    first = taken(case_about(["FRD-X.fake_support_caller"]), supervisor)
    filed = report(["SAF.threat"], subject={"kind": "shopper", "id": "s-2"})
    settle()
    return first, taken(Case.objects.get(report_links__report=filed.report), supervisor)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def test_everything_moves_and_the_worse_severity_stays(two: tuple[Case, Case], supervisor: Staff) -> None:
    threat, fraud = two[1], two[0]
    merge(as_(supervisor), threat.pk, fraud.reference.lower(), "The same caller.")
    settle()
    ended, stays = fresh(threat), fresh(fraud)
    assert (ended.state, ended.merged_into_id, ended.next_due_at) == ("merged", stays.pk, None)
    assert clocks.running("case", ended.pk) == []
    assert fraud.severity > threat.severity
    assert (stays.severity, stays.codes) == (threat.severity, ["FRD-X.fake_support_caller", "SAF.threat"])
    assert stays.report_links.count() == 2
    assert {(row.account.ref, row.part) for row in stays.parties.select_related("account")} == {
        ("customer:c-1", "reporter"), ("shopper:s-1", "subject"), ("shopper:s-1", "affected"),
        ("shopper:s-2", "subject"),
    }  # fmt: skip
    told = list(stays.timeline.filter(kind="merged").values_list("summary", flat=True))
    assert told == [f"{ended.reference} was merged into this case"]
    assert AuditEntry.objects.filter(verb="case.merge", object_id=ended.pk).exists()


def test_protection_and_evidence_follow(two: tuple[Case, Case], supervisor: Staff) -> None:
    threat, fraud = two[1], two[0]
    lock = protect(as_(supervisor), threat.pk, "lock_account", account("shopper:s-2").pk)
    note = add(
        as_(supervisor), threat.pk, content=b"he wrote again", filename="note.txt", declared_type="text/plain"
    )
    merge(as_(supervisor), threat.pk, fraud.pk, "The same caller.")
    settle()
    assert Action.objects.get(pk=lock.pk).case_id == fraud.pk
    assert [item.name for item in items(as_(supervisor), fresh(fraud))] == ["note.txt"]
    assert find(as_(supervisor), note.pk).case == fresh(fraud)


@pytest.mark.parametrize("into", ["", "C-000000", "itself", "closed"])
def test_only_another_open_case_takes_it(two: tuple[Case, Case], supervisor: Staff, into: str) -> None:
    threat, fraud = two[1], two[0]
    if into == "closed":
        close(as_(supervisor), fraud.pk, "inconclusive", "Nothing more to learn.")
    wanted = {"itself": threat.reference, "closed": fraud.reference}.get(into, into)
    before = fresh(threat)
    with pytest.raises(InvalidInput) as caught:
        merge(as_(supervisor), threat.pk, wanted, "The same caller.")
    assert list(caught.value.fields) == ["into"]
    assert (fresh(threat).state, fresh(threat).revision) == (before.state, before.revision)


def test_what_is_not_yours_is_not_merged(two: tuple[Case, Case]) -> None:
    threat, fraud = two[1], two[0]
    outsider = somebody("investigator", "Outside", regions=["US-NY"])
    with pytest.raises(AccessDenied):
        merge(as_(outsider), threat.pk, fraud.reference, "The same caller.")
    kin = somebody("supervisor", "Kin")
    Case.objects.filter(pk=fraud.pk).update(walled_off=[kin.pk])
    with pytest.raises(InvalidInput):
        merge(as_(kin), threat.pk, fraud.reference, "The same caller.")
    assert fresh(threat).merged_into_id is None
    assert fresh(threat).report_links.count() == 1


def test_a_case_that_changed_meanwhile_is_not_merged(two: tuple[Case, Case], supervisor: Staff) -> None:
    threat, fraud = two[1], two[0]
    with pytest.raises(Conflict) as caught:
        merge(as_(supervisor), threat.pk, fraud.reference, "The same caller.", revision=threat.revision - 1)
    assert caught.value.code == "stale"
    assert fresh(threat).state != "merged"


def test_a_case_that_is_kept_from_somebody_looks_like_none(two: tuple[Case, Case], supervisor: Staff) -> None:
    Case.objects.filter(pk=two[1].pk).update(walled_off=[supervisor.pk])
    said = []
    for into in (two[1].reference, "C-000000"):
        with pytest.raises(InvalidInput) as caught:
            merge(as_(supervisor), two[0].pk, into, "The same caller.")
        said.append(caught.value.what.replace(into, ""))
    assert said[0] == said[1]
    assert fresh(two[0]).state == two[0].state


def test_a_case_one_may_not_know_of_looks_like_none(two: tuple[Case, Case], supervisor: Staff) -> None:
    threat, fraud = two[1], two[0]
    supervisor.regions = [threat.region]
    supervisor.save()
    Case.objects.filter(pk=fraud.pk).update(region="FR")
    with pytest.raises(InvalidInput) as elsewhere:
        merge(as_(supervisor), threat.pk, fraud.reference, "The same caller.")
    with pytest.raises(InvalidInput) as none:
        merge(as_(supervisor), threat.pk, "C-000000", "The same caller.")
    assert elsewhere.value.what.replace(fraud.reference, "") == none.value.what.replace("C-000000", "")
    assert fresh(threat).merged_into_id is None
