"""The engine's promises: first answers, late events, worst verdict, four reasons, faithful replay."""

from __future__ import annotations

import pytest

from tests.engine.builders import MEMORY, T0, decide, engine, event, rule, rules
from tocsin.engine.decisions import Action, Conflict, Outcome, Target
from tocsin.engine.engine import Engine, StateError
from tocsin.engine.events import Event
from tocsin.engine.language.ruleset import NO_RULES
from tocsin.engine.runtime.state import LANES, EngineFullError

ORDERS = 'orders = count("order.placed", per=customer, within="1h")'
THIRD = rule("orders >= 2", reason="Order {orders}.")
ALWAYS = "known(customer)"
DAY_MS = 86_400_000


def counting() -> Engine:
    return engine(ORDERS, THIRD)


def test_an_event_never_sees_itself() -> None:
    one = counting()
    verdicts = [decide(one, event(customer="c")).decision.verdict for _ in range(3)]
    assert verdicts == ["allow", "allow", "review"]


def test_events_of_one_batch_see_those_before_them() -> None:
    outcomes = counting().decide([event(customer="c") for _ in range(2 * LANES)], T0)
    verdicts = [outcome.decision.verdict for outcome in outcomes if isinstance(outcome, Outcome)]
    assert verdicts == ["allow", "allow", *["review"] * (2 * LANES - 2)]


def test_a_duplicate_gets_the_first_answer_and_changes_nothing() -> None:
    one = counting()
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


def test_a_duplicate_within_a_batch_gets_the_first_answer_too() -> None:
    one = counting()
    sent = event(customer="c", ident="a")
    other = event(customer="d", ident="a")
    first, again, conflict = one.decide([sent, sent, other], T0)
    assert isinstance(first, Outcome)
    assert isinstance(again, Outcome)
    assert (again.decision.duplicate, again.decision.seq) == (True, first.decision.seq)
    assert conflict == Conflict("a", first.decision.seq)
    assert one.seq == 1


def test_the_first_answer_outlives_a_change_of_rules() -> None:
    one = counting()
    first = decide(one, event(customer="c", ident="a")).decision
    one.switch(rules(rule(ALWAYS, verdict="block")))
    again = decide(one, event(customer="c", ident="a")).decision
    assert (again.verdict, again.rules_version, again.seq) == ("allow", first.rules_version, first.seq)


def test_an_id_with_other_content_is_a_conflict_and_changes_nothing() -> None:
    one = counting()
    decide(one, event(customer="c", ident="a"))
    before = one.snapshot()
    assert one.decide([event(customer="d", ident="a")], T0) == [Conflict("a", 1)]
    assert one.snapshot() == before


def test_an_id_is_known_for_at_least_thirty_days_and_forgotten_after_them() -> None:
    one = counting()
    old = event(customer="c", ident="old", ts=T0)
    decide(one, old)
    decide(one, event(customer="d", ts=T0 + 31 * 86_400_000))
    assert decide(one, old).decision.duplicate is True
    decide(one, event(customer="d", ts=T0 + 33 * 86_400_000))
    assert decide(one, old).decision.duplicate is False


def test_an_id_that_begins_anew_in_a_batch_does_not_change_what_was_said_before_it() -> None:
    """The first is repeated, then its days pass, then it comes again: all in one call."""
    first, later = event(customer="c", ident="a"), event(ts=T0 + 33 * DAY_MS, customer="c", ident="b")
    together = counting().decide([first, first, later, first], T0)
    singly = counting()
    assert together == [decide(singly, one) for one in (first, first, later, first)]
    told = [(one.decision.seq, one.decision.duplicate) for one in together if isinstance(one, Outcome)]
    assert told == [(1, False), (1, True), (2, False), (3, False)]


def test_a_late_event_counts_at_the_engines_clock_and_says_so() -> None:
    one = counting()
    decide(one, event(customer="c", ts=T0))
    decide(one, event(customer="d", ts=T0 + 7_200_000))
    late = decide(one, event(customer="c", ts=T0 + 1)).decision
    assert (late.late, late.verdict) == (True, "allow")
    assert one.clock == T0 + 7_200_000
    decide(one, event(customer="c", ts=T0 + 7_200_001))
    third = decide(one, event(customer="c", ts=T0 + 7_200_002)).decision
    assert (third.verdict, third.late) == ("review", False)  # the late one counts two hours later


def test_an_event_of_the_same_moment_is_not_late() -> None:
    one = counting()
    decide(one, event(customer="c", ts=T0))
    assert decide(one, event(customer="d", ts=T0)).decision.late is False


