"""The words and colours of severities and states, one table for every page."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Severity → (tone of its pill, meaning). Handbook §1.2.
SEVERITIES: dict[str, tuple[str, str | Promise]] = {
    "S0": ("solid", _("life at risk now")),
    "S1": ("red", _("serious harm or a credible threat")),
    "S2": ("amb", _("harm that needs a specialist")),
    "S3": ("blu", _("a problem to be solved soon")),
    "S4": ("", _("a question or advice")),
}

#: State → (tone, label). States that mean the same look the same on every page; an unlisted state is shown
#: in plain words without a colour.
STATES: dict[str, tuple[str, str | Promise]] = {
    # reports
    "received": ("blu", _("Received")),
    "acknowledged": ("blu", _("Acknowledged")),
    "emergency_active": ("solid", _("Emergency")),
    "routed_support": ("", _("With support")),
    "routed_privacy": ("", _("With privacy")),
    "in_case": ("amb", _("In a case")),
    "outcome_told": ("grn", _("Outcome told")),
    # cases
    "open": ("blu", _("Open")),
    "triaged": ("blu", _("Triaged")),
    "investigating": ("amb", _("Investigating")),
    "awaiting_info": ("amb", _("Awaiting information")),
    "decision_pending": ("amb", _("Decision pending")),
    "decided": ("grn", _("Decided")),
    "actioned": ("grn", _("Actioned")),
    "closed": ("", _("Closed")),
    "routed_out": ("", _("Routed out")),
    "merged": ("", _("Merged")),
    "reopened": ("amb", _("Reopened")),
    "in_protocol": ("amb", _("In protocol")),
    # accounts and actions
    "active": ("grn", _("Active")),
    "watch": ("amb", _("Watched")),
    "locked": ("red", _("Locked (protective)")),
    "suspended": ("red", _("Suspended")),
    "suspended_interim": ("red", _("Suspended (interim)")),
    "suspended_pending": ("red", _("Suspended (pending)")),
    "restricted": ("amb", _("Restricted")),
    "terminated": ("red", _("Terminated")),
    "requested": ("amb", _("Requested")),
    "demanded": ("amb", _("Awaited")),
    "passed": ("grn", _("Passed")),
    "missing": ("red", _("Not done")),
    "dropped": ("", _("Not needed")),
    "applied": ("grn", _("Applied")),
    "confirmed": ("grn", _("Confirmed")),
    "expired": ("", _("Expired")),
    "reversed": ("", _("Reversed")),
    "failed": ("red", _("Failed")),
    # appeals and decisions
    "lodged": ("blu", _("Lodged")),
    "assigned": ("amb", _("Assigned")),
    "info_requested": ("amb", _("Information requested")),
    "upheld": ("", _("Upheld")),
    "modified": ("amb", _("Modified")),
    "overturned": ("grn", _("Overturned")),
    "remanded": ("amb", _("Sent back")),
    "remedied": ("grn", _("Remedied")),
    "draft": ("", _("Draft")),
    "pending": ("amb", _("Pending")),
    "approved": ("grn", _("Approved")),
    "rejected": ("red", _("Rejected")),
    # verdicts of the decision API
    "allow": ("grn", _("Allow")),
    "step_up": ("blu", _("Step up")),
    "review": ("amb", _("Review")),
    "block": ("red", _("Block")),
    # rules and policies
    "checked": ("blu", _("Checked")),
    "backtested": ("blu", _("Backtested")),
    "canary": ("amb", _("Canary")),
    "shadow": ("blu", _("Shadow")),
    "live": ("grn", _("Live")),
    "paused": ("", _("Paused")),
    "recalled": ("red", _("Taken back")),
    "retired": ("", _("Retired")),
    "in_force": ("grn", _("In force")),
    # deliveries
    "delivered": ("grn", _("Delivered")),
    "retrying": ("amb", _("Retrying")),
    "dead": ("red", _("Gave up")),
}


def describe_state(state: str) -> tuple[str, str]:
    """(tone, label) of a state; an unlisted one reads as its own words."""
    if state in STATES:
        tone, label = STATES[state]
        return tone, str(label)
    return "", state.replace("_", " ").capitalize()
