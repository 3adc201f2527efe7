"""Every reason to say no, one by one; each test also shows the same act allowed when only that reason is
gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.access.people import key, staff
from tocsin.core.access.check import ANYWHERE, HEARING, Scope, allows, has, require, sees_class, why_not
from tocsin.core.access.permissions import DATA_CLASSES, PERMISSIONS, PERSONAL_SCOPES, ROLES, SCOPES
from tocsin.core.actor import PURPOSES, Actor, system
from tocsin.core.errors import AccessDenied

CASE = Scope(region="US-CA", assigned=True, data_class="P3")


def test_role() -> None:
    assert why_not(staff("support_agent"), "cases.view", CASE) == "role"
    assert why_not(staff("specialist"), "cases.view", CASE) is None


def test_purpose() -> None:
    reviewer = staff("appeals_reviewer")
    assert why_not(reviewer, "appeals.decide", ANYWHERE) == "purpose"
    assert why_not(reviewer.for_purpose("appeal_review"), "appeals.decide", ANYWHERE) is None


def test_region() -> None:
    assert why_not(staff("specialist", regions=("US-NY",)), "cases.view", CASE) == "region"
    assert why_not(staff("specialist", regions=()), "cases.view", CASE) == "region"
    for regions in (("US-CA",), ("US",), ("US-NY", "US-CA"), ("*",)):
        assert why_not(staff("specialist", regions=regions), "cases.view", CASE) is None
    assert why_not(staff("specialist", regions=("US-C",)), "cases.view", CASE) == "region"
    assert why_not(staff("specialist", regions=()), "cases.view", replace(CASE, region="")) is None


def test_walled_off() -> None:
    walled = replace(CASE, walled_off=frozenset({"stf_ada"}))
    for role in ("specialist", "supervisor", "privacy_officer", "incident_commander"):
        assert why_not(staff(role), "cases.view", walled) == "walled_off"
        assert why_not(staff(role, staff_id="stf_bo"), "cases.view", walled) is None


def test_class() -> None:
    p4 = replace(CASE, data_class="P4")
    assert why_not(staff("specialist"), "cases.view", p4) == "class"
    assert why_not(staff("investigator"), "cases.view", p4) is None
    assert why_not(staff("auditor"), "cases.view", p4) == "class"
    assert why_not(staff("auditor"), "cases.view", CASE) is None


def test_two_roles_together_give_nothing_that_neither_of_them_gives() -> None:
    p4 = replace(CASE, data_class="P4", assigned=False)
    for roles, permission, reason in (
        (("specialist", "privacy_officer"), "cases.work", "class"),
        (("investigator", "privacy_officer"), "cases.decide_3_5", "assignment"),
        (("specialist", "auditor"), "cases.work", "class"),
        (("support_agent", "supervisor"), "cases.work", None),
        (("investigator", "privacy_officer"), "cases.view", None),
    ):
        assert why_not(staff(*roles), permission, p4) == reason


def test_hearing_an_appeal_counts_as_assignment_for_what_it_needs() -> None:
    heard = replace(CASE, data_class="P4", assigned=False, hears=True)
    both = staff("appeals_reviewer", "investigator", purpose="appeal_review")
    for permission in PERMISSIONS.keys() & HEARING:
        assert why_not(both, permission, heard) is None
    for permission in ("cases.work", "cases.close", "cases.message", "cases.assign", "evidence.add"):
        assert why_not(both, permission, heard) == "assignment"
    assert why_not(both, "cases.view", replace(heard, region="EU-DE")) is None
    assert why_not(both, "cases.view", replace(heard, walled_off=frozenset({"stf_ada"}))) == "walled_off"
    assert why_not(staff("auditor"), "cases.view", heard) == "class"


def test_assignment() -> None:
    not_mine = replace(CASE, assigned=False)
    assert why_not(staff("specialist"), "cases.view", not_mine) == "assignment"
    assert why_not(staff("specialist"), "cases.view", CASE) is None
    assert why_not(staff("privacy_officer"), "cases.view", not_mine) is None


def test_picking_up_work_takes_no_assignment() -> None:
    queue_row = Scope(region="US-CA", assigned=False, data_class="P2")
    assert why_not(staff("specialist"), "cases.view", queue_row) is None
    assert why_not(staff("policy_manager"), "cases.view", queue_row) == "class"


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_an_unknown_role_has_nothing(permission: str) -> None:
    for purpose in PURPOSES:
        nobody = staff("superuser", "", "Supervisor", "supervisor ", purpose=purpose)
        assert why_not(nobody, permission, ANYWHERE) == "role"
        assert why_not(staff(purpose=purpose), permission, ANYWHERE) == "role"


@pytest.mark.parametrize("kind", ["reporter", "party"])
def test_people_of_the_public_hold_no_permission(kind: str) -> None:
    somebody = Actor(kind, "x", "Somebody", frozenset(ROLES), frozenset({"*"}), scopes=frozenset(SCOPES))  # type: ignore[arg-type]
    assert [permission for permission in PERMISSIONS if allows(somebody, permission)] == []
    assert not sees_class(somebody, "P0", assigned=True)


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_self_service_is_no_purpose_for_staff(permission: str) -> None:
    everybody = staff(*ROLES, purpose="self_service")
    assert why_not(everybody, permission, ANYWHERE) in ("purpose", "role")


def test_a_permission_that_does_not_exist_is_a_fault_not_a_no() -> None:
    with pytest.raises(KeyError, match=r"cases\.veiw"):
        has(staff("supervisor"), "cases.veiw")


def test_a_refusal_says_why_in_words_and_in_code() -> None:
    with pytest.raises(AccessDenied) as refused:
        require(staff("support_agent"), "cases.view", CASE)
    assert (refused.value.permission, refused.value.reason) == ("cases.view", "role")
    assert refused.value.sentence() == (
        "Your role does not include this. Nothing was changed and nothing was lost. "
        "If you need it, ask your supervisor, or use break-glass in an emergency."
    )
    require(staff("specialist"), "cases.view", CASE)


def test_our_own_processes_may() -> None:
    assert why_not(system("clocks"), "cases.close", replace(CASE, data_class="P4", assigned=False)) is None


def test_an_integration_key_does_what_its_scopes_say_and_reaches_no_further_than_contact_data() -> None:
    scope = Scope(region="US-CA", data_class="P2")
    assert why_not(key("cases:read"), "cases.view", scope) is None
    assert why_not(key("reports:read"), "cases.view", scope) == "role"
    assert why_not(key("cases:read"), "cases.view", replace(scope, data_class="P3", assigned=True)) == "class"
    assert [name for name in PERMISSIONS if allows(key("no:such", *()), name)] == []
    decisions = {"appeals.decide", "people.reveal", "staff.manage", "api_keys.manage", "cases.decide_1_2"}
    assert [name for name in decisions if allows(key(*SCOPES), name)] == []


def by_personal_key(actor: Actor, *scopes: str) -> Actor:
    return replace(actor, scopes=frozenset(scopes), via="api_key")


def test_a_personal_key_is_limited_by_its_scopes_and_by_its_owner() -> None:
    investigator, specialist = staff("investigator"), staff("specialist")
    assert allows(by_personal_key(investigator, "cases:write"), "cases.decide_3_5")
    assert not allows(by_personal_key(investigator, "cases:read"), "cases.decide_3_5")
    assert not allows(by_personal_key(specialist, "cases:write"), "cases.decide_3_5")
    assert not allows(by_personal_key(investigator), "cases.view")
    assert why_not(
        by_personal_key(specialist, "cases:read"), "cases.view", replace(CASE, assigned=False)
    ) == ("assignment")


def test_no_personal_key_looks_behind_masks_or_manages() -> None:
    everybody = by_personal_key(staff(*ROLES, purpose="case_handling"), *PERSONAL_SCOPES)
    console_only = {
        "access.break_glass", "access.review_break_glass", "api_keys.manage", "cases.export", "keys.manage",
        "people.reveal", "staff.manage",
    }  # fmt: skip
    assert [name for name in sorted(console_only) if has(everybody, name)] == []


def test_the_tables_name_only_what_exists() -> None:
    assert set(DATA_CLASSES) == set(ROLES)
    for table in (ROLES, SCOPES, PERSONAL_SCOPES):
        assert frozenset().union(*table.values()) <= PERMISSIONS.keys()
    assert PERSONAL_SCOPES.keys() == SCOPES.keys()
    assert list(PERMISSIONS) == sorted(PERMISSIONS)
