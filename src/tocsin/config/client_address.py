"""Where a request really comes from, when our own reverse proxies stand in front.

Limits on tries are kept for each address. Behind a proxy every request seems to come from that proxy, and one
person's mistakes would lock everybody out. ``X-Forwarded-For`` tells the way a request came, but its
beginning is written by the sender, so only the entries that our own proxies added at its end are believed.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ClientAddressMiddleware:
    """Sets ``REMOTE_ADDR`` to what the outermost of our ``TOCSIN_PROXIES`` proxies saw; with 0 leaves it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seen = client_address(request.headers.get("X-Forwarded-For", ""), settings.TOCSIN_PROXIES)
        if seen:
            request.META["REMOTE_ADDR"] = seen
        return self.get_response(request)


def client_address(forwarded_for: str, proxies: int) -> str:
    """The entry that the outermost of our proxies added; empty when there is none, or it is no address."""
    way = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    if proxies == 0 or len(way) < proxies:
        return ""
    try:
        return str(ip_address(way[-proxies]))
    except ValueError:
        return ""
