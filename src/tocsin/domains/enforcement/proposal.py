"""What the policy proposes for a person in a case: the same facts under the same version give the same step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone

from tocsin.core.errors import InvalidInput
from tocsin.core.packs.today import rules_for
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.models import Strike
from tocsin.domains.people.models import Account
from tocsin.domains.policies import queries as policies
from tocsin.domains.policies.ladder import Facts, PlaceRules
from tocsin.domains.policies.ladder import propose as propose_step


@dataclass(frozen=True)
class Proposal:
    """The clause in force at that place and time, the step of its ladder, and why."""

    clause_id: str
    violation_code: str
    policy_version_id: str
    title: dict[str, str]
    text: dict[str, str]
    step: str
    days: int | None
    level: int
    prior: int
    reasons: list[str]
    proof: str
    second_reader: bool

    def as_data(self) -> dict[str, Any]:
        """For storing with the decision."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Proposal:
        """Back from what was stored."""
        return cls(**data)


def strikes_alive(account: Account, violation_code: str) -> int:
    """How many strikes for this violation count today."""
    return Strike.objects.filter(
        account=account, violation_code=violation_code, revoked_at=None, expires_at__gt=timezone.now()
    ).count()


def propose(case: Case, subject: Account, clause_id: str, finding: str = "substantiated") -> Proposal:
    """The proposed step.

    Raises:
        InvalidInput: the clause does not exist, is not in force there yet, or does not apply to this kind of account.
    """
    occurred = case.report_links.order_by("added_at").values_list("report__occurred_at", flat=True).first()
    at = occurred or case.opened_at
    clause = policies.clause_in_force(clause_id, region=subject.region or case.region, at=at)
    if subject.role not in clause.body["applies_to"]:
        raise InvalidInput(
            f"Clause {clause.clause_id} does not apply to a {subject.role}.", "Choose another clause.",
            fields={"clause": f"Does not apply to a {subject.role}."},
        )  # fmt: skip
    prior = strikes_alive(subject, clause.violation_code)
    place = PlaceRules.of(rules_for(subject.region, case.region))
    step = propose_step(policies.machine_form(clause), prior_strikes=prior, facts=Facts(place=place))
    return Proposal(
        clause_id=clause.clause_id, violation_code=clause.violation_code, policy_version_id=clause.version_id,
        title=clause.title, text=clause.text, step=step.action, days=step.days, level=step.level, prior=prior,
        reasons=list(step.reasons), proof=step.proof, second_reader=step.second_reader,
    )  # fmt: skip
