"""Who may follow what: the console's session, and the same access rules as the pages themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest

from tocsin.core.access.check import allows
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, NotFound
from tocsin.domains.cases import queries as cases
from tocsin.domains.staff.models import Staff
from tocsin.surfaces.console.desk import purpose_of, second_factor_done

QUEUE = "queue"
#: A page follows a handful of things; nobody needs more than this.
MOST_TOPICS = 50


class Refused(Exception):
    """Not to be let in; ``status`` is the HTTP status."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what


@dataclass(frozen=True)
class Admission:
    """A person, and the topics they may follow of those they asked for."""

    person: str
    topics: tuple[str, ...]


def admit(cookies: str, topics: Iterable[str]) -> Admission:
    """Look the session up, and ask of every topic whether its page would open. Asks the database.

    A case may be named by its id or its reference; it is followed by its id. What does not exist and what may
    not be seen are left out alike; who may follow nothing gets a stream in which nothing happens.

    Raises:
        Refused: not signed in, or without a second factor.
    """
    close_old_connections()
    try:
        actor = _actor(cookies)
        followed = tuple(dict.fromkeys(filter(None, (_followed(actor, topic) for topic in topics))))
    finally:
        close_old_connections()
    return Admission(actor.id, followed)


def read_topics(text: str) -> list[str]:
    """The topics of a request: ``queue``, ``case:<id>``; by default the queue.

    Raises:
        Refused: one that does not exist, or too many.
    """
    topics = list(dict.fromkeys(filter(None, text.split(",")))) or [QUEUE]
    if len(topics) > MOST_TOPICS:
        raise Refused(400, f"At most {MOST_TOPICS} topics can be followed at once.")
    for topic in topics:
        kind, _, name = topic.partition(":")
        if topic != QUEUE and (kind != "case" or not name.isprintable() or not name):
            raise Refused(400, "Topics are queue and case:<id>.")
    return topics


def _actor(cookies: str) -> Actor:
    request = HttpRequest()
    key = _session_key(cookies)
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    staff = get_user(request) if key else None
    if not isinstance(staff, Staff) or not staff.is_active:
        raise Refused(401, "Sign in to the console first.")
    if not second_factor_done(request, staff):
        raise Refused(401, "Set up your second factor first.")
    return staff.actor(purpose_of(request, staff), via="live")


def _session_key(cookies: str) -> str:
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def _followed(actor: Actor, topic: str) -> str:
    """The topic as it is signalled; empty when the actor may not follow it."""
    if topic == QUEUE:
        return QUEUE if allows(actor, "cases.view") else ""
    try:
        return f"case:{cases.find(actor, topic.partition(':')[2]).pk}"
    except (AccessDenied, NotFound):
        return ""
