"""Everybody knocks at every door: all roles, nobody, every scope of both kinds of keys, at every address.

Who is refused is refused in the right way, and has changed nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from tests.domains import matter
from tests.security import access_table as table
from tests.support.web import plain_files
from tocsin.core.access import api_keys
from tocsin.core.access.models import ApiKey, Refusal
from tocsin.core.access.permissions import ROLES, SCOPES, SYSTEM_SCOPES
from tocsin.core.access.refusals import record_refusal
from tocsin.core.actor import system
from tocsin.core.errors import AccessDenied
from tocsin.core.outbox import webhooks
from tocsin.domains.cases.models import CaseAlert
from tocsin.domains.detection.models import Alert
from tocsin.domains.enforcement import appeals
from tocsin.domains.reports import handing_in
from tocsin.domains.staff.models import Staff
from tocsin.surfaces.api.document import document
from tocsin.surfaces.api.examples import BODIES
from tocsin.surfaces.decide import app as decide_host
from tocsin.surfaces.live import door as live
from tocsin.surfaces.live.app import STREAM

__all__ = ["plain_files"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_files")]

PERSONAL = sorted(SCOPES.keys() - SYSTEM_SCOPES)
#: What a refusal leaves, and what comes and goes without meaning: everything else has to stay as it is.
TRACES = {
    "core_refusal": "true",
    "core_audit_entry": "payload LIKE '%access.refused%'",
    "core_outbox_message": "topic LIKE 'access.%'",
    "core_rate_bucket": "true",
    "django_session": "true",
}


@dataclass
class World:
    """One of everything, everybody, and their keys."""

    ids: dict[str, str]
    staff: dict[str, Staff]
    consoles: dict[str, Client] = field(default_factory=dict)
    systems: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    lead: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def world(db: None) -> World:
    matter.marketplace()
    staff = {role: matter.somebody(role, role) for role in sorted(ROLES)}
    decider = matter.somebody("supervisor", "Decider")
    case = matter.taken(matter.case_about(["SAF.threat"]), decider)
    report = case.report_links.get().report
    item = handing_in.add_evidence(
        matter.MARKETPLACE, report.pk, content=b"words", filename="a.txt", declared_type="text/plain"
    )
    decision = matter.decided(case, decider, "shopper:s-1", "C1.8")
    appeal = appeals.lodge(matter.MARKETPLACE, decision.pk, "It was not me at all.", channel="api")
    now = timezone.now()
    alert = Alert.objects.create(
        id="alr_1", subject_kind="shopper", subject_id="s-1", rule="r", code="V1", severity="S3",
        verdict="review", first_seq=1, last_seq=1, rules_version="1", opened_at=now, last_at=now,
    )  # fmt: skip
    CaseAlert.objects.create(case=case, alert=alert, added_at=now)
    endpoint, _secret = webhooks.create(system("tests"), "https://shop.example/hook", ["*"])
    delivery = webhooks.send_test(system("tests"), endpoint.pk)
    matter.settle()
    case.refresh_from_db()
    ids = {
        "reference": case.reference, "case_id": case.pk, "number": report.number, "evidence_id": item.pk,
        "appeal_id": appeal.pk, "decision_id": decision.pk, "alert_id": alert.pk, "kind": "customer",
        "entity_id": "c-1", "account_id": matter.account("shopper:s-1").pk, "field": "email",
        "endpoint_id": endpoint.pk, "delivery_id": delivery, "action_id": decision.actions.all()[0].pk,
        "code": "SAF.threat", "notice_id": case.notices.all()[0].pk, "pk": "1", "provider_id": "none",
        "import_id": "imp_1", "indicator_id": "ind_1", "list_name": "bad_things",
        "uidb36": "1", "key": "x-y", "rest": "nothing", "name": "card_testing",
        "order_id": "o-1",
        "question_id": "qst_1",
    }  # fmt: skip
    made = World(ids, staff)
    for role, person in staff.items():
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
        made.consoles[role] = Client()
        made.consoles[role].force_login(person)
        made.people[role] = _token(person, *PERSONAL)
    made.systems = {scope: _token(None, scope) for scope in sorted(SCOPES)}
    made.lead = {scope: _token(staff["supervisor"], scope) for scope in PERSONAL}
    ApiKey.objects.update(rate_per_minute=1_000_000)
    # the first refusal of the day makes the key that all of them are sealed with
    record_refusal("tests", AccessDenied("No.", permission="cases.view", reason="role"), path="/")
    return made


def _token(person: Staff | None, *scopes: str) -> str:
    actor = person.actor() if person else system("tests")
    return api_keys.issue(actor, "matrix", scopes, staff_id=person.pk if person else "")[1]


def _walk(resolver: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one, here)
        elif isinstance(one, URLPattern):
            yield here, one.callback


def addresses() -> dict[str, Any]:
    """Every address of the web process, and its view."""
    return dict(_walk(get_resolver()))


def _api_route(operation: str) -> str:
    return operation.partition(" ")[2].removeprefix("/").replace("{", "<").replace("}", ">")


def test_every_address_has_its_row() -> None:
    rows = {*table.CONSOLE, *table.OTHERS, *(_api_route(one) for one in table.API)}
    assert rows == set(addresses())
    assert set(table.DECIDE.items()) == set(decide_host.POSTS.items())
    assert set(decide_host.GETS) == table.PULSE
    assert STREAM == "/live/console"


def operations() -> dict[str, dict[str, Any]]:
    """What the document says of every operation of the API."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


