"""Every pack that ships compiles, and no number stands without its source."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.core.clocks.arithmetic import due_at
from tocsin.core.clocks.spec import ClockSpec
from tocsin.core.packs import PackError, compile_clocks, load_packs, packaged, resolve
from tocsin.core.packs.loader import read_pack
from tocsin.core.packs.rules import RULES, rule_for
from tocsin.core.packs.schema import Number, values_of

FOLDER = files("tocsin") / "data" / "packs"
LA, NY = "America/Los_Angeles", "America/New_York"
SHIPPED = ["EU", "US", "US-CA", "US-CO", "US-NY-NYC", "US-WA-SEA", "default"]
MEMBERS = set(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()  # noqa: SIM905
)


def bare_numbers(node: Any, path: str = "") -> Iterator[str]:
    """Paths of numbers that stand outside of a table with a source and a mark."""
    if isinstance(node, dict):
        cited = {"source", "mark"} <= node.keys()
        for key, value in node.items():
            if isinstance(value, bool) or (cited and isinstance(value, int | float)):
                continue
            yield from bare_numbers(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from bare_numbers(value, f"{path}[{index}]")
    elif isinstance(node, int | float):
        yield path


def test_these_packs_ship() -> None:
    assert sorted(packaged().packs) == SHIPPED
    assert {member.id for member in packaged().packs["EU"].members} == MEMBERS


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_has_a_source_and_a_mark(name: str) -> None:
    raw = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    assert list(bare_numbers(raw)) == []
    values = values_of(packaged().packs[name])
    assert values
    assert all(one.source.strip() and one.mark in "VSRD" for one in values.values())


@pytest.mark.parametrize("name", SHIPPED)
def test_every_pack_compiles_to_clocks_with_authority(name: str) -> None:
    pack = packaged().packs[name]
    clocks = compile_clocks(pack)
    deadlines = [
        path for path, one in values_of(pack).items() if isinstance(one, Number) and rule_for(path).clock
    ]
    assert [clock.name for clock in clocks] == deadlines
    for clock in clocks:
        assert (clock.authority.pack, clock.authority.path) == (name, clock.name)
        assert clock.authority.source
        assert clock.starts
        assert (clock.kind == "legal") == (clock.authority.mark != "D")
        assert clock.kind != "legal" or clock.pause == "never"
        assert due_at(datetime(2026, 3, 7, 20, tzinfo=UTC), clock, "America/Los_Angeles")


def test_recalled_numbers_ask_for_counsel_and_only_those() -> None:
    marks = {
        (pack.id, path): (one.mark, one.verify_with_counsel)
        for pack in packaged().packs.values()
        for path, one in values_of(pack).items()
    }
    assert all(flagged == (mark == "R") for mark, flagged in marks.values())
    assert marks["US-NY-NYC", "deactivation.reasons"] == ("R", True)
    assert marks["US-CO", "deactivation.trigger"] == ("V", False)
    assert marks["EU", "privacy.answer"] == ("R", True)


def test_law_that_was_not_read_in_full_says_so() -> None:
    for name in ("US-NY-NYC", "US-WA-SEA", "US-CO", "US-CA", "EU", "US", "default"):
        assert packaged().packs[name].open_points
        assert packaged().packs[name].counsel == ""


def test_every_path_of_every_pack_has_a_rule_and_every_rule_a_path() -> None:
    used = {path for pack in packaged().packs.values() for path in values_of(pack)}
    for path in used:
        rule_for(path)
    families = {path.rpartition(".")[0] + ".*" for path in used}
    unused = {path for path in RULES if path not in used and path not in families}
    # Response objectives exist for every severity; not every severity has every one of them.
    assert {path for path in unused if not path.startswith("response.")} == {"vetting.lookback"}


def clock(region: str, name: str, on: date = date(2026, 12, 31)) -> ClockSpec:
    found = resolve(packaged(), home=region, on=on).clock(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("region", "name", "received", "zone", "due"),
    [
        # California, request on Thursday 21 May 2026: Memorial Day is not counted.
        ("US-CA", "privacy.acknowledge", "2026-05-21T15:00", LA, "2026-06-05T23:59:59"),
        ("US-CA", "privacy.answer", "2026-05-21T15:00", LA, "2026-07-05T23:59:59"),
        ("FR", "privacy.answer", "2026-05-21T15:00", "Europe/Paris", "2026-06-21T23:59:59"),
        ("US-CO", "deactivation.trigger", "2026-03-07T12:00", "America/Denver", "2026-03-10T13:00:00"),
        ("US-CO", "deactivation.publish_lead", "2026-03-01T09:00", "America/Denver", "2026-03-31T23:59:59"),
        (
            "US-WA-SEA",
            "deactivation.challenge",
            "2026-01-01T09:00",
            "America/Los_Angeles",
            "2026-04-01T23:59:59",
        ),
        (
            "US-NY-NYC",
            "deactivation.economic_notice",
            "2026-01-30T09:00",
            "America/New_York",
            "2026-05-30T23:59:59",
        ),
        # Five business days over the 11 November holiday, not over the 27th, which only other states keep.
        ("US-CA", "vetting.wait", "2026-11-06T09:00", LA, "2026-11-16T23:59:59"),
        ("US-NY-NYC", "vetting.wait", "2026-11-20T09:00", NY, "2026-11-30T23:59:59"),
        ("US-CA", "vetting.wait", "2026-11-20T09:00", LA, "2026-12-01T23:59:59"),
        ("DE", "privacy.breach_authority", "2026-10-23T18:00", "Europe/Berlin", "2026-10-26T17:00:00"),
        ("DE", "le.order_emergency", "2026-10-23T18:00", "Europe/Berlin", "2026-10-24T02:00:00"),
        ("US-TX", "response.S2.update", "2026-07-02T18:00", "America/Chicago", "2026-07-07T23:59:59"),
        ("GB", "response.S2.update", "2026-07-02T18:00", "Europe/London", "2026-07-06T23:59:59"),
    ],
)
def test_worked_deadlines(region: str, name: str, received: str, zone: str, due: str) -> None:
    start = datetime.fromisoformat(received).replace(tzinfo=ZoneInfo(zone))
    found = due_at(start.astimezone(UTC), clock(region, name), zone)
    assert found.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S") == due


def test_extensions_are_part_of_the_clock() -> None:
    spec = clock("DE", "privacy.answer")
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)
    granted = due_at(start, spec, "Europe/Berlin", extended=spec.extension)
    assert granted == datetime(2026, 4, 30, 21, 59, 59, tzinfo=UTC)


def test_response_objectives() -> None:
    objectives = resolve(packaged(), home="US-CA", on=date(2026, 6, 1))
    shown = {
        clock.name.removeprefix("response."): (clock.amount, clock.basis, clock.kind)
        for clock in objectives.clocks()
        if clock.name.startswith("response.")
    }
    assert shown == {
        "S0.answer_phone": (20, "seconds", "internal"),
        "S0.answer": (60, "seconds", "internal"),
        "S0.protect": (5, "minutes", "internal"),
        "S0.owner": (5, "minutes", "internal"),
        "S0.update": (30, "minutes", "promise"),
        "S1.answer": (15, "minutes", "internal"),
        "S1.lock": (60, "seconds", "internal"),
        "S1.protect": (15, "minutes", "internal"),
        "S1.owner": (1, "hours", "internal"),
        "S1.update": (4, "hours", "promise"),
        "S2.answer": (4, "hours", "internal"),
        "S2.protect": (0, "calendar_days", "internal"),
        "S2.owner": (24, "hours", "internal"),
        "S2.update": (2, "business_days", "promise"),
        "S3.answer": (24, "hours", "internal"),
        "S3.owner": (2, "business_days", "internal"),
        "S3.update": (5, "business_days", "promise"),
        "S4.route": (5, "minutes", "internal"),
    }


SOUND = """
id = "X"
name = "X"
version = "1"
effective = 2026-01-01
sources = ["x"]
[[calendars]]
id = "X"
source = "x"
[privacy]
answer = { value = 45, unit = "day", basis = "calendar", source = "a law", mark = "V" }
"""


@pytest.mark.parametrize(
    ("change", "by", "complaint"),
    [
        ('source = "a law", ', "", "missing required field `source`"),
        ('"a law"', '" "', "needs its source"),
        ('mark = "V"', 'mark = "X"', "mark"),
        ("value = 45", "value = -1", "not negative"),
        ("value = 45", 'value = "45"', "Expected `int`"),
        ('basis = "calendar"', 'basis = "elapsed"', "cannot have the basis"),
        ("answer = {", "answers = {", "unknown field `answers`"),
        ('answer = { value = 45, unit = "day"', 'answer = { value = 45, days = 1, unit = "day"', "days"),
        ('"X"\nname', '"Y"\nname', "must be called Y.toml"),
        ('[[calendars]]\nid = "X"\nsource = "x"', "calendars = []", "at least one calendar"),
        ('source = "x"\n[pr', 'source = "x"\ncountry = "Nowhere"\n[pr', "Nowhere"),
        ('source = "x"\n[pr', 'source = "x"\nweekend = ["payday"]\n[pr', "weekend"),
        ("id =", "id = =", "Invalid"),
    ],
)
def test_packs_that_do_not_hold_together_are_refused(change: str, by: str, complaint: str) -> None:
    assert read_pack(SOUND.encode(), "X.toml").id == "X"
    assert change in SOUND
    with pytest.raises(PackError, match=complaint):
        read_pack(SOUND.replace(change, by).encode(), "X.toml")


def test_a_folder_without_defaults_is_refused(tmp_path: Any) -> None:
    (tmp_path / "X.toml").write_text(SOUND)
    with pytest.raises(PackError, match="no pack called default"):
        load_packs(tmp_path)


def test_two_calendars_with_one_name_are_refused(tmp_path: Any) -> None:
    (tmp_path / "X.toml").write_text(SOUND)
    (tmp_path / "default.toml").write_text(SOUND.replace('id = "X"\nname', 'id = "default"\nname'))
    with pytest.raises(PackError, match="same id"):
        load_packs(tmp_path)
