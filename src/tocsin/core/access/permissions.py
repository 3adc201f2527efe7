"""Every permission there is, in alphabetical order, and which role holds it (handbook §12).

This page is the whole access model: nothing is allowed that is not listed here. A permission answers *what*;
the scope of a check (region, assignment, data class, walled-off staff) answers *on which rows* (see
``check.py``)."""

from __future__ import annotations

PERMISSIONS: dict[str, str] = {
    "access.break_glass": "Open a case beyond one's own for thirty minutes",
    "access.review_break_glass": "Review uses of break-glass",
    "access.view_log": "See who looked at what",
    "alerts.disposition": "Say whether an alert was right",
    "alerts.view": "See alerts",
    "api_keys.manage": "Create and revoke API keys",
    "appeals.decide": "Decide an appeal against somebody else's decision",
    "appeals.lodge": "Lodge an appeal for a person",
    "appeals.view": "See appeals",
    "audit.verify": "Verify the audit chains",
    "cases.assign": "Take a case or give it to somebody",
    "cases.close": "Close a case",
    "cases.decide_1_2": "Decide warnings and restrictions (levels 0 to 2) and unmatch a pair",
    "cases.decide_3_5": "Decide step-up, blocks and holds (levels 3 to 5)",
    "cases.decide_6": "Suspend somebody for the time of an investigation (level 6)",
    "cases.decide_7": "Decide suspensions for a number of days (level 7)",
    "cases.decide_8_9": "Decide terminations (levels 8 and 9), with a second reader",
    "cases.export": "Export a case within the cap",
    "cases.message": "Write to the people in a case",
    "cases.protect": "Lock an account or stop an order at once in an S0 or S1 case",
    "cases.second_read": "Confirm a termination as second reader",
    "cases.severity_lower": "Lower a severity, with a reason",
    "cases.severity_raise": "Raise a severity",
    "cases.view": "See cases",
    "cases.work": "Add notes, evidence and links to a case",
    "clocks.extend": "Extend a clock, with a reason",
    "decisions.reverse": "Undo a decision",
    "entities.view": "Look a person, account or order up",
    "entities.write": "Tell Tocsin about people, orders and what they use",
    "evidence.add": "Add evidence",
    "evidence.view": "See evidence",
    "indicators.import": "Import indicators that others share, put them to use, and take them back",
    "indicators.view": "See imported indicators",
    "keys.manage": "Rotate the master key and destroy data keys",
    "lists.edit": "Put values on kept lists and take them off",
    "lists.view": "See kept lists",
    "outbox.manage": "See the dead letters and send them again",
    "people.reveal": "See behind a mask, with a reason",
    "policies.edit": "Write policy",
    "policies.view": "Read policy",
    "reports.file": "File a report for somebody",
    "reports.view": "See reports",
    "rules.edit": "Write detection rules",
    "rules.promote": "Put a detection rule of somebody else into force",
    "rules.view": "Read detection rules",
    "staff.manage": "Manage staff and their roles",
    "webhooks.manage": "Manage webhook endpoints",
}

_EVERY_DESK = {"policies.view"}
_CASEWORK = {
    "alerts.disposition", "alerts.view", "appeals.lodge", "appeals.view", "cases.assign", "cases.close",
    "cases.message", "cases.protect", "cases.severity_raise", "cases.view", "cases.work", "entities.view",
    "evidence.add", "evidence.view", "reports.file", "reports.view", "access.break_glass",
}  # fmt: skip

