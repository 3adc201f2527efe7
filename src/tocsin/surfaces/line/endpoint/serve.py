"""``tocsin line``: answers the telephone until told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tocsin.domains.line.prompts import all_prompts, worded
from tocsin.domains.line.verbs import Say
from tocsin.surfaces.line.endpoint.conversation import Conversation, House, Lost
from tocsin.surfaces.line.endpoint.limits import Limits
from tocsin.surfaces.line.endpoint.sip import SipLeg, SipTelephone
from tocsin.surfaces.line.endpoint.spool import Spool
from tocsin.surfaces.line.endpoint.waiting import WaitingRoom
from tocsin.surfaces.line.endpoint.webhooks import Webhooks
from tocsin.surfaces.line.speech.lasting import lasting_sentences
from tocsin.surfaces.line.speech.speaker import Speaker
from tocsin.surfaces.line.speech.voices import has_voice

log = logging.getLogger(__name__)
_BEAT_EVERY_S = 1.0


@dataclass(frozen=True)
class LineConfig:
    """``host`` and ``port``: where SIP is answered. ``web``: where the web process listens; ``public_url``:
    what it calls itself. ``most_calls``: calls at once; more are told that we are busy. ``trunks``:
    addresses that bring the callers of a whole network. ``heartbeat``: the file that says every second how it
    goes."""

    folder: Path
    heartbeat: Path
    host: str
    port: int
    web: str
    public_url: str
    secret: str
    brand: str
    emergency_number: str
    most_calls: int
    trunks: tuple[str, ...]


def serve(config: LineConfig) -> None:
    """Run until SIGTERM or SIGINT."""
    for library in ("httpx", "baresip"):
        # below a warning they write who calls, and where to
        logging.getLogger(library).setLevel(logging.WARNING)
    for language in sorted(all_prompts()):
        if not has_voice(language):
            log.warning("no voice speaks %r here: install espeak-ng and start again", language)
    asyncio.run(_serve(config))


async def _serve(config: LineConfig) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lasting = list(lasting_sentences(config.brand, config.emergency_number))
    speaker = Speaker(config.folder / "prompts", lasting)
    async with Webhooks(config.web, config.public_url, config.secret) as web:
        spool = Spool(config.folder / "spool", web)
        room = WaitingRoom()
        house = House(web, speaker, spool, room, _when_lost(config))

        async def take(leg: SipLeg) -> None:
            await Conversation(leg, house).run()

        limits = Limits(config.trunks, config.most_calls)
        telephone = SipTelephone(take, most_calls=config.most_calls, limits=limits)
        await telephone.open(config.host, config.port)
        log.info("answering sip:safety@%s:%d", config.host, config.port)
        work = [
            asyncio.create_task(telephone.serve()),
            asyncio.create_task(spool.hand_over()),
            asyncio.create_task(_beat(config.heartbeat, telephone, spool, room)),
        ]
        preparing = asyncio.create_task(_prepare(speaker))
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*work, stopping], return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in (*work, preparing, stopping):
                one.cancel()
            await telephone.close()
            speaker.close()


async def _prepare(speaker: Speaker) -> None:
    """Speak what is said in every call before the first one asks for it; calls do not wait for this."""
    try:
        await speaker.prepare()
    except Exception:
        log.exception("the sentences could not be spoken in advance; each is spoken when it is needed")


async def _beat(file: Path, telephone: SipTelephone, spool: Spool, room: WaitingRoom) -> None:
    while True:
        told = {
            "calls": telephone.calls,
            "refused": telephone.refused,
            "waiting": len(room),
            "to_hand_over": len(spool),
        }
        draft = file.with_suffix(".tmp")
        try:
            draft.write_text(json.dumps(told))
            draft.replace(file)
        except OSError as error:
            log.error("%s cannot be written, calls go on: %s", file, error)
        await asyncio.sleep(_BEAT_EVERY_S)


def _when_lost(config: LineConfig) -> Mapping[str, Lost]:
    """What is said when we cannot go on, by language."""
    values = {"brand": config.brand, "emergency_number": ", ".join(config.emergency_number)}
    return {
        language: Lost(
            message=worded(Say("fault_message"), language, values)[1],
            kept=worded(Say("message_kept"), language, values)[1],
            fault=worded(Say("fault"), language, values)[1],
        )
        for language in all_prompts()
    }