def operation_ids() -> dict[str, str]:
    return {name: operation["operationId"] for name, operation in operations().items()}


def test_every_operation_has_its_row() -> None:
    said = {name: (one["x-scope"], one["x-who"]) for name, one in operations().items()}
    assert {name: (row.scope, row.who) for name, row in table.API.items()} == said


def everything() -> list[tuple[str, str]]:
    """A digest of every table, without the traces of refusing, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
                f' FROM "{name}" t WHERE NOT ({TRACES.get(name, "false")})'
                for name in tables
            )
        )
        # in parallel, the database answers in whatever order
        return sorted(cursor.fetchall())


class Knocking:
    """Calls doors as many, and undoes what those did who were let in."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wrong: list[str] = []
        self.let_in: set[str] = set()
        self.before = set(everything())

    @contextmanager
    def at(self, door: str) -> Iterator[None]:
        """One door. All who were refused there together must have changed nothing."""
        with transaction.atomic():
            yield
            if changed := {name for name, _ in set(everything()) ^ self.before}:
                self.wrong.append(f"{door}: somebody was refused and changed {sorted(changed)}")
            transaction.set_rollback(True)

    def knock(self, client: Client, method: str, path: str, key: str = "", body: Any = None) -> HttpResponse:
        """One request; undone when it was let in."""
        sent: dict[str, Any] = {}
        if path.endswith("/evidence"):
            sent = {"data": {"file": SimpleUploadedFile("b.txt", b"more", "text/plain")}}
        elif path.startswith("/v1/") and method != "GET":
            sent = {"data": json.dumps(body or {}), "content_type": "application/json"}
        headers = {"authorization": f"Bearer {key}"} if key else {}
        with transaction.atomic():
            answer = getattr(client, method.lower())(path, **sent, headers=headers)
            if not refused(answer):
                transaction.set_rollback(True)
        self.reason = Refusal.objects.order_by("-at").values_list("reason", flat=True).first() or ""
        return answer  # type: ignore[no-any-return]

    def judge(self, door: str, who: str, answer: HttpResponse, *, may: bool, refusal: int) -> None:
        """Hold an answer against what the table says."""
        if answer.status_code >= 500 and not door.endswith(("/v1/decide", "/v1/events")):
            self.wrong.append(f"{door}: {who} broke it: {answer.status_code}")
        elif not may and answer.status_code != refusal:
            self.wrong.append(f"{door}: {who} may not, and got {answer.status_code}")
        elif may and refused(answer) and self.reason not in ("assignment", "class", "purpose"):
            self.wrong.append(f"{door}: {who} may, and got {answer.status_code} ({self.reason})")
        elif may and not refused(answer):
            self.let_in.add(door)


def refused(answer: HttpResponse) -> bool:
    """Whether somebody was turned away: not known, not allowed, or sent to sign in."""
    away = answer.status_code == 302 and answer.headers["Location"].startswith(
        ("/accounts/login/", "/accounts/2fa/totp/activate/")
    )
    return away or answer.status_code in (401, 403)


def _filled(route: str, ids: dict[str, str]) -> str:
    path = route
    for name, value in ids.items():
        for kind in (f"<str:{name}>", f"<int:{name}>", f"<{name}>", f"{{{name}}}"):
            path = path.replace(kind, value)
    return "/" + path.removeprefix("/")


def test_the_console(world: World) -> None:
    knocking = Knocking(world)
    newcomer = Client()
    newcomer.force_login(matter.somebody("supervisor", "Newcomer"))
    strangers = {
        "nobody": (Client(), ""),
        "a newcomer without a second factor": (newcomer, ""),
        "a system with every scope": (Client(), _token(None, *SCOPES)),
        "a supervisor's personal key": (Client(), world.people["supervisor"]),
    }
    knocking.before = set(everything())
    doors = [
        (f"{method} {route}", _filled(route, world.ids), method, permission)
        for route, permissions in table.CONSOLE.items()
        for method, permission in zip(("GET", "POST"), permissions, strict=True)
    ]
    for door, path, method, permission in doors:
        if not permission:
            answer = knocking.knock(world.consoles["supervisor"], method, path)
            if answer.status_code not in (403, 405):
                knocking.wrong.append(f"{door}: is not in the table, and answers {answer.status_code}")
            continue
        with knocking.at(door):
            for who, (client, key) in strangers.items():
                answer = knocking.knock(client, method, path, key)
                knocking.judge(door, who, answer, may=False, refusal=302)
            for role, client in world.consoles.items():
                answer = knocking.knock(client, method, path)
                knocking.judge(door, role, answer, may=permission in ROLES[role], refusal=403)
    assert not knocking.wrong, "\n".join(knocking.wrong)
    assert {door for door, _, _, permission in doors if permission} - knocking.let_in == set()


