"""Queue and case pages: what is read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.errors import DomainError
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.proposal import propose, weights
from tocsin.domains.people import graph
from tocsin.domains.people.models import Account
from tocsin.domains.policies.forms import STANDARDS
from tocsin.surfaces.console import casepage, queueing
from tocsin.surfaces.console.desk import actor_of, page


@page("policies.view")
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The first page of the person's desk."""
    from tocsin.core.access.check import actor_permissions

    held = actor_permissions(actor_of(request))
    for permission, name in (
        ("cases.assign", "console:queue"), ("appeals.decide", "console:appeals"), ("cases.view", "console:queue"),
        ("staff.manage", "console:staff"), ("alerts.view", "console:alerts"),
    ):  # fmt: skip
        if permission in held:
            return redirect(name)
    return redirect("console:policies")


@page("cases.view")
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The queue alone; on a wide screen, beside it, what to do next."""
    return render(request, "console/queue.html", queueing.pane(request, actor_of(request)))


@page("cases.view")
@require_GET
def queue_rows(request: HttpRequest) -> HttpResponse:
    """The rows of the queue pane, read again when something changed."""
    return render(
        request, "console/parts/queue_rows.html",
        queueing.pane(request, actor_of(request), request.GET.get("current", "")),
    )  # fmt: skip


@page("cases.view")
@require_GET
def case(request: HttpRequest, reference: str) -> HttpResponse:
    """The case page. Opening it is logged: who looked at what is part of the record."""
    actor = actor_of(request)
    found = cases.find(actor, reference)
    cases.arrive(actor, found)
    with act(actor, "case.view") as work:
        work.fact("cases.case", found.pk)
    context = {**queueing.pane(request, actor, found.reference), **casepage.build(actor, found)}
    return render(request, "console/case.html", context)


@page("cases.view")
@require_GET
def case_body(request: HttpRequest, reference: str) -> HttpResponse:
    """The inside of the case page, read again when something changed in it. Also says that one is still here."""
    actor = actor_of(request)
    found = cases.find(actor, reference)
    cases.arrive(actor, found)
    return render(request, "console/parts/case_body.html", casepage.build(actor, found))


@page("cases.view")
@require_GET
def case_graph(request: HttpRequest, reference: str) -> JsonResponse:
    """Links around the people of a case, two hops."""
    actor = actor_of(request)
    return JsonResponse(_links(actor, cases.find(actor, reference)))


def _links(actor: Actor, found: Case) -> dict[str, Any]:
    nodes: dict[str, dict[str, Any]] = {}
    edges: list[dict[str, str]] = []
    for party in cases.parties(found):
        seen = graph.neighbours(actor, party.account.role, party.account.external_id, hops=2, limit=40)
        for node in seen.nodes.values():
            ident = f"{node.kind}:{node.id}"
            focus = node.hops == 0
            tone = "red" if node.status in ("terminated", "suspended") else ""
            nodes.setdefault(ident, {
                "id": ident, "label": f"{node.kind.replace('_', ' ')} {node.id}", "kind": node.kind, "tone": tone,
                "focus": focus, "href": reverse("console:entity", args=[node.kind, node.id]),
            })  # fmt: skip
        edges += [
            {"from": ":".join(line.from_key), "to": ":".join(line.to_key), "label": line.relation.replace("_", " ")}
            for line in sorted(seen.lines, key=lambda one: (one.from_key, one.to_key, one.relation))
        ]
    unique = {(edge["from"], edge["to"], edge["label"]): edge for edge in edges}
    return {"nodes": list(nodes.values()), "edges": list(unique.values())}


@page("cases.work")
@require_GET
def decide_form(request: HttpRequest, reference: str) -> HttpResponse:
    """The decision panel: people, findings, clauses in force; nothing chosen yet."""
    actor = actor_of(request)
    found = cases.find(actor, reference)
    context = {
        "case": found, **panel_choices(actor, found), "errors": {}, "values": {"revision": found.revision},
    }  # fmt: skip
    return render(request, "console/parts/decide.html", context)


def panel_choices(actor: Actor, found: Case) -> dict[str, Any]:
    """What can be chosen in the decision panel."""
    from tocsin.domains.enforcement import queries as enforcement
    from tocsin.domains.enforcement.models import Decision

    return {
        "subjects": enforcement.subjects(found),
        "findings": Decision.Finding.choices,
        "proofs": Decision.Proof.choices,
        "clauses": casepage.clauses(found),
        "steps": [step for step in STEPS.values() if step.decidable],
    }


@page("cases.work")
@require_GET
def proposal(request: HttpRequest, reference: str) -> HttpResponse:
    """What the clause proposes for this person, and what it will cause. Read while choosing; changes nothing."""
    found = cases.find(actor_of(request), reference)
    subject = Account.objects.filter(pk=request.GET.get("subject", ""), case_parts__case=found).first()
    clause = request.GET.get("clause", "")
    context: dict[str, Any] = {"case": found}
    if subject is not None and clause and request.GET.get("finding") == "substantiated":
        chosen = {name: request.GET.getlist(name) for name in ("aggravators", "mitigators")}
        try:
            weighed = weights(found, subject, clause)
            known = {name: set(chosen[name]) & getattr(weighed, name).keys() for name in chosen}
            plan = propose(found, subject, clause, proof_met=_proof(request), **known)
        except DomainError as error:
            context["problem"] = error
        else:
            step = STEPS.get(plan.step)
            context |= {
                "plan": plan, "step": step, "subject": subject, "will": _will(found, plan.step) if step else [],
                "sides": [
                    ("aggravators", _("What makes it worse"), weighed.aggravators, known["aggravators"]),
                    ("mitigators", _("What makes it milder"), weighed.mitigators, known["mitigators"]),
                ],
            }  # fmt: skip
    return render(request, "console/parts/proposal.html", context)


def _proof(request: HttpRequest) -> str:
    chosen = request.GET.get("standard_of_proof", "")
    return chosen if chosen in STANDARDS else ""


def _will(found: Case, kind: str) -> list[str]:
    """What the step will cause, in words."""
    step = STEPS[kind]
    words = [f"The marketplace is asked: {step.label.lower()}."]
    if step.sets:
        words.append(f"The account's standing becomes: {step.sets.replace('_', ' ')}.")
    if step.strike:
        words.append("One strike is given; it expires as the policy says.")
    words.append("The person gets a statement of reasons and can appeal.")
    reports = found.report_links.count()
    if reports:
        words.append(f"{reports} reporter{'s are' if reports > 1 else ' is'} told that we acted, without details.")
    if found.alert_links.exists():
        words.append("Alerts are labelled as confirmed, and the rules learn from it.")
    words.append("Protective measures on the person end." if not step.second_reader else "Nothing happens before a second reader agrees.")
    words.append(f"To undo: reverse the decision or uphold an appeal ({step.inverse.replace('_', ' ')}).")
    return words


@page("people.reveal")
@require_GET
def reveal_form(request: HttpRequest, reference: str, account_id: str, field: str) -> HttpResponse:
    """Asks why somebody needs to see behind the mask."""
    found = cases.find(actor_of(request), reference)
    return render(
        request, "console/parts/reveal.html", {"case": found, "account_id": account_id, "field": field, "error": None}
    )
