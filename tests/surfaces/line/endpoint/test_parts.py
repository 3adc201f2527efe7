"""The parts of the telephone, each by itself: documents, limits, the waiting room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tocsin.domains.line import verbs
from tocsin.surfaces.line.endpoint import document
from tocsin.surfaces.line.endpoint.document import BadDocument, read
from tocsin.surfaces.line.endpoint.leg import HungUp
from tocsin.surfaces.line.endpoint.limits import Limits
from tocsin.surfaces.line.endpoint.waiting import WaitingRoom
from tocsin.surfaces.line.twiml import Addresses, render, safe_document

TO = Addresses("https://x/step/", "https://x/left/", "https://x/recording/")


def test_every_verb_the_flow_writes_is_understood() -> None:
    written = (
        verbs.Say("goodbye"),
        verbs.Gather((verbs.Say("welcome"), verbs.Say("welcome", "es")), digits=16, timeout_s=10),
        verbs.Record(),
        verbs.Enqueue(),
        verbs.Leave(),
        verbs.Hangup(),
    )
    understood = read(render(written, "en", {}, TO))
    said, gather, redirect, record, again, enqueue, leave, hangup = understood
    assert isinstance(said, document.Say)
    assert isinstance(gather, document.Gather)
    assert (gather.digits, gather.timeout_s, gather.finish, gather.action) == (16, 10, "#", TO.step)
    assert [one.language for one in gather.says] == ["en", "es"]
    assert redirect == again == document.Redirect(TO.step)
    assert record == document.Record(180, 8, "*#", True, TO.step, TO.recording)
    assert enqueue == document.Enqueue(TO.step, TO.left)
    assert (leave, hangup) == (document.Leave(), document.Hangup())
    assert isinstance(read(safe_document("Tocsin", "911"))[-1], document.Hangup)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not XML",
        b"<Response><Say>no language</Say></Response>",
        b'<Response><Dial>+1900555</Dial></Response>',
        b'<Response><Gather numDigits="many" timeout="1" finishOnKey="#" action="x"/></Response>',
        b'<!DOCTYPE r [<!ENTITY a "b">]><Response><Hangup/></Response>',
        b"<Response>" + b"<Hangup/>" * 10_000 + b"</Response>",
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(BadDocument):
        read(content)


def test_a_flood_from_one_address_leaves_the_others_alone() -> None:
    now = [0.0]
    limits = Limits({"192.0.2.9"}, 120, now=lambda: now[0])
    assert [limits.enters("192.0.2.1") for _ in range(10)] == [True] * 8 + [False] * 2
    assert limits.enters("192.0.2.2")
    for _ in range(12):
        limits.leaves("192.0.2.1")
        assert limits.enters("192.0.2.1")
    limits.leaves("192.0.2.1")
    assert not limits.enters("192.0.2.1"), "twenty in a row are enough"
    now[0] = 2.0
    assert limits.enters("192.0.2.1")
    assert [limits.enters("192.0.2.9") for _ in range(120)] == [True] * 108 + [False] * 12
    assert limits.enters("192.0.2.3"), "a trunk, or who says they are one, leaves room"


class Ear:
    """A leg in this process: what is played to it is in ``heard``, what it says goes to who listens."""

    def __init__(self, ref: str) -> None:
        self.ref, self.caller = ref, ""
        self.heard: list[bytes] = []
        self.gone = asyncio.Event()
        self.listener: Callable[[bytes], None] | None = None

    def play(self, pcm: bytes) -> None:
        self.heard.append(pcm)

    def hush(self) -> None:
        return

    async def played(self) -> None:
        return

    async def key(self, patience_s: float) -> str:
        await self.gone.wait()
        raise HungUp

    def listen(self, hear: Callable[[bytes], None] | None) -> None:
        self.listener = hear

    async def hang_up(self) -> None:
        self.gone.set()


def test_a_person_takes_somebody_who_waits_and_both_hear_each_other() -> None:
    async def story() -> None:
        room, caller, person = WaitingRoom(), Ear("call"), Ear("person")
        place = room.enter(caller)
        assert (len(room), room.find("call"), room.find("other")) == (1, place, None)
        talking = asyncio.create_task(place.bridge(person))
        await place.answered()
        await asyncio.sleep(0)
        assert caller.listener is not None
        assert person.listener is not None
        caller.listener(b"help")
        person.listener(b"I am here")
        assert (caller.heard, person.heard) == ([b"I am here"], [b"help"])
        person.gone.set()
        await talking
        await place.over()
        assert (caller.listener, person.listener) == (None, None)
        room.leave(place)
        assert room.find("call") is None

    asyncio.run(story())
