"""Comparisons of models as rows that wait for the worker; one whose worker was killed is done again."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
from django.utils import timezone

from tocsin.core.actor import system
from tocsin.core.errors import DomainError
from tocsin.core.tries import MAX_TRIES, trying
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.scores.models import ModelComparison

State = ModelComparison.State


def compare_next() -> int:
    """Work out the comparison that has waited longest and that nobody else works at; returns how many: 0 or
    1. One that was begun with before waits behind the others, and is given up after ``MAX_TRIES``."""
    queue = ModelComparison.objects.filter(state=State.ASKED).order_by("tries", "asked_at")
    with trying(queue, system("rules"), begun="model.compare_begun", done="model.compare") as tried:
        if tried is None:
            return 0
        work, row = tried
        if row.tries > MAX_TRIES:
            row.refusal = "Working it out broke off three times."
        else:
            _compare(row)
        row.state, row.done_at = State.DONE, timezone.now()
        work.save(row)
    return 1


def _compare(row: ModelComparison) -> None:
    # the engine takes a while to load: only for who needs it
    from tocsin.domains.scores.training import compare_on_past
    from tocsin.engine.language.problems import RuleError
    from tocsin.engine.runtime.state import EngineFullError
    from tocsin.engine.scores.model import ModelError

    try:
        rules = in_force().read()
        found = compare_on_past(
            rules, row.champion, row.challenger, now=timezone.now(), capacity=row.capacity
        )
    except DomainError as error:
        row.refusal = f"{error.what} {error.next_step}".strip()
        return
    except (ModelError, EngineFullError, RuleError) as error:
        row.refusal = str(error)
        return
    row.champion_version = rules.models[row.champion].version
    row.challenger_version = rules.models[row.challenger].version
    row.figures = msgspec.to_builtins({**asdict(found), "proven": found.proven})
