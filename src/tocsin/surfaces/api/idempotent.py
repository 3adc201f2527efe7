"""Idempotency-Key: the first answer, again, to every repeat of a request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from tocsin.core.errors import InvalidInput
from tocsin.core.idempotency import once
from tocsin.surfaces.api.auth import actor_of


def answer_once(request: HttpRequest, produce: Callable[[], tuple[int, dict[str, Any]]]) -> HttpResponse:
    """Run ``produce`` once for a key; without a key, every time.

    Raises:
        Conflict: the key came before with another request. InvalidInput: the key is not usable.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        status, body = produce()
        return JsonResponse(body, status=status)
    if not 8 <= len(key) <= 120 or not key.isascii() or not key.isprintable():
        raise InvalidInput("The Idempotency-Key must be 8 to 120 printable characters.", "Use a UUID.")
    material = b"\x00".join([(request.method or "").encode(), request.path.encode(), request.body])
    status, body, replayed = once(actor_of(request).ref, key, hashlib.sha256(material).hexdigest(), produce)
    response = JsonResponse(body, status=status)
    if replayed:
        response["Idempotent-Replayed"] = "true"
    return response
