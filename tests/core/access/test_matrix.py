"""The access model against the handbook's table (§12), written out here a second time by hand."""

from __future__ import annotations

import pytest

from tocsin.core.access.matrix import Cell, cells
from tocsin.core.access.permissions import ROLES

LEVELS = {
    "specialist": {"1_2"},
    "investigator": {"1_2", "3_5", "6"},
    "incident_commander": {"1_2", "3_5", "6", "7"},
    "supervisor": {"1_2", "3_5", "6", "7", "8_9"},
}
#: Who sees case data of class P3 and P4: freely, once assigned, or never.
P3 = {
    "specialist": "assigned", "investigator": "assigned", "supervisor": "freely",
    "appeals_reviewer": "assigned", "incident_commander": "assigned", "privacy_officer": "freely",
    "le_liaison": "assigned", "auditor": "freely",
}  # fmt: skip
P4 = {
    "investigator": "assigned", "supervisor": "freely", "appeals_reviewer": "assigned",
    "incident_commander": "assigned", "privacy_officer": "freely", "le_liaison": "assigned",
}  # fmt: skip
REVEAL = {
    "investigator", "supervisor", "appeals_reviewer", "incident_commander", "privacy_officer", "le_liaison",
}  # fmt: skip
APPEALS = {"supervisor", "appeals_reviewer"}
EXPORT = {"supervisor", "privacy_officer", "le_liaison"}

ALL = list(cells())


def holders(permission: str) -> set[str]:
    return {cell.role for cell in ALL if cell.permission == permission and cell.reason is None}


@pytest.mark.parametrize("level", ["1_2", "3_5", "6", "7", "8_9"])
def test_who_decides_what(level: str) -> None:
    assert holders(f"cases.decide_{level}") == {role for role, levels in LEVELS.items() if level in levels}


def test_who_decides_appeals_reveals_and_exports() -> None:
    assert holders("appeals.decide") == APPEALS
    assert holders("people.reveal") == REVEAL
    assert holders("cases.export") == EXPORT


@pytest.mark.parametrize(("data_class", "expected"), [("P3", P3), ("P4", P4)])
def test_who_sees_case_data(data_class: str, expected: dict[str, str]) -> None:
    answers: dict[str, str] = {}
    for role in ROLES:
        freely, assigned = (
            one.reason is None
            for one in sorted(
                (c for c in ALL if (c.role, c.permission, c.data_class) == (role, "cases.view", data_class)),
                key=lambda cell: cell.assigned,
            )
        )
        if freely or assigned:
            answers[role] = "freely" if freely else "assigned"
    assert answers == expected


def test_the_administrator_reads_no_case_and_the_auditor_writes_nothing() -> None:
    reading = {
        "access.view_log", "alerts.view", "appeals.view", "audit.verify", "cases.view", "entities.view",
        "indicators.view", "lists.view", "policies.view", "reports.view", "rules.view",
    }  # fmt: skip
    assert {cell.permission for cell in ALL if cell.role == "auditor" and cell.reason is None} == reading
    admin = {cell.permission for cell in ALL if cell.role == "administrator" and cell.reason is None}
    assert admin == {
        "api_keys.manage", "keys.manage", "outbox.manage", "policies.view", "staff.manage", "webhooks.manage",
    }  # fmt: skip


def test_every_cell_is_there_once_and_says_why() -> None:
    assert len(ALL) == len(set(ALL)) > 4000
    assert {cell.reason for cell in ALL} == {None, "role", "class", "assignment"}
    assert Cell("trainer", "cases.view", "P1", True, "role") in ALL
