"""Asking a question, and carrying its events away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.access.exports import check_cap
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.core.outbox.notify import wake_worker
from tocsin.domains.detection.models import Event
from tocsin.domains.questions import queries
from tocsin.domains.questions.asking import can_add_up, can_count_by, read
from tocsin.domains.questions.models import Answering, Question
from tocsin.domains.rules.in_force import in_force
from tocsin.engine.language.problems import RuleError
from tocsin.engine.schema import Schema

MAX_DAYS: Final = 90
MAX_YEARS: Final = 10  # back
MAX_OPEN: Final = 5  # questions of one person that wait for their answers
MAX_CONDITION: Final = 4_000  # characters
MAX_REASON: Final = 500
MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know; see :class:`~tocsin.domains.questions.models.Question`."""

    when: str
    since: dt.datetime
    until: dt.datetime
    on: Sequence[str] = field(default=())
    bucket: str = "day"
    adds_up: str = ""
    top_of: str = ""
    name: str = ""


def ask(actor: Actor, asked: Asked, reason: str) -> Question:
    """Ask history; the worker answers. Who asked, what, and why is written down.

    Raises:
        AccessDenied: without ``entities.view``, or the condition looks at sealed fields and the actor may not
        see them. InvalidInput: by field, what cannot be. Conflict: as many as allowed wait already.
    """
    require(actor, "entities.view")
    rules = in_force().read()
    wrong = _wrong(asked, reason, rules.schema)
    if not wrong.keys() & {"on", "when"}:
        try:
            read(actor, rules, asked.on, asked.when)
        except RuleError as error:
            wrong["when"] = error.problems[0].message
    if wrong:
        raise InvalidInput("The question cannot be asked like this.", "Mend what is marked.", fields=wrong)
    if Question.objects.filter(asked_by=actor.id, state=Question.State.ASKED).count() >= MAX_OPEN:
        raise Conflict(
            f"{MAX_OPEN} of your questions wait for their answers.", "Ask again when one of them is answered."
        )
    with act(actor, "question.ask") as work:
        question = Question(
            id=new_id("qst"), name=asked.name.strip(), on=sorted(set(asked.on)), since=asked.since,
            until=asked.until, bucket=asked.bucket, adds_up=asked.adds_up,
            top_of=asked.top_of, asked_by_id=actor.id, asked_at=timezone.now(), purpose=actor.purpose,
        )  # fmt: skip
        question.when, question.reason = asked.when.strip(), reason.strip()
        work.save(question)
        Answering.objects.create(question=question)
        wake_worker()
    return question


def _wrong(asked: Asked, reason: str, schema: Schema) -> dict[str, str]:
    wrong = {}
    if not 3 <= len(reason.strip()) <= MAX_REASON:
        wrong["reason"] = f"Say why you ask, or the number of the case: 3 to {MAX_REASON} characters."
    if len(asked.when) > MAX_CONDITION or "\0" in asked.when:
        wrong["when"] = f"At most {MAX_CONDITION:,} characters, without NUL."
    if unknown := sorted(set(asked.on) - schema.events.keys()):
        wrong["on"] = f'There is no event type "{unknown[0][:64]}".'
    if not asked.since < asked.until:
        wrong["until"] = "The last day comes before the first."
    elif asked.until - asked.since > dt.timedelta(days=MAX_DAYS, hours=1):  # one day may have 25 hours
        wrong["since"] = f"At most {MAX_DAYS} days at once."
    elif asked.since < timezone.now() - dt.timedelta(days=365 * MAX_YEARS):
        wrong["since"] = f"At most {MAX_YEARS} years back."
    if asked.bucket not in Question.Bucket.values:
        wrong["bucket"] = "Choose hours or days."
    if asked.adds_up and asked.adds_up not in can_add_up(schema):
        wrong["adds_up"] = "This cannot be added up."
    if asked.top_of and asked.top_of not in can_count_by(schema):
        wrong["top_of"] = "There is no list by this."
    if len(asked.name.strip()) > MAX_NAME:
        wrong["name"] = f"At most {MAX_NAME} characters."
    return wrong


def export(actor: Actor, question_id: str) -> list[Event]:
    """The events an answer shows, newest first, to be carried away: within the daily cap, and written down.

    Raises:
        AccessDenied: without ``cases.export``, or beyond the cap. NotFound: it is not the actor's question.
    """
    require(actor, "cases.export")
    question = queries.question(actor, question_id)
    events = queries.events(actor, question)
    check_cap(actor, len(events))
    with act(actor, "question.export") as work:
        work.note(question, detail={"events": [event.seq for event in events]})
    return events
