"""Indicators and kept lists at the console, without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.domains import matter
from tests.domains.indicators.documents import AMBER, RED, attribute, bundle, event, indicator
from tests.surfaces.console.conftest import Desk
from tocsin.domains.indicators.comparing import compare_next_import
from tocsin.domains.indicators.models import Import, Indicator
from tocsin.domains.lists.models import ListEntry
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.rules import reports
from tocsin.domains.rules.models import DetectionRule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_files")]
NEW = "/console/indicators/import/"
TOLD = {"source": "A marketplace nearby", "reason": "Shared in the fraud circle."}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> None:
    settings.TOCSIN_HOME = str(tmp_path)


@pytest.fixture
def anna() -> Desk:
    return Desk(matter.somebody("rules_engineer", "Anna"))


@pytest.fixture
def ines(world: None) -> Desk:
    return Desk(matter.somebody("investigator", "Ines"))


def imported(desk: Desk, content: bytes) -> Import:
    assert desk.post(NEW, text=content.decode(), **TOLD) == 200
    assert compare_next_import() == 1
    return Import.objects.latest("imported_at")


def test_a_document_is_pasted_seen_used_and_taken_back(anna: Desk, ines: Desk) -> None:
    told = {"email": "maria@example.com"}
    upsert_entity(matter.MARKETPLACE, "customer", "c-1", told)
    made = imported(
        anna,
        bundle(
            indicator(
                1, "[email-addr:value = 'maria@example.com']", object_marking_refs=[RED], confidence=80
            ),
            indicator(2, "[url:value LIKE 'x']"),
        ),
    )
    anna.get(f"/console/indicators/imports/{made.pk}/")
    assert "TLP:RED" in anna.text
    assert "E-mail address m•••@e•••.com" in anna.text
    assert "objects[2].pattern it compares by LIKE" in anna.text
    row = Indicator.objects.get()
    page = f"/console/indicators/{row.pk}/"
    anna.get(page)
    assert "1 item hidden by access rules" in anna.text
    assert "c-1" not in anna.text
    ines.get(page)
    assert "Customer c-1" in ines.text
    assert "Put to use" not in ines.text

    form = {
        "indicator": row.pk,
        "chosen": row.pk,
        "name": "fraud_circle",
        "reason": "Seen there.",
        "days": "7",
    }
    assert anna.post("/console/indicators/use/", verb="draft", **form) == 200
    assert "Drafted. It is being checked, and backtested when it passes." in anna.text
    reports.make_next()
    matter.settle()
    reports.make_next()
    anna.get(page)
    assert "fraud_circle Backtested" in anna.text
    assert "Hits 0" in anna.text
    anna.post("/console/indicators/use/", verb="list", **(form | {"name": "bad_people"}))
    assert "1 entry is on the list." in anna.text
    assert anna.post(page + "recall/", reason="") == 422
    assert "Say why" in anna.text
    assert Indicator.objects.get().recalled_at is None
    assert anna.post(page + "recall/", reason="It was somebody else.") == 200
    assert "Taken back by Anna" in anna.text
    assert "It was somebody else." in anna.text
    assert DetectionRule.objects.get(pk="fraud_circle").state == "retired"
    assert ListEntry.objects.filter(removed_at=None).count() == 0


def test_a_file_is_taken_in_and_a_bad_one_is_refused_with_what_was_typed(anna: Desk) -> None:
    assert anna.post(NEW, text="{", **TOLD) == 422
    assert "This is no JSON" in anna.text
    assert 'value="A marketplace nearby"' in anna.html
    file = SimpleUploadedFile("event.json", event(attribute(1, "ip-src", "198.51.100.7")), "application/json")
    assert anna.post(NEW, file=file, **TOLD) == 200
    assert "Imported. What of it is here is being looked for." in anna.text
    large = SimpleUploadedFile("event.json", b" " * (4 * 1024 * 1024 + 1), "application/json")
    assert anna.post(NEW, file=large, **TOLD) == 422
    assert "larger than 4 MB" in anna.text
    assert Import.objects.count() == 1


def test_what_was_chosen_stays_chosen_when_it_cannot_be_used(anna: Desk) -> None:
    made = imported(
        anna, event(attribute(1, "ip-src", "198.51.100.7"), attribute(2, "ip-src", "198.51.100.8"))
    )
    row = Indicator.objects.get(standard_id__endswith="2")
    chosen = {"import": made.pk, "chosen": row.pk, "reason": "Seen there.", "days": "7"}
    assert anna.post("/console/indicators/use/", verb="draft", name="No name", **chosen) == 422
    assert "3 to 60 small letters" in anna.text
    assert f'value="{row.pk}" form="use-indicators" checked' in anna.html
    assert not DetectionRule.objects.exists()
    assert anna.post("/console/indicators/use/", verb="list", name="bad", **(chosen | {"chosen": ""})) == 404
    assert not ListEntry.objects.exists()


def test_what_may_be_shared_is_a_file(anna: Desk) -> None:
    red, white = (
        indicator(1, "[ipv4-addr:value = '198.51.100.7']", object_marking_refs=[RED]),
        indicator(2, "[ipv4-addr:value = '198.51.100.8']", object_marking_refs=[AMBER]),
    )
    imported(anna, bundle(red, white))
    assert anna.post("/console/indicators/share/", audience="amber", reason="Asked for.") == 200
    assert anna.page["Content-Disposition"] == 'attachment; filename="indicators-tlp-amber.json"'
    assert ("198.51.100.8" in anna.html, "198.51.100.7" in anna.html) == (True, False)
    assert anna.post("/console/indicators/share/", audience="red", reason="Asked for.") == 422
    assert anna.post("/console/indicators/share/", audience="amber") == 422


def test_a_kept_list(anna: Desk) -> None:
    told = {"list": "stolen_cards", "value": "card-77", "source": "case 12", "reason": "Reported stolen."}
    assert anna.post("/console/lists/add/", **(told | {"until": "2020-01-01"})) == 422
    assert "This is over already." in anna.text
    assert 'value="card-77"' in anna.html
    assert anna.post("/console/lists/add/", **(told | {"until": "soon"})) == 422
    assert "A day, such as 2027-01-31." in anna.text
    assert not ListEntry.objects.exists()
    assert anna.post("/console/lists/add/", **(told | {"until": "2099-01-31"})) == 200
    assert "Reported stolen." in anna.text
    assert "case 12" in anna.text
    entry = ListEntry.objects.get()
    assert anna.post("/console/lists/stolen_cards/remove/", entry=entry.pk, reason="") == 422
    assert "Say why, in 3 to 500 characters." in anna.text
    assert ListEntry.objects.get().removed_at is None
    assert anna.post("/console/lists/stolen_cards/remove/", entry=entry.pk, reason="It was found.") == 200
    assert "taken off" in anna.text
    assert "It was found." in anna.text
    anna.get("/console/lists/")
    assert "stolen_cards 0" in anna.text


def test_who_may_only_look_gets_no_forms(anna: Desk, ines: Desk) -> None:
    anna.post("/console/lists/add/", list="stolen_cards", value="card-77", reason="Reported stolen.")
    ines.get("/console/lists/stolen_cards/")
    assert "card-77" in ines.text
    assert "Take off" not in ines.text
    anna.get("/console/lists/stolen_cards/")
    assert "card-77" not in anna.text
    assert ines.post("/console/lists/add/", list="stolen_cards", value="x", reason="Because.") == 403
    assert ines.post(NEW, text="{}", **TOLD) == 403
    assert ListEntry.objects.count() == 1
