"""The case of a call says who waits, who is owed a call, and who gave up."""

from __future__ import annotations

import pytest

from tests.domains.line.callers import keys, rings
from tests.domains.matter import settle
from tocsin.domains.cases.models import TimelineEntry
from tocsin.domains.line import calls

pytestmark = pytest.mark.django_db


def told() -> list[str]:
    """What the line wrote into cases, in order."""
    settle()
    return list(TimelineEntry.objects.filter(kind="line").order_by("at").values_list("summary", flat=True))


def test_danger_that_hangs_up_while_waiting() -> None:
    call = keys(rings(), "*")
    assert told() == ["The caller waits on the line for a person"]
    calls.end(call.carrier, call.carrier_ref)
    assert told()[1:] == ["The caller hung up while waiting for a person, and is rung back"]


def test_a_call_that_is_owed() -> None:
    keys(rings(), "1", "1", "2", "2", "", "3", "2")
    assert told() == ["The caller is owed a call back, at the place in the queue they had"]
