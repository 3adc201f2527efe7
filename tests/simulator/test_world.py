"""The marketplace is the same for the same seed, speaks the contract, and holds nobody's real data."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from simulator.geo import Point, metres
from simulator.places import data
from simulator.scenarios import choose
from tests.simulator.support import Recorded, marketplace, seconds
from tocsin.engine.events import parse_event

FASTEST_CAR_KM_H = 120.0
TAXONOMY = Path(__file__).parents[2] / "src/tocsin/data/taxonomy/codes"


def busy(seed: int = 7, speed: float = 600) -> Recorded:
    return marketplace(
        seed=seed,
        speed=speed,
        duration_s=900,
        rate=10.0,
        scenarios=choose("all"),
        every_s=30,
        report_every_s=5,
    )


def test_same_seed_same_stream_and_another_seed_another() -> None:
    first, again, other = busy(), busy(), busy(seed=8)
    assert first.lines == again.lines
    assert [plant.events for plant in first.truth.plants] == [plant.events for plant in again.truth.plants]
    assert len(first.events) > 3_000
    assert first.events != other.events


def test_every_event_is_one_the_engine_accepts() -> None:
    for event in busy().events:
        parse_event(json.dumps(event).encode())


def test_ids_are_unique_and_time_never_runs_back() -> None:
    events = busy().events
    ids = [event["id"] for event in events]
    assert len(set(ids)) == len(ids)
    times = [event["ts"] for event in events]
    assert times == sorted(times)


def test_ordinary_life_settles_at_the_asked_rate() -> None:
    recorded = marketplace(duration_s=3_000, rate=10.0, report_every_s=0, population=200)
    late = [e for e in recorded.events if seconds(e) > seconds(recorded.events[0]) + 1_000]
    span = seconds(late[-1]) - seconds(late[0])
    assert 8.5 < len(late) / span < 11.5


def test_every_order_is_told_from_start_to_one_end() -> None:
    recorded = marketplace(duration_s=1_500, rate=5.0, report_every_s=0)
    placed = {e["entities"]["order"]: seconds(e) for e in recorded.of_type("order.placed")}
    delivered = [e["entities"]["order"] for e in recorded.of_type("order.delivered")]
    cancelled = [e["entities"]["order"] for e in recorded.of_type("order.cancelled")]
    ends = delivered + cancelled
    assert len(ends) == len(set(ends))
    assert set(ends) <= set(placed)
    long_ago = seconds(recorded.events[-1]) - 600
    assert {order for order, at in placed.items() if at < long_ago} <= set(ends)


def test_honest_phones_move_at_the_speed_of_cars_whatever_the_pace() -> None:
    recorded = marketplace(duration_s=1_200, speed=10_000, rate=10.0, report_every_s=0, lookalike_share=0.0)
    last: dict[str, tuple[float, Point]] = {}
    checked = 0
    for ping in recorded.of_type("location.ping"):
        shopper, at = ping["entities"]["shopper"], seconds(ping)
        here = Point(ping["fields"]["lat"], ping["fields"]["lon"])
        if shopper in last:
            before, there = last[shopper]
            checked += 1
            assert at > before
            assert metres(here, there) / (at - before) * 3.6 < FASTEST_CAR_KM_H
        last[shopper] = (at, here)
        assert ping["fields"]["mock"] is False
    assert checked > 1_000


def test_people_are_invented() -> None:
    entities = busy().lines["entities"]
    people = [
        e["attributes"]
        for e in entities
        if e["kind"] in ("customer", "shopper") and "email" in e["attributes"]
    ]
    assert len(people) > 300
    for person in people:
        assert re.fullmatch(r"\+1\d{3}55501\d\d", person["phone"])
        assert person["email"].split("@")[1] in ("example.com", "example.org", "example.net")
    assert len({p["email"] for p in people}) == len(people)
    assert {p["language"] for p in people} >= {"en", "es", "zh", "vi", "ar", "uk"}
    assert {p["region"] for p in people} == {"US-WA", "US-CA", "US-NY", "US-CO"}


def test_no_card_number_is_anywhere() -> None:
    recorded = busy()
    for lines in recorded.lines.values():
        for line in lines:
            assert not re.search(r"(?<![\d.])\d{13,19}(?!\d)", json.dumps(line)), line
    cards = [e["attributes"] for e in recorded.lines["entities"] if e["kind"] == "payment_instrument"]
    assert cards
    assert all(set(card) == {"owner", "fingerprint", "brand", "last4"} for card in cards)


def test_money_is_whole_minor_units_with_a_currency() -> None:
    for event in busy().events:
        money = {name: value for name, value in event["fields"].items() if name.endswith("_minor")}
        assert all(type(value) is int and value >= 0 for value in money.values()), event
        assert not money or event["fields"]["currency"] == "USD"


def test_reports_speak_two_languages_and_sometimes_forget_facts() -> None:
    reports = marketplace(duration_s=4_000, rate=4.0, report_every_s=5.0).lines["reports"]
    assert len(reports) > 400
    assert {report["language"] for report in reports} == {"en", "es"}
    assert {report["reporter"]["kind"] for report in reports} == {
        "customer", "shopper", "bystander", "store_staff", "anonymous",
    }  # fmt: skip
    assert len({code for report in reports for code in report["codes"]}) >= 30
    assert any(not report["codes"] for report in reports)
    assert 0.1 < sum("order" not in report for report in reports) / len(reports) < 0.4
    assert not any("{" in report["narrative"] for report in reports)
    assert len({report["external_id"] for report in reports}) == len(reports)
    anonymous = [report for report in reports if report["reporter"]["kind"] in ("anonymous", "bystander")]
    assert all(set(report["reporter"]) == {"kind"} for report in anonymous)


def test_every_telling_uses_a_code_of_the_taxonomy_and_words_in_both_languages() -> None:
    known = {code for file in TAXONOMY.glob("*.toml") for code in _codes(file)}
    tellings = data("reports.json")["tellings"]
    assert len(tellings) >= 35
    for telling in tellings:
        assert telling["code"] in known
        assert telling["en"] != telling["es"]


def _codes(file: Path) -> list[str]:
    return [entry["code"] for entry in tomllib.loads(file.read_text(encoding="utf-8"))["codes"]]
