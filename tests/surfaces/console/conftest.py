"""Staff at their desks: signed in at the console, with the real middleware and database."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.domains import matter
from tests.support.web import plain_files
from tocsin.domains.staff.models import Staff

__all__ = ["plain_files"]


class Desk:
    """One person's browser without scripts. Forgery checks are on."""

    def __init__(self, staff: Staff) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(staff)
        session = self.client.session
        session["account_authentication_methods"] = [{"method": "socialaccount"}]
        session.save()
        self.page = HttpResponse()

    def get(self, path: str, **headers: str) -> int:
        """Open a page; its status."""
        self.page = self.client.get(path, headers=headers)
        return self.page.status_code

    def post(self, path: str, follow: bool = True, **data: str) -> int:
        """Send a form with a forgery token; the status of what came back in the end."""
        if "csrftoken" not in self.client.cookies:
            self.client.get("/console/purpose/")
        data["csrfmiddlewaretoken"] = self.client.cookies["csrftoken"].value
        self.page = self.client.post(path, data, follow=follow)
        return self.page.status_code

    @property
    def html(self) -> str:
        return self.page.content.decode()

    @property
    def text(self) -> str:
        """The words of the page, blanks made one."""
        body = re.sub(r"<script.*?</script>|<style.*?</style>", " ", self.html, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture
def world(plain_files: None, db: None) -> None:
    """The small marketplace of :mod:`tests.domains.matter`."""
    matter.marketplace()


@pytest.fixture
def supervisor(world: None) -> Staff:
    return matter.somebody("supervisor", "Sunita")
