"""The few things a story can ask of the scheduler. A story is a generator that yields them.

    answer = yield Say(event, actor)     tell Tocsin and wait for its verdict
    yield Wait(30)                       let time pass
    number = yield Tell(report)          file a report and wait for its number
    yield Begin(make)                    start another story beside this one

When Tocsin has locked the actor, cancelled the order or parted the pair, the next `Say` raises `Refused`
inside the story: the marketplace obeys, whatever the story had in mind.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.events import Event, Report
from simulator.model import Ref

if TYPE_CHECKING:
    from simulator.stage import Stage


class Refused(Exception):
    """The marketplace will not carry this out, because Tocsin asked it not to."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Let `seconds` of wall-clock time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Send one event. With `wait` the story gets an `Answer`; without, it goes on at once.

    `actor` is whose doing it is. `bad` marks the deed of a planted scenario. `honest` says whether the
    person at the keys could pass a step-up. `system` is the marketplace's own doing, which nothing refuses.
    """

    event: Event
    actor: Ref
    wait: bool = True
    bad: bool = False
    honest: bool = True
    system: bool = False


@dataclass(frozen=True, slots=True)
class Tell:
    """File a report; the story gets its number, or None when it could not be filed."""

    report: Report


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Add to a report that has a number: look up its status, then say something more."""

    number: str
    text: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Say how a verification of an order went; nobody waits for the reply."""

    order_id: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Begin:
    """Start another story with a stage of its own, sharing this one's plant if `same_plant`."""

    make: Callable[[Stage], Story]
    same_plant: bool = False


Step = Wait | Say | Tell | FollowUp | Verify | Begin
Story = Generator[Step, Any, None]
