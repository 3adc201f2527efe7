"""Documents for telephones: the portable subset of TwiML. A document is rendered for one caller and is never
stored, because it may speak their PIN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from tocsin.domains.line.prompts import worded
from tocsin.domains.line.verbs import FINISH, Enqueue, Gather, Hangup, Leave, Record, Say, Verb

#: What carriers call the voices we ask for.
VOICES = {"en": "en-US", "es": "es-MX"}
QUEUE = "safety"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a telephone goes on: with keys or a statement, after the queue, and with a recording."""

    step: str
    left: str
    recording: str


def render(verbs: tuple[Verb, ...], language: str, values: Mapping[str, str], addresses: Addresses) -> bytes:
    """The document that does ``verbs``. Everything that waits for the caller goes on to the next step even if
    nothing comes."""
    root = Element("Response")

    def say(parent: Element, one: Say) -> None:
        tongue, text = worded(one, language, values)
        SubElement(parent, "Say", language=VOICES.get(tongue, tongue)).text = text

    for verb in verbs:
        _add(root, verb, addresses, say)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def safe_document(brand: str, emergency_number: str, language: str = "en") -> bytes:
    """What is said when we cannot go on; needs nothing but the prompts."""
    values = {"brand": brand, "emergency_number": ", ".join(emergency_number)}
    return render((Say("fault"), Hangup()), language, values, Addresses("", "", ""))


def _add(root: Element, verb: Verb, to: Addresses, say: Callable[[Element, Say], None]) -> None:
    match verb:
        case Say():
            say(root, verb)
        case Gather():
            gather = SubElement(
                root, "Gather", input="dtmf", numDigits=str(verb.digits), timeout=str(verb.timeout_s),
                finishOnKey=FINISH, action=to.step, method="POST",
            )  # fmt: skip
            for one in verb.says:
                say(gather, one)
            _go_on(root, to.step)
        case Record():
            SubElement(
                root, "Record", maxLength=str(verb.longest_s), timeout=str(verb.silence_s),
                finishOnKey=verb.finish, playBeep="true", trim="do-not-trim", action=to.step, method="POST",
                recordingStatusCallback=to.recording, recordingStatusCallbackMethod="POST",
            )  # fmt: skip
            _go_on(root, to.step)
        case Enqueue():
            SubElement(
                root, "Enqueue", waitUrl=to.step, waitUrlMethod="POST", action=to.left, method="POST"
            ).text = QUEUE
        case Leave():
            SubElement(root, "Leave")
        case Hangup():
            SubElement(root, "Hangup")


def _go_on(root: Element, address: str) -> None:
    SubElement(root, "Redirect", method="POST").text = address
