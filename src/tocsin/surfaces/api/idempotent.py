"""Idempotency-Key: the first answer, again, to every repeat of a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from tocsin.core.errors import InvalidInput
from tocsin.core.idempotency import once, request_digest
from tocsin.surfaces.api.auth import actor_of

_KEY = re.compile(r"[\x21-\x7e]{8,120}")


def answer_once(
    request: HttpRequest,
    produce: Callable[[], tuple[int, dict[str, Any]]],
    *,
    asked: Callable[[], bytes] | None = None,
) -> HttpResponse:
    """Run ``produce`` once for a key; without a key, every time.

    ``asked`` gives what tells this request from another one, when that is not simply its body.

    Raises:
        Conflict: the key came before with another request. InvalidInput: the key is not usable.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        status, body = produce()
        return JsonResponse(body, status=status)
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            "The Idempotency-Key cannot be used.", "Send 8 to 120 visible ASCII characters, such as a UUID.",
            fields={"Idempotency-Key": "8 to 120 visible ASCII characters"},
        )  # fmt: skip
    digest = request_digest(request.method or "", request.path, asked() if asked else request.body)
    status, body, replayed = once(actor_of(request).ref, key, digest, produce)
    response = JsonResponse(body, status=status)
    if replayed:
        response["Idempotent-Replayed"] = "true"
    return response
