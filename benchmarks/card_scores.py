"""Scoring decided card payments against the labels that were known by then."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tocsin.engine.decisions import Decision

DAY_MS = 86_400_000
K = 100  # cards an investigation team can look at in a day
WARM_UP_DAYS = 21  # before that too few labels are known to judge a day
WEEK = 7
DELAY_DAYS = 7  # how long a fraud stays unknown
KNOWN_DAYS = 14  # a customer whose fraud, of the last two weeks, is known is no discovery
AMOUNT_THRESHOLD_MINOR = 22_000
FLAGGED = frozenset({"review", "block"})


class Payment(NamedTuple):
    """One row. `ts` in ms; `fraud`: 1, 0, or None where the label is not published."""

    number: int
    ts: int
    customer: int
    terminal: int
    amount_minor: int
    fraud: int | None


class Decided(NamedTuple):
    """A payment, what was said, and how likely fraud was by what was known at that moment (0 to 1)."""

    payment: Payment
    verdict: str
    rules: frozenset[str]
    score: float

    @property
    def day(self) -> int:
        return self.payment.ts // DAY_MS


class Weigher:
    """Gives each decision a score for ranking: how often payments with the same rules turned out to be fraud,
    counting only labels known at that moment."""

    def __init__(self, delay_ms: int) -> None:
        self.decided: list[Decided] = []
        self._delay_ms = delay_ms
        self._seen: Counter[frozenset[str]] = Counter()
        self._bad: Counter[frozenset[str]] = Counter()
        self._unknown: deque[Decided] = deque()

    def take(self, payment: Payment, known: bool, decision: Decision) -> None:
        if known:
            return
        while self._unknown and self._unknown[0].payment.ts + self._delay_ms <= payment.ts:
            old = self._unknown.popleft()
            if old.payment.fraud is not None:
                self._seen[old.rules] += 1
                self._bad[old.rules] += old.payment.fraud
        rules = frozenset(reason.rule for reason in decision.reasons)
        prior = _PRIOR[decision.verdict]
        score = (self._bad[rules] + 4 * prior) / (self._seen[rules] + 4)
        made = Decided(payment, decision.verdict, rules, score)
        self.decided.append(made)
        self._unknown.append(made)


_PRIOR = {"allow": 0.002, "watch": 0.05, "step_up": 0.1, "review": 0.3, "block": 0.8}


@dataclass
class Alarm:
    """How one way of choosing payments did."""

    name: str
    flagged: int
    caught: int
    frauds: int
    money: float

    @property
    def precision(self) -> float:
        return self.caught / self.flagged if self.flagged else 0.0

    @property
    def recall(self) -> float:
        return self.caught / self.frauds if self.frauds else 0.0

    def plain(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "flagged": self.flagged,
            "caught": self.caught,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "fraud_money_caught": round(self.money, 4),
        }


@dataclass
class Report:
    """Everything a run found out."""

    events: int
    seconds: float
    payments: int
    first: str
    last: str
    labelled: int
    frauds: int
    verdicts: dict[str, int]
    alarms: list[Alarm] = field(default_factory=list)
    rules: list[Alarm] = field(default_factory=list)
    days: int = 0
    card_precision: dict[str, float] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "events_per_second": round(self.events / self.seconds, 1),
            "payments": self.payments,
            "first_day": self.first,
            "last_day": self.last,
            "verdicts": self.verdicts,
            "judged": {"payments": self.labelled, "frauds": self.frauds, "days": self.days},
            "alarms": [alarm.plain() for alarm in self.alarms],
            "rules": [alarm.plain() for alarm in self.rules],
            f"card_precision_at_{K}": {name: round(value, 4) for name, value in self.card_precision.items()},
        }

    def lines(self) -> list[str]:
        rate = self.events / self.seconds
        lines = [
            f"{self.payments:,} payments from {self.first} to {self.last}",
            f"{self.events:,} events in {self.seconds:.1f} s over HTTP, each durable: {rate:,.0f} events/s",
            "verdicts: " + ", ".join(f"{verdict} {count:,}" for verdict, count in self.verdicts.items()),
            "",
            f"Judged: {self.labelled:,} payments with a label known by the end; {self.frauds:,} were fraud.",
            f"{'':44}{'flagged':>9}{'caught':>8}{'precision':>11}{'recall':>8}{'of money':>10}",
            *map(_row, self.alarms),
            "",
            "By rule (a payment may count for several):",
            *map(_row, self.rules),
        ]
        if self.days:
            lines += [
                "",
                f"Card precision@{K}, mean of {self.days} days in whole weeks:",
                *(f"  {name:<42}{value:>9.3f}" for name, value in self.card_precision.items()),
            ]
        return lines


def _row(alarm: Alarm) -> str:
    counts = f"{alarm.flagged:>9,}{alarm.caught:>8,}"
    return f"  {alarm.name:<42}{counts}{alarm.precision:>11.3f}{alarm.recall:>8.3f}{alarm.money:>10.3f}"


def report(decided: list[Decided], events: int, seconds: float) -> Report:
    """Judge what was decided by the labels that were known when the stream ended."""
    end = decided[-1].payment.ts
    known = [d for d in decided if d.payment.fraud is not None and d.payment.ts <= end - DELAY_DAYS * DAY_MS]
    made = Report(
        events=events,
        seconds=seconds,
        payments=len(decided),
        first=_date(decided[0].payment.ts),
        last=_date(end),
        labelled=len(known),
        frauds=sum(d.payment.fraud or 0 for d in known),
        verdicts=dict(Counter(d.verdict for d in decided).most_common()),
    )
    flagged = sum(d.verdict in FLAGGED for d in known)
    largest = sorted((d.payment.amount_minor for d in known), reverse=True)[flagged - 1] if flagged else 0
    made.alarms = [
        _alarm("Tocsin: block", known, lambda d: d.verdict == "block"),
        _alarm("Tocsin: review or block", known, lambda d: d.verdict in FLAGGED),
        _alarm(f"amount > {AMOUNT_THRESHOLD_MINOR / 100:.2f}", known, _above(AMOUNT_THRESHOLD_MINOR)),
        _alarm(f"amount >= {largest / 100:.2f} (as many alarms)", known, _above(largest - 1)),
    ]
    names = sorted({rule for d in known for rule in d.rules})
    made.rules = [_alarm(name, known, lambda d, name=name: name in d.rules) for name in names]  # type: ignore[misc]
    days = sorted({d.day for d in known})[WARM_UP_DAYS:]
    days = days[: len(days) // WEEK * WEEK]  # whole weeks
    made.days = len(days)
    if days:
        made.card_precision = {
            "Tocsin, ranked": card_precision(known, days, lambda d: d.score),
            "largest amount": card_precision(known, days, lambda d: d.payment.amount_minor),
            "the best there could be": card_precision(known, days, lambda d: d.payment.fraud or 0),
        }
    return made


def card_precision(known: list[Decided], days: list[int], rank: Callable[[Decided], float]) -> float:
    """Mean over days of (customers really defrauded among the K ranked highest) ÷ K, as the handbook has it.

    Judged week by week. A customer found on one day of a week is not found again on a later one; one whose
    fraud, of the two weeks before, is known by the day is no discovery.
    """
    by_day: dict[int, list[Decided]] = defaultdict(list)
    for one in known:
        by_day[one.day].append(one)
    total = 0.0
    found: set[int] = set()
    for number, day in enumerate(days):
        if number % WEEK == 0:
            found, start = set(), day
        before = range(start - KNOWN_DAYS, day - DELAY_DAYS + 1)
        no_news = {d.payment.customer for e in before for d in by_day.get(e, ()) if d.payment.fraud}
        caught = _caught(by_day[day], found | no_news, rank)
        found |= caught
        total += len(caught) / K
    return total / len(days)


def _caught(day: list[Decided], left_out: set[int], rank: Callable[[Decided], float]) -> set[int]:
    """The defrauded customers among the K with the highest-ranked payment of the day."""
    best: dict[int, float] = {}
    bad: set[int] = set()
    for one in day:
        customer = one.payment.customer
        if customer not in left_out:
            best[customer] = max(best.get(customer, 0.0), rank(one))
            bad |= {customer} if one.payment.fraud else set()
    return bad & set(sorted(best, key=lambda customer: (-best[customer], customer))[:K])


def _above(limit_minor: int) -> Callable[[Decided], bool]:
    return lambda d: d.payment.amount_minor > limit_minor


def _alarm(name: str, known: list[Decided], chosen: Callable[[Decided], bool]) -> Alarm:
    flagged = [d for d in known if chosen(d)]
    caught = [d for d in flagged if d.payment.fraud]
    frauds = [d for d in known if d.payment.fraud]
    money = sum(d.payment.amount_minor for d in frauds)
    share = sum(d.payment.amount_minor for d in caught) / money if money else 0.0
    return Alarm(name, len(flagged), len(caught), len(frauds), share)


def _date(ts: int) -> str:
    return f"{dt.datetime.fromtimestamp(ts / 1000, dt.UTC):%Y-%m-%d}"