def test_the_worst_verdict_wins_and_four_reasons_are_named_worst_first() -> None:
    one = engine(
        rule(ALWAYS, "a", "watch", "S0"),
        rule(ALWAYS, "b", "review", "S3"),
        rule(ALWAYS, "c", "review", "S1"),
        rule(ALWAYS, "d", "block", "S4"),
        rule(ALWAYS, "e", "step_up", "S2"),
        rule(ALWAYS, "f", "watch", "S0"),
    )
    outcome = decide(one, event(customer="c"))
    assert outcome.decision.verdict == "block"
    assert [reason.rule for reason in outcome.decision.reasons] == ["d", "c", "b", "e"]
    assert outcome.explanation is not None
    assert [fired.rule for fired in outcome.explanation.fired] == ["d", "c", "b", "e", "a", "f"]


def test_reasons_carry_words_and_values() -> None:
    one = counting()
    for _ in range(2):
        decide(one, event(customer="c"))
    [reason] = decide(one, event(customer="c")).decision.reasons
    assert (reason.code, reason.rule, reason.text, reason.values) == ("V1", "r1", "Order 2.", {"orders": 2})


def test_actions_name_who_is_there_and_each_once() -> None:
    one = engine(
        rule(ALWAYS, "a", more="actions = [hold_order(order, card)]"),
        rule(ALWAYS, "b", more="actions = [hold_order(card)]"),
        rule(ALWAYS, "c", more="actions = [step_up(shopper)]"),
        rule(ALWAYS, "d", more="actions = [watch(sender)]"),
    )
    decision = decide(one, event(customer="c", card="k", sender="customer")).decision
    assert decision.actions == [
        Action("hold_order", Target("card", "k")),
        Action("watch", Target("customer", "c")),
    ]


@pytest.mark.parametrize("sender", ["shopper", "nobody", "id", None])
def test_an_action_without_anybody_to_act_on_is_dropped(sender: object) -> None:
    one = engine(rule(ALWAYS, more="actions = [watch(sender)]"))
    assert decide(one, event(customer="c", sender=sender)).decision.actions == []


def test_a_rule_holds_only_in_its_jurisdictions() -> None:
    one = engine(rule(ALWAYS, more='jurisdictions = ["US-CA", "FR"]'))
    asked = [None, "US", "US-CA", "US-CA-LA", "US-CAX", "FR", "DE"]
    verdicts = {region: decide(one, event(customer="c", region=region)).decision.verdict for region in asked}
    assert [region for region, verdict in verdicts.items() if verdict == "review"] == [
        "US-CA",
        "US-CA-LA",
        "FR",
    ]


def test_a_change_of_rules_keeps_counters_whose_definition_did_not_change() -> None:
    one = counting()
    for _ in range(2):
        decide(one, event(customer="c"))
    renamed = ORDERS.replace("orders =", "purchases =").replace('"1h")', '"1h", note="By another name.")')
    one.switch(rules(renamed, rule("purchases >= 2", verdict="block")))
    assert decide(one, event(customer="c")).decision.verdict == "block"


def test_features_that_read_one_thing_in_two_ways_share_its_counter() -> None:
    settings = 'of="order.placed", per=customer, within="1h")'
    texts = [f"{kind}_ = {kind}({settings}" for kind in ("since", "age", "speed", "distance")]
    texts += [f"{kind}_ = {kind}(device, {settings}" for kind in ("distinct", "others")]
    one = engine(*texts, rule(ALWAYS))
    assert len(one.plan.counters) == 3


def test_a_new_counter_begins_empty() -> None:
    one = counting()
    for _ in range(2):
        decide(one, event(customer="c"))
    one.switch(rules(ORDERS.replace('"1h"', '"24h"'), THIRD))
    assert decide(one, event(customer="c")).decision.verdict == "allow"


def test_a_replay_says_the_same_through_changes_of_rules_and_in_other_batches() -> None:
    other = rules(ORDERS, rule("orders >= 1", "other", "block"))
    log: list[Event] = [
        event(customer=f"c{number % 3}", ts=T0 + number * 400_000 - (number % 7) * 900_000)
        for number in range(40)
    ]
    live, again = counting(), counting()
    expected = [outcome for one in log[:20] for outcome in live.decide([one], 7)]
    live.switch(other)
    expected += [outcome for one in log[20:] for outcome in live.decide([one], 7)]
    replayed = again.decide(log[:20], 7)
    again.switch(other)
    replayed += again.decide(log[20:], 7)
    assert replayed == expected
    more = [event(customer=f"c{number % 3}", ts=T0 + 16_000_000 + number) for number in range(30)]
    assert again.decide(more, 7) == live.decide(more, 7)


LABELS = """
on_watch = labelled(customer, "watched")
sure = confidence(customer, "watched")
stolen = listed(card, "stolen_cards")
"""


