"""The engine at work: the rules that come with Tocsin, a real log on disk, and its shipping."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

import tocsin
from tests.engine.builders import decide, wire
from tests.engine.sealing import codec, key_of
from tocsin.domains.detection.logread import reader
from tocsin.domains.detection.ship import Reader
from tocsin.engine.engine import Engine
from tocsin.engine.events import parse_event
from tocsin.engine.language.ruleset import RuleSet, load_folder
from tocsin.engine.log import LogWriter
from tocsin.engine.log.frames import EVENT, RULES
from tocsin.engine.log.records import event_payload, rules_payload

PACKAGED = load_folder(Path(tocsin.__file__).parent / "data" / "rules")


class Desk:
    """An engine that writes its log as the decide host does, one event a commit."""

    def __init__(self, folder: Path, **log: Any) -> None:
        self.log = LogWriter(folder, codec(), **log)
        self.engine = Engine(PACKAGED)
        self.now = time.time_ns() // 1_000_000
        self._log_rules()
        self.read: Reader = reader(folder, key_of)

    def switch(self, rules: RuleSet) -> None:
        """Go on with other rules."""
        self.engine.switch(rules)
        self._log_rules()

    def _log_rules(self) -> None:
        rules = self.engine.rules
        self.log.append(RULES, rules_payload(self.now, rules.version, dict(rules.sources)))
        self.log.commit()

    def tell(self, what: str, *, late_ms: int = 0, **told: Any) -> str:
        """Decide one event and log it; returns the verdict. ``late_ms``: how long ago it happened."""
        self.now += 1000
        region = told.pop("region", None)
        plain = wire(what, ts=self.now - late_ms, **told) | ({"region": region} if region else {})
        raw = msgspec.json.encode(plain)
        outcome = decide(self.engine, parse_event(raw), at=self.now)
        answer = msgspec.json.encode(outcome.decision)
        self.log.append(EVENT, event_payload(self.now, "k1", raw, answer, outcome.explanation))
        self.log.commit()
        return str(outcome.decision.verdict)

    def test_cards(self, customer: str = "c-1", cards: int = 5, device: str = "phone", **more: Any) -> str:
        """Try stolen cards on one device; from the fourth on they are blocked."""
        verdict = ""
        for number in range(cards):
            verdict = self.tell(
                "payment.declined", customer=customer, card=f"{device}-card-{number}", device=device,
                amount_minor=100, currency="USD", **more,
            )  # fmt: skip
        return verdict
