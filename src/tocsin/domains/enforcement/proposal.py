"""What the policy proposes for a person in a case: the same facts under the same version give the same
step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, cast

from django.utils import timezone

from tocsin.core.clocks.arithmetic import due_at
from tocsin.core.errors import InvalidInput
from tocsin.core.packs.today import required, rules_for
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.models import Decision
from tocsin.domains.people.models import Account
from tocsin.domains.policies import queries as policies
from tocsin.domains.policies.forms import STANDARDS, Localised, Standard
from tocsin.domains.policies.ladder import NOTHING, Facts, PlaceRules
from tocsin.domains.policies.ladder import propose as propose_step
from tocsin.domains.policies.models import Clause
from tocsin.domains.policies.text import action_table


@dataclass(frozen=True)
class Proposal:
    """The clause in force at that place and time, the step of its ladder, and why.

    ``step`` is ``none`` when the standard of proof that was met carries no step. ``prior`` counts the
    earlier breaches that are alive. ``aggravators`` and ``mitigators`` are those that were found.
    """

    clause_id: str
    violation_code: str
    policy_version_id: str
    title: dict[str, str]
    text: dict[str, str]
    step: str
    days: int | None
    feature: str
    level: int
    prior: int
    reasons: list[str]
    proof: str
    second_reader: bool
    aggravators: list[str]
    mitigators: list[str]

    def as_data(self) -> dict[str, Any]:
        """For storing with the decision."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Proposal:
        """Back from what was stored."""
        return cls(**data)


@dataclass(frozen=True)
class Weights:
    """What a clause lets weigh on either side: words by name, in every language."""

    aggravators: dict[str, Localised]
    mitigators: dict[str, Localised]


def breaches_alive(account: Account, violation_code: str) -> list[dt.date]:
    """The days of earlier findings of the same violation that still count, oldest first.

    Every finding counts, also one that led to no more than a message or a block: otherwise a ladder that
    begins with one would never be climbed. It stops counting when its strike would.
    """
    now, life = timezone.now(), required("enforcement.strike_life", account.region)
    found = Decision.objects.filter(
        subject=account, violation_code=violation_code, finding=Decision.Finding.SUBSTANTIATED,
        state=Decision.State.IN_FORCE,
    )  # fmt: skip
    moments = found.order_by("in_force_at").values_list("in_force_at", flat=True)
    return [at.date() for at in moments if at is not None and due_at(at, life, account.zone) > now]


def clause_for(case: Case, subject: Account, clause_id: str) -> Clause:
    """The version of a clause that binds this person where and when it happened.

    Raises:
        InvalidInput: it does not exist, is not in force there yet, or does not apply to this kind of account.
    """
    clause = policies.clause_in_force(clause_id, region=subject.region or case.region, at=happened_at(case))
    if subject.role not in clause.body["applies_to"]:
        raise InvalidInput(
            f"Clause {clause.clause_id} does not apply to a {subject.role}.", "Choose another clause.",
            fields={"clause": f"Does not apply to a {subject.role}."},
        )  # fmt: skip
    return clause


def weights(case: Case, subject: Account, clause_id: str) -> Weights:
    """What may be said to make a breach of this clause worse or milder. Raises InvalidInput."""
    form, table = policies.machine_form(clause_for(case, subject, clause_id)), action_table()
    return Weights(
        {name: table.aggravators[name] for name in form.aggravators},
        {name: table.mitigators[name] for name in form.mitigators},
    )


def propose(
    case: Case,
    subject: Account,
    clause_id: str,
    *,
    aggravators: Collection[str] = (),
    mitigators: Collection[str] = (),
    proof_met: str = "",
) -> Proposal:
    """The proposed step. ``proof_met`` is the standard the findings reach; empty while nobody has said.

    Raises:
        InvalidInput: the clause does not bind here, or does not weigh one of the aggravators or mitigators.
    """
    clause = clause_for(case, subject, clause_id)
    form = policies.machine_form(clause)
    _only(form.aggravators, aggravators, "aggravators")
    _only(form.mitigators, mitigators, "mitigators")
    prior = breaches_alive(subject, clause.violation_code)
    facts = Facts(
        proof_met=cast(Standard, proof_met) if proof_met else None,
        # an earlier finding counts from its own day, which may lie after what is decided now
        on=timezone.now().date(),
        place=PlaceRules.of(rules_for(subject.region, case.region)),
    )
    step = propose_step(form, prior, aggravators, mitigators, facts)
    return Proposal(
        clause_id=clause.clause_id, violation_code=clause.violation_code, policy_version_id=clause.version_id,
        title=clause.title, text=clause.text, step=step.action, days=step.days, feature=step.feature,
        level=step.level, prior=len(prior), reasons=list(step.reasons), proof=step.proof,
        second_reader=step.second_reader, aggravators=sorted(aggravators), mitigators=sorted(mitigators),
    )  # fmt: skip


def proof_needed(case: Case, subject: Account, clause_id: str, action: str) -> Standard:
    """The least standard of proof that carries an action under a clause: the stronger of what the two
    ask for."""
    kind = action_table().kind(action)
    if kind.level == 0:
        return kind.proof
    form = policies.machine_form(clause_for(case, subject, clause_id))
    return max(form.proof, kind.proof, key=STANDARDS.index)


def nothing_fits(plan: Proposal) -> bool:
    """Whether no step of the clause is carried by the proof that was met."""
    return plan.step == NOTHING


def happened_at(case: Case) -> dt.datetime:
    """When it happened, and so which clauses bind: as the first report says that somebody we know stands
    behind, else when the case was opened. A stranger cannot date a breach back to where no clause bound."""
    links = case.report_links.select_related("report").order_by("added_at")
    told = [link.report.occurred_at for link in links if link.report.vouched_for]
    return next((at for at in told if at is not None), case.opened_at)


def _only(allowed: Collection[str], named: Collection[str], field: str) -> None:
    unknown = sorted(set(named) - set(allowed))
    if unknown:
        known = ", ".join(allowed) or "none"
        raise InvalidInput(
            f"This clause does not weigh {', '.join(unknown)}.", f"It weighs: {known}.",
            fields={field: f"Known here: {known}."},
        )  # fmt: skip
