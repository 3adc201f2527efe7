"""The strictest rule wins, unless it is preempted, and every answer says who spoke."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.packs import PackSet, Resolved, packaged, resolve
from tocsin.core.packs.loader import read_pack
from tocsin.core.packs.resolve import _strictest
from tocsin.core.packs.schema import Number

ON = date(2026, 10, 1)
REGIONS = ["US-CA", "US-CO", "US-NY-NYC", "US-WA-SEA", "US-TX", "DE", "FR-75", "GB", "US-CA-LAX", ""]


def rules(home: str, place: str = "", on: date = ON) -> Resolved:
    return resolve(packaged(), home=home, place=place, on=on)


def made_up(pack_id: str, body: str) -> Any:
    head = f'id = "{pack_id}"\nname = "x"\nversion = "1"\neffective = 2026-01-01\nsources = ["x"]\n'
    calendar = f'\n[[calendars]]\nid = "{pack_id}"\nsource = "x"\n'
    return read_pack((head + calendar + body).encode(), f"{pack_id}.toml")


def with_packs(*extra: Any) -> PackSet:
    return PackSet({**packaged().packs, **{pack.id: pack for pack in extra}})


def value(found: Resolved, path: str) -> tuple[Any, str, str]:
    one = found.find(path)
    assert one is not None
    return one.value, one.authority.pack, one.authority.mark


def test_law_of_a_place_joins_the_law_of_the_home() -> None:
    both = rules("US-WA-SEA", "US-CA")
    assert both.packs == ("US-WA-SEA", "US", "default", "US-CA")
    assert both.words("deactivation.zero_tolerance") == ("SAF.impaired_driving",)
    assert both.flag("deactivation.human_only") is True
    assert both.calendar.id == "US-WA-SEA"
    assert rules("US-CA").flag("deactivation.human_only") is False
    assert rules("US-WA-SEA").words("deactivation.zero_tolerance") == ()


def test_the_strictest_value_wins_and_the_others_are_kept() -> None:
    found = rules("DE", "US-CA").find("privacy.answer")
    assert found is not None
    assert (found.value, found.cited.unit, found.authority.pack) == (1, "month", "EU")  # type: ignore[attr-defined]
    assert [(one.pack, one.near) for one in found.considered] == [
        ("EU", "home"),
        ("default", "home"),
        ("US-CA", "place"),
        ("default", "place"),
    ]
    assert found.verify_with_counsel is True


def test_where_law_and_default_agree_the_law_is_named() -> None:
    assert value(rules("US-CA"), "privacy.answer") == (45, "US-CA", "V")
    assert value(rules("US-TX"), "privacy.answer") == (45, "default", "D")


def test_longer_windows_and_notice_are_stricter() -> None:
    assert value(rules("US-NY-NYC"), "deactivation.economic_notice") == (120, "US-NY-NYC", "S")
    assert value(rules("US-WA-SEA", "US-CA"), "deactivation.records") == (4, "US-CA", "R")


def test_one_party_law_does_not_lower_our_own_consent_rule() -> None:
    assert value(rules("US-CO"), "recording_consent") == ("all_party", "default", "D")
    assert value(rules("US-CO", "US-CA"), "recording_consent") == ("all_party", "US-CA", "R")


def test_the_legal_clock_stays_visible_behind_a_stricter_promise() -> None:
    found = rules("US-NY-NYC")
    promise, law = found.clock("deactivation.reasons"), found.law("deactivation.reasons")
    assert promise is not None
    assert law is not None
    assert (promise.amount, promise.basis, promise.kind) == (24, "hours", "promise")
    assert (law.amount, law.basis, law.kind) == (72, "hours", "legal")
    assert found.law("appeals.decide") is None
    assert found.law("no.such.path") is None


def test_emergency_numbers_are_those_of_the_place() -> None:
    assert value(rules("DE", "US-CA"), "emergency_numbers.emergency") == ("911", "US", "R")
    assert value(rules("US-CA", "DE"), "emergency_numbers.emergency") == ("112", "EU", "R")
    assert value(rules("US-CA", "DE"), "emergency_numbers.crisis")[0] == "988"


def test_languages_of_the_home_member_are_added() -> None:
    assert rules("BE").words("languages") == ("nl", "fr", "de", "en", "es")
    assert rules("US-CA").words("languages") == ("en", "es")


def test_values_wait_for_their_day() -> None:
    assert rules("DE", on=date(2026, 12, 1)).flag("deactivation.human_only") is False
    assert rules("DE", on=date(2026, 12, 2)).flag("deactivation.human_only") is True
    assert rules("US-WA-SEA", on=date(2027, 5, 31)).flag("deactivation.just_cause") is False
    assert rules("US-WA-SEA", on=date(2027, 6, 1)).flag("deactivation.just_cause") is True
    assert rules("US-NY-NYC", on=date(2026, 1, 16)).find("deactivation.economic_notice") is None


CITY = """
[deactivation]
notice = { value = 60, unit = "day", basis = "calendar", source = "a made-up city law", mark = "V" }
[privacy]
answer = { value = 5, unit = "day", basis = "calendar", source = "a made-up city law", mark = "V" }
"""


def test_a_state_may_preempt_its_cities_in_one_section() -> None:
    packs = with_packs(made_up("US-CA-LAX", CITY))
    found = resolve(packs, home="US-CA-LAX", on=ON)
    assert found.preempted == ("US-CA-LAX:deactivation",)
    assert value(found, "deactivation.notice") == (14, "default", "D")
    assert value(found, "privacy.answer") == (5, "US-CA-LAX", "V")
    # Another state's city is out of reach.
    elsewhere = resolve(with_packs(made_up("US-WA-TAC", CITY)), home="US-WA-TAC", place="US-CA", on=ON)
    assert elsewhere.preempted == ()
    assert value(elsewhere, "deactivation.notice") == (60, "US-WA-TAC", "V")


def test_exceptions_shrink_and_duties_grow_when_places_meet() -> None:
    one = made_up("X-A", '[deactivation.egregious]\nvalue = ["a", "b"]\nsource = "x"\nmark = "V"\n')
    two = made_up("X-B", '[deactivation.egregious]\nvalue = ["b", "c"]\nsource = "x"\nmark = "V"\n')
    base = made_up("default", '[deactivation.zero_tolerance]\nvalue = ["z"]\nsource = "x"\nmark = "D"\n')
    found = resolve(PackSet({"X-A": one, "X-B": two, "default": base}), home="X-A", place="X-B", on=ON)
    assert found.words("deactivation.egregious") == ("b",)
    assert found.words("deactivation.zero_tolerance") == ("z",)


def test_an_unknown_region_gets_the_defaults_alone() -> None:
    assert rules("").packs == ("default",)
    assert rules("ZZ-1").packs == ("default",)
    assert rules("US-CA-LAX").packs == ("US-CA", "US", "default")


@given(st.sampled_from(REGIONS), st.sampled_from(REGIONS))
def test_home_and_place_together_are_never_laxer_than_either(home: str, place: str) -> None:
    both, alone = rules(home, place), rules(home)
    for path, one in alone.values.items():
        if not isinstance(one.cited, Number):
            continue
        together = both.find(path)
        assert together is not None
        assert _strictest(path, [*together.considered, *one.considered]).cited == together.cited


@given(st.sampled_from(REGIONS), st.sampled_from(REGIONS))
def test_every_answer_has_its_authority(home: str, place: str) -> None:
    for one in rules(home, place).values.values():
        assert one.authority.source
        assert one.authority.pack in {candidate.pack for candidate in one.considered}
