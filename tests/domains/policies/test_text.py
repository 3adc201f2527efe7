"""The policies that ship are whole and plain, and nothing unsound can be published."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.readability import english_grade, spanish_ease
from tocsin.core.packs import packaged as packs
from tocsin.domains.policies.forms import LANGUAGES
from tocsin.domains.policies.text import (
    PolicyError,
    PolicySet,
    clause_body,
    clause_from_body,
    load_policies,
    packaged_folder,
    packaged_policies,
    publish_leads,
)
from tocsin.domains.reports.taxonomy import current

# Nobody breaches these: accidents, illness, a request, a report that is not classified yet.
NOT_ENFORCED = {
    "DEL.damaged",
    "DEL.late",
    "DEL.missing",
    "DEL.not_received",
    "DEL.wrong_address",
    "DEL.wrong_item",
    "OTH.feedback",
    "OTH.unclassified",
    "PRV.data_rights_request",
    "PRV.suspected_breach",
    "SAF.collision_injury",
    "SAF.collision_no_injury",
    "SAF.medical_emergency",
    "SAF.missing_worker",
    "SAF.self_harm",
}


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return packaged_policies(current().codes())


def test_three_policies_ship(policies: PolicySet) -> None:
    shipped = {name: (one.version_id, len(one.clauses)) for name, one in policies.policies.items()}
    assert shipped == {
        "conduct": ("conduct@1", 47),
        "dispute_resolution": ("dispute_resolution@1", 3),
        "prohibited_items": ("prohibited_items@1", 5),
    }


def test_every_code_that_can_be_enforced_has_a_clause(policies: PolicySet) -> None:
    covered = {clause.violation_code for policy in policies.policies.values() for clause in policy.clauses}
    assert current().codes() - covered == NOT_ENFORCED


def test_clauses_are_as_severe_as_their_codes(policies: PolicySet) -> None:
    for policy in policies.policies.values():
        for clause in policy.clauses:
            assert clause.severity == current().entries[clause.violation_code].severity, clause.id


def test_texts_are_plain_in_both_languages(policies: PolicySet) -> None:
    for policy in policies.policies.values():
        for section in policy.sections:
            english = " ".join(clause.text["en"] for clause in section.clauses)
            spanish = " ".join(clause.text["es"] for clause in section.clauses)
            assert english_grade(english) <= 8, (section.title["en"], english_grade(english))
            assert spanish_ease(spanish) >= 60, (section.title["es"], spanish_ease(spanish))
        promises = policy.header.provisions
        assert english_grade(" ".join(one.text["en"] for one in promises)) <= 8, policy.header.id
        assert spanish_ease(" ".join(one.text["es"] for one in promises)) >= 60, policy.header.id


def test_every_clause_survives_being_stored(policies: PolicySet) -> None:
    for policy in policies.policies.values():
        for clause in policy.clauses:
            stored = json.loads(json.dumps(clause_body(clause), default=str))
            assert clause_from_body(stored) == clause
            assert set(stored["text"]) == set(LANGUAGES)


def test_finding_clauses_by_code_place_time_and_role(policies: PolicySet) -> None:
    def found(region: str, on: date, role: str = "") -> list[str]:
        binding = policies.binding(
            ["CON.age_restricted_handoff", "SAF.threat"], region=region, on=on, role=role
        )
        return [clause.id for _, clause in binding]

    assert found("US-CA", date(2026, 2, 1)) == ["C1.8", "P2.1", "P2.2"]
    assert found("US-CA", date(2026, 1, 31)) == []
    assert found("US-CA", date(2026, 2, 1), "customer") == ["C1.8", "P2.2"]
    assert found("US-CO", date(2026, 2, 15)) == []
    assert found("US-CO-DEN", date(2026, 2, 16), "shopper") == ["C1.8", "P2.1"]


def test_lookup_by_id(policies: PolicySet) -> None:
    policy, clause = policies.clause("D1.3")
    assert (policy.header.id, clause.violation_code) == ("dispute_resolution", "OTH.false_report")
    with pytest.raises(KeyError):
        policies.clause("D0.1")


def test_colorado_gives_the_lead_time() -> None:
    assert publish_leads(packs()) == {"US-CO": 30}


def load(folder: Path) -> PolicySet:
    return load_policies(folder, known_codes=current().codes(), publish_lead=publish_leads(packs()))


def copied(tmp_path: Path) -> Path:
    target = tmp_path / "policies"
    shutil.copytree(str(packaged_folder()), target)
    return target


def change(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


def test_the_hash_follows_the_text_and_not_the_fixtures(tmp_path: Path, policies: PolicySet) -> None:
    folder = copied(tmp_path)
    change(folder / "conduct" / "cases.toml", "a first threat leads", "the first threat leads")
    assert load(folder).policies["conduct"].content_hash == policies.policies["conduct"].content_hash
    change(folder / "conduct" / "1_safety.toml", "No weapons", "No weapons at all")
    changed = load(folder)
    assert changed.policies["conduct"].content_hash != policies.policies["conduct"].content_hash
    unchanged = changed.policies["prohibited_items"].content_hash
    assert unchanged == policies.policies["prohibited_items"].content_hash


SAFETY, RESPECT, HEADER = "conduct/1_safety.toml", "conduct/2_respect.toml", "conduct/policy.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (SAFETY, '"SAF.weapon"', '"SAF.sword"', "C1.1: there is no violation code 'SAF.sword'"),
        (SAFETY, 'violation_code = "SAF.weapon"\n', "", "violation_code"),
        (SAFETY, '"SAF.weapon"', '"SAF.threat"', "C1.1 and C1.8 are two ladders for SAF.threat"),
        (SAFETY, '"C1.2"', '"C1.1"', "C1.1: two clauses have this id"),
        (SAFETY, "es = 2025-12-15", "es = 2025-12-11", "the text in es is older than its source"),
        (SAFETY, ", es = 2025-12-15", "", "does not say when its text in es was written"),
        (SAFETY, "auto_allowed = 6", "auto_allowed = 5", "above level 5, the most a machine may take"),
        (
            RESPECT,
            'first = { action = "warn" }',
            'first = { action = "warn", automatic = true }',
            "above level 0",
        ),
        (SAFETY, 'severity = "S0"', 'severity = "S2"', "may not take suspend_interim alone for S2"),
        (
            SAFETY,
            'first = { action = "terminate" }',
            'first = { action = "terminate", automatic = true }',
            "above level 6",
        ),
        (SAFETY, "days = 30 }", "days = 31 }", "suspend_fixed lasts 3 to 30 days"),
        (
            SAFETY,
            'first = { action = "terminate" }',
            'first = { action = "terminate", days = 3 }',
            "no length",
        ),
        (SAFETY, 'action = "terminate"', 'action = "exile"', "there is no action 'exile'"),
        (RESPECT, 'feature = "store", ', "", "a feature is named"),
        (SAFETY, "window_days = 1095", "window_days = 0", "the window is empty"),
        (SAFETY, '["minor", "several_victims"]', '["minor", "bad_luck"]', "'bad_luck' is not an aggravator"),
        (SAFETY, 'mitigators = ["provoked"', 'mitigators = ["charm"', "'charm' is not a mitigator"),
        (SAFETY, '["customer", "shopper"]', "[]", "C1.1: it applies to nobody"),
        (SAFETY, ', es = "Sin armas"', "", "C1.1 title: it must be there in en and es"),
        (RESPECT, '"suspend_fixed", days = 7 }', '"educate" }', "milder than an earlier one"),
        (
            RESPECT,
            'third = { action = "terminate" }',
            'third = { action = "warn" }',
            "milder than an earlier one",
        ),
        (HEADER, '"" = 2026-02-01', '"" = 2026-01-31', "in general it would bind before it takes effect"),
        (HEADER, "effective = 2026-02-01", "effective = 2026-01-01", "takes effect before it is published"),
        (HEADER, '"US-CO" = 2026-02-16', '"US-CO" = 2026-02-14', "published for 30 days before it binds"),
        (HEADER, '"US-CO" = 2026-01-15', "", "US-CO must publish it first"),
        (HEADER, '"" = 2026-02-01\n', "", "from when it is enforceable in general"),
        ("actions.toml", 'decides = "specialist"', 'decides = "anybody"', "decides"),
    ],
)
def test_unsound_policies_are_refused(tmp_path: Path, file: str, old: str, new: str, complaint: str) -> None:
    folder = copied(tmp_path)
    change(folder / file, old, new)
    with pytest.raises(PolicyError, match=complaint):
        load(folder)


def test_two_ladders_for_one_code_may_stand_in_different_places(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    second = (folder / "prohibited_items" / "3_gift_cards.toml").read_text()
    (folder / "prohibited_items" / "4_more.toml").write_text(second.replace('"P3.1"', '"P3.2"'))
    with pytest.raises(PolicyError, match=r"P3\.1 and P3\.2 are two ladders"):
        load(folder)
    for name, place in (("3_gift_cards", "US-CA"), ("4_more", "US-NY")):
        change(
            folder / "prohibited_items" / f"{name}.toml",
            "auto_allowed",
            f'jurisdictions = ["{place}"]\nauto_allowed',
        )
    binding = load(folder).binding(["FRD-C.gift_card_scam"], region="US-NY-NYC", on=date(2026, 3, 1))
    assert [clause.id for _, clause in binding] == ["P3.2"]
    change(folder / "prohibited_items" / "4_more.toml", '"US-NY"', '"US-CA-LAX"')
    with pytest.raises(PolicyError, match="two ladders"):
        load(folder)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder / SAFETY, '"SAF.weapon"', '"SAF.sword"')
    change(folder / RESPECT, "window_days = 365", "window_days = -1")
    with pytest.raises(PolicyError) as refusal:
        load(folder)
    assert len(refusal.value.problems) == 2
