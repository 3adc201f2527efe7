"""How a case can end, and what its reporters are told then: that we acted or not, never what became of
another person."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files

from tocsin.core.act import Work
from tocsin.domains.cases.models import Case
from tocsin.domains.reports import messages
from tocsin.domains.reports.taxonomy_form import spoken_in

#: Every outcome, with the sentence staff read.
OUTCOMES = {
    "action_taken": "A breach was found and acted on",
    "no_breach": "No breach was found",
    "inconclusive": "It could not be settled",
    "false_report": "The report was knowingly false",
    "no_action_needed": "Nothing needed to be done",
}


def text(outcome: str, language: str) -> str:
    """What a reporter is told about an outcome, in their language as far as we speak it."""
    return str(spoken_in(_texts()[outcome], language))


def tell_reporters(work: Work, case: Case, outcome: str) -> None:
    """Write the outcome to everybody who reported into this case."""
    for link in case.report_links.select_related("report").order_by("added_at"):
        messages.tell_outcome(work, link.report, text(outcome, link.report.language))


@lru_cache(maxsize=1)
def _texts() -> dict[str, dict[str, str]]:
    file = files("tocsin") / "data" / "notices" / "notices.toml"
    found: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))["outcome"]
    return found
