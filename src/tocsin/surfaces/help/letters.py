"""Reading a letter about one's account, and appealing against the decision in it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import blind_index
from tocsin.core.errors import DomainError, NotFound
from tocsin.core.ratelimit import refill, take
from tocsin.domains.enforcement import appeals
from tocsin.domains.enforcement import queries as enforcement
from tocsin.domains.enforcement.queries import PublicNotice
from tocsin.surfaces.help.content import tongue
from tocsin.surfaces.help.forms import AppealForm, LetterForm
from tocsin.surfaces.help.frame import address_of, page
from tocsin.surfaces.help.words import in_words

#: Tries at the code of one letter, and from one address, in an hour [D].
TRIES_A_LETTER, TRIES_AN_ADDRESS, WINDOW_S = 10, 60, 3600


@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Open a letter by its reference and code, for somebody who has it on paper."""
    if request.method != "POST":
        return page(request, "letters.html", {"form": LetterForm()})
    form = LetterForm(request.POST)
    if not form.is_valid():
        return page(request, "letters.html", {"form": form}, status=422)
    given = form.cleaned_data
    try:
        _opened(request, given["letter"], given["code"])
    except DomainError as error:
        form.add_error(None, _words(error))
        return page(request, "letters.html", {"form": form}, status=error.status)
    address = reverse("help:letter", args=[given["letter"].strip()])
    return redirect(f"{address}?{urlencode({'code': given['code'].strip()})}")


@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: HttpRequest, notice_id: str) -> HttpResponse:
    """The letter, and the form to appeal while there is time."""
    code = request.POST.get("code", "") or request.GET.get("code", "")
    try:
        notice = _opened(request, notice_id, code)
    except DomainError as error:
        form = LetterForm(initial={"letter": notice_id[:60]})
        context = {"form": form, "error": _words(error)}
        return page(request, "letters.html", context, status=error.status)
    if request.method != "POST":
        return _letter_page(request, notice, code, AppealForm())
    return _appeal(request, notice, code)


def _appeal(request: HttpRequest, notice: PublicNotice, code: str) -> HttpResponse:
    form = AppealForm(request.POST)
    if not form.is_valid():
        return _letter_page(request, notice, code, form, status=422)
    decision, account = notice.notice.decision, notice.notice.account
    if decision is None or account is None:
        raise NotFound("There is no decision in this letter to appeal.", "Use your latest letter.")
    person = Actor(
        "party",
        account.pk,
        _("Account holder"),
        purpose="self_service",
        via="web",
        address=address_of(request),
    )
    try:
        appeals.lodge(person, decision.pk, form.cleaned_data["grounds"], language=tongue(), channel="web")
    except DomainError as error:
        form.add_error(None, in_words(error))
        return _letter_page(request, notice, code, form, status=error.status)
    address = reverse("help:letter", args=[notice.notice.pk])
    return redirect(f"{address}?{urlencode({'code': code})}#appeal")


def _opened(request: HttpRequest, notice_id: str, code: str) -> PublicNotice:
    tries = f"letter:{notice_id[:60]}"
    take(tries, TRIES_A_LETTER, WINDOW_S)
    take(f"letter-from:{blind_index('address', address_of(request)).hex()[:32]}", TRIES_AN_ADDRESS, WINDOW_S)
    notice = enforcement.public_notice(notice_id.strip()[:60], code[:40])
    refill(tries)
    return notice


def _words(error: DomainError) -> str:
    if isinstance(error, NotFound):
        return _(
            "We cannot open a letter with this reference and code. Use the whole link from your message."
        )
    return in_words(error)


def _letter_page(
    request: HttpRequest, notice: PublicNotice, code: str, form: AppealForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "notice_shown": notice,
        "paragraphs": [part for part in notice.body.split("\n\n") if part.strip()],
        "code": code,
        "form": form,
        "language": notice.notice.language,
        # the deadline is the end of a day where the person lives
        "zone": notice.notice.account.zone if notice.notice.account else settings.TOCSIN_ZONE,
    }
    return page(request, "letter.html", context, status=status)
