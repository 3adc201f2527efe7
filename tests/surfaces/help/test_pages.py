"""The first pages: what can be reported, the hours, the privacy notice, the languages."""

import datetime as dt
import json

import pytest
import time_machine

from tests.support.web import Visitor
from tocsin.domains.reports.taxonomy import current
from tocsin.surfaces.help import content


def test_the_hours_are_honest_at_night_and_by_day(visitor: Visitor) -> None:
    with time_machine.travel(dt.datetime(2026, 6, 3, 3, 0, tzinfo=dt.UTC), tick=False):
        visitor.get("/help/")
        assert "Closed now" in visitor.text
        assert "3 Jun 2026, 08:00" in visitor.text
        assert "Day and night, every day" in visitor.text
    with time_machine.travel(dt.datetime(2026, 6, 3, 15, 0, tzinfo=dt.UTC), tick=False):
        visitor.get("/help/")
        assert "Closed now" not in visitor.text
        assert "Open now" in visitor.text


def test_a_holiday_is_a_closed_day() -> None:
    with time_machine.travel(dt.datetime(2026, 12, 25, 15, 0, tzinfo=dt.UTC), tick=False):
        opens = content.reads_next("S3", "US", "America/New_York")
    assert opens == dt.datetime(2026, 12, 28, 13, 0, tzinfo=dt.UTC)
    assert content.reads_next("S0", "US", "America/New_York") is None


def test_the_hours_are_there_for_machines(visitor: Visitor) -> None:
    told = json.loads(visitor.get("/help/hours.json").content)
    assert {one["id"] for one in told["desks"]} == {"urgent", "specialists", "support"}
    covered = [severity for desk in told["desks"] for severity in desk["severities"]]
    assert sorted(covered) == ["S0", "S1", "S2", "S3", "S4"]


def test_only_what_concerns_somebody_is_listed_when_they_say_who_they_are(visitor: Visitor) -> None:
    visitor.get("/help/report/?who=customer")
    assert 'data-code="FRD-C.tip_baiting"' not in visitor.html
    visitor.get("/help/report/?who=shopper")
    assert 'data-code="FRD-C.tip_baiting"' in visitor.html
    visitor.get("/help/report/?who=<script>")
    assert visitor.html.count("data-code=") == len(current().codes())


def test_the_privacy_notice_says_its_version(visitor: Visitor) -> None:
    visitor.get("/help/privacy/")
    assert content.privacy_notice().stamp in visitor.text
    visitor.get("/help/")
    assert f"Privacy notice {content.privacy_notice().version}" in visitor.text


def test_the_language_can_be_changed(visitor: Visitor) -> None:
    visitor.get("/help/follow-up/")
    visitor.post("/i18n/setlang/", {"language": "es", "next": "/help/"})
    visitor.get("/help/")
    assert "¿Qué necesita?" in visitor.text
    assert '<html lang="es"' in visitor.html


@pytest.mark.parametrize("path", ["/help/", "/help/report/", "/help/report/SAF.threat/", "/help/follow-up/"])
def test_every_page_has_the_emergency_and_the_way_out_first(visitor: Visitor, path: str) -> None:
    visitor.get(path)
    assert visitor.html.index('href="tel:911"') < visitor.html.index("<main")
    assert 'href="/help/leave/"' in visitor.html
    assert visitor.page["Content-Security-Policy"].count("unsafe") == 0


def test_the_root_leads_here(visitor: Visitor) -> None:
    assert visitor.get("/")["Location"] == "/help/"


def test_every_text_and_place_is_there_in_both_languages() -> None:
    texts = [place.name for place in content.places().values()]
    texts += [group.title for group in content.place_groups()]
    texts += [one.title for one in (*content.hours().desks, *content.hours().channels)]
    texts += [section.title for section in content.privacy_notice().sections]
    for text in texts:
        assert set(text) == {"en", "es"}
        assert all(words.strip() for words in text.values())
    for section in content.privacy_notice().sections:
        assert {len(sentences) for sentences in section.text.values()} == {len(section.text["en"])}


def test_every_place_has_a_real_zone_and_a_pack() -> None:
    from zoneinfo import ZoneInfo

    for place in content.places().values():
        ZoneInfo(place.zone)
        assert content.emergency_number(place.region)
