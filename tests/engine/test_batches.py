"""Whatever the size of a batch, each event gets its own answer; and so it does from history in columns."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.builders import MEMORY, T0, event, rule, rules
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.runtime import history
from tocsin.engine.vocabulary import VERDICTS

RULES = rules(
    'orders = count("order.placed", per=customer, within="1h")',
    'logins = count("account.login", per=customer, within="1h")',
    'slow = count("order.placed", per=shopper, within="1h", where=response_ms >= 40)',
    rule("response_ms >= 40", "at_least_40", "watch"),
    rule("not response_ms >= 40", "below_40", "step_up", on='["order.placed", "account.login"]'),
    rule("response_ms < 7 or orders >= 30", "few_or_many", "review"),
    rule("slow >= 8 and response_ms == 41", "often_slow", "block", on='["order.placed", "account.login"]'),
    rule("logins >= 25", "many_logins", "watch"),  # counted where nobody reads it
    rule("response_ms == 3 or accuracy_m > 0.5", "closed", "review", more='fail = "closed"'),
)
EVENTS = [
    event(
        ("order.placed", "account.login", "tip.changed")[number % 3],
        T0 + number * 1_000,
        f"e{number}",
        customer=f"c{number % 5}",
        shopper=f"s{number % 2}",
        **({} if number % 11 == 0 else {"response_ms": number % 47}),
    )
    for number in range(600)
]


def plainly(events: list[Event]) -> list[set[str]]:
    """Which rules fire on each event, by their plain meaning, for as long as no window ends."""
    orders: Counter[str | None] = Counter()
    logins: Counter[str | None] = Counter()
    slow: Counter[str | None] = Counter()
    answers = []
    for one in events:
        taken = one.fields.get("response_ms")
        placed, login = one.type == "order.placed", one.type == "account.login"
        known = isinstance(taken, int)
        answers.append({
            name
            for name, holds in {
                "at_least_40": placed and known and taken >= 40,
                "below_40": (placed or login) and known and taken < 40,
                "few_or_many": placed and ((known and taken < 7) or orders[one.entities.customer] >= 30),
                "often_slow": (placed or login) and slow[one.entities.shopper] >= 8 and taken == 41,
                "many_logins": placed and logins[one.entities.customer] >= 25,
                "closed": placed,  # accuracy_m is unknown, and that counts as met
            }.items()
            if holds
        })  # fmt: skip
        orders[one.entities.customer] += placed
        logins[one.entities.customer] += login
        slow[one.entities.shopper] += placed and known and taken >= 40
    return answers


EXPECTED = plainly(EVENTS)


def verdict(fired: set[str]) -> str:
    """The worst verdict of these rules."""
    return max((RULES.rules[name].verdict for name in fired), key=VERDICTS.index, default="allow")


def test_the_events_try_every_rule_and_none() -> None:
    assert set().union(*EXPECTED) == set(RULES.rules)
    assert set() in EXPECTED


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 128, 200, 256, 600])
def test_each_event_of_a_batch_gets_its_own_answer(size: int) -> None:
    engine = Engine(RULES, MEMORY)
    for start in range(0, len(EVENTS), size):
        outcomes = engine.decide(EVENTS[start : start + size], T0)
        for outcome, expected in zip(outcomes, EXPECTED[start : start + size], strict=True):
            assert isinstance(outcome, Outcome)
            fired = {one.rule for one in outcome.explanation.fired} if outcome.explanation else set()
            assert (fired, outcome.decision.verdict) == (expected, verdict(expected))


@pytest.mark.parametrize("watched", [False, True])
def test_history_in_columns_says_the_same_and_leaves_out_what_it_has_seen(watched: bool) -> None:
    engine = Engine(RULES, MEMORY)
    twice = [*EVENTS[:300], *EVENTS[250:300], *EVENTS[300:], *EVENTS[590:]]
    expected = [*EXPECTED[:300], *[None] * 50, *EXPECTED[300:], *[None] * 10]
    names = [one.id for one in engine.plan.order]
    seen: dict[int, set[str]] = {}

    def look(start: int, lanes: int, places: history.Whole) -> None:
        assert min(places) >= start
        fired = engine.bench.fired(lanes)
        for lane, place in enumerate(places.tolist()):
            assert engine.bench.fired_at(lane) == fired[:, lane].nonzero()[0].tolist()
            seen[place] = {names[number] for number in engine.bench.fired_at(lane)}

    outcomes = history.run(engine, history.encode(engine.plan, twice), look if watched else None)
    assert [VERDICTS[rank] for rank in outcomes.verdicts] == [verdict(fired or set()) for fired in expected]
    hits = Counter(name for fired in EXPECTED for name in fired)
    assert dict(zip(names, outcomes.hits.tolist(), strict=True)) == hits
    assert (outcomes.repeated, engine.seq, engine.clock) == (60, 600, EVENTS[-1].ts)
    if watched:
        assert seen == {place: fired for place, fired in enumerate(expected) if fired is not None}