ROLES: dict[str, frozenset[str]] = {
    "administrator": frozenset(
        _EVERY_DESK | {"api_keys.manage", "keys.manage", "outbox.manage", "staff.manage", "webhooks.manage"}
    ),
    "appeals_reviewer": frozenset(
        _EVERY_DESK
        | {
            "access.break_glass",
            "appeals.decide",
            "appeals.view",
            "cases.message",
            "cases.view",
            "decisions.reverse",
            "entities.view",
            "evidence.view",
            "people.reveal",
            "reports.view",
        }
    ),
    "auditor": frozenset(
        _EVERY_DESK
        | {
            "access.view_log",
            "alerts.view",
            "appeals.view",
            "audit.verify",
            "cases.view",
            "entities.view",
            "indicators.view",
            "lists.view",
            "reports.view",
            "rules.view",
        }
    ),
    "incident_commander": frozenset(
        _EVERY_DESK
        | _CASEWORK
        | {"cases.decide_1_2", "cases.decide_3_5", "cases.decide_6", "cases.decide_7", "people.reveal"}
    ),
    "investigator": frozenset(
        _EVERY_DESK
        | _CASEWORK
        | {
            "cases.decide_1_2",
            "cases.decide_3_5",
            "cases.decide_6",
            "indicators.view",
            "lists.view",
            "people.reveal",
            "rules.view",
        }
    ),
    "le_liaison": frozenset(
        _EVERY_DESK | {"cases.view", "entities.view", "evidence.view", "people.reveal", "cases.export"}
    ),
    "policy_manager": frozenset(_EVERY_DESK | {"policies.edit", "cases.view"}),
    "privacy_officer": frozenset(
        _EVERY_DESK
        | {
            "access.review_break_glass",
            "access.view_log",
            "audit.verify",
            "cases.export",
            "cases.view",
            "entities.view",
            "evidence.view",
            "people.reveal",
            "reports.view",
        }
    ),
    "rules_engineer": frozenset(
        _EVERY_DESK
        | {
            "alerts.view",
            "indicators.import",
            "indicators.view",
            "lists.edit",
            "lists.view",
            "rules.edit",
            "rules.promote",
            "rules.view",
        }
    ),
    "specialist": frozenset(_EVERY_DESK | _CASEWORK | {"cases.decide_1_2"}),
    "supervisor": frozenset(
        _EVERY_DESK
        | _CASEWORK
        | {
            "access.view_log",
            "appeals.decide",
            "cases.decide_1_2",
            "cases.decide_3_5",
            "cases.decide_6",
            "cases.decide_7",
            "cases.decide_8_9",
            "cases.export",
            "cases.second_read",
            "cases.severity_lower",
            "clocks.extend",
            "decisions.reverse",
            "indicators.view",
            "lists.edit",
            "lists.view",
            "people.reveal",
            "rules.promote",
            "rules.view",
        }
    ),
    "support_agent": frozenset(_EVERY_DESK | {"reports.file"}),
    "trainer": frozenset(_EVERY_DESK),
    "vetting_analyst": frozenset(_EVERY_DESK),
}

#: The most sensitive data class (handbook §10) a role may see, and whether only on work given to the person.
DATA_CLASSES: dict[str, tuple[str, bool]] = {
    "administrator": ("P1", False),
    "appeals_reviewer": ("P4", True),
    "auditor": ("P3", False),
    "incident_commander": ("P4", True),
    "investigator": ("P4", True),
    "le_liaison": ("P4", True),
    "policy_manager": ("P1", False),
    "privacy_officer": ("P4", False),
    "rules_engineer": ("P1", False),
    "specialist": ("P3", True),
    "supervisor": ("P4", False),
    "support_agent": ("P2", True),
    "trainer": ("P1", False),
    "vetting_analyst": ("P2", True),
}

#: The scopes an API key can hold, and the permissions each stands for.
SCOPES: dict[str, frozenset[str]] = {
    "actions:read": frozenset(),
    "actions:write": frozenset(),
    "appeals:write": frozenset({"appeals.lodge"}),
    "cases:read": frozenset({"cases.view"}),
    "cases:write": frozenset({"cases.assign", "cases.work"}),
    "decide": frozenset(),
    "decisions:read": frozenset({"cases.view"}),
    "entities:read": frozenset({"entities.view"}),
    "entities:write": frozenset({"entities.write"}),
    "events:read": frozenset({"entities.view"}),
    "events:write": frozenset(),
    "indicators:write": frozenset({"indicators.import"}),
    "replay": frozenset(),
    "reports:read": frozenset({"reports.view"}),
    "reports:write": frozenset({"reports.file"}),
    "webhooks:manage": frozenset({"webhooks.manage"}),
}

#: What only the marketplace's own systems do: telling what happened, and that an action was carried out. No
#: permission of a person stands behind these, so a personal key cannot hold them.
SYSTEM_SCOPES = frozenset({"actions:write", "decide", "events:write", "replay"})

_READ_CASES = {"alerts.view", "appeals.view", "cases.view", "evidence.view"}

#: What a scope lets through of a member of staff's own permissions when they use a personal key. It never
#: adds any. Looking behind masks, exporting, breaking glass and managing take a person at the console.
PERSONAL_SCOPES: dict[str, frozenset[str]] = {
    **SCOPES,
    "actions:read": frozenset({"cases.view"}),
    "appeals:write": frozenset({"appeals.decide", "appeals.lodge", "appeals.view", "decisions.reverse"}),
    "cases:read": frozenset(_READ_CASES),
    "cases:write": frozenset(
        {
            "alerts.disposition", "cases.assign", "cases.close", "cases.decide_1_2", "cases.decide_3_5",
            "cases.decide_6", "cases.decide_7", "cases.decide_8_9", "cases.message", "cases.protect",
            "cases.second_read", "cases.severity_lower", "cases.severity_raise", "cases.work",
            "decisions.reverse", "evidence.add",
        }
    ),
    "decisions:read": frozenset({"appeals.view", "cases.view"}),
    "reports:read": frozenset({"evidence.view", "reports.view"}),
    "reports:write": frozenset({"evidence.add", "reports.file"}),
}  # fmt: skip
