"""Detectors at the console without scripts: proposed, refused to its proposer, started, stopped."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.domains import matter
from tests.surfaces.console.conftest import Desk
from tocsin.domains.detectors.models import Detector

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_files")]
FORM = {
    "name": "outside_model", "url": "https://detector.example/score", "clause": "FRD-C.stolen_payment",
    "about": "customer", "threshold": "0,7", "percent": "12.5", "timeout_ms": "800",
    "types": "order.placed  payment.declined",
}  # fmt: skip
PAGE = "/console/detectors/outside_model/"


def test_a_detector_is_proposed_started_by_somebody_else_and_stopped() -> None:
    author = Desk(matter.somebody("rules_engineer", "Anna"))
    second = Desk(matter.somebody("supervisor", "Ben"))
    assert author.post("/console/detectors/", **FORM) == 200
    assert len(re.findall(r"whsec_[\w-]{43}", author.text)) == 1
    made = Detector.objects.get()
    assert (made.threshold, made.share, made.timeout_ms, made.state) == (0.7, 1250, 800, "proposed")
    assert made.types == ["order.placed", "payment.declined"]
    author.get("/console/detectors/")
    assert "whsec_" not in author.text
    author.get(PAGE)
    assert "somebody else has to let events out to it" in author.text
    assert author.post(PAGE + "step/", verb="start") == 403
    assert Detector.objects.get().state == "proposed"
    second.get(PAGE)
    assert "From now on events are sent to https://detector.example/score." in second.text
    assert second.post(PAGE + "step/", verb="start") == 200
    assert (Detector.objects.get().state, "It has scored nothing yet." in second.text) == ("shadow", True)
    author.post(PAGE + "step/", verb="stop")
    assert Detector.objects.get().state == "stopped"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "No", "d-n-error"), ("url", "https://127.0.0.1/x", "d-u-error"),
        ("threshold", "much", "d-t-error"), ("percent", "1e999", "d-s-error"), ("percent", "0", "d-s-error"),
        ("timeout_ms", "", "d-m-error"), ("about", "?", "d-a-error"), ("clause", "none", "d-c-error"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_comes_back_as_it_was_typed(
    settings: Any, field: str, value: str, said: str
) -> None:
    settings.TOCSIN_OUTBOUND_ALLOW = []
    desk = Desk(matter.somebody("rules_engineer"))
    assert desk.post("/console/detectors/", **(FORM | {field: value})) == 422
    assert f'id="{said}"' in desk.html
    assert 'value="0,7"' in desk.html or field == "threshold"
    assert not Detector.objects.exists()


def test_who_may_look_sees_and_cannot_act() -> None:
    Desk(matter.somebody("rules_engineer")).post("/console/detectors/", **FORM)
    desk = Desk(matter.somebody("auditor"))
    assert desk.get("/console/detectors/") == 200
    assert desk.get(PAGE) == 200
    assert "<form" not in desk.html.split('id="main"')[1].split("</main>")[0]
    assert desk.post("/console/detectors/", **(FORM | {"name": "another"})) == 403
    assert desk.post(PAGE + "step/", verb="start") == 403
    assert [one.state for one in Detector.objects.all()] == ["proposed"]
