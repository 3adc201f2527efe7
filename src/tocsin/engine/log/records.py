"""What a log record holds.

Event record (JSON): received_at (ms), key (id of the API key that sent it), event (exactly the bytes that
were sent), decision (exactly the bytes that were answered), explain (null when no rule fired).
Rules record (JSON): received_at (ms), version, sources (file name -> text): from here on these rules apply.
"""

from __future__ import annotations

import msgspec

from tocsin.engine.decisions import Decision, Explanation
from tocsin.engine.events import Event, read_event
from tocsin.engine.log.frames import EVENT, Frame


class _EventPayload(msgspec.Struct):
    received_at: int
    key: str
    event: msgspec.Raw
    decision: msgspec.Raw
    explain: Explanation | None = None


class _RulesPayload(msgspec.Struct):
    received_at: int
    version: str
    sources: dict[str, str]


class EventRecord(msgspec.Struct, frozen=True):
    """An event and its decision at `seq`, the position in the log. `received_at`: wall clock in milliseconds.

    `raw`: the JSON object as the marketplace sent it. `decision_json`: the JSON object it was answered with.
    """

    seq: int
    received_at: int
    key: str
    raw: bytes
    decision_json: bytes
    explain: Explanation | None

    def event(self) -> Event:
        return read_event(self.raw)

    def decision(self) -> Decision:
        return msgspec.json.decode(self.decision_json, type=Decision)


class RulesRecord(msgspec.Struct, frozen=True):
    """From position `seq` on these rules apply. `sources`: file name -> text, the whole set."""

    seq: int
    received_at: int
    version: str
    sources: dict[str, str]


Record = EventRecord | RulesRecord

_encoder = msgspec.json.Encoder()
_events = msgspec.json.Decoder(_EventPayload)
_rules = msgspec.json.Decoder(_RulesPayload)


def event_payload(
    received_at: int, key: str, raw: bytes, decision_json: bytes, explain: Explanation | None
) -> bytes:
    payload = _EventPayload(received_at, key, msgspec.Raw(raw), msgspec.Raw(decision_json), explain)
    return _encoder.encode(payload)


def rules_payload(received_at: int, version: str, sources: dict[str, str]) -> bytes:
    return _encoder.encode(_RulesPayload(received_at, version, sources))


def decode(frame: Frame) -> Record:
    if frame.kind == EVENT:
        p = _events.decode(frame.payload)
        return EventRecord(frame.position, p.received_at, p.key, bytes(p.event), bytes(p.decision), p.explain)
    r = _rules.decode(frame.payload)
    return RulesRecord(frame.position, r.received_at, r.version, r.sources)
