"""Two people doing the same thing at the same moment: one of them does it, the other is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from tests.domains import matter
from tests.domains.matter import account, as_, case_about, finding, settle, somebody, taken
from tocsin.core.errors import Conflict
from tocsin.domains.enforcement import appeals, protection, reversal
from tocsin.domains.enforcement.decisions import decide, second_read
from tocsin.domains.enforcement.models import Action, Appeal, Decision, Notice, Strike

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts in threads that start together; what each returned, or the refusal it met."""
    start = Barrier(len(acts))

    def run(one: Callable[[], Any]) -> Any:
        start.wait(timeout=20)
        try:
            return one()
        except Conflict as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [task.result(timeout=60) for task in [pool.submit(run, one) for one in acts]]


@pytest.fixture
def world() -> None:
    matter.marketplace()


def test_two_people_decide_at_once(world: None) -> None:
    first, second = somebody("supervisor", "Sunita"), somebody("supervisor", "Omar")
    case = taken(case_about(["SAF.threat"]), first)
    done = at_once(
        lambda: decide(as_(first), case.pk, finding("shopper:s-1", "C1.8")),
        lambda: decide(as_(second), case.pk, finding("shopper:s-1", "C1.8")),
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Decision"]
    settle()
    assert (Decision.objects.count(), Strike.objects.count()) == (1, 1)
    assert Action.objects.filter(type="suspend_fixed").count() == 1
    assert Notice.objects.filter(kind="statement_of_reasons").count() == 1


def test_a_decision_and_the_marketplaces_confirmation_do_not_wait_for_each_other(world: None) -> None:
    person = somebody("supervisor")
    for _ in range(5):
        case = taken(case_about(["SAF.threat"]), person)
        held = Action.objects.get(case=case, type="suspend_interim")
        done = at_once(
            lambda case=case: decide(as_(person), case.pk, finding("shopper:s-1", "C1.8")),
            lambda held=held: protection.confirm(matter.MARKETPLACE, held.pk, "applied"),
        )
        assert [type(one).__name__ for one in done] == ["Decision", "Action"]
        held.refresh_from_db()
        assert held.status == "reversed"
        reversal.reverse(as_(somebody("supervisor")), done[0].pk, "Only to begin again for the test.")
        settle()


def test_two_second_readers_at_once(world: None) -> None:
    proposer, reader, other = (somebody("supervisor", name) for name in ("Sunita", "Omar", "Pia"))
    case = taken(case_about(["SAF.threat"]), proposer)
    made = decide(as_(proposer), case.pk, finding("shopper:s-1", "C1.8", aggravators=("weapon",)))
    done = at_once(
        lambda: second_read(as_(reader), made.pk, True), lambda: second_read(as_(other), made.pk, False)
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Decision"]
    made.refresh_from_db()
    terminated = Action.objects.filter(decision=made, type="terminate").count()
    assert (made.state, terminated) in [("in_force", 1), ("rejected", 0)]


def test_two_reviewers_answer_one_appeal_at_once(world: None) -> None:
    person = somebody("supervisor")
    case = taken(case_about(["SAF.threat"]), person)
    made = decide(as_(person), case.pk, finding("shopper:s-1", "C1.8"))
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, "It was not me who wrote these messages.")
    reviewers = [somebody("appeals_reviewer", name) for name in ("Arthur", "Bea")]
    done = at_once(
        *(
            lambda who=who: appeals.answer(
                as_(who, "appeal_review"), lodged.pk, "reverse", "The messages were forged, as logs show."
            )
            for who in reviewers
        )
    )
    assert sorted(type(one).__name__ for one in done) == ["Appeal", "Conflict"]
    settle()
    assert (Appeal.objects.get().state, Decision.objects.get().state) == ("remedied", "reversed")
    assert Notice.objects.filter(kind="reversal").count() == 1
    assert account("shopper:s-1").status == "normal"


def test_two_people_protect_at_once(world: None) -> None:
    people = [somebody("specialist", name) for name in ("Sam", "Tim")]
    case = case_about(["SAF.collision_no_injury"])
    done = at_once(*(lambda who=who: protection.protect(as_(who), case.pk, "unmatch") for who in people))
    assert len({one.pk for one in done}) == 1
    assert Action.objects.filter(type="unmatch").count() == 1


def test_two_reports_about_one_person_open_one_case(world: None) -> None:
    from tocsin.domains.cases.handlers import open_for_report
    from tocsin.domains.cases.models import Case

    filed = [matter.report(["CON.harassment"]) for _ in range(4)]
    at_once(*(lambda one=one: open_for_report({"report": one.report.pk}) for one in filed))
    assert Case.objects.count() == 1
    assert Case.objects.get().report_links.count() == 4
