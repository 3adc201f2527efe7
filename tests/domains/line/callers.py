"""Somebody on the telephone, from the domain's side: keys in, verbs out."""

from __future__ import annotations

import io
import wave
from itertools import count

from tocsin.domains.line import calls
from tocsin.domains.line.call_state import Input, Keys
from tocsin.domains.line.house import House
from tocsin.domains.line.models import Call

HOUSE = House("Tocsin", "911", "US-CA", "America/Los_Angeles", {})
_refs = count(1)


def tone(seconds: float = 0.5) -> bytes:
    """A WAV file of 8 kHz, 16 bit silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(16000 * seconds)))
    return out.getvalue()


def rings(caller: str = "+14155550142") -> Call:
    """A new call."""
    return calls.begin("tests", f"ref-{next(_refs)}", caller, HOUSE)


def gives(call: Call, came: Input) -> Call:
    """The call after this came in, as it is in the database."""
    calls.advance(call.pk, Call.objects.get(pk=call.pk).step, came, HOUSE)
    return Call.objects.select_related("report").get(pk=call.pk)


def keys(call: Call, *entries: str) -> Call:
    """The call after these keys."""
    for digits in entries:
        call = gives(call, Keys(digits))
    return call


def log(call: Call) -> list[str]:
    """The kinds of the lines of its log, in order."""
    return list(call.log.order_by("at").values_list("kind", flat=True))
