"""Indicators that others share: taken in from a feed of your own."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from tocsin.domains.indicators.importing import import_document
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.routing import post
from tocsin.surfaces.api.views import iso

router = Router(tags=["indicators"])


@post(
    router, "/indicators", scope="indicators:write", permission="indicators.import", status=201,
    answers=a.IndicatorImport, summary="Take in a STIX 2.1 bundle or a MISP event",
)  # fmt: skip
def import_indicators(request: HttpRequest, body: i.IndicatorsIn) -> HttpResponse:
    """All of it or nothing. The same document again gives what it brought then, and changes nothing. What
    became of each indicator is at the console."""
    actor = actor_of(request)
    content = json.dumps(body.document, ensure_ascii=False, sort_keys=True).encode()

    def produce() -> tuple[int, dict[str, Any]]:
        made = import_document(actor, content, source=body.source, reason=body.reason)
        return 201, {
            "id": made.pk, "standard": made.standard, "tlp": made.tlp, "counts": made.counts,
            "skipped": made.skipped, "ignored": made.ignored,
            "imported_at": iso(made.imported_at),
        }  # fmt: skip

    return answer_once(request, produce)
