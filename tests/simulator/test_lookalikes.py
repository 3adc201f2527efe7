"""Innocents stay on the innocent side of every threshold their scenario twin crosses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from simulator.director import Director
from simulator.geo import Point, metres
from simulator.offline import Judge, allow_all
from simulator.stage import Stage
from simulator.steps import Story
from simulator.stories import lookalikes
from tests.simulator.support import Recorded, marketplace, seconds
from tests.simulator.test_scenarios import jumps, most_within


def alone(
    story: Callable[[Stage], Story], monkeypatch: pytest.MonkeyPatch, judge: Judge = allow_all
) -> Recorded:
    """One look-alike with nobody else around."""
    monkeypatch.setattr(Director, "start", lambda self: self._scheduler.begin(story))
    return marketplace(duration_s=30_000, population=0, judge=judge)


def labels(recorded: Recorded) -> set[str]:
    return set(recorded.truth.labels.values())


@pytest.mark.parametrize("story", lookalikes.LOOKALIKES, ids=lambda s: s.__name__)
def test_each_is_labelled_innocent_and_lives_to_the_end(
    story: Callable[[Stage], Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = alone(story, monkeypatch)
    assert labels(recorded) == {story.__name__}
    assert not recorded.truth.bad
    assert recorded.events


def test_butter_fingers_has_fewer_than_five_declines(monkeypatch: pytest.MonkeyPatch) -> None:
    declined = alone(lookalikes.butter_fingers, monkeypatch).of_type("payment.declined")
    assert most_within([seconds(e) for e in declined], 600) == 3


def test_gps_drift_is_one_wild_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = alone(lookalikes.gps_drift, monkeypatch)
    assert jumps(recorded.of_type("location.ping")) == 1
    assert not any(ping["fields"]["mock"] for ping in recorded.of_type("location.ping"))


def test_tippers_do_not_bait(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(recorded: Recorded) -> int:
        return sum(
            e["fields"]["after_minor"] <= e["fields"]["before_minor"] / 4
            for e in recorded.of_type("tip.changed")
        )

    assert deep(alone(lookalikes.generous_tipper, monkeypatch)) == 0
    assert deep(alone(lookalikes.disappointed_tipper, monkeypatch)) == 1


def test_unlucky_customer_gets_back_less_than_a_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = alone(lookalikes.unlucky_customer, monkeypatch)
    back = sum(e["fields"]["amount_minor"] for e in recorded.of_type("refund.paid"))
    paid = sum(e["fields"]["amount_minor"] for e in recorded.of_type("payment.authorised"))
    assert 0 < back / paid < 0.25
    assert len(recorded.of_type("order.placed")) >= 5


def test_a_traveller_flies_no_faster_than_an_airliner(monkeypatch: pytest.MonkeyPatch) -> None:
    assert speed_km_h(alone(lookalikes.traveller, monkeypatch)) < 900


def test_a_vpn_user_really_looks_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = alone(lookalikes.vpn_user, monkeypatch)
    assert speed_km_h(recorded) > 900
    assert recorded.of_type("account.login")[1]["fields"]["network"] == "vpn"


def speed_km_h(recorded: Recorded) -> float:
    here, there = recorded.of_type("account.login")
    places = (Point(e["fields"]["lat"], e["fields"]["lon"]) for e in (here, there))
    return metres(*places) / (seconds(there) - seconds(here)) * 3.6


def test_an_office_party_is_many_orders_in_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = alone(lookalikes.office_party, monkeypatch)
    assert most_within([seconds(e) for e in recorded.of_type("order.placed")], 3600) > 3


def test_a_household_shares_a_device_and_room_mates_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def by(recorded: Recorded, event_type: str, what: str) -> Counter[str]:
        seen: dict[str, set[Any]] = {}
        for e in recorded.of_type(event_type):
            seen.setdefault(e["entities"][what], set()).add(e["entities"]["customer"])
        return Counter({key: len(people) for key, people in seen.items()})

    assert list(by(alone(lookalikes.household, monkeypatch), "order.placed", "device").values()) == [4]
    mates = alone(lookalikes.room_mates, monkeypatch)
    assert set(by(mates, "promo.redeemed", "device").values()) == {1}
    assert list(by(mates, "promo.redeemed", "address").values()) == [3]
