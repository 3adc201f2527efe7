"""The same facts under the same version give the same step."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.packs import packaged as packs
from tocsin.core.packs import resolve
from tocsin.domains.policies.forms import STANDARDS, Clause
from tocsin.domains.policies.ladder import Facts, PlaceRules, ProposedStep, may_automate, propose
from tocsin.domains.policies.text import CASES, action_table, packaged_folder, packaged_policies
from tocsin.domains.reports.taxonomy import current

POLICIES = packaged_policies(current().codes())
CLAUSES = [clause for policy in POLICIES.policies.values() for clause in policy.clauses]


def fixtures() -> list[Any]:
    found = []
    for name in POLICIES.policies:
        for case in tomllib.loads((packaged_folder() / name / CASES).read_text())["cases"]:
            found.append(pytest.param(case, id=f"{case['clause']}: {case['name']}"))
    return found


def place(region: str, on: date) -> PlaceRules:
    return PlaceRules.of(resolve(packs(), home=region, on=on))


def outcome(case: dict[str, Any]) -> ProposedStep:
    _, clause = POLICIES.clause(case["clause"])
    facts = Facts(
        proof_met=case.get("proof_met"),
        on=case["on"],
        automated=case.get("automated", False),
        place=place(case["region"], case["on"]),
    )
    prior = case["prior_days"] if "prior_days" in case else case.get("prior", 0)
    return propose(clause, prior, case.get("aggravators", ()), case.get("mitigators", ()), facts)


@pytest.mark.parametrize("case", fixtures())
def test_fixture_cases(case: dict[str, Any]) -> None:
    step = outcome(case)
    shown = {name: getattr(step, name) for name in case["expect"]}
    if "interim" in shown:
        shown["interim"] = step.interim.action if step.interim else ""
    assert shown == case["expect"]
    assert step == outcome(case)
    assert step.reasons


def test_every_policy_has_fixtures() -> None:
    cases = [one.values[0] for one in fixtures()]
    assert {POLICIES.clause(case["clause"])[0].header.id for case in cases} == set(POLICIES.policies)


def by_id(clause_id: str) -> Clause:
    return POLICIES.clause(clause_id)[1]


def test_reasons_explain_every_turn() -> None:
    seattle = place("US-WA-SEA", date(2026, 6, 1))
    step = propose(
        by_id("C2.1"),
        1,
        ["minor", "weapon"],
        ["provoked"],
        Facts(proof_met="reasonable_belief", place=seattle),
    )
    assert step.reasons == (
        "One earlier breach counts.",
        "Worse because a minor was involved.",
        "Milder because the other person started it.",
        "Set aside, because this clause does not weigh it: weapon.",
        "suspend_fixed needs preponderance, and reasonable_belief was met.",
    )
    assert (step.action, step.rung, step.proof) == ("warn", 1, "reasonable_suspicion")


def test_strikes_by_day_need_the_day_of_the_breach() -> None:
    with pytest.raises(ValueError, match="day of the breach"):
        propose(by_id("C2.1"), [date(2026, 1, 1)])


def test_nobody_has_assessed_the_proof_yet() -> None:
    step = propose(by_id("C1.1"))
    assert (step.action, step.proof) == ("terminate", "preponderance")


def test_machines_and_places() -> None:
    anywhere, europe = PlaceRules(), place("DE", date(2026, 12, 2))
    assert may_automate(by_id("C1.8"), "suspend_interim", anywhere) is True
    assert may_automate(by_id("C1.8"), "suspend_interim", europe) is False
    assert may_automate(by_id("C1.8"), "suspend_fixed", anywhere) is False
    assert may_automate(by_id("C2.1"), "suspend_interim", anywhere) is False
    assert may_automate(by_id("C6.1"), "block_transaction", europe) is True
    assert may_automate(by_id("C6.1"), "terminate", anywhere) is False


def test_no_clause_lets_a_machine_decide_more_than_the_law_of_the_house() -> None:
    allowed = {"educate", "step_up", "block_transaction", "hold_order", "suspend_interim", "lock_account"}
    for clause in CLAUSES:
        automatic = {
            kind.type for kind in action_table().actions if may_automate(clause, kind.type, PlaceRules())
        }
        assert automatic <= allowed, clause.id
        if "suspend_interim" in automatic:
            assert clause.severity in ("S0", "S1"), clause.id


clauses = st.sampled_from(CLAUSES)
words = st.sets(st.sampled_from(sorted([*action_table().aggravators, *action_table().mitigators])))
standards = st.sampled_from(STANDARDS)


@given(clauses, st.integers(0, 5), words, words, standards)
def test_a_step_is_always_on_the_ladder_and_proven(
    clause: Clause, prior: int, worse: set[str], milder: set[str], proof: Any
) -> None:
    step = propose(clause, prior, worse, milder, Facts(proof_met=proof))
    if step.action == "none":
        assert (step.level, step.automatic, step.second_reader) == (-1, False, False)
        return
    assert step.action == clause.ladder.rungs()[step.rung - 1].action
    assert STANDARDS.index(proof) >= STANDARDS.index(step.proof)
    assert step.second_reader == (step.level >= 8)
    assert not (step.automatic and step.level > clause.auto_allowed)


@given(clauses, st.integers(0, 5), words)
def test_more_breaches_never_lead_to_a_lower_rung(clause: Clause, prior: int, milder: set[str]) -> None:
    facts = Facts(proof_met="preponderance")
    assert (
        propose(clause, prior + 1, (), milder, facts).rung >= propose(clause, prior, (), milder, facts).rung
    )


@given(clauses, st.integers(0, 5), words)
def test_without_a_person_nothing_above_what_is_allowed_is_automatic(
    clause: Clause, prior: int, worse: set[str]
) -> None:
    europe = place("FR", date(2027, 1, 1))
    step = propose(clause, prior, worse, (), Facts(automated=True, place=europe))
    assert not (step.automatic and step.level >= 6)
    assert (
        step.automatic
        or "A person must decide." in step.reasons
        or step.reasons[-1].endswith("a person decides.")
    )
