"""What every page may use without asking: the addresses of the live process and of this deployment."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def chrome(request: HttpRequest) -> dict[str, object]:
    """Context of the frame around every page."""
    return {"live_url": settings.TOCSIN_LIVE_URL, "public_url": settings.TOCSIN_PUBLIC_URL}
