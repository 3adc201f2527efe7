"""From the body of a request to events that may be decided. All of a batch is accepted, or none of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from tocsin.engine.decisions import utc
from tocsin.engine.events import Event, EventError, nearest, parse_event
from tocsin.engine.schema import Schema
from tocsin.surfaces.decide.problems import Problem, wrong_fields

FUTURE_MS: Final = 5 * 60 * 1000
PAST_MS: Final = 30 * 24 * 3600 * 1000
MAX_ERRORS: Final = 20

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])


class Item(NamedTuple):
    """A checked event and the bytes it came in."""

    event: Event
    raw: bytes


class Times(NamedTuple):
    """Which event times are acceptable now. All in milliseconds.

    `replay`: historic data may be older than 30 days, but not older than 30 days before the engine's clock:
    it would be counted at a time long after its own.
    """

    now: int
    engine: int
    replay: bool

    def refuse(self, ts: int) -> str | None:
        """Why this time cannot be accepted, or None."""
        if ts > self.now + FUTURE_MS:
            return f"{utc(ts)} is more than five minutes ahead of our clock ({utc(self.now)})."
        if not self.replay and ts < self.now - PAST_MS:
            return f"{utc(ts)} is more than 30 days ago. History needs Tocsin-Replay: 1 and the scope replay."
        if ts < self.engine - PAST_MS:
            return (
                f"{utc(ts)} is more than 30 days before the last event decided ({utc(self.engine)}). Replay "
                "history from its beginning, in order, into a home of its own."
            )
        return None


class Submission(NamedTuple):
    """What one request asks. `batch`: it came as {"events": […]} and is answered as {"decisions": […]}."""

    items: list[Item]
    batch: bool


def read_submission(body: bytes, times: Times, batch_limit: int, schema: Schema | None = None) -> Submission:
    """Events are checked against a schema. Raises Problem 400 (not JSON) or 422 (wrong fields)."""
    with suppress(EventError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        event = parse_event(body, schema)  # nearly always it is one event, and nothing is wrong
        if times.refuse(event.ts) is None:
            return Submission([Item(event, body)], False)
    try:
        plain = _object.decode(body)
    except msgspec.ValidationError:
        raise wrong_fields([{"path": "", "message": "Expected one event as a JSON object."}]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error) from None
    if "events" not in plain:
        return Submission(_read([msgspec.Raw(body)], times, "", schema), False)
    return Submission(_read(_events(plain, batch_limit), times, "events[{n}]", schema), True)


def _events(plain: dict[str, msgspec.Raw], batch_limit: int) -> list[msgspec.Raw]:
    if len(plain) > 1:
        names = [name[:64] for name in plain if name != "events"][:MAX_ERRORS]
        hints = [
            {"path": name, "message": f"No such name here.{nearest(name, ['events'])}"} for name in names
        ]
        raise wrong_fields(hints)
    try:
        events = _array.decode(plain["events"])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise wrong_fields([{"path": "events", "message": "Expected a list of events."}]) from None
    if not 1 <= len(events) <= batch_limit:
        message = f"Expected 1 to {batch_limit} events, found {len(events)}."
        raise wrong_fields([{"path": "events", "message": message}])
    return events


def _read(raws: list[msgspec.Raw], times: Times, where: str, schema: Schema | None) -> list[Item]:
    items: list[Item] = []
    errors: list[dict[str, str]] = []
    for number, raw in enumerate(raws):
        prefix = where.format(n=number)
        data = bytes(raw)
        try:
            event = parse_event(data, schema)
        except EventError as error:
            errors.append({"path": _join(prefix, error.path), "message": error.message})
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _not_json(error) from None
        else:
            if message := times.refuse(event.ts):
                errors.append({"path": _join(prefix, "ts"), "message": message})
            items.append(Item(event, data))
        if len(errors) == MAX_ERRORS:
            break
    if errors:
        raise wrong_fields(errors)
    return items


def _join(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix and path else prefix or path


def _not_json(error: Exception) -> Problem:
    why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return Problem(
        400,
        "malformed",
        "The body is not JSON",
        f"Nothing was decided or stored. The body could not be read as UTF-8 JSON: {why[:200]}.",
    )
