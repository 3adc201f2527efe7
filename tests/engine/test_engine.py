"""The engine's promises: first answers, late events, worst verdict, four reasons, faithful replay."""

from __future__ import annotations

import pytest

from tests.engine.builders import T0, decide, event, rule, rules
from tocsin.engine.decisions import Action, Conflict, Outcome, Target
from tocsin.engine.engine import Engine, StateError
from tocsin.engine.events import Event
from tocsin.engine.ruleset import RuleSet

ORDERS = """
[feature.orders]
kind = "count"
of = ["order.placed"]
per = ["customer"]
window = "1h"
"""
THIRD = rule('{ feature = "orders", at_least = 2 }', reason="Order {orders}.")


def engine(*texts: str) -> Engine:
    return Engine(rules(*(texts or (ORDERS, THIRD))))


def test_an_event_never_sees_itself() -> None:
    one = engine()
    verdicts = [decide(one, event(customer="c")).decision.verdict for _ in range(3)]
    assert verdicts == ["allow", "allow", "review"]


def test_a_duplicate_gets_the_first_answer_and_changes_nothing() -> None:
    one = engine()
    for _ in range(2):
        decide(one, event(customer="c"))
    third = event(customer="c", ident="third")
    first = decide(one, third, at=5)
    before = one.snapshot()
    again = decide(one, third, at=99)
    assert first.decision.verdict == "review"
    assert again.decision == type(again.decision)(
        **{f: getattr(first.decision, f) for f in first.decision.__struct_fields__ if f != "duplicate"},
        duplicate=True,
    )
    assert again.explanation is None
    assert one.snapshot() == before


def test_the_first_answer_outlives_a_change_of_rules() -> None:
    one = engine()
    first = decide(one, event(customer="c", ident="a")).decision
    one.switch(rules(rule('{ entity = "customer", present = true }', verdict="block")))
    again = decide(one, event(customer="c", ident="a")).decision
    assert (again.verdict, again.rules_version, again.seq) == ("allow", first.rules_version, first.seq)


def test_an_id_with_other_content_is_a_conflict_and_changes_nothing() -> None:
    one = engine()
    decide(one, event(customer="c", ident="a"))
    before = one.snapshot()
    assert one.decide([event(customer="d", ident="a")], T0) == [Conflict("a", 1)]
    assert one.snapshot() == before


def test_an_id_is_known_for_at_least_thirty_days() -> None:
    one = engine()
    old = event(customer="c", ident="old", ts=T0)
    decide(one, old)
    decide(one, event(customer="d", ts=T0 + 31 * 86_400_000))
    assert decide(one, old).decision.duplicate is True


def test_a_late_event_counts_at_the_engines_clock_and_says_so() -> None:
    one = engine()
    decide(one, event(customer="c", ts=T0))
    decide(one, event(customer="d", ts=T0 + 7_200_000))
    late = decide(one, event(customer="c", ts=T0 + 1)).decision
    assert (late.late, late.verdict) == (True, "allow")
    assert one.clock == T0 + 7_200_000
    decide(one, event(customer="c", ts=T0 + 7_200_001))
    third = decide(one, event(customer="c", ts=T0 + 7_200_002)).decision
    assert (third.verdict, third.late) == ("review", False)  # the late one counts two hours later


def test_an_event_of_the_same_moment_is_not_late() -> None:
    one = engine()
    decide(one, event(customer="c", ts=T0))
    assert decide(one, event(customer="d", ts=T0)).decision.late is False


def test_the_worst_verdict_wins_and_four_reasons_are_named_worst_first() -> None:
    always = '{ entity = "customer", present = true }'
    one = engine(
        rule(always, "a", "watch", "S0"),
        rule(always, "b", "review", "S3"),
        rule(always, "c", "review", "S1"),
        rule(always, "d", "block", "S4"),
        rule(always, "e", "step_up", "S2"),
        rule(always, "f", "watch", "S0"),
    )
    outcome = decide(one, event(customer="c"))
    assert outcome.decision.verdict == "block"
    assert [reason.rule for reason in outcome.decision.reasons] == ["d", "c", "b", "e"]
    assert outcome.explanation is not None
    assert [fired.rule for fired in outcome.explanation.fired] == ["d", "c", "b", "e", "a", "f"]


def test_reasons_carry_words_and_values() -> None:
    one = engine()
    for _ in range(2):
        decide(one, event(customer="c"))
    [reason] = decide(one, event(customer="c")).decision.reasons
    assert (reason.code, reason.rule, reason.text, reason.values) == ("V1", "r1", "Order 2.", {"orders": 2})


