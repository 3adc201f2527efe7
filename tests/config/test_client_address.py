"""Only what our own proxies wrote about a request is believed."""

import pytest
from django.test import RequestFactory

from tocsin.config.client_address import ClientAddressMiddleware, client_address

WAY = "203.0.113.66, 198.51.100.7, 10.0.0.2"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "seen"),
    [
        (WAY, 0, ""),
        (WAY, 1, "10.0.0.2"),
        (WAY, 2, "198.51.100.7"),
        (WAY, 4, ""),
        ("", 1, ""),
        ("unknown", 1, ""),
        ("<script>", 1, ""),
        ("2001:DB8::1", 1, "2001:db8::1"),
    ],
)
def test_the_address_is_counted_from_our_own_end(forwarded: str, proxies: int, seen: str) -> None:
    assert client_address(forwarded, proxies) == seen


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "10.0.0.2")])
def test_every_later_reader_gets_it(settings: pytest.FixtureRequest, proxies: int, seen: str) -> None:
    settings.TOCSIN_PROXIES = proxies  # type: ignore[attr-defined]
    asked: list[str] = []
    middleware = ClientAddressMiddleware(lambda request: asked.append(request.META["REMOTE_ADDR"]))  # type: ignore[arg-type, func-returns-value]
    middleware(RequestFactory().get("/", headers={"x-forwarded-for": WAY}))
    assert asked == [seen]
