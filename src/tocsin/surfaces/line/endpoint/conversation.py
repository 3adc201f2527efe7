"""One call: does what the documents say, one after the other, until somebody hangs up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from tocsin.surfaces.line.endpoint import document as twiml
from tocsin.surfaces.line.endpoint.document import BadDocument, Verb
from tocsin.surfaces.line.endpoint.leg import HungUp, Leg
from tocsin.surfaces.line.endpoint.recorder import Recorder, beep
from tocsin.surfaces.line.endpoint.spool import Spool, Take
from tocsin.surfaces.line.endpoint.waiting import WaitingRoom
from tocsin.surfaces.line.endpoint.webhooks import WebAway, Webhooks, WebRefused
from tocsin.surfaces.line.speech.speaker import Speaker

log = logging.getLogger(__name__)

#: More documents than any call needs: twenty in every state, and the longest wait.
_MOST_DOCUMENTS = 400
#: How often we look whether the caller is done.
_LOOK_S = 0.1
#: What was said just before a key arrives after it.
_UNDER_WAY_S = 0.15


@dataclass(frozen=True)
class Lost:
    """The sentences for when we cannot go on: what to say before a message is taken, after it, and when none
    can be."""

    message: str
    kept: str
    fault: str


@dataclass(frozen=True)
class House:
    """What all conversations share. ``lost`` by language."""

    web: Webhooks
    speaker: Speaker
    spool: Spool
    room: WaitingRoom
    lost: Mapping[str, Lost]


@dataclass(frozen=True)
class Step:
    """Where to go on, with what."""

    address: str
    fields: dict[str, str] = field(default_factory=dict)


class _Left(Exception):
    """The caller left the queue by a key."""


class Conversation:
    """The life of one call."""

    def __init__(self, leg: Leg, house: House) -> None:
        self._leg = leg
        self._house = house
        self._call = {"CallSid": leg.ref, "From": leg.caller}
        self._language = "en"
        self._documents = 0

    async def run(self) -> None:
        """From the first document to the end. The end is told even if nobody listens at the moment, or we are
        killed before it."""
        over = {**self._call, "CallStatus": "completed"}
        with self._house.spool.afterwards(self._house.web.door("status"), over), suppress(HungUp):
            try:
                await self._talk()
            except OSError:
                log.exception("%s cannot go on, and nothing can be kept", self._leg.ref)
                await self._say_last(self._lost.fault)

    async def _talk(self) -> None:
        try:
            await self._follow(Step(self._house.web.door("call")))
        except (WebAway, WebRefused, BadDocument) as error:
            log.error("%s cannot go on and leaves a message: %s", self._leg.ref, error)
            await self._take_message()

    async def _follow(self, step: Step | None) -> None:
        """Fetch and do documents until one leads nowhere."""
        while step is not None:
            self._documents += 1
            if self._documents > _MOST_DOCUMENTS:
                raise BadDocument("this call was sent around in circles")
            content = await self._house.web.ask(step.address, {**self._call, **step.fields})
            step = await self._do(twiml.read(content))

    async def _do(self, verbs: Iterable[Verb]) -> Step | None:
        for verb in verbs:
            match verb:
                case twiml.Say():
                    await self._say([verb])
                    await self._leg.played()
                case twiml.Gather():
                    if keys := await self._gather(verb):
                        return Step(verb.action, {"Digits": keys})
                case twiml.Record():
                    return await self._record(verb)
                case twiml.Pause(seconds):
                    await self._leg.played()
                    await asyncio.sleep(seconds)
                case twiml.Redirect(address):
                    return Step(address)
                case twiml.Enqueue():
                    return Step(verb.action, {"QueueResult": await self._wait(verb)})
                case twiml.Leave():
                    raise _Left
                case twiml.Hangup():
                    return None
        return None

    async def _say(self, says: Iterable[twiml.Say]) -> None:
        """Play sentences after each other; does not wait for their end."""
        for say in says:
            self._language = say.language
            try:
                self._leg.play(await self._house.speaker.say(say.language, say.text))
            except Exception:
                # somebody who hears nothing can still press a key and speak after the tone
                log.exception("a sentence could not be spoken")

    async def _gather(self, gather: twiml.Gather) -> str:
        """Keys, as many as are asked for, or those before the finish key or a long pause. The first one ends
        what is being said."""
        await self._say(gather.says)
        keys = ""
        while len(keys) < gather.digits:
            key = await self._leg.key(gather.timeout_s)
            self._leg.hush()
            if not key or key == gather.finish:
                break
            keys += key
        return keys

    async def _record(self, record: twiml.Record) -> Step:
        await self._leg.played()
        take = self._house.spool.begin(record.recording, self._call)
        try:
            key = await self._listen(take, record)
        finally:
            self._leg.listen(None)
            self._house.spool.close(take)
        return Step(record.action, {"RecordingDuration": f"{take.seconds:.3f}", "Digits": key})

    async def _listen(self, take: Take, record: twiml.Record) -> str:
        """Record until the caller is done; the key that ended it."""
        recorder = Recorder(take, longest_s=record.longest_s, silence_s=record.silence_s)
        # from the beginning of the tone, so that nobody who speaks right after it loses a syllable
        self._leg.listen(recorder.hear)
        if record.beep:
            self._leg.play(beep())
        while not recorder.done:
            key = await self._leg.key(_LOOK_S)
            if key and key in record.finish:
                await asyncio.sleep(_UNDER_WAY_S)
                return key
        return ""

    async def _wait(self, enqueue: twiml.Enqueue) -> str:
        """Wait for a person; how it ended: ``bridged`` or ``leave``. Meanwhile the wait's own documents are
        heard."""
        place = self._house.room.enter(self._leg)
        hearing = asyncio.create_task(self._follow(Step(enqueue.wait)))
        answered = asyncio.create_task(place.answered())
        try:
            await asyncio.wait({hearing, answered}, return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                hearing.cancel()
                self._leg.hush()
                await place.over()
                return "bridged"
            await hearing
        except _Left:
            return "leave"
        finally:
            hearing.cancel()
            answered.cancel()
            self._house.room.leave(place)
        return "leave"

    async def _take_message(self) -> None:
        """Without the web process: what the caller says is kept here, and handed over when it is back."""
        lost = self._lost
        await self._say([twiml.Say(self._language, lost.message)])
        door = self._house.web.door("message")
        record = twiml.Record(180, 8, "#", beep=True, action="", recording=door)
        self._call["Language"] = self._language
        await self._record(record)
        await self._say_last(lost.kept)

    @property
    def _lost(self) -> Lost:
        return self._house.lost.get(self._language) or self._house.lost["en"]

    async def _say_last(self, text: str) -> None:
        await self._say([twiml.Say(self._language, text)])
        await self._leg.played()
