"""No deadline passes unanswered: whatever starts a clock, in whatever place, somebody acts when it runs
out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tocsin
from tocsin.core.clocks.breach import handlers_for
from tocsin.core.clocks.models import Clock
from tocsin.core.packs.loader import packaged
from tocsin.core.packs.today import rules_for
from tocsin.domains.enforcement.appeals import _CLOCKS
from tocsin.domains.enforcement.doing import _own_length
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Action
from tocsin.domains.reports.models import Severity

SOURCE = Path(tocsin.__file__).parent
SEVERITIES = Severity.values

#: Every file that starts clocks: the kind of subject, and the paths in the packs it starts them from.
STARTED: dict[str, tuple[str, list[str]]] = {
    "core/access/break_glass.py": ("break_glass", ["privacy.glass_review"]),
    "domains/cases/case_clocks.py": (
        "case",
        [f"response.{severity}.{name}" for severity in SEVERITIES for name in ("owner", "protect", "update")],
    ),
    "domains/enforcement/appeals.py": ("appeal", list(_CLOCKS.values())),
    "domains/enforcement/doing.py": (
        "action",
        sorted(
            {
                path
                for step in STEPS.values()
                for protective in (True, False)
                for path in (step.ended_by(protective=protective), step.reviewed_by(protective=protective))
                if path
            }
        ),
    ),
    "domains/verification/actions.py": ("verification", ["verification.report"]),
    "domains/reports/promises.py": (
        "report",
        ["reporting.recode"]
        + [
            f"response.{severity}.{name}"
            for severity in SEVERITIES
            for name in ("answer", "answer_phone", "route", "update")
        ],
    ),
}
#: What only passes a start on, or is the start itself.
_NOT_A_START = {"core/clocks/service.py", "domains/reports/filing.py"}


def starting() -> Iterator[str]:
    """Every file with a call ``….start(work, …)``."""
    for file in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "start"
            and node.args
            and isinstance(node.args[0], ast.Name)
            and node.args[0].id == "work"
            for node in ast.walk(tree)
        ):
            yield file.relative_to(SOURCE).as_posix()


def test_every_file_that_starts_a_clock_is_known_here() -> None:
    assert set(starting()) - _NOT_A_START == set(STARTED)


@pytest.mark.parametrize("file", sorted(STARTED))
def test_somebody_answers_in_every_place(file: str) -> None:
    subject, paths = STARTED[file]
    asked: set[str] = set()
    for place in ["", *packaged().packs]:
        for path in paths:
            spec = rules_for(place).clock(path)
            if spec is None or spec.on_breach == "record":
                continue
            asked.add(spec.on_breach)
            assert handlers_for(Clock(subject_type=subject, on_breach=spec.on_breach)), (path, place)
    assert asked


def test_somebody_answers_when_a_decided_length_is_over() -> None:
    from django.utils import timezone

    now = timezone.now()
    spec = _own_length(Action(starts_at=now, ends_at=now, basis="C1.1 in conduct@1"))
    assert handlers_for(Clock(subject_type="action", on_breach=spec.on_breach))


def test_every_kind_of_action_has_its_verbs() -> None:
    assert {step.type for step in STEPS.values() if not step.inverse} == set()
    # protection always ends, but keeping two people apart
    assert {step.type for step in STEPS.values() if not step.ended_by(protective=True)} == {"unmatch"}
