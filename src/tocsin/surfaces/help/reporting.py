"""Choosing what to report, telling it, and getting number and PIN."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.core.clocks import service as clocks
from tocsin.core.crypto.seal import blind_index
from tocsin.core.errors import DomainError, InvalidInput
from tocsin.core.evidence.store import StoreUnavailable
from tocsin.core.idempotency import once
from tocsin.core.ids import spoken_groups
from tocsin.core.ratelimit import take
from tocsin.domains.reports import actions, claims, following, handing_in
from tocsin.domains.reports.completeness import completeness
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.status import public_status
from tocsin.domains.reports.taxonomy import UNCLASSIFIED, Entry, current
from tocsin.surfaces.help import content, session, tokens
from tocsin.surfaces.help.content import said
from tocsin.surfaces.help.forms import FollowUpForm
from tocsin.surfaces.help.frame import address_of, anybody, page
from tocsin.surfaces.help.report_form import FILE_FACTS, ReportForm
from tocsin.surfaces.help.words import in_words

#: Reports from one address in an hour [D]: enough for a family or a shop's one line, too few for a flood.
MOST_REPORTS, WINDOW_S = 30, 3600
WHO = ("customer", "shopper", "store_staff", "bystander")


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Everything that can be reported, from the taxonomy; narrowed to who is asking when they say so."""
    who = request.GET.get("who", "")
    who = who if who in WHO else ""
    groups = [
        {
            "title": said(group.title),
            "text": said(group.text),
            "entries": [
                {"code": entry.code, "title": said(entry.title), "text": said(entry.text)}
                for entry in entries
            ],
        }
        for group, entries in current().public(who)
    ]
    labels = {
        "customer": _("I ordered"),
        "shopper": _("I shop or deliver"),
        "store_staff": _("I work in a store"),
        "bystander": _("I saw something"),
    }
    context = {
        "groups": groups,
        "who": who,
        "choices": [{"value": value, "label": labels[value]} for value in WHO],
        "taxonomy_version": current().version,
        "taxonomy_number": current().number,
        "unsure": UNCLASSIFIED,
    }
    return page(request, "choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, code: str) -> HttpResponse:
    """The questions about one matter; what was typed survives every mistake."""
    entry = _entry(code)
    if request.method != "POST":
        who = request.GET.get("who", "")
        form = ReportForm(entry, initial={"reporter_role": who if who in WHO else None})
        return _form_page(request, entry, form, tokens.fresh())
    token = tokens.read(request.POST.get("token", ""))
    form = ReportForm(entry, request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, entry, form, token, status=422)
    try:
        take(f"help.report:{blind_index('address', address_of(request)).hex()[:32]}", MOST_REPORTS, WINDOW_S)
        key = token.key_of(entry.code, request.POST, form.cleaned_data["files"])
        _status, answer, repeated = once(
            "help.report", key, "report", lambda: (201, _file(request, form, token))
        )
    except InvalidInput as error:
        form.take_errors(error)
        return _form_page(request, entry, form, token, status=422)
    except DomainError as error:
        form.add_error(None, in_words(error))
        return _form_page(request, entry, form, token, status=error.status)
    return _done_page(request, answer, repeated)


@require_POST
def score(request: HttpRequest, code: str) -> HttpResponse:
    """How complete the answers are so far. Keeps nothing."""
    entry = _entry(code)
    answers = {key: request.POST.get(key, "") for key in _asked(entry)}
    found = completeness([entry.code], answers)
    gaps = [gap for gap in found.gaps if gap.key not in FILE_FACTS]
    return page(
        request, "parts/score.html", {"score": found.score, "gaps": [said(gap.label) for gap in gaps[:3]]}
    )


def _entry(code: str) -> Entry:
    entry = current().find(code)
    if entry is None:
        raise Http404
    return entry


def _asked(entry: Entry) -> list[str]:
    return [fact.key for fact in current().facts_for([entry.code]) if fact.asked_by == "reporter"]


def _form_page(
    request: HttpRequest, entry: Entry, form: ReportForm, token: tokens.FormToken, *, status: int = 200
) -> HttpResponse:
    answers = {key: form[key].value() for key in _asked(entry) if key in form.fields}
    found = completeness([entry.code], answers)
    context = {
        "form": form,
        "token": token.text,
        "title": said(entry.title),
        "text": said(entry.text),
        "code": entry.code,
        "now": entry.steps.now.get(content.tongue()) or entry.steps.now["en"],
        "urgent": entry.severity <= "S1",
        "prepare": [said(text) for text in entry.evidence.values()],
        "score": found.score,
        "gaps": [said(gap.label) for gap in found.gaps[:3]],
        "files_again": status != 200 and bool(request.FILES),
    }
    return page(request, "report.html", context, status=status)


def _file(request: HttpRequest, form: ReportForm, token: tokens.FormToken) -> dict[str, Any]:
    told = form.to_input(
        notice_version=token.notice_version,
        order_zone=claims.zone_of_order(form.cleaned_data.get("order", "")),
    )
    filed = actions.file_report(
        anybody(request), channel="web", data=told, region=settings.TOCSIN_REGION, zone=settings.TOCSIN_ZONE
    )
    return {
        "report": filed.report.pk,
        "number": filed.number,
        "digits": filed.digits,
        "pin": filed.pin,
        "covered": filed.covered,
        "refused": take_files(filed.report, form.cleaned_data["files"], address_of(request)),
    }


def take_files(report: Report, files: list[UploadedFile], address: str) -> list[dict[str, str]]:
    """Hand files in, each on its own: one that cannot be taken never costs the report or the others."""
    refused = []
    for file in files:
        name = file.name or _("a file")
        try:
            handing_in.add_evidence(
                following.reporter(report, address),
                report.pk,
                content=cast(BinaryIO, file.file),
                filename=name,
                declared_type=file.content_type or "",
            )
        except DomainError as error:
            refused.append({"name": name, "why": in_words(error)})
        except StoreUnavailable:
            why = _(
                "We could not keep it just now. Everything else is safe; please add this file again later."
            )
            refused.append({"name": name, "why": why})
    return refused


def _done_page(request: HttpRequest, answer: dict[str, Any], repeated: bool) -> HttpResponse:
    report = following.opened_report(answer["report"])
    known = public_status(report, content.tongue())
    due = {clock.name: clock.due_at for clock in clocks.running("report", report.pk)}
    number: str = answer["number"]
    digits: str = answer["digits"]
    context = {
        "number": number,
        "digits": " ".join(digits[at : at + 4] for at in range(0, len(digits), 4)),
        "pin": answer["pin"],
        "spoken": spoken_groups(number, content.tongue()),
        "refused": answer["refused"],
        "covered": answer["covered"],
        "repeated": repeated,
        "known": known,
        "gaps": [{"label": said(gap.label), "why": said(gap.why)} for gap in known.gaps[:5]],
        "answer_by": due.get("answer"),
        "reads_next": content.reads_next(report.severity, settings.TOCSIN_REGION, settings.TOCSIN_ZONE),
        "emergency": report.severity == "S0",
        "follow_up": FollowUpForm(initial={"number": number, "pin": answer["pin"]}),
        "zone": report.zone,
        "zone_name": content.zone_name(report.zone),
    }
    response = page(request, "done.html", context, status=201)
    session.make_known(request, response, number)
    return response
