"""Reading questions and their answers."""

from __future__ import annotations

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.crypto.typed_text import open_all
from tocsin.core.errors import NotFound
from tocsin.domains.detection import queries as detection
from tocsin.domains.detection.models import Event
from tocsin.domains.questions.models import Answering, Question

#: How many of one's own questions, and of those kept by a name, are listed.
_LISTED = 20


def question(actor: Actor, question_id: str) -> Question:
    """One of the actor's own questions: an answer holds what this person may see.

    Raises:
        NotFound: there is none, or somebody else asked it.
    """
    require(actor, "entities.view")
    found = Question.objects.filter(pk=question_id, asked_by=actor.id).first()
    if found is None:
        raise NotFound(
            "There is no such question of yours.", "Ask it yourself: the answer shows what you may see."
        )
    return found


def percent(actor: Actor, asked: Question) -> int:
    """How far the answer is, in percent."""
    require(actor, "entities.view")
    return Answering.objects.filter(pk=asked.pk).values_list("percent", flat=True).first() or 0


def own(actor: Actor) -> list[Question]:
    """The newest questions of the actor."""
    require(actor, "entities.view")
    return open_all(Question.objects.filter(asked_by=actor.id).order_by("-asked_at")[:_LISTED], "when")


def kept(actor: Actor) -> list[Question]:
    """The questions kept by a name, by whomever; of one name the newest. They tell no answer."""
    require(actor, "entities.view")
    named = Question.objects.exclude(name="").order_by("name", "-asked_at").distinct("name")
    return open_all(named.defer("answer", "reason_sealed").select_related("asked_by")[:_LISTED], "when")


def events(actor: Actor, asked: Question) -> list[Event]:
    """The events of an answer, newest first, as far as the actor may still see them. Personal fields stay
    sealed."""
    seqs = [row["seq"] for row in asked.answer.get("rows", ())]
    return detection.events_at(actor, seqs, since=asked.since, until=asked.until)
