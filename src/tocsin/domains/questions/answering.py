"""Questions as rows that wait for the worker. A worker has a question to itself for a while and says how far
it has come; one that was killed leaves it to the next."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db.models import Q
from django.utils import timezone

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.errors import DomainError
from tocsin.domains.questions.models import Answering, Question

State = Question.State
#: An answer says whom a condition met: it is kept for as long as somebody works with it.
KEPT_FOR: Final = dt.timedelta(days=30)
_AT_ONCE: Final = 500
#: Longer than one piece of the past takes.
_HOLD: Final = dt.timedelta(seconds=60)


def answer_next() -> int:
    """Answer the question that has waited longest and that no other worker is at; how many: 0 or 1."""
    now = timezone.now()
    waiting = Answering.objects.filter(Q(held_until=None) | Q(held_until__lt=now))
    for pk in waiting.order_by("question__asked_at").values_list("pk", flat=True)[:10]:
        if waiting.filter(pk=pk).update(held_until=now + _HOLD):
            _answer(Question.objects.select_related("asked_by").get(pk=pk))
            return 1
    return 0


def forget_old() -> int:
    """Empty answers that were kept long enough: who asked what, and why, stays. Returns how many."""
    with act(system("questions"), "question.forget") as work:
        over = Question.objects.filter(done_at__lt=timezone.now() - KEPT_FOR).exclude(answer={})
        rows = list(over.select_for_update()[:_AT_ONCE])
        for row in rows:
            work.watch(row)
            row.answer = {}
            work.save(row)
    return len(rows)


def _answer(question: Question) -> None:
    # the engine takes a while to load: only for who needs it
    from tocsin.domains.questions import replay
    from tocsin.domains.questions.asking import read, rules_in_force
    from tocsin.engine.language.problems import RuleError
    from tocsin.engine.runtime.state import EngineFullError

    def tell(percent: int) -> None:
        Answering.objects.filter(pk=question.pk).update(
            percent=min(max(percent, 0), 99), held_until=timezone.now() + _HOLD
        )

    actor = question.asked_by.actor(question.purpose)
    answer, problem = {}, ""
    try:
        asked = read(actor, rules_in_force(), question.on, question.when)
        answer = replay.answer(question, asked, actor, tell)
    except (RuleError, DomainError):
        problem = "The rules, or what you may see, changed since you asked. Ask again."
    except EngineFullError:
        problem = "There are too many people and things in these days to count at once. Ask about fewer days."
    except replay.TooMuch:
        problem = f"This takes longer than {replay.MAX_SECONDS // 60} minutes. Ask about fewer days."
    with act(system("questions"), "question.answer") as work:
        done = work.lock(Question, question.pk)
        done.state = State.FAILED if problem else State.DONE
        done.answer, done.problem, done.done_at = answer, problem, timezone.now()
        work.save(done)
        Answering.objects.filter(pk=question.pk).delete()
