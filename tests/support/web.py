"""Talking to the web process without a network: one visitor at a time, with the real middleware and
database."""

from __future__ import annotations

import re
import secrets
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client


class Visitor:
    """Somebody on the public pages, from an address of their own. Forgery checks are on."""

    def __init__(self, language: str = "en") -> None:
        self.address = f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"
        self.client = Client(
            enforce_csrf_checks=True, REMOTE_ADDR=self.address, headers={"accept-language": language}
        )
        self.page: HttpResponse | None = None

    def get(self, path: str) -> HttpResponse:
        """Open a page."""
        return self._seen(self.client.get(path))

    def post(self, path: str, data: dict[str, object]) -> HttpResponse:
        """Send a form, with the forgery token of the page that is open."""
        if "csrftoken" not in self.client.cookies:
            self.get("/help/follow-up/")
        token = self.client.cookies["csrftoken"].value
        return self._seen(self.client.post(path, {"csrfmiddlewaretoken": token, **data}))

    def hidden(self, name: str) -> str:
        """The value of a hidden input of the open page."""
        found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', self.html)
        assert found, f"no hidden input {name!r} on this page"
        return unescape(found.group(1))

    def marked(self, name: str) -> str:
        """The text of the element that carries ``data-<name>``."""
        found = re.search(rf"data-{name}[^>]*>([^<]*)<", self.html)
        assert found, f"nothing on this page carries data-{name}"
        return unescape(found.group(1)).strip()

    @property
    def html(self) -> str:
        """The open page as it came."""
        assert self.page is not None
        return self.page.content.decode()

    @property
    def text(self) -> str:
        """The words of the open page, without markup, blanks made one."""
        body = re.sub(r"<script.*?</script>|<style.*?</style>", " ", self.html, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def _seen(self, response: HttpResponse) -> HttpResponse:
        self.page = response
        return response


@pytest.fixture
def plain_files(settings: pytest.FixtureRequest) -> None:
    """Static files by their plain names, so that nothing has to be collected first."""
    settings.STORAGES = {  # type: ignore[attr-defined]
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def visitor(plain_files: None, db: None) -> Visitor:
    """Somebody who reads English."""
    return Visitor()


@pytest.fixture
def spanish_visitor(plain_files: None, db: None) -> Visitor:
    """Somebody who reads Spanish."""
    return Visitor("es-MX,es;q=0.9")
