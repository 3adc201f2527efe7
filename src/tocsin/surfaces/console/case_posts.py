"""What is done on a case page. Every view: read the form, call one action, show the page again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tocsin.core.access import break_glass
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, DomainError, NotFound
from tocsin.domains.cases import actions
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import decisions, protection, reversal
from tocsin.domains.people import revealing
from tocsin.surfaces.console.case_views import panel_choices
from tocsin.surfaces.console.desk import actor_of, page


def _back(request: HttpRequest, case: Case) -> HttpResponse:
    """To the case page, by redirect (plain forms) or by telling htmx to go there."""
    target = f"/console/case/{case.reference}/"
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = target
        return response
    return redirect(target)


def _does(
    permission: str, said: str
) -> Callable[[Callable[[Actor, Case, Any], object]], Callable[..., HttpResponse]]:
    """A view that runs one action on a case and says so."""

    def wrap(run: Callable[[Actor, Case, Any], object]) -> Callable[..., HttpResponse]:
        @page(permission)
        @require_POST
        def view(request: HttpRequest, reference: str) -> HttpResponse:
            actor = actor_of(request)
            case = cases.find(actor, reference)
            try:
                run(actor, case, request.POST)
            except AccessDenied:
                raise
            except DomainError as error:
                messages.error(request, error.sentence())
            else:
                messages.success(request, _(said))
            return _back(request, case)

        view.__name__ = run.__name__
        return view

    return wrap


def _revision(form: Any) -> int | None:
    text = form.get("revision", "")
    return int(text) if text.isdigit() else None


@_does("cases.assign", "The case is yours.")
def take(actor: Actor, case: Case, form: Any) -> object:
    """Take the case, or give it to somebody."""
    return actions.assign(actor, case.pk, form.get("staff") or actor.id, revision=_revision(form))


@_does("cases.work", "Note added.")
def note(actor: Actor, case: Case, form: Any) -> object:
    """Add a note."""
    return actions.add_note(actor, case.pk, form.get("text", ""))


@_does("cases.message", "Your message is on its way.")
def message(actor: Actor, case: Case, form: Any) -> object:
    """Write to a reporter, or ask something."""
    return actions.message_reporter(
        actor, case.pk, form.get("report", ""), form.get("text", ""), question=bool(form.get("question"))
    )


@_does("cases.severity_raise", "Severity changed.")
def severity(actor: Actor, case: Case, form: Any) -> object:
    """Raise or lower the severity, with a reason."""
    wanted, reason = form.get("severity", ""), form.get("reason", "")
    change = actions.raise_severity if wanted < case.severity else actions.lower_severity
    return change(actor, case.pk, wanted, reason)


@_does("cases.protect", "Done at once. It is protective and can be undone.")
def protect(actor: Actor, case: Case, form: Any) -> object:
    """Take a protective measure."""
    return protection.protect(actor, case.pk, form.get("type", ""), form.get("account", ""))


@_does("cases.protect", "Lifted.")
def lift(actor: Actor, case: Case, form: Any) -> object:
    """End a protective measure early."""
    return protection.lift(actor, form.get("action", ""), form.get("reason", ""))


@_does("cases.close", "The case is closed, and its reporters are told.")
def close(actor: Actor, case: Case, form: Any) -> object:
    """Close without a decision about anybody."""
    return actions.close(
        actor, case.pk, form.get("outcome", ""), form.get("reason", ""), revision=_revision(form)
    )


@_does("cases.work", "The case is open again.")
def reopen(actor: Actor, case: Case, form: Any) -> object:
    """Open a closed case again."""
    return actions.reopen(actor, case.pk, form.get("reason", ""))


@_does("cases.second_read", "Your reading is recorded.")
def second_read(actor: Actor, case: Case, form: Any) -> object:
    """Confirm or refuse a proposed termination."""
    return decisions.second_read(
        actor, form.get("decision", ""), form.get("agree") == "yes", form.get("note", "")
    )


@_does("decisions.reverse", "The decision is reversed, and everything it caused is undone.")
def reverse(actor: Actor, case: Case, form: Any) -> object:
    """Undo a decision."""
    return reversal.reverse(actor, form.get("decision", ""), form.get("reason", ""))


@_does("access.break_glass", "Opened for thirty minutes. The privacy officer has been told.")
def glass(actor: Actor, case: Case, form: Any) -> object:
    """Break the glass: thirty minutes, told to the privacy officer, reviewed."""
    return break_glass.open_glass(actor, "case", case.pk, form.get("reason", ""))


_FIELDS = (
    "subject", "finding", "clause", "standard_of_proof", "facts_internal", "facts_disclosable", "step", "days",
    "feature", "deviation_reason", "revision",
)  # fmt: skip


@page("cases.work")
@require_POST
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """File the decision. What was typed comes back with every error."""
    actor = actor_of(request)
    case = cases.find(actor, reference)
    form = request.POST
    values = {name: str(form.get(name, "")) for name in _FIELDS}
    given = decisions.DecisionInput(
        subject_id=values["subject"], finding=values["finding"], clause_id=values["clause"],
        standard_of_proof=values["standard_of_proof"], facts_internal=values["facts_internal"],
        facts_disclosable=values["facts_disclosable"], step=values["step"],
        days=int(values["days"]) if values["days"].isdigit() else None, feature=values["feature"],
        aggravators=tuple(form.getlist("aggravators")), mitigators=tuple(form.getlist("mitigators")),
        deviation_reason=values["deviation_reason"], unmatch=bool(form.get("unmatch")), revision=_revision(form),
    )  # fmt: skip
    try:
        made = decisions.decide(actor, case.pk, given)
    except AccessDenied:
        raise
    except DomainError as error:
        context = {
            "case": case,
            **panel_choices(actor, case),
            "errors": error.fields,
            "problem": error,
            "values": values
            | {"unmatch": given.unmatch, "aggravators": given.aggravators, "mitigators": given.mitigators},
        }
        template = "console/parts/decide.html" if request.headers.get("HX-Request") else "console/decide.html"
        # htmx swaps 422 answers (see the page's htmx-config), so the panel comes back with what was typed
        return render(request, template, context, status=422)
    words = _("Proposed. A second reader has to agree before anything happens.")
    messages.success(
        request,
        words if made.state == made.State.AWAITING_SECOND_READER else _("Decided. Both sides are told."),
    )
    return _back(request, case)


@page("people.reveal")
@require_POST
def reveal(request: HttpRequest, reference: str, account_id: str, field: str) -> HttpResponse:
    """Show what is behind a mask, once a reason is given."""
    actor = actor_of(request)
    case = cases.find(actor, reference)
    if not case.parties.filter(account_id=account_id).exists():  # a case opens the people in it, nobody else
        raise NotFound(_("That person is not part of this case."), _("Open the case they are in."))
    context: dict[str, Any] = {"case": case, "account_id": account_id, "field": field, "error": None}
    try:
        context["value"] = revealing.reveal(
            actor, account_id, field, reason=request.POST.get("reason", ""), case_id=case.pk,
            scope=scope_of(actor, case, "P3" if field == "home_address" else "P2"),
        )  # fmt: skip
    except AccessDenied:
        raise
    except DomainError as error:
        context["error"] = error
        return render(request, "console/parts/reveal.html", context, status=422)
    return render(request, "console/parts/reveal.html", context)
