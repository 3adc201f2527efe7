"""The statement of reasons as data (handbook §5.1), with the length limits of the EU transparency
database."""

from __future__ import annotations

from typing import Any

from tocsin.domains.enforcement.models import Action, Decision

_FACTS, _WHY, _REF = 5000, 2000, 500

_TYPE = {
    "suspend_interim": ("account", "suspension"),
    "suspend_fixed": ("account", "suspension"),
    "terminate": ("account", "termination"),
    "restrict_feature": ("provision", "partial_suspension"),
    "hold_payout": ("monetary", "suspension"),
    "hold_refund": ("monetary", "suspension"),
    "block_transaction": ("monetary", "other"),
}


def build(
    decision: Decision, actions: list[Action], facts: str, why: str, *, source: str, region: str
) -> dict[str, Any]:
    """A statement ready for a notice, the worker's record and, without personal data, the EU export."""
    main = max(actions, key=lambda action: action.level, default=None)
    what, how = _TYPE.get(main.type if main else "", ("provision", "other"))
    return {
        "id": decision.pk,
        "decision_type": what,
        "decision_detail": how,
        "start": decision.decided_at.isoformat(),
        "end": main.ends_at.isoformat() if main and main.ends_at else None,
        "territory": region,
        "facts": facts[:_FACTS],
        "ground": "contractual",
        "clause": f"{decision.clause_id} ({decision.policy_version_id})"[:_REF],
        "why": why[:_WHY],
        "source": source,
        "automated_detection": source == "own_initiative",
        "automated_decision": decision.automated,
        "redress": {
            "appeal_until": decision.appeal_until.isoformat() if decision.appeal_until else None,
            "representation_allowed": True,
        },
    }
