"""A real Chromium for tests that look at pages as a person does.

One browser a test module, not one a session: Playwright's synchronous driver keeps an event loop running
in the thread
that started it, and tests that run coroutines of their own cannot share a thread with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """``make test`` has made sure that there is a browser."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    assert path, "there is no Chromium: run make test, which installs it or says how"
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=_QUIET)
        yield started
        started.close()


def holds(page: Page, expression: str) -> bool:
    """Whether an expression is true on the page now; not while the page is on its way to another.

    Playwright's own ``wait_for_function`` evaluates a string in the page, which our policy refuses."""
    try:
        return bool(page.evaluate(f"!!({expression})"))
    except PlaywrightError as error:
        if "Execution context was destroyed" in error.message:
            return False
        raise
