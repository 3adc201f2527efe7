"""Reads the documents of the call flow: the portable subset of TwiML that ``twiml.py`` writes."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import msgspec

#: Longer documents than the flow ever writes.
_MOST_BYTES = 64 * 1024


class BadDocument(Exception):
    """It is not a document we can follow."""


class Say(msgspec.Struct, frozen=True):
    language: str
    text: str


class Gather(msgspec.Struct, frozen=True):
    says: tuple[Say, ...]
    digits: int
    timeout_s: float
    finish: str
    action: str


class Record(msgspec.Struct, frozen=True):
    longest_s: float
    silence_s: float
    finish: str
    beep: bool
    action: str
    recording: str


class Pause(msgspec.Struct, frozen=True):
    seconds: float


class Redirect(msgspec.Struct, frozen=True):
    address: str


class Enqueue(msgspec.Struct, frozen=True):
    wait: str
    action: str


class Leave(msgspec.Struct, frozen=True):
    pass


class Hangup(msgspec.Struct, frozen=True):
    pass


Verb = Say | Gather | Record | Pause | Redirect | Enqueue | Leave | Hangup


def read(content: bytes) -> tuple[Verb, ...]:
    """What the document says to do, in order.

    Raises:
        BadDocument: it is too long, is not TwiML, or has a verb or a value we do not know.
    """
    if len(content) > _MOST_BYTES or b"<!" in content:
        raise BadDocument("a document should be short, and without a document type")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  (no document type, so no entities)
        return tuple(_verb(one) for one in root)
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise BadDocument(f"{type(error).__name__}: {error}") from error


def _verb(one: Element) -> Verb:
    match one.tag:
        case "Say":
            return _say(one)
        case "Gather":
            return Gather(
                says=tuple(_say(each) for each in one.iter("Say")),
                digits=int(one.attrib["numDigits"]),
                timeout_s=float(one.attrib["timeout"]),
                finish=one.attrib["finishOnKey"],
                action=one.attrib["action"],
            )
        case "Record":
            return Record(
                longest_s=float(one.attrib["maxLength"]),
                silence_s=float(one.attrib["timeout"]),
                finish=one.attrib["finishOnKey"],
                beep=one.attrib["playBeep"] == "true",
                action=one.attrib["action"],
                recording=one.attrib["recordingStatusCallback"],
            )
        case "Pause":
            return Pause(float(one.attrib.get("length", "1")))
        case "Redirect":
            return Redirect((one.text or "").strip())
        case "Enqueue":
            return Enqueue(wait=one.attrib["waitUrl"], action=one.attrib["action"])
        case "Leave":
            return Leave()
        case "Hangup":
            return Hangup()
    raise BadDocument(f"the verb {one.tag} is not in the part of TwiML we use")


def _say(one: Element) -> Say:
    return Say(language=one.attrib["language"].split("-")[0], text=one.text or "")