def test_labels_and_lists_hold_until_they_end_or_are_taken_away() -> None:
    one = engine(LABELS, rule("on_watch and sure >= 60", "label"), rule("stolen", "list"))

    def fired(ts: int, **who: str) -> list[str]:
        outcome = decide(one, event(ts=ts, **who))
        return [found.rule for found in outcome.explanation.fired] if outcome.explanation else []

    assert fired(T0, customer="c", card="k") == []
    decide(one, event("label.set", T0 + 1, customer="c", label="watched", until=T0 + 1000, confidence=70))
    decide(one, event("list.added", T0 + 2, list="stolen_cards", value="k"))
    assert fired(T0 + 3, customer="c", card="k") == ["label", "list"]
    assert fired(T0 + 3, customer="d", card="j") == []
    assert fired(T0 + 999, customer="c") == ["label"]
    assert fired(T0 + 1000, customer="c", card="k") == ["list"]
    decide(one, event("list.removed", T0 + 1001, list="stolen_cards", value="k"))
    decide(one, event("label.set", T0 + 1001, customer="c", label="watched", confidence=10))
    assert fired(T0 + 1002, customer="c", card="k") == []


def test_one_list_may_be_asked_about_several_values_of_an_event() -> None:
    lists = 'by_card = listed(card, "stolen")\nby_device = listed(device, "stolen")'
    one = engine(lists, rule("by_card", "card"), rule("by_device", "device"))
    decide(one, event("list.added", T0, list="stolen", value="d1"))
    outcome = decide(one, event(ts=T0 + 1, card="k1", device="d1"))
    assert outcome.explanation is not None
    assert [found.rule for found in outcome.explanation.fired] == ["device"]


def test_a_label_set_before_a_rule_asked_for_it_is_known() -> None:
    one = counting()
    decide(one, event("label.set", T0, customer="c", label="watched"))
    one.switch(rules(LABELS, rule("on_watch", "label")))
    assert decide(one, event(ts=T0 + 1, customer="c")).decision.verdict == "review"


LINKS = "together = linked_accounts()\nremoved = removed_nearby()"


def linked(one: Engine, **who: str) -> tuple[object, object]:
    outcome = decide(one, event("account.login", **who))
    assert outcome.explanation is not None
    return outcome.explanation.features["together"], outcome.explanation.features["removed"]


def test_accounts_that_share_instruments_hang_together() -> None:
    one = engine(LINKS, rule("together >= 1 or removed >= 0", on='"account.login"'))
    assert linked(one, customer="a", device="d1") == (1, 0)
    assert linked(one, customer="b", device="d1") == (2, 0)  # as if it had joined: itself and a
    assert linked(one, customer="c", card="k") == (1, 0)
    assert linked(one, customer="c", card="k", device="d1") == (3, 0)
    assert linked(one, shopper="a") == (1, 0)  # a shopper and a customer are two
    decide(one, event("account.removed", customer="a"))
    assert linked(one, customer="b") == (3, 1)
    assert linked(one, customer="new", device="d1") == (4, 1)
    assert linked(one, customer="c", card="k") == (4, 1)  # they share d1
    decide(one, event("account.reinstated", customer="a"))
    assert linked(one, customer="new") == (4, 0)


def test_what_very_many_use_joins_nobody() -> None:
    one = engine(LINKS, rule("together >= 1 or removed >= 0", on='"account.login"'))
    for number in range(12):
        linked(one, customer=f"c{number}", device="tablet")
    assert linked(one, customer="later", device="tablet") == (1, 0)
    decide(one, event("instrument.shared", device="kiosk"))
    linked(one, customer="x", device="kiosk")
    assert linked(one, customer="y", device="kiosk") == (1, 0)


def test_idle_rows_are_dropped_and_nobody_can_tell() -> None:
    one = engine('orders = count("order.placed", per=customer, within="5m")', rule("orders >= 1"))
    for number in range(20_000):
        decide(one, event(customer=f"c{number}", ts=T0 + number * 1000))
    assert one.sizes()["rows"] < 10_000
    assert decide(one, event(customer="c19999", ts=T0 + 20_000_000)).decision.verdict == "review"


def test_a_full_memory_is_said_and_nothing_is_decided_on_it() -> None:
    one = Engine(rules(ORDERS, THIRD), memory_limit=700_000)
    events = [event(customer=f"c{number}") for number in range(5_000)]
    with pytest.raises(EngineFullError, match="memory limit"):
        one.decide(events, T0)


def test_a_snapshot_of_another_format_is_refused() -> None:
    with pytest.raises(StateError, match="not a snapshot"):
        Engine.restore(b"\xc1", MEMORY)
    with pytest.raises(StateError, match="format None"):
        Engine.restore(b"\x80", MEMORY)


def test_sets_of_no_rules_can_be_continued() -> None:
    one = Engine(NO_RULES, MEMORY)
    assert decide(one, event(customer="c")).decision.verdict == "allow"
    again = Engine.restore(one.snapshot(), MEMORY)
    assert again.rules_version == "none"