def test_actions_name_who_is_there_and_each_once() -> None:
    always = '{ entity = "customer", present = true }'
    one = engine(
        rule(always, "a", more='actions = [{ type = "hold_order", target = ["order", "card"] }]'),
        rule(always, "b", more='actions = [{ type = "hold_order", target = ["card"] }]'),
        rule(always, "c", more='actions = [{ type = "step_up", target = ["shopper"] }]'),
        rule(always, "d", more='actions = [{ type = "watch", target = ["sender"] }]'),
    )
    decision = decide(one, event(customer="c", card="k", sender="customer")).decision
    assert decision.actions == [
        Action("hold_order", Target("card", "k")),
        Action("watch", Target("customer", "c")),
    ]


@pytest.mark.parametrize("sender", ["shopper", "nobody", "id", None, 7])
def test_an_action_without_anybody_to_act_on_is_dropped(sender: object) -> None:
    one = engine(
        rule(
            '{ entity = "customer", present = true }',
            more='actions = [{ type = "watch", target = ["sender"] }]',
        )
    )
    assert decide(one, event(customer="c", sender=sender)).decision.actions == []


@pytest.mark.parametrize(("fail", "verdict"), [("open", "allow"), ("closed", "review")])
def test_a_rule_that_breaks_follows_its_fail_setting_and_the_others_go_on(
    fail: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = engine(
        ORDERS,
        rule('{ feature = "orders", at_least = 2 }', "broken", more=f'fail = "{fail}"'),
        rule('{ entity = "customer", present = true }', "whole", "watch"),
    )

    def broken(_: object) -> int:
        raise RuntimeError("boom")

    monkeypatch.setitem(one._features.readers, "orders", broken)
    outcome = decide(one, event(customer="c"))
    assert outcome.explanation is not None
    assert outcome.explanation.errors == ["broken: RuntimeError: boom"]
    assert "whole" in [fired.rule for fired in outcome.explanation.fired]
    assert outcome.decision.verdict == ("watch" if verdict == "allow" else verdict)


def test_a_change_of_rules_keeps_counters_whose_definition_did_not_change() -> None:
    one = engine()
    for _ in range(2):
        decide(one, event(customer="c"))
    renamed = ORDERS.replace("orders]", "purchases]") + 'note = "The same thing by another name."'
    one.switch(rules(renamed, rule('{ feature = "purchases", at_least = 2 }', verdict="block")))
    assert decide(one, event(customer="c")).decision.verdict == "block"


def test_features_that_read_one_thing_in_two_ways_share_its_counter() -> None:
    kinds = ["since", "age"], ["speed", "distance"], ["distinct", "others"]
    texts = []
    for kind in [kind for pair in kinds for kind in pair]:
        values = 'values = "device"\n' if kind in kinds[2] else ""
        texts.append(
            ORDERS.replace("[feature.orders]", f"[feature.{kind}]").replace('"count"', f'"{kind}"') + values
        )
    one = engine(*texts, rule('{ entity = "customer", present = true }'))
    assert len(one._features.counters) == len(kinds)


def test_a_new_counter_begins_empty() -> None:
    one = engine()
    for _ in range(2):
        decide(one, event(customer="c"))
    one.switch(rules(ORDERS.replace('"1h"', '"24h"'), THIRD))
    assert decide(one, event(customer="c")).decision.verdict == "allow"


def test_a_replay_says_the_same_through_changes_of_rules() -> None:
    other = rules(ORDERS, rule('{ feature = "orders", at_least = 1 }', "other", "block"))
    log: list[tuple[Event, int] | RuleSet] = []
    for number in range(40):
        sent = event(customer=f"c{number % 3}", ts=T0 + number * 400_000 - (number % 7) * 900_000)
        log.append((sent, T0 + number))
    log[20] = other
    live, again = engine(), engine()
    expected: list[Outcome | Conflict] = []
    for entry in log:
        if isinstance(entry, RuleSet):
            live.switch(entry)
        else:
            expected += live.decide([entry[0]], entry[1])
    assert list(again.replay(log)) == expected
    assert again.snapshot() == live.snapshot()


def test_a_snapshot_of_another_format_is_refused() -> None:
    with pytest.raises(StateError, match="not a snapshot"):
        Engine.restore(b"\xc1")
    with pytest.raises(StateError, match="format None"):
        Engine.restore(b"\x80")
