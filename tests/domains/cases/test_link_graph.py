"""The link graph of a case: built on, and sealed as evidence."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from PIL import Image

from tests.domains import matter
from tests.domains.matter import MARKETPLACE, as_, somebody, taken
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.evidence import service
from tocsin.core.evidence.models import Custody, Evidence
from tocsin.domains.cases import case_evidence, link_graph
from tocsin.domains.cases.actions import close
from tocsin.domains.cases.link_graph import Wanted
from tocsin.domains.cases.models import Case
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
ONES, PHONE, OTHERS = ("customer", "c-1"), ("device", "phone"), ("customer", "c-2")


def uses(kind: str, ident: str, device: str) -> None:
    link = {"kind": "device", "id": device, "relation": "uses"}
    upsert_entity(MARKETPLACE, kind, ident, {}, [link])


@pytest.fixture
def ines(world: None) -> Staff:
    return somebody("investigator", "Ines")


@pytest.fixture
def case(ines: Staff) -> Case:
    """About c-1 and s-1. c-1 shares a phone with c-2, who has a tablet with a third person."""
    for ident, device in (("c-1", "phone"), ("c-2", "phone"), ("c-2", "tablet"), ("c-3", "tablet")):
        uses("customer", ident, device)
    uses("customer", "c-2", "watch")
    return taken(matter.case_about(["SAF.threat"]), ines)


def found(case: Case, by: Staff, **wanted: object) -> set[str]:
    graph = link_graph.around(as_(by), case, Wanted(**wanted))  # type: ignore[arg-type]
    return {":".join(key) for key in graph.nodes if key[0] in ("customer", "device")}


def test_things_that_lead_nowhere_are_no_part_of_it(case: Case, ines: Staff) -> None:
    assert found(case, ines) == {"customer:c-1", "device:phone", "customer:c-2"}


def test_it_is_built_on_from_anything_and_further(case: Case, ines: Staff) -> None:
    more = {"customer:c-1", "device:phone", "customer:c-2", "device:tablet", "customer:c-3"}
    assert found(case, ines, also=(OTHERS,)) == more | {"device:watch"}
    assert found(case, ines, hops=3) == {"customer:c-1", "device:phone", "customer:c-2"}


def test_what_is_left_out_takes_along_what_only_it_led_to(case: Case, ines: Staff) -> None:
    assert found(case, ines, without=(PHONE,)) == {"customer:c-1"}


@pytest.mark.parametrize("wanted", [Wanted(hops=0), Wanted(hops=4), Wanted(also=(ONES,) * 21)])
def test_more_than_is_drawn_at_once_is_refused(case: Case, ines: Staff, wanted: Wanted) -> None:
    with pytest.raises(InvalidInput):
        link_graph.around(as_(ines), case, wanted)


def test_it_is_sealed_as_a_picture_and_as_text(case: Case, ines: Staff) -> None:
    kept = link_graph.keep(as_(ines), case.reference, Wanted(also=(OTHERS,), without=(("device", "watch"),)))
    assert [(item.kind, item.media_type, item.flags) for item in kept] == [
        ("image", "image/png", []), ("text", "text/plain", []),
    ]  # fmt: skip
    for item in kept:
        assert [line.act for line in Custody.objects.filter(evidence=item)] == ["received", "sealed"]
    scope = case_evidence.find(as_(ines), kept[1].pk).scope
    told = json.loads(service.view(as_(ines), kept[1].pk, scope, purpose="case_handling")[0])
    assert (told["case"], told["made_by"], told["hops"]) == (case.reference, f"staff:{ines.pk}", 2)
    assert told["left_out"] == ["device:watch"]
    assert {"from": "customer:c-2", "to": "device:tablet", "relation": "uses"} in told["links"]
    assert {one["id"] for one in told["things"]} >= {"customer:c-1", "customer:c-3", "device:tablet"}
    drawn = Image.open(BytesIO(service.view(as_(ines), kept[0].pk, scope, purpose="case_handling")[0]))
    assert (drawn.format, drawn.width > 600) == ("PNG", True)


def test_nobody_adds_a_graph_to_what_is_not_theirs_or_over(case: Case, ines: Staff) -> None:
    before = Evidence.objects.count()
    with pytest.raises(AccessDenied):
        link_graph.keep(as_(somebody("investigator", "Other")), case.reference, Wanted())
    close(as_(ines), case.pk, "inconclusive", "Nothing more to learn.")
    with pytest.raises(Conflict):
        link_graph.keep(as_(ines), case.reference, Wanted())
    assert Evidence.objects.count() == before
