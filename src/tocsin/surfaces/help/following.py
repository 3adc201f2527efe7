"""Coming back: see where a report stands, add to it, say that it got worse, take it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.core.cards import cover_cards
from tocsin.core.errors import DomainError, InvalidInput
from tocsin.core.idempotency import once
from tocsin.domains.reports import actions, following
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.status import public_status
from tocsin.surfaces.help import content, session, tokens
from tocsin.surfaces.help.content import said
from tocsin.surfaces.help.forms import FollowUpForm, MessageForm
from tocsin.surfaces.help.frame import address_of, page
from tocsin.surfaces.help.reporting import take_files
from tocsin.surfaces.help.stages import kind_words, stage_words
from tocsin.surfaces.help.words import in_words


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Number and PIN open a report in this browser for a while."""
    if request.method != "POST":
        if session.current_report(request) is not None:
            return redirect("help:status")
        return page(request, "follow_up.html", {"form": FollowUpForm()})
    form = FollowUpForm(request.POST)
    if not form.is_valid():
        return page(request, "follow_up.html", {"form": form}, status=422)
    given = form.cleaned_data
    try:
        report = following.verify_follow_up(
            given["number"], given["pin"], address_of(request), session.marks(request)
        )
    except InvalidInput as error:
        form.add_error("number", in_words(error))
        return page(request, "follow_up.html", {"form": form}, status=422)
    except DomainError as error:
        form.add_error(None, in_words(error))
        response = page(request, "follow_up.html", {"form": form}, status=error.status)
        if (wait := getattr(error, "retry_after", None)) is not None:
            response["Retry-After"] = str(wait)
        return response
    session.open_for(request, report)
    if given["kept"]:
        session.keep(request, report, given["kept"])
    opened = redirect("help:status")
    session.make_known(request, opened, report.number)
    return opened


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Where the report stands, what comes next and by when, and what was said."""
    report = session.current_report(request)
    if report is None:
        return redirect("help:follow-up")
    kept = session.give_back(request, report)
    return _status_page(request, report, MessageForm(initial={"text": kept}), tokens.fresh())


@require_POST
def message(request: HttpRequest) -> HttpResponse:
    """Add a message, files, or both."""
    report = session.current_report(request)
    if report is None:
        return _closed_meanwhile(request, request.POST.get("text", ""))
    form = MessageForm(request.POST, request.FILES)
    token = tokens.read(request.POST.get("token", ""))
    if not form.is_valid():
        return _status_page(request, report, form, token, status=422)
    try:
        key = token.key_of(report.pk, request.POST, form.cleaned_data["files"])
        _code, answer, _repeated = once(
            f"help.message:{report.pk}", key, "message", lambda: (200, _add(request, report, form))
        )
    except DomainError as error:
        form.add_error(None, in_words(error))
        return _status_page(request, report, form, token, status=error.status)
    for file in answer["refused"]:
        messages.error(request, _("%(name)s was not kept: %(why)s") % file)
    if answer["added"]:
        messages.success(request, _("Added to your report. Thank you."))
    return redirect("help:status")


@require_POST
def unsafe(request: HttpRequest) -> HttpResponse:
    """The reporter says that they are not safe now: everything else waits."""
    report = session.current_report(request)
    if report is None:
        return _closed_meanwhile(request, "")
    actions.not_safe(following.reporter(report, address_of(request)), report.pk, _("I am not safe now."))
    messages.success(
        request, _("We have told a supervisor that you are not safe. Call the emergency number now.")
    )
    return redirect("help:status")


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Take a report back; what harmed somebody stays with us all the same, and we say so."""
    report = session.current_report(request)
    if report is None:
        return _closed_meanwhile(request, "")
    reason = request.POST.get("reason", "")[:2000]
    actions.withdraw(following.reporter(report, address_of(request)), report.pk, reason)
    messages.success(request, _("We noted that you take the report back."))
    return redirect("help:status")


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Close the report in this browser."""
    session.close(request)
    messages.success(request, _("Your report is closed on this device. It goes on with us."))
    return redirect("help:home")


def _add(request: HttpRequest, report: Report, form: MessageForm) -> dict[str, object]:
    text: str = form.cleaned_data["text"]
    files = form.cleaned_data["files"]
    if text.strip():
        actions.add_message(following.reporter(report, address_of(request)), report.pk, text)
    refused = take_files(report, files, address_of(request))
    if cover_cards(text) != text:
        messages.info(request, _("There was a card number or code in it. We covered it and did not keep it."))
    return {"refused": refused, "added": bool(text.strip()) or len(refused) < len(files)}


def _closed_meanwhile(request: HttpRequest, kept: str) -> HttpResponse:
    """The session ended while somebody was writing: nothing they typed is lost."""
    form = FollowUpForm(initial={"kept": kept[:10_000]})
    return page(request, "follow_up.html", {"form": form, "closed": True, "kept": kept[:10_000]}, status=403)


def _status_page(
    request: HttpRequest, report: Report, form: MessageForm, token: tokens.FormToken, *, status: int = 200
) -> HttpResponse:
    known = public_status(report, content.tongue())
    context = {
        "known": known,
        "steps": [{"state": step.state, **stage_words(step.code)} for step in known.steps],
        "stage": stage_words("answered" if known.stage == "told" else known.stage),
        "over": known.stage in ("told", "closed"),
        "gaps": [{"label": said(gap.label), "why": said(gap.why)} for gap in known.gaps[:5]],
        "emergency": report.severity == "S0" and known.stage == "emergency",
        "can_withdraw": not known.withdrawn and known.stage not in ("told", "closed"),
        "withdraw_closes": report.severity not in actions.NEVER_CLOSED_BY_ITSELF,
        "form": form,
        "token": token.text,
        "zone": report.zone,
        "zone_name": content.zone_name(report.zone),
        "pieces": [{"words": kind_words(piece.media_type), "piece": piece} for piece in known.evidence],
        "files_again": status != 200 and bool(request.FILES),
    }
    return page(request, "status.html", context, status=status)
