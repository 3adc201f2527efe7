"""The features of one person or thing, worked out by the worker when somebody asks for them."""

from __future__ import annotations

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.errors import NotFound
from tocsin.core.ids import new_id
from tocsin.core.outbox.notify import wake_worker
from tocsin.core.tries import MAX_TRIES, trying
from tocsin.domains.people import queries as people
from tocsin.domains.people.vocabulary import EVENT_KINDS
from tocsin.domains.questions.asking import for_sheets
from tocsin.domains.questions.models import FeatureSheet, Question
from tocsin.domains.rules.in_force import in_force

State = Question.State


def ask_features(actor: Actor, kind: str, entity_id: str) -> FeatureSheet:
    """Have the features of this person or thing worked out, instead of those that the actor asked for before;
    a sheet that waits already is given again. ``kind`` as the thing is held.

    Raises:
        AccessDenied: without ``entities.view``. NotFound: there is none that the actor may see.
    """
    require(actor, "entities.view")
    if people.entity(actor, kind, entity_id) is None:
        raise NotFound("We know no such thing.", "Check the identifier.")
    called = EVENT_KINDS.get(kind, kind)
    with act(actor, "entity.features") as work:
        own = FeatureSheet.objects.filter(asked_by=actor.id, kind=called, entity_id=entity_id)
        if waiting := own.filter(state=State.ASKED).first():
            return waiting
        for earlier in own.select_for_update():
            work.delete(earlier)
        sheet = FeatureSheet(
            id=new_id("fsh"), kind=called, entity_id=entity_id, asked_by_id=actor.id, asked_at=timezone.now()
        )
        work.save(sheet)
        wake_worker()
    return sheet


def newest(actor: Actor, kind: str, entity_id: str) -> FeatureSheet | None:
    """The newest sheet that the actor asked for; ``kind`` as the thing is held.

    Raises:
        AccessDenied: without ``entities.view``, or the actor may not see this person or thing any more.
    """
    require(actor, "entities.view")
    if people.entity(actor, kind, entity_id) is None:
        return None
    found = FeatureSheet.objects.filter(
        kind=EVENT_KINDS.get(kind, kind), entity_id=entity_id, asked_by=actor.id
    )
    return found.order_by("-asked_at").first()


def work_out_next() -> int:
    """Work out the sheet that has waited longest and that no other worker is at; how many: 0 or 1. One that
    was begun with before waits behind the others, and is given up after ``MAX_TRIES``."""
    queue = FeatureSheet.objects.filter(state=State.ASKED).order_by("tries", "asked_at")
    verbs = {"begun": "entity.features_begun", "done": "entity.features_answered"}
    with trying(queue, system("questions"), **verbs) as tried:
        if tried is None:
            return 0
        work, sheet = tried
        if sheet.tries > MAX_TRIES:
            sheet.state, sheet.problem = State.FAILED, "Working them out broke off three times."
        else:
            _fill_in(sheet)
        sheet.done_at = timezone.now()
        work.save(sheet)
    return 1


def _fill_in(sheet: FeatureSheet) -> None:
    # the engine takes a while to load: only for who needs it
    from tocsin.domains.questions.features import features_now
    from tocsin.engine.language.problems import RuleError
    from tocsin.engine.runtime.state import EngineFullError

    try:
        rules = for_sheets(sheet.asked_by.actor(), in_force().read())
        sheet.answer = features_now(rules, sheet.kind, sheet.entity_id)
        sheet.state = State.DONE
    except (RuleError, EngineFullError) as error:
        sheet.state, sheet.problem = State.FAILED, str(error)[:300]