def _body(operation: str, name: str) -> dict[str, Any]:
    """What is sent: the document's example, in which a severity that is raised is above the world's."""
    return {**BODIES.get(name, {}), **({"severity": "S0"} if operation.endswith("/severity") else {})}


#: What a question cannot be asked without.
_ASKED = {"GET /v1/notices": "?account=shopper:s-1"}


def test_the_api(world: World) -> None:
    knocking, names = Knocking(world), operation_ids()
    for operation, row in table.API.items():
        method, _, route = operation.partition(" ")
        path = _filled(route, world.ids) + _ASKED.get(operation, "")
        if operation.endswith("/proposal"):
            path += f"?subject={world.ids['account_id']}&clause=C1.8"
        with knocking.at(operation):
            for who, key, may, refusal in _callers(world, row):
                client = world.consoles["supervisor"] if who == "a session" else Client()
                answer = knocking.knock(client, method, path, key, _body(operation, names[operation]))
                knocking.judge(operation, who, answer, may=may, refusal=refusal)
    assert not knocking.wrong, "\n".join(knocking.wrong)
    assert set(table.API) - knocking.let_in == set()


def _callers(world: World, row: table.Row) -> Iterator[tuple[str, str, bool, int]]:
    """Who calls, with which key, whether they may, and the status when they may not."""
    yield "nobody", "", False, 401
    yield "a session", "", False, 401
    for scope, key in world.systems.items():
        yield f"a system with {scope}", key, row.who != "person" and scope == row.scope, 403
    for role, key in world.people.items():
        may = {row.permission, row.also or row.permission} <= ROLES[role]
        yield f"{role}'s key", key, row.who != "system" and may, 403
    for scope, key in world.lead.items():
        if scope != row.scope:
            yield f"a person with {scope} alone", key, False, 403


def test_what_is_open_and_what_is_ones_own(world: World) -> None:
    knocking = Knocking(world)
    for route, who in table.OTHERS.items():
        path = _filled(_plain(route, world.ids), world.ids)
        with knocking.at(route):
            alone = knocking.knock(Client(), "GET", path)
            if who == table.SIGNED_IN:
                knocking.judge(route, "nobody", alone, may=False, refusal=302)
                answer = knocking.knock(world.consoles["trainer"], "GET", path)
                if answer.status_code >= 500 or answer.get("Location", "").startswith("/accounts/login"):
                    knocking.wrong.append(f"{route}: somebody signed in got {answer.status_code}")
            elif alone.status_code >= 500:
                knocking.wrong.append(f"{route}: nobody got {alone.status_code}")
            elif who == table.ANYBODY and refused(alone) and route not in table.AFTER_A_STEP:
                knocking.wrong.append(f"{route}: nobody was turned away: {alone.status_code}")
    assert not knocking.wrong, "\n".join(knocking.wrong)


def _plain(route: str, ids: dict[str, str]) -> str:
    """A path for a route that is written as a regular expression."""
    for name, value in ids.items():
        for pattern in (r"[-:\w]+", r"[0-9A-Za-z]+", r".+", r"[^/]+", r".*"):
            route = route.replace(f"(?P<{name}>{pattern})", value)
    return route.replace("^", "").replace("$", "")


def test_no_form_is_taken_from_another_site(world: World) -> None:
    wrong = []
    for route, (_, permission) in table.CONSOLE.items():
        if permission:
            careful = Client(enforce_csrf_checks=True)
            careful.cookies = world.consoles["supervisor"].cookies
            before = everything()
            answer = careful.post(_filled(route, world.ids), {})
            changed = sorted({name for name, _ in set(everything()) ^ set(before)})
            if answer.status_code != 403 or changed:
                wrong.append((route, answer.status_code, changed))
    assert wrong == []


def test_live_screens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # between requests it lets go of its connection; here that is the one with the test's transaction on it
    monkeypatch.setattr(live, "close_old_connections", lambda: None)
    for role, client in world.consoles.items():
        cookies = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
        followed = live.admit(cookies, ["queue", f"case:{world.ids['reference']}"]).topics
        sees = table.LIVE["queue"] in ROLES[role]
        assert ("queue" in followed) is sees, role
        # policy managers know that there are cases, and reach no data in them
        reaches = sees and role != "policy_manager"
        assert (f"case:{world.ids['case_id']}" in followed) is reaches, role
    newcomer = Client()
    newcomer.force_login(matter.somebody("supervisor", "Newcomer"))
    bare = f"sessionid={newcomer.cookies['sessionid'].value}"
    for cookies in ("", "sessionid=x", bare, f"authorization=Bearer {world.people['supervisor']}"):
        with pytest.raises(live.Refused) as caught:
            live.admit(cookies, ["queue"])
        assert caught.value.status == 401


def test_the_digest_sees_a_changed_byte(world: World) -> None:
    """What all the above stands on."""
    before = everything()
    assert everything() == before
    Staff.objects.filter(name="trainer").update(name="trainee")
    assert {name for name, _ in set(everything()) ^ set(before)} == {"staff_staff", "staff_staffevent"}
