"""Questions as rows that wait for the worker. A worker has a question to itself for a while and says how far
it has come; one that was killed leaves it to the next. A question that broke off before waits behind the
others, and is given up after ``MAX_TRIES``."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from django.db.models import F, Q
from django.utils import timezone

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.errors import DomainError
from tocsin.core.tries import MAX_TRIES
from tocsin.domains.questions.models import Answering, FeatureSheet, Question
from tocsin.domains.rules.in_force import in_force

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
    for pk, tries in waiting.order_by("tries", "question__asked_at").values_list("pk", "tries")[:10]:
        if waiting.filter(pk=pk, tries=tries).update(held_until=now + _HOLD, tries=F("tries") + 1):
            if tries >= MAX_TRIES:
                _finish(pk, {}, "Working it out broke off three times. Ask about fewer days, or differently.")
            else:
                _answer(Question.objects.select_related("asked_by").get(pk=pk))
            return 1
    return 0


def forget_old() -> int:
    """Empty answers that were kept long enough, and remove such sheets of features: who asked what, and why,
    stays. Returns how many."""
    over = timezone.now() - KEPT_FOR
    with act(system("questions"), "question.forget") as work:
        answered = Question.objects.filter(done_at__lt=over).exclude(answer={})
        rows = list(answered.select_for_update()[:_AT_ONCE])
        for row in rows:
            work.watch(row)
            row.answer = {}
            work.save(row)
        sheets = list(FeatureSheet.objects.filter(done_at__lt=over).select_for_update()[:_AT_ONCE])
        for sheet in sheets:
            work.delete(sheet, "entity.features_forget")
    return len(rows) + len(sheets)


def _answer(question: Question) -> None:
    # the engine takes a while to load: only for who needs it
    from tocsin.domains.questions import replay
    from tocsin.domains.questions.asking import read
    from tocsin.engine.language.problems import RuleError
    from tocsin.engine.runtime.state import EngineFullError

    def tell(percent: int) -> None:
        Answering.objects.filter(pk=question.pk).update(
            percent=min(max(percent, 0), 99), held_until=timezone.now() + _HOLD
        )

    actor = question.asked_by.actor(question.purpose)
    answer, problem = {}, ""
    try:
        asked = read(actor, in_force().read(), question.on, question.when)
        answer = replay.answer(question, asked, actor, tell)
    except (RuleError, DomainError):
        problem = "The rules, or what you may see, changed since you asked. Ask again."
    except EngineFullError:
        problem = "There are too many people and things in these days to count at once. Ask about fewer days."
    except replay.TooMuch:
        problem = f"This takes longer than {replay.MAX_SECONDS // 60} minutes. Ask about fewer days."
    _finish(question.pk, answer, problem)


def _finish(pk: str, answer: dict[str, Any], problem: str) -> None:
    """``problem``: why there is no answer; empty when there is one."""
    with act(system("questions"), "question.answer") as work:
        done = work.lock(Question, pk)
        done.state = State.FAILED if problem else State.DONE
        done.answer, done.problem, done.done_at = answer, problem, timezone.now()
        work.save(done)
        Answering.objects.filter(pk=pk).delete()
