"""What the line tells a telephone to do: the part of TwiML that every carrier understands, without addresses.

A prompt is named, not worded: wording is data (``prompts.py``), and what is secret in it (the PIN) is put in
when the document is rendered, so that neither a stored step nor a log holds it.
"""

from __future__ import annotations

import msgspec

#: Keys that end an entry of several digits.
FINISH = "#"


class Say(msgspec.Struct, frozen=True, tag=True):
    """Speak a prompt; in the language of the call unless another is named."""

    prompt: str
    language: str = ""


class Gather(msgspec.Struct, frozen=True, tag=True):
    """Speak, and take keys meanwhile. ``digits`` is how many are enough; ``timeout_s`` is the longest pause
    between two. No keys at all comes back as an empty entry."""

    says: tuple[Say, ...]
    digits: int = 1
    timeout_s: int = 6


class Record(msgspec.Struct, frozen=True, tag=True):
    """Record what is said until a key of ``finish``, ``silence_s`` of silence, ``longest_s`` or the
    hang-up."""

    longest_s: int = 180
    silence_s: int = 8
    finish: str = "*#"


class Enqueue(msgspec.Struct, frozen=True, tag=True):
    """Wait for a specialist. What is heard meanwhile is asked for again and again."""


class Leave(msgspec.Struct, frozen=True, tag=True):
    """Leave the queue and go on."""


class Hangup(msgspec.Struct, frozen=True, tag=True):
    """End the call."""


Verb = Say | Gather | Record | Enqueue | Leave | Hangup
