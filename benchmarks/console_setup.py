"""The database and the web process of the console benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import httpx


def prepare(home: Path, cases: int, events: int, say: Any) -> None:
    """A migrated and filled database, with one investigator who has a second factor."""
    from tocsin.config.env import Env
    from tocsin.core import postgres

    Env.load().make_folders()
    postgres.ensure(home / "postgres")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    from tocsin.domains.reports.reference import load as reference

    with redirect_stdout(sys.stderr):  # what it says is no part of the figures
        reference()
    from benchmarks.console_data import load

    load(cases, events, say)


def _session() -> str:
    """A session of an investigator who signed in with a second factor."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from tocsin.core.actor import system
    from tocsin.domains.staff import actions

    staff = actions.add(
        system("benchmark"),
        email="bench@tocsin.example",
        name="Bench Mark",
        roles=["investigator"],
        regions=["US"],
        password="amber-birch-4711",
    )
    TOTP.activate(staff, generate_totp_secret())
    store = SessionStore()
    store[SESSION_KEY] = staff.pk
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store[HASH_SESSION_KEY] = staff.get_session_auth_hash()
    store.create()
    return str(store.session_key)


@contextmanager
def served(home: Path) -> Iterator[tuple[str, str]]:
    """The web process on a free port: its address, and the cookie of a signed-in investigator."""
    import socket

    cookie = _session()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "TOCSIN_DB_ROLE": "app", "TOCSIN_WEB_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin.config.main", "web"], env=environment, stdout=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _until_up(address)
        yield address, cookie
    finally:
        process.terminate()
        process.wait(15)


def _until_up(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/healthz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise SystemExit("the web process did not come up within 60 s")


def our_queue_ms(times: int) -> list[float]:
    """Our queue's reads alone, page after page, without the web around them."""
    from tocsin.domains.cases import queries
    from tocsin.domains.staff.models import Staff

    actor = Staff.objects.get(email="bench@tocsin.example").actor()
    measured, cursor = [], ""
    for _ in range(times):
        began = time.perf_counter()
        page = queries.queue(actor, tab="all", cursor=cursor)
        measured.append((time.perf_counter() - began) * 1000)
        cursor = page.next_cursor
    return measured


def plain_queue_ms(times: int) -> list[float]:
    """The queue asked the plain way: an exact count, then an offset into the sorted rows."""
    from django.db.models import F

    from tocsin.domains.cases.models import Case

    measured = []
    for number in range(times):
        began = time.perf_counter()
        rows = Case.objects.exclude(state__in=["closed", "merged", "routed_out"]).exclude(data_class="P4")
        rows.count()
        list(
            rows.order_by("severity", F("next_due_at").asc(nulls_last=True), "id")[
                number * 2000 : number * 2000 + 40
            ]
        )
        measured.append((time.perf_counter() - began) * 1000)
    return measured
