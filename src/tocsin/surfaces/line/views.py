"""What carriers ask: a call came in, it went on, a recording is here, it is over."""

from __future__ import annotations

import functools
import hashlib
import hmac
import logging
import re
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.core.errors import DomainError, InvalidInput, NotFound
from tocsin.domains.line import calls, carrier_recordings
from tocsin.domains.line.call_state import Input, Keys, LeftQueue, Spoke
from tocsin.domains.line.house import House
from tocsin.domains.line.models import Call
from tocsin.domains.line.prompts import in_language
from tocsin.domains.line.speaking import state_of, values, verbs_of
from tocsin.domains.reports.models import Severity
from tocsin.surfaces.help.content import emergency_number, reads_next
from tocsin.surfaces.line import links
from tocsin.surfaces.line.archives import may_be_fetched
from tocsin.surfaces.line.carriers import Webhook
from tocsin.surfaces.line.twiml import render, safe_document

log = logging.getLogger(__name__)
View = Callable[..., HttpResponse]
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,120}")
_OVER = ("completed", "busy", "failed", "no-answer", "canceled")


def _signed(view: View) -> View:
    """Only for what the carrier itself has signed. A fault of ours is answered in words the caller hears."""

    @csrf_exempt
    @require_POST
    @functools.wraps(view)
    def answer(request: HttpRequest, name: str, **named: str) -> HttpResponse:
        try:
            carrier, secret = links.carrier(name)
            if not carrier.signed(_webhook(request), secret):
                log.warning("a webhook of %s was refused: its signature does not fit", name)
                return _text(403, "The signature does not fit. Nothing was changed.")
            return view(request, name, **named)
        except DomainError as error:
            return _text(error.status, error.sentence())
        except DatabaseError:
            log.exception("the line could not go on")
            # who sends recordings along can take a message itself
            return _text(503, "We cannot go on.") if links.takes_messages(name) else safe(request)

    return answer


@_signed
def incoming(request: HttpRequest, name: str) -> HttpResponse:
    """A call came in."""
    ref = request.POST.get("CallSid", "")
    if not 0 < len(ref) <= 120:
        raise InvalidInput("A call needs a CallSid of 1 to 120 characters.")
    return _document(calls.begin(name, ref, request.POST.get("From", ""), house()))


@_signed
def go_on(request: HttpRequest, name: str, token: str) -> HttpResponse:
    """One step further, the end of the wait, or a recording: whatever the address names."""
    link = links.read(token)
    ref = request.POST.get("CallSid", "")
    if not Call.objects.filter(pk=link.call, carrier=name, carrier_ref=ref).exists():
        raise NotFound("There is no such call.")
    if link.kind == "recording":
        return _recording(request, name, link.call)
    return _document(calls.advance(link.call, link.step, _came(request, link), house()))


@_signed
def message(request: HttpRequest, name: str) -> HttpResponse:
    """What a caller left while we could not be reached."""
    calls.take_message(
        name, request.POST.get("CallSid", "")[:120], request.POST.get("From", ""),
        in_language(request.POST.get("Language", "")).language, request.POST.get("RecordingSid", "")[:120],
        _sent_along(request), media_type="audio/wav", seconds=_seconds(request), house=house(),
    )  # fmt: skip
    return HttpResponse(status=204)


@_signed
def over(request: HttpRequest, name: str) -> HttpResponse:
    """The carrier says how the call stands."""
    if request.POST.get("CallStatus") in _OVER:
        calls.end(name, request.POST.get("CallSid", ""))
    return HttpResponse(status=204)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def safe(request: HttpRequest, name: str = "") -> HttpResponse:
    """What carriers play when we do not answer; set it as their fallback address."""
    return _xml(safe_document(settings.TOCSIN_BRAND, emergency_number(settings.TOCSIN_REGION)))


def house() -> House:
    """The house as it is now."""
    region, zone = settings.TOCSIN_REGION, settings.TOCSIN_ZONE
    opens = {one: reads_next(one, region, zone) for one in Severity.values}
    closed = {one: at for one, at in opens.items() if at is not None}
    return House(settings.TOCSIN_BRAND, emergency_number(region), region, zone, closed)


def _came(request: HttpRequest, link: links.Link) -> Input:
    if link.kind == "left":
        return LeftQueue(bridged=request.POST.get("QueueResult") == "bridged")
    digits = request.POST.get("Digits", "")
    if "RecordingDuration" in request.POST:
        return Spoke("" if digits == "hangup" else digits[:1])
    return Keys(digits[:40])


def _recording(request: HttpRequest, name: str, call_id: str) -> HttpResponse:
    """Sent along, or at an address of the carrier's, where the worker fetches it."""
    ref, address = request.POST.get("RecordingSid", ""), request.POST.get("RecordingUrl", "")
    if not _REFERENCE.fullmatch(ref):
        raise InvalidInput("A recording needs a RecordingSid of 1 to 120 letters, digits, - and _.")
    status = request.POST.get("RecordingStatus", "completed")
    if status != "completed":
        log.warning("the carrier has no recording %s of call %s: it is %s", ref, call_id, status[:20])
        return HttpResponse(status=204)
    if may_be_fetched(name, address):
        account = request.POST.get("AccountSid", "")
        carrier_recordings.announce(call_id, ref, account, address, _seconds(request))
        return HttpResponse(status=204)
    calls.keep_recording(
        call_id, ref, _sent_along(request), media_type="audio/wav", seconds=_seconds(request)
    )
    return HttpResponse(status=204)


def _sent_along(request: HttpRequest) -> bytes:
    """A recording. Its digest is among the signed fields, so its bytes are signed too."""
    file = request.FILES.get("Recording")
    if file is None:
        raise InvalidInput("There is no recording in this request.", "Send it as the file Recording.")
    content: bytes = file.read()
    digest = hashlib.sha256(content).hexdigest()
    if not hmac.compare_digest(digest, request.POST.get("RecordingSha256", "")):
        raise InvalidInput("The recording is not the one that was announced.", "Send it again.")
    return content


def _seconds(request: HttpRequest) -> float | None:
    try:
        return float(request.POST.get("RecordingDuration", ""))
    except ValueError:
        return None


def _document(call: Call) -> HttpResponse:
    language = state_of(call).language
    return _xml(render(verbs_of(call), language, values(call, house()), links.addresses(call)))


def _webhook(request: HttpRequest) -> Webhook:
    body = b"" if request.content_type == "multipart/form-data" else request.body
    fields = tuple((name, value) for name, given in request.POST.lists() for value in given)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Webhook(links.public(request.get_full_path()), body, fields, headers)


def _xml(document: bytes) -> HttpResponse:
    return _private(HttpResponse(document, content_type="text/xml; charset=utf-8"))


def _text(status: int, sentence: str) -> HttpResponse:
    return _private(HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8"))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
