"""Asks the web process, by the same signed webhooks as every carrier."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx

from tocsin.surfaces.line.carriers import BUILT_IN, form_signature

log = logging.getLogger(__name__)

#: How long one answer may take, and how long we go on asking while a caller hears nothing.
_ANSWER_S, _PATIENCE_S = 4.0, 6.0
_AGAIN_S = 0.25
_SIGNATURE = "X-Twilio-Signature"


class WebAway(Exception):
    """Nobody answers, or not as agreed. What was to be said is not lost: ask again later."""


class WebRefused(Exception):
    """The web process does not take this, now or later."""


class Webhooks:
    """``address`` is where the web process listens; ``public_url`` is what addresses in documents begin with,
    and what signatures are made over. No other address is ever asked."""

    def __init__(self, address: str, public_url: str, secret: str) -> None:
        self._door = f"{public_url}/line/{BUILT_IN}/"
        self._public_url = public_url
        self._secret = secret
        self._client = httpx.AsyncClient(base_url=address, timeout=_ANSWER_S, trust_env=False)

    async def __aenter__(self) -> Webhooks:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def door(self, name: str) -> str:
        """An address of the line: ``call``, ``status``, ``message``."""
        return f"{self._door}{name}/"

    async def ask(self, url: str, fields: Mapping[str, str]) -> bytes:
        """The document for a caller who waits. Steps can be asked for twice: they move the call once.

        Raises:
            WebAway: no answer came while one can wait. WebRefused: the answer is no.
        """
        give_up = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            try:
                return await self.send(url, fields)
            except WebAway as error:
                if asyncio.get_running_loop().time() > give_up:
                    raise
                log.warning("the web process does not answer (%s); asking again", error)
                await asyncio.sleep(_AGAIN_S)

    async def send(self, url: str, fields: Mapping[str, str], recording: bytes = b"") -> bytes:
        """One webhook, with a recording (WAV) or without. Raises as ``ask``."""
        if not url.startswith(self._door):
            raise WebRefused("a document named an address that is not ours")
        headers = {_SIGNATURE: form_signature(url, fields.items(), self._secret)}
        more: dict[str, Any] = (
            {"files": {"Recording": ("recording.wav", recording, "audio/wav")}} if recording else {}
        )
        try:
            answer = await self._client.post(
                url.removeprefix(self._public_url), data=dict(fields), headers=headers, **more
            )
        except httpx.TransportError as error:
            raise WebAway(type(error).__name__) from error
        if answer.is_success:
            return answer.content
        if answer.is_client_error and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            raise WebRefused(f"{answer.status_code}: {answer.text[:200]}")
        raise WebAway(str(answer.status_code))
