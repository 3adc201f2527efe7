"""The communications log of a call: what was heard, keyed, agreed to and promised, in its order."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tocsin.core.ids import new_id
from tocsin.domains.line.call_state import CallState, Input, Keys, LeftQueue, Spoke
from tocsin.domains.line.models import Call, CallLogLine
from tocsin.domains.line.prompts import in_language
from tocsin.domains.line.verbs import Gather, Say, Verb

Kind = CallLogLine.Kind
#: Where keys are a report's number or PIN: how many there were is noted, never which.
_MASKED = ("follow_number", "follow_pin")


def write(call: Call, kind: Kind, **detail: Any) -> CallLogLine:
    """One line. The action it belongs to is in the audit chain; this is what the call was like."""
    return CallLogLine.objects.create(
        id=new_id("llog"), call=call, at=timezone.now(), kind=kind, detail=detail
    )


def write_input(call: Call, state: CallState, came: Input) -> None:
    """What the caller did."""
    match came:
        case Keys(digits):
            shown = "•" * len(digits) if state.at in _MASKED else digits[:20]
            write(call, Kind.KEYED, at=state.at, keys=shown)
        case Spoke(key):
            write(call, Kind.KEYED, at=state.at, keys=key, ended_recording=True)
        case LeftQueue(bridged):
            write(call, Kind.LEFT_QUEUE, bridged=bridged)


def write_heard(call: Call, language: str, verbs: tuple[Verb, ...]) -> None:
    """What was said to the caller, by name and version, and what was asked of the telephone."""
    heard: list[str] = []
    for verb in verbs:
        says = verb.says if isinstance(verb, Gather) else (verb,) if isinstance(verb, Say) else ()
        heard += [one.prompt for one in says]
    asks = [type(verb).__name__.lower() for verb in verbs if not isinstance(verb, Say)]
    write(call, Kind.HEARD, prompts=heard, asks=asks, **version_of(language))


def version_of(language: str) -> dict[str, str]:
    """The language and version of the prompts in force."""
    words = in_language(language)
    return {"language": words.language, "version": words.version}
