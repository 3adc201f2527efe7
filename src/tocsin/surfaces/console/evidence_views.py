"""Evidence: looking at it, its chain of custody, adding to it. Every look is logged before bytes leave."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.errors import AccessDenied, DomainError
from tocsin.core.evidence import kinds, service, serving
from tocsin.core.evidence.custody import ACTS
from tocsin.domains.cases import case_evidence
from tocsin.domains.cases import queries as cases
from tocsin.domains.staff import queries as staff
from tocsin.surfaces.console.acting import done, form_page, form_state
from tocsin.surfaces.console.desk import actor_of, page


@page("evidence.view")
@require_GET
def evidence(request: HttpRequest, evidence_id: str) -> HttpResponse:
    """The item: a picture redrawn, sound and text as they are, anything else as a file to save.

    ``?as=small`` is a small picture, ``?as=cover`` one in which nothing can be made out (so it is not
    logged), ``?as=file`` the untouched original.
    """
    actor = actor_of(request)
    wanted = request.GET.get("as", "")
    if wanted == "file":
        return _file(request, evidence_id)
    found = case_evidence.find(actor, evidence_id)
    way = serving.way_out(found.evidence)
    if wanted == "cover":
        return _shown(*service.cover(actor, evidence_id, found.scope))
    if way == serving.IMAGE:
        small = wanted == "small"
        look = service.thumbnail if small else service.display_image
        return _shown(*look(actor, evidence_id, found.scope, purpose=actor.purpose))
    if way in (serving.MEDIA, serving.TEXT):
        return _shown(*service.view(actor, evidence_id, found.scope, purpose=actor.purpose))
    return _file(request, evidence_id)


def _shown(data: bytes, media_type: str) -> HttpResponse:
    return HttpResponse(data, headers=serving.display_headers(media_type))


def _file(request: HttpRequest, evidence_id: str) -> HttpResponse:
    actor = actor_of(request)
    found, name, _lines = case_evidence.chain(actor, evidence_id)
    data, _type = service.view(
        actor, evidence_id, found.scope, purpose=actor.purpose, reason="saved as a file"
    )
    return HttpResponse(data, headers=serving.download_headers(found.evidence, name))


@page("evidence.view")
@require_GET
def custody(request: HttpRequest, evidence_id: str) -> HttpResponse:
    """The chain of custody of an item, in a dialog."""
    found, name, lines = case_evidence.chain(actor_of(request), evidence_id)
    names = staff.names({line.actor for line in lines})
    context = {
        "item": found.evidence,
        "name": name,
        "lines": [(line, str(ACTS[line.act]), names.get(line.actor, line.actor)) for line in lines],
        "flags": [kinds.FLAGS[flag] for flag in found.evidence.flags],
        "zone": found.case.zone if found.case else "UTC",
    }
    return render(request, "console/parts/custody.html", context)


@page("evidence.add")
@require_GET
def upload_form(request: HttpRequest, reference: str) -> HttpResponse:
    """The form for adding a file."""
    case = cases.find(actor_of(request), reference)
    return _upload_page(request, {"case": case, "form": form_state(case, {})})


@page("evidence.add")
@require_POST
def upload(request: HttpRequest, reference: str) -> HttpResponse:
    """Take files in, one after the other. What could not be taken is said; what was taken stays."""
    actor = actor_of(request)
    case = cases.find(actor, reference)
    refused: dict[str, str] = {}
    files = request.FILES.getlist("file")
    problem: DomainError | None = None
    for file in files:
        name = file.name or ""
        try:
            case_evidence.add(
                actor,
                case.pk,
                content=cast(BinaryIO, file),
                filename=name,
                declared_type=file.content_type or "",
            )
        except AccessDenied:
            raise
        except DomainError as error:
            problem, refused[name] = error, error.sentence()
    back = reverse("console:case", args=[case.reference])
    taken = len(files) - len(refused)
    if files and not refused:
        return done(request, _("Sealed. Its hash and every view of it are kept."), back)
    context = {
        "case": case, "form": form_state(case, {}, problem), "refused": refused, "taken": taken,
        "nothing": not files,
    }  # fmt: skip
    return _upload_page(request, context, status=422)


def _upload_page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return form_page(request, "console/forms/upload.html", _("Add evidence"), context, status=status)
