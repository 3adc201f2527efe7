"""A server for the showcase and a browser to look at it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from playwright.sync_api import Browser, Page


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the tests say what matters."""


@pytest.fixture(scope="module")
def plain_static() -> Iterator[None]:
    """Static files by their plain names, so that nothing has to be collected first."""
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES=storages):
        yield


@pytest.fixture(scope="module")
def site(plain_static: None) -> Iterator[str]:
    """The address of the showcase, with the real middleware and content security policy."""
    with override_settings(ROOT_URLCONF="tests.surfaces.ui.urls", ALLOWED_HOSTS=["127.0.0.1"]):
        application = StaticFilesHandler(WSGIHandler())
        server = make_server("127.0.0.1", 0, application, _Server, _Silent)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained about, policy violations among it."""
    return []


@pytest.fixture
def page(browser: Browser, site: str, complaints: list[str]) -> Iterator[Page]:
    """A page at 1640 × 1000 on the showcase's address."""
    context = browser.new_context(
        base_url=site, viewport={"width": 1640, "height": 1000}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    loud = ("error", "warning")
    page.on("console", lambda said: complaints.append(said.text) if said.type in loud else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
