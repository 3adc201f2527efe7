"""Who acts, and why: the first argument of every action and every query."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

ActorKind = Literal["staff", "system", "api_key", "reporter", "party"]

#: The closed list of purposes somebody can act for (handbook §10: role ∧ purpose ∧ assignment ∧ region ∧
#: class).
PURPOSES: dict[str, str] = {
    "appeal_review": "Reviewing an appeal",
    "audit": "Auditing the platform",
    "authority_request": "Answering an authority",
    "case_handling": "Handling a case",
    "integration": "The marketplace's own system",
    "operations": "Running the platform",
    "policy_work": "Writing policy",
    "privacy_request": "Answering a privacy request",
    "rule_work": "Writing detection rules",
    "self_service": "A person following up their own matter",
    "training": "Training",
    "vetting": "Vetting a worker",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """One person or machine, with what it may claim.

    ``id`` is the staff id, key id, process name, report number or account id, by ``kind``.
    ``regions`` holds jurisdiction codes such as ``US-CA``; ``*`` stands for all.
    ``scopes`` are the scopes of the API key that speaks for the actor; empty for everybody else.
    ``kept_from`` holds accounts (``customer:c-42``) that are the actor's own or their family's: those are
    kept
    from them.
    """

    kind: ActorKind
    id: str
    label: str
    roles: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    purpose: str = "case_handling"
    scopes: frozenset[str] = frozenset()
    via: str = ""
    address: str = field(default="", compare=False)
    kept_from: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def by_key(self) -> bool:
        """Whether an API key speaks for the actor, so that its scopes are the most they may do."""
        return self.via == "api_key" or bool(self.scopes)

    @property
    def ref(self) -> str:
        """The form stored in audit entries, e.g. ``staff:stf_01J…``."""
        return f"{self.kind}:{self.id}"

    def for_purpose(self, purpose: str) -> Actor:
        """The same actor, acting for another purpose."""
        if purpose not in PURPOSES:
            raise ValueError(f"unknown purpose {purpose!r}; one of {', '.join(PURPOSES)}")
        return replace(self, purpose=purpose)

    def covers_region(self, region: str) -> bool:
        """Whether ``region`` lies in one of the actor's regions (``US`` covers ``US-CA``)."""
        return "*" in self.regions or any(
            region == mine or region.startswith(f"{mine}-") for mine in self.regions
        )


def system(process: str) -> Actor:
    """The actor of our own processes: clocks, outbox handlers, log shipping."""
    return Actor("system", process, f"Tocsin ({process})", regions=frozenset({"*"}), purpose="operations")
