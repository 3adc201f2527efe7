"""Fifty days of a small marketplace: a payment every quarter of an hour, and labels that arrive five days
after the frauds."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from tests.engine.builders import wire
from tests.engine.sealing import codec, key_of
from tocsin.core.ids import new_id
from tocsin.domains.detection.logread import reader
from tocsin.domains.detection.models import Label
from tocsin.domains.detection.ship import ship_once
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import parse_event
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.log import LogWriter
from tocsin.engine.log.frames import EVENT
from tocsin.engine.log.frames import RULES as RULES_RECORD
from tocsin.engine.log.records import event_payload, rules_payload

START: Final = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
NOW: Final = START + dt.timedelta(days=50)
DELAY: Final = dt.timedelta(days=5)
EVERY: Final = dt.timedelta(minutes=15)
PAYMENTS: Final = 4800
#: How old an event has to be for silence to say that it was genuine.
QUIET: Final = dt.timedelta(days=10)
STOLEN: Final = "FRD-C.stolen_payment"

TEXT: Final = """defaults(owner="fraud", purpose="p", legal_basis="l")
payments_7d = count("payment.authorised", per=customer, within="7d")
paid_24h = sum(amount_minor, of="payment.authorised", per=customer, within="24h")
danger = score("danger")
guess = score("guess")


class dangerous(Rule):
    "A model says so"

    on = "payment.authorised"
    when = danger >= 0.5 or guess >= 0.99
    verdict = "review"
    severity = "S3"
    code = "O1"
    clause = "FRD-C.stolen_payment"
    reason = "It looks like a stolen payment."


class large(Rule):
    "A large payment"

    on = "payment.authorised"
    when = amount_minor >= 19000 and payments_7d >= 0 and paid_24h >= 0
    verdict = "watch"
    severity = "S4"
    code = "O1"
    clause = "FRD-C.stolen_payment"
    reason = "It is large."
"""


def model_text(inputs: list[str], **more: object) -> str:
    """A model yet to be trained."""
    labels = {"fraud": [STOLEN], "of": ["order", "customer"], "genuine_after_days": QUIET.days}
    return json.dumps({"on": ["payment.authorised"], "inputs": inputs, "labels": labels} | more)


SOURCES: Final = {
    "a.rules": TEXT,
    "danger.model.json": model_text(["amount_minor", "payments_7d", "paid_24h", "hour"]),
    "guess.model.json": model_text(["payments_7d", "hour"]),
}
RULES: Final[RuleSet] = load(SOURCES)


class Marketplace:
    """What was paid, and which of it was fraud (order -> when): most large payments, and few others."""

    def __init__(self, folder: Path) -> None:
        self.read = reader(folder, key_of)
        self.frauds: dict[str, dt.datetime] = {}
        chance = Random(5)
        raw = [self._pay(number, chance) for number in range(PAYMENTS)]
        with_times = [(_ms(time_of(number)), one) for number, one in enumerate(raw)]
        self._decide(folder, with_times)

    def ship(self) -> None:
        """Everything that was decided."""
        while ship_once(self.read):
            pass

    def label(self) -> None:
        """Write down what became known, when it did."""
        known = {order: at + DELAY for order, at in self.frauds.items() if at + DELAY < NOW}
        Label.objects.bulk_create([label(order, at) for order, at in known.items()])

    def _pay(self, number: int, chance: Random) -> bytes:
        amount, order = chance.randrange(1000, 20000), f"order-{number}"
        if chance.random() < (0.85 if amount > 14000 else 0.03):
            self.frauds[order] = time_of(number)
        return msgspec.json.encode(
            wire(
                "payment.authorised", ts=_ms(time_of(number)), customer=f"c-{chance.randrange(60)}",
                order=order, amount_minor=amount, currency="USD",
            )
        )  # fmt: skip

    def _decide(self, folder: Path, events: list[tuple[int, bytes]]) -> None:
        engine, log = Engine(RULES), LogWriter(folder, codec())
        log.append(RULES_RECORD, rules_payload(events[0][0], RULES.version, dict(RULES.sources)))
        outcomes = engine.decide([parse_event(raw) for _, raw in events], [at for at, _ in events])
        for (at, raw), outcome in zip(events, outcomes, strict=True):
            assert isinstance(outcome, Outcome)
            answer = msgspec.json.encode(outcome.decision)
            log.append(EVENT, event_payload(at, "k1", raw, answer, outcome.explanation))
        log.commit()
        log.close()


def time_of(number: int) -> dt.datetime:
    """When a payment was made."""
    return START + number * EVERY


def _ms(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)


def label(order: str, at: dt.datetime, name: str = STOLEN, kind: str = "order") -> Label:
    """A label that arrived then."""
    return Label(
        id=new_id("lbl"), object_kind=kind, object_id=order, label=name, source="tests", confidence=1.0, at=at
    )
