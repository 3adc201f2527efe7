"""What is wrong with a draft's text. Loads no kernel, so that a page may ask while somebody types."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tocsin.domains.rules.in_force import Files, file_of
from tocsin.domains.rules.models import DetectionRule
from tocsin.engine.language.problems import Problem, RuleError, Spot
from tocsin.engine.language.ruleset import RuleSet, load


def problems_of(draft: DetectionRule, live: Files) -> tuple[RuleSet | None, list[dict[str, Any]]]:
    """The rules as they would be with the draft active, or what is wrong with it: file, line, column,
    end, message, and the line with carets below, of each mistake."""
    try:
        rules = load(live.with_draft(draft).sources())
    except RuleError as error:
        return None, [plain(problem) for problem in error.problems]
    mine = [rule.id for rule in rules.rules.values() if rule.spot and rule.spot.file == file_of(draft.name)]
    if mine == [draft.name]:
        return rules, []
    spot = Spot(file_of(draft.name), 1, 1, 1)
    return None, [plain(Problem(spot, f"Expected one rule, and that it is called {draft.name}."))]


def plain(problem: Problem) -> dict[str, Any]:
    """A mistake as JSON: its place, what was expected, and the line with carets below."""
    shown = [line.removeprefix("    ") for line in str(problem).splitlines()[1:]]
    return {**asdict(problem.spot), "message": problem.message, "shown": "\n".join(shown)}
