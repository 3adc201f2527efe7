"""What the line tells the case of a call: somebody waits, is owed a call, or gave up waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.outbox.registry import on
from tocsin.domains.cases import opening, timeline

_ME = system("line")
_RUNG_BACK_FROM = "S0"


@on("line.waiting", "line.tell_case_of_waiting")
def somebody_waits(data: Mapping[str, Any]) -> None:
    """A caller took a place in the queue."""
    _tell(data, "The caller waits on the line for a person")


@on("line.call_back_asked", "line.tell_case_of_call_back")
def call_back_is_owed(data: Mapping[str, Any]) -> None:
    """A caller was promised a call."""
    _tell(data, "The caller is owed a call back, at the place in the queue they had")


@on("line.abandoned", "line.tell_case_of_abandoned")
def somebody_gave_up(data: Mapping[str, Any]) -> None:
    """A caller hung up while waiting."""
    rung_back = data["severity"] == _RUNG_BACK_FROM
    _tell(data, "The caller hung up while waiting for a person" + (", and is rung back" if rung_back else ""))


def _tell(data: Mapping[str, Any], summary: str) -> None:
    with act(_ME, "line.tell_case") as work:
        case = opening.for_report(work, data["report"])
        timeline.add(work, case, "line", summary, refs={"call": data["call"]})
