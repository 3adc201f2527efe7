"""Live signals: who hears what, what happens in between, and that nothing but signals is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.utils import timezone

from tests.support.stack import until
from tests.surfaces.live.browser import Listening
from tests.surfaces.live.conftest import Live
from tocsin.core.outbox.notify import tick
from tocsin.domains.cases.models import Case
from tocsin.domains.staff.models import Staff
from tocsin.surfaces.live import app as live_app
from tocsin.surfaces.live import hub as live_hub

ORIGIN = settings.TOCSIN_PUBLIC_URL
Open = Callable[..., Listening]


def signed_in(
    name: str, *, roles: tuple[str, ...] = ("specialist",), second_factor: bool = True
) -> tuple[Staff, str]:
    """A member of staff and the cookie of their session."""
    staff = Staff.objects.create(
        email=f"{name}@example.com", name=name, roles=list(roles), regions=["US"], password="!"
    )
    if second_factor:
        Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={})
    session = SessionStore()
    session[SESSION_KEY] = staff.pk
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = staff.get_session_auth_hash()
    session.create()
    return staff, f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def new_case(name: str, **more: Any) -> Case:
    now = timezone.now()
    fields = {
        "region": "US-CA",
        "severity": "S2",
        "desk": "safety",
        "source": "staff",
        "data_class": "P2",
        **more,
    }
    return Case.objects.create(
        id=f"case_{name}", reference=f"C-{name}", title="t", opened_at=now, updated_at=now, **fields
    )


@pytest.fixture
def open_stream(live: Live) -> Iterator[Open]:
    opened: list[Listening] = []

    def make(cookies: str, topics: str = "queue", **headers: str) -> Listening:
        stream = Listening(f"{live.url}/live/console?topics={topics}", cookies, Origin=ORIGIN, **headers)
        opened.append(stream)
        assert stream.response.status_code == 200, stream.response.read()
        return stream

    yield make
    for stream in opened:
        stream.close()


def refused(live: Live, cookies: str = "", topics: str = "queue", **headers: str) -> int:
    answer = httpx.get(f"{live.url}/live/console?topics={topics}", headers={"Cookie": cookies, **headers})
    return answer.status_code


def test_a_committed_change_is_signalled(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("ana")
    stream = open_stream(cookies)
    assert stream.next() == ("ready", {"topics": ["queue"]})
    with transaction.atomic():
        tick("queue")
        assert stream.nothing_waits()
    assert stream.next() == ("queue", {"topic": "queue", "id": ""})


def test_what_is_rolled_back_is_not_signalled(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("ana")
    stream = open_stream(cookies)
    stream.next()

    def fails() -> None:
        with transaction.atomic():
            tick("queue")
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fails()
    assert live.app.hub.ticks == 0
    tick("queue")
    assert stream.next()[0] == "queue"
    assert live.app.hub.ticks == 1


def test_a_case_is_signalled_to_its_own_page(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("ana")
    mine, other = new_case("AAAA"), new_case("BBBB")
    stream = open_stream(cookies, f"queue,case:{mine.pk}")
    by_reference = open_stream(cookies, f"case:{other.reference}")
    assert stream.next() == ("ready", {"topics": ["queue", f"case:{mine.pk}"]})
    assert by_reference.next() == ("ready", {"topics": [f"case:{other.pk}"]})
    tick(f"case:{other.pk}")
    assert by_reference.next() == ("case", {"topic": f"case:{other.pk}", "id": other.pk})
    tick(f"case:{mine.pk}")
    assert stream.next() == ("case", {"topic": f"case:{mine.pk}", "id": mine.pk})


def test_what_one_may_not_see_is_left_out_like_what_does_not_exist(live: Live, open_stream: Open) -> None:
    staff, cookies = signed_in("ana")
    walled = new_case("WALL", walled_off=[staff.pk])
    elsewhere = new_case("FARR", region="EU")
    mine = new_case("MINE")
    asked = ",".join(f"case:{name}" for name in (walled.pk, elsewhere.pk, mine.pk, "case_none", "C-NONE"))
    stream = open_stream(cookies, asked)
    assert stream.next() == ("ready", {"topics": [f"case:{mine.pk}"]})
    tick(f"case:{walled.pk}")
    tick(f"case:{elsewhere.pk}")
    tick(f"case:{mine.pk}")
    assert stream.next()[1]["id"] == mine.pk
    assert stream.nothing_waits()


def test_who_may_see_no_case_hears_nothing(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("adam", roles=("administrator",))
    new_case("AAAA")
    assert open_stream(cookies, "queue,case:case_AAAA").next() == ("ready", {"topics": []})


def test_only_staff_with_a_session_and_a_second_factor_are_let_in(live: Live) -> None:
    staff, cookies = signed_in("ana")
    _, weak = signed_in("bob", second_factor=False)
    assert refused(live) == 401
    assert refused(live, "sessionid=forged") == 401
    assert refused(live, "nonsense; =;") == 401
    assert refused(live, weak) == 401
    Staff.objects.filter(pk=staff.pk).update(is_active=False)
    assert refused(live, cookies) == 401
    Staff.objects.filter(pk=staff.pk).update(is_active=True)
    staff.set_password("another long password")
    staff.save()
    assert refused(live, cookies) == 401, "a new password ends the sessions of the old one"
    assert len(live.app.hub) == 0


def test_only_the_consoles_own_pages_are_let_in(live: Live) -> None:
    _, cookies = signed_in("ana")
    assert refused(live, cookies, Origin="https://evil.example") == 403
    answer = httpx.options(f"{live.url}/live/console", headers={"Origin": "https://evil.example"})
    assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (403, False)
    good = httpx.options(f"{live.url}/live/console", headers={"Origin": ORIGIN})
    assert good.status_code == 204
    assert good.headers["access-control-allow-origin"] == ORIGIN
    assert good.headers["access-control-allow-credentials"] == "true"


def test_a_stream_says_that_it_is_for_the_console_and_for_nobody_to_keep(
    live: Live, open_stream: Open
) -> None:
    _, cookies = signed_in("ana")
    headers = open_stream(cookies).response.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert (headers["access-control-allow-origin"], headers["vary"]) == (ORIGIN, "Origin")


@pytest.mark.parametrize("topics", ["alerts", "case:", "queue:x", ",".join(f"case:{n}" for n in range(51))])
def test_topics_that_do_not_exist(live: Live, topics: str) -> None:
    _, cookies = signed_in("ana")
    assert refused(live, cookies, topics) == 400


def test_other_addresses_and_methods(live: Live) -> None:
    assert httpx.get(f"{live.url}/").status_code == 404
    assert httpx.get(f"{live.url}/live/other").status_code == 404
    assert httpx.post(f"{live.url}/live/console").status_code == 405


def test_who_comes_back_is_told_to_look_again(live: Live, open_stream: Open) -> None:
    """Signals while it was away are lost; so it looks at everything it follows."""
    _, cookies = signed_in("ana")
    case = new_case("AAAA")
    first = open_stream(cookies, f"queue,case:{case.pk}")
    first.next()
    assert first.last_id
    again = open_stream(cookies, f"queue,case:{case.pk}", **{"Last-Event-ID": first.last_id})
    assert [again.next()[0] for _ in range(3)] == ["ready", "queue", "case"]


def test_many_changes_are_one_signal_for_a_screen_that_is_busy(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("ana")
    stream = open_stream(cookies)
    stream.next()
    for _ in range(500):
        tick("queue")
    until(lambda: live.app.hub.ticks == 500, "all signals to arrive")
    heard = 0
    tick(f"case:{new_case('LAST').pk}")
    while not stream.nothing_waits():
        assert stream.next()[0] == "queue"
        heard += 1
    assert 1 <= heard < 50


def test_when_the_database_comes_back_everybody_looks_again(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("ana")
    stream = open_stream(cookies)
    stream.next()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        )
        assert cursor.fetchone() == (1,)
    assert stream.next() == ("queue", {"topic": "queue", "id": ""})
    until(lambda: httpx.get(f"{live.url}/readyz").status_code == 200, "it to listen again")
    tick("queue")
    assert stream.next()[0] == "queue"


def test_somebody_signed_out_hears_no_more(
    live: Live, open_stream: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_app, "RECHECK_S", 0.0)
    staff, cookies = signed_in("ana")
    stream = open_stream(cookies)
    stream.next()
    tick("queue")
    assert stream.next()[0] == "queue"
    Staff.objects.filter(pk=staff.pk).update(is_active=False)
    tick("queue")
    stream.until_end()
    assert stream.nothing_waits()
    until(lambda: len(live.app.hub) == 0, "the stream to be forgotten")


def test_somebody_walled_off_meanwhile_hears_no_more(
    live: Live, open_stream: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_app, "RECHECK_S", 0.0)
    staff, cookies = signed_in("ana")
    case = new_case("AAAA")
    stream = open_stream(cookies, f"queue,case:{case.pk}")
    stream.next()
    Case.objects.filter(pk=case.pk).update(walled_off=[staff.pk])
    tick(f"case:{case.pk}")
    stream.until_end()
    assert stream.nothing_waits()


def test_a_quiet_stream_is_kept_open(live: Live, open_stream: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_app, "KEEPALIVE_S", 0.01)
    _, cookies = signed_in("ana")
    with httpx.stream("GET", f"{live.url}/live/console", headers={"Cookie": cookies}) as response:
        lines = response.iter_lines()
        assert next(line for line in lines if line.startswith(":")) == ": still here"


def test_a_screen_that_goes_is_forgotten(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("ana")
    stream = open_stream(cookies)
    stream.next()
    assert len(live.app.hub) == 1
    stream.close()
    until(lambda: len(live.app.hub) == 0, "the stream to be forgotten")


def test_one_person_does_not_take_all_places(
    live: Live, open_stream: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "MOST_PER_PERSON", 2)
    monkeypatch.setattr(live_hub, "MOST_STREAMS", 3)
    _, ana = signed_in("ana")
    _, bob = signed_in("bob")
    for _ in range(2):
        open_stream(ana).next()
    assert refused(live, ana) == 429
    open_stream(bob).next()
    assert refused(live, bob) == 503
    assert len(live.app.hub) == 3


def test_it_ends_though_streams_are_open(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("ana")
    stream = open_stream(cookies)
    stream.next()
    live.app.close()
    live.server.should_exit = True
    stream.until_end()
    live.thread.join(20)
    assert not live.thread.is_alive()


def test_health(live: Live, open_stream: Open) -> None:
    _, cookies = signed_in("ana")
    open_stream(cookies).next()
    assert httpx.get(f"{live.url}/healthz").text == "ok"
    assert httpx.get(f"{live.url}/readyz").text == "ok"
    assert "tocsin_live_streams 1\n" in httpx.get(f"{live.url}/metrics").text
