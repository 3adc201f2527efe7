"""Deciding: the panel, what policy proposes while one chooses, filing; and looking behind a mask."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, DomainError, InvalidInput, NotFound
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases import revealing
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import consequences, decisions
from tocsin.domains.enforcement import queries as enforcement
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Decision
from tocsin.domains.enforcement.proposal import propose, weights
from tocsin.domains.people.models import Account
from tocsin.domains.policies.forms import STANDARDS
from tocsin.surfaces.console import casepage
from tocsin.surfaces.console.acting import done, form_page, form_state, revision_of, whole_number
from tocsin.surfaces.console.desk import actor_of, page

_FIELDS = (
    "subject", "finding", "clause", "standard_of_proof", "facts_internal", "facts_disclosable", "step",
    "days", "feature", "deviation_reason", "revision", "read_at",
)  # fmt: skip
_WEIGHED = ("aggravators", "mitigators")


@page("cases.work")
@require_GET
def decide_form(request: HttpRequest, reference: str) -> HttpResponse:
    """The decision panel: people, findings, clauses in force; nothing chosen yet."""
    actor = actor_of(request)
    return _panel(request, actor, cases.find(actor, reference), {})


def _panel(
    request: HttpRequest, actor: Actor, case: Case, values: dict[str, Any], error: DomainError | None = None
) -> HttpResponse:
    subjects = enforcement.subjects(case)
    near, others = casepage.clauses(case, {account.role for account in subjects})
    context = {
        "case": case,
        "form": form_state(case, values, error),
        "subjects": subjects,
        "about": enforcement.about(case),
        "findings": Decision.Finding.choices,
        "proofs": Decision.Proof.choices,
        "clauses": [(_("About what was reported"), near), (_("All others"), others)],
        "steps": [step for step in STEPS.values() if step.decidable],
        **(_so_far(case, request.POST) if error else {}),
    }
    # htmx swaps 422 answers (see the page's htmx-config), so the panel comes back with what was typed
    status = 422 if error else 200
    return form_page(request, "console/forms/decide.html", _("Decide"), context, status=status)


@page("cases.work")
@require_GET
def proposal(request: HttpRequest, reference: str) -> HttpResponse:
    """What the clause proposes for this person, and what it will cause. Changes nothing."""
    case = cases.find(actor_of(request), reference)
    return render(request, "console/parts/proposal.html", {"case": case} | _so_far(case, request.GET))


def _so_far(case: Case, form: QueryDict) -> dict[str, Any]:
    """What policy proposes for the choices made so far; nothing while they are not complete."""
    subject = Account.objects.filter(pk=form.get("subject", ""), case_parts__case=case).first()
    finding = form.get("finding", "")
    if subject is None or not form.get("clause") or finding != Decision.Finding.SUBSTANTIATED:
        return {"finding": finding}
    try:
        return {"finding": finding} | _proposed(case, subject, form)
    except DomainError as error:
        return {"finding": finding, "problem": error}


def _proposed(case: Case, subject: Account, form: QueryDict) -> dict[str, Any]:
    clause, proof = str(form["clause"]), form.get("standard_of_proof", "")
    offered = weights(case, subject, clause)
    chosen = {name: set(form.getlist(name)) & getattr(offered, name).keys() for name in _WEIGHED}
    plan = propose(case, subject, clause, proof_met=proof if proof in STANDARDS else "", **chosen)
    step = STEPS.get(plan.step)
    sides = (
        ("aggravators", _("What makes it worse"), offered.aggravators, chosen["aggravators"]),
        ("mitigators", _("What makes it milder"), offered.mitigators, chosen["mitigators"]),
    )
    return {
        "plan": plan,
        "step": step.said(plan.feature) if step else "",
        "will": consequences.of_step(case, plan.step, plan.feature) if step else [],
        "sides": [side for side in sides if side[2]],
    }


@page("cases.work")
@require_POST
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """File the decision. What was typed comes back with every error."""
    actor = actor_of(request)
    case = cases.find(actor, reference)
    form = request.POST
    try:
        made = decisions.decide(actor, case.pk, _given(form))
    except AccessDenied:
        raise
    except DomainError as error:
        values: dict[str, Any] = {name: str(form.get(name, "")) for name in _FIELDS}
        return _panel(request, actor, case, values | {"unmatch": bool(form.get("unmatch"))}, error)
    waits = made.state == Decision.State.AWAITING_SECOND_READER
    said = (
        _("Proposed. A second reader has to agree before anything happens.")
        if waits
        else _("Decided. Whoever has to be told is told.")
    )
    return done(request, said, reverse("console:case", args=[case.reference]))


def _given(form: QueryDict) -> decisions.DecisionInput:
    days = form.get("days", "").strip()
    if days and whole_number(days) is None:
        raise InvalidInput(
            _("This is not a number of days."), _("Write how many days, such as 7."),
            fields={"days": _("A whole number.")},
        )  # fmt: skip
    return decisions.DecisionInput(
        subject_id=form.get("subject", ""),
        finding=form.get("finding", ""),
        clause_id=form.get("clause", ""),
        standard_of_proof=form.get("standard_of_proof", ""),
        facts_internal=form.get("facts_internal", ""),
        facts_disclosable=form.get("facts_disclosable", ""),
        step=form.get("step", ""),
        days=whole_number(days),
        feature=form.get("feature", ""),
        aggravators=tuple(form.getlist("aggravators")),
        mitigators=tuple(form.getlist("mitigators")),
        deviation_reason=form.get("deviation_reason", ""),
        unmatch=bool(form.get("unmatch")),
        revision=revision_of(form),
    )


_REVEALED = {
    "access_needs": lazy("Access needs"),
    "email": lazy("E-mail"),
    "home_address": lazy("Home address"),
    "name": lazy("Name"),
    "phone": lazy("Phone"),
}


@page("people.reveal")
@require_GET
def reveal_form(request: HttpRequest, reference: str, account_id: str, field: str) -> HttpResponse:
    """Asks why somebody needs to see behind the mask."""
    case = cases.find(actor_of(request), reference)
    return _reveal_page(request, _reveal(case, account_id, field))


@page("people.reveal")
@require_POST
def reveal(request: HttpRequest, reference: str, account_id: str, field: str) -> HttpResponse:
    """Show what is behind a mask, once a reason is given."""
    actor = actor_of(request)
    case = cases.find(actor, reference)
    reason = request.POST.get("reason", "")
    try:
        value = revealing.reveal(actor, case, account_id, field, reason)
    except (AccessDenied, NotFound):
        raise
    except DomainError as error:
        context = _reveal(case, account_id, field, {"reason": reason}, error)
        return _reveal_page(request, context, status=422)
    return _reveal_page(request, _reveal(case, account_id, field) | {"value": value, "revealed": True})


def _reveal_page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    title = _("Reveal: %(what)s") % {"what": context["what"]}
    return form_page(request, "console/forms/reveal.html", title, context, status=status)


def _reveal(
    case: Case,
    account_id: str,
    field: str,
    values: dict[str, Any] | None = None,
    error: DomainError | None = None,
) -> dict[str, Any]:
    return {
        "case": case, "account_id": account_id, "field": field, "what": _REVEALED.get(field, field),
        "form": form_state(case, values or {}, error),
    }  # fmt: skip
