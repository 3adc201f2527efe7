"""A case closes with a decision only when nothing in it waits: no second reader, nobody under a measure."""

from __future__ import annotations

import dataclasses

import pytest

from tests.domains import matter
from tests.domains.enforcement.test_at_once import at_once
from tests.domains.matter import account, as_, case_about, decided, finding, settle, somebody, taken
from tocsin.core.errors import Conflict
from tocsin.domains.cases import actions as case_actions
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.decisions import DecisionInput, decide, second_read
from tocsin.domains.enforcement.models import Action, Decision
from tocsin.domains.enforcement.reversal import reverse
from tocsin.domains.reports.models import Report
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
WHY = "The wrong account was chosen by mistake."


@pytest.fixture
def case(supervisor: Staff) -> Case:
    """A threat by shopper s-1 against customer c-1."""
    return taken(case_about(["SAF.threat"]), supervisor)


@pytest.fixture
def omar(world: None) -> Staff:
    return somebody("supervisor", "Omar")


def now() -> tuple[str, str]:
    held = Case.objects.get()
    return held.state, held.outcome


def termination(**more: object) -> DecisionInput:
    return finding("shopper:s-1", "C1.8", aggravators=("weapon",), **more)


def nothing_on(subject: str) -> DecisionInput:
    return dataclasses.replace(
        finding(subject, ""), finding="not_substantiated", facts_disclosable="", clause_id=""
    )


def told() -> bool:
    return Report.objects.get().status == "outcome_told"


def test_another_decision_does_not_close_over_a_termination_that_waits(
    case: Case, supervisor: Staff, omar: Staff
) -> None:
    proposed = decide(as_(supervisor), case.pk, termination())
    decide(as_(supervisor), case.pk, nothing_on("customer:c-1"))
    settle()
    assert now() == ("decision_pending", "no_breach")
    assert not told()
    with pytest.raises(Conflict) as caught:
        case_actions.close(as_(supervisor), case.pk, "inconclusive", "Let us be done.")
    assert caught.value.code == "decision_pending"
    second_read(as_(omar), proposed.pk, True)
    settle()
    assert now() == ("closed", "action_taken")
    assert told()
    assert account("shopper:s-1").status == "terminated"


def test_when_the_termination_is_refused_the_case_is_looked_into_and_what_stands_stands(
    case: Case, supervisor: Staff, omar: Staff
) -> None:
    proposed = decide(as_(supervisor), case.pk, termination())
    warned = decide(
        as_(supervisor), case.pk,
        finding("customer:c-1", "C1.8", step="warn", deviation_reason="They answered in kind, once."),
    )  # fmt: skip
    assert now() == ("decision_pending", "action_taken")
    second_read(as_(omar), proposed.pk, False, "The weapon was a toy.")
    assert now() == ("investigating", "action_taken")
    decided(Case.objects.get(), supervisor, "shopper:s-1", "C1.8")
    assert now() == ("closed", "action_taken")
    assert Decision.objects.get(pk=warned.pk).state == "in_force"


def test_of_two_terminations_the_refused_one_does_not_hide_the_other(
    case: Case, supervisor: Staff, omar: Staff
) -> None:
    first = decide(as_(supervisor), case.pk, termination())
    second = decide(
        as_(supervisor), case.pk, dataclasses.replace(termination(), subject_id=account("customer:c-1").pk)
    )
    second_read(as_(omar), first.pk, False, "The weapon was a toy.")
    assert now() == ("decision_pending", "")
    second_read(as_(omar), second.pk, True)
    # the shopper is still suspended until it is known what happened
    assert now() == ("actioned", "action_taken")


def test_somebody_under_a_measure_waits_for_a_decision_too(case: Case, supervisor: Staff) -> None:
    held = Action.objects.get(case=case, type="suspend_interim")
    decide(as_(supervisor), case.pk, nothing_on("customer:c-1"))
    settle()
    assert now() == ("actioned", "no_breach")
    held.refresh_from_db()
    assert held.status == "requested"
    assert not told()
    decided(Case.objects.get(), supervisor, "shopper:s-1", "C1.8")
    assert now() == ("closed", "action_taken")
    held.refresh_from_db()
    assert held.status == "reversed"


def test_a_reversal_keeps_what_the_other_decision_found(case: Case, supervisor: Staff, omar: Staff) -> None:
    proposed = decide(as_(supervisor), case.pk, termination())
    decide(as_(supervisor), case.pk, nothing_on("customer:c-1"))
    second_read(as_(omar), proposed.pk, True)
    assert now() == ("closed", "action_taken")
    reverse(as_(somebody("supervisor", "Pia")), proposed.pk, WHY)
    assert now() == ("reopened", "no_breach")


def test_a_reversal_in_a_case_that_waits_leaves_it_waiting(
    case: Case, supervisor: Staff, omar: Staff
) -> None:
    decide(as_(supervisor), case.pk, termination())
    warned = decide(
        as_(supervisor), case.pk,
        finding("customer:c-1", "C1.8", step="warn", deviation_reason="They answered in kind, once."),
    )  # fmt: skip
    reverse(as_(omar), warned.pk, WHY)
    assert now() == ("decision_pending", "")


def test_measures_end_with_a_case_that_is_closed_without_a_decision(case: Case, supervisor: Staff) -> None:
    assert account("shopper:s-1").status == "suspended_pending"
    case_actions.close(as_(supervisor), case.pk, "no_breach", "They had quarrelled over a parking space.")
    settle()
    assert account("shopper:s-1").status == "normal"
    left = Action.objects.filter(case=case, status__in=["requested", "applied"])
    assert list(left.values_list("type", flat=True)) == ["unmatch"]
    ended = Action.objects.get(case=case, type="suspend_interim")
    assert (ended.status, ended.reversed_because) == ("reversed", "the case was closed")


@pytest.mark.django_db(transaction=True)
def test_a_second_reading_and_another_decision_at_once() -> None:
    matter.marketplace()
    supervisor, omar = somebody("supervisor", "Sunita"), somebody("supervisor", "Omar")
    case = taken(case_about(["SAF.threat"]), supervisor)
    proposed = decide(as_(supervisor), case.pk, termination())
    done = at_once(
        lambda: decide(as_(supervisor), case.pk, nothing_on("customer:c-1")),
        lambda: second_read(as_(omar), proposed.pk, True),
    )
    settle()
    states = sorted(Decision.objects.values_list("state", flat=True))
    if isinstance(done[0], Conflict):
        # the reading came first and closed the case: nothing was left to wait for
        assert done[0].code != "decision_pending"
        assert states == ["in_force"]
    else:
        assert states == ["in_force", "in_force"]
    assert now() == ("closed", "action_taken")
    assert Case.objects.get().timeline.filter(kind="closed").count() == 1
