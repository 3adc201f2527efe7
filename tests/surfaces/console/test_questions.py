"""Asking history at the desk, without scripts: the form, its mistakes, the answer, the file; and features."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.domains import matter
from tests.domains.detection.desk import Desk as EngineDesk
from tests.surfaces.console.conftest import Desk
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.questions import sheets
from tocsin.domains.questions.answering import answer_next
from tocsin.domains.questions.models import Question
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
PAGE = "/console/questions/"


@pytest.fixture
def engine(world: None, tmp_path: Path) -> EngineDesk:
    """Two orders of c-1 and one of c-2, shipped."""
    made = EngineDesk(tmp_path / "decide")
    for customer, minor in (("c-1", 5_000), ("c-1", 7_000), ("c-2", 9_000)):
        what = {"total_minor": minor, "currency": "USD", "reason": "Ring the bell"}
        made.tell("order.placed", customer=customer, **what)
    ship_once(made.read)
    return made


def ask(desk: Desk, **told: str) -> int:
    desk.get(PAGE)
    days = {
        name: re.search(rf'name="{name}" type="date" required value="([^"]+)"', desk.html)[1]  # type: ignore[index]
        for name in ("since", "until")
    }
    return desk.post(PAGE, **(days | {"bucket": "day", "reason": "Case TS-1"} | told))


def test_a_question_is_asked_and_answered(engine: EngineDesk, supervisor: Staff) -> None:
    desk = Desk(supervisor)
    when = "total_minor >= 6000 and customer_other_devices >= 0 or total_minor >= 6000"
    assert ask(desk, when=when, adds_up="total_minor", top_of="customer", name="Large orders") == 200
    assert "The past is being replayed: 0 % done." in desk.text
    answer_next()
    pk = Question.objects.get().pk
    assert desk.get(f"{PAGE}{pk}/") == 200
    assert "It held on 2 of 3 events" in desk.text
    assert "Total $160.00 in all" in desk.text
    assert "Most frequent: Customer Customer Events c-1 1 c-2 1" in desk.text or "c-2 1 c-1 1" in desk.text
    assert "Case TS-1" in desk.text
    assert "/console/entity/customer/c-2/" in desk.html
    assert desk.get(PAGE) == 200
    assert "Large orders" in desk.text


def test_sums_are_drawn_in_whole_units_of_their_currency(engine: EngineDesk, supervisor: Staff) -> None:
    engine.tell("order.placed", customer="c-2", total_minor=500, currency="JPY")
    ship_once(engine.read)
    desk = Desk(supervisor)
    ask(desk, when="", adds_up="total_minor")
    answer_next()
    desk.get(f"{PAGE}{Question.objects.get().pk}/")
    told = re.search(r'<script type="application/json">(\{"x".*?)</script>', desk.html)
    assert told is not None
    drawn = {one["label"]: sum(one["values"]) for one in json.loads(told[1])["series"]}
    assert drawn == {"events": 4, "Total JPY": 500, "Total USD": 210}


def test_the_address_of_a_question_fills_in_its_form(engine: EngineDesk, supervisor: Staff) -> None:
    desk = Desk(supervisor)
    ask(desk, when="total_minor >= 6000", on="order.placed", top_of="customer")
    answer_next()
    desk.get(f"{PAGE}{Question.objects.get().pk}/")
    again = re.search(r'href="(/console/questions/\?[^"]+)"', desk.html)[1].replace("&amp;", "&")  # type: ignore[index]
    assert "reason" not in again
    desk.get(again)
    assert ">total_minor &gt;= 6000</textarea>" in desk.html
    assert '<option value="order.placed" selected>' in desk.html
    assert '<option value="customer" selected>' in desk.html


def test_a_mistake_comes_back_with_what_was_typed_and_its_place(world: None, supervisor: Staff) -> None:
    desk = Desk(supervisor)
    assert ask(desk, when="total_minor > 1 and totl_minor < 2", reason="") == 422
    assert ">total_minor &gt; 1 and totl_minor &lt; 2</textarea>" in desk.html
    assert "Line 1, column 21" in desk.text
    assert "\n                    ^^^^^^^^^^" in desk.html
    assert 'id="q-reason-error"' in desk.html
    assert not Question.objects.exists()
    assert desk.post(PAGE + "problems/", when="totl_minor > 1") == 200
    assert 'Did you mean "total_minor"?' in desk.text
    assert desk.post(PAGE + "problems/", when="total_minor > 1") == 200
    assert "The text can be read." in desk.text


@pytest.mark.parametrize(
    "odd", [{"since": "x"}, {"until": "9999-12-31"}, {"since": ""}, {"bucket": "x"}, {"on": "nothing"}]
)  # fmt: skip
def test_odd_input_asks_nothing(world: None, supervisor: Staff, odd: dict[str, str]) -> None:
    assert ask(Desk(supervisor), **odd) == 422
    assert not Question.objects.exists()


def test_what_is_sealed_cannot_be_asked_about_by_everybody(world: None) -> None:
    desk = Desk(matter.somebody("investigator", "Ines"))
    assert ask(desk, when="shows_phone(text)") == 403
    assert "This question looks at what is sealed: text." in desk.text
    desk.post(PAGE + "problems/", when="shows_phone(text)")
    assert "This question looks at what is sealed: text." in desk.text
    assert not Question.objects.exists()


def test_the_file_holds_what_lies_open(engine: EngineDesk, supervisor: Staff) -> None:
    desk = Desk(supervisor)
    ask(desk, when="total_minor >= 0")
    answer_next()
    address = f"{PAGE}{Question.objects.get().pk}/export/"
    assert desk.get(address) == 200
    head, *rows = csv.reader(io.StringIO(desk.page.content.decode()))
    assert [row[head.index("customer")] for row in rows] == ["c-2", "c-1", "c-1"]
    assert [row[head.index("total_minor")] for row in rows] == ["9000", "7000", "5000"]
    assert "reason" not in head  # what is no code is sealed
    assert Desk(matter.somebody("investigator", "Ines")).get(address) == 403
    Question.objects.update(answer={})
    assert desk.get(address) == 200
    assert len(desk.page.content.decode().splitlines()) == 1
    desk.get(address.removesuffix("export/"))
    assert "An answer is kept for thirty days" in desk.text


def test_features_are_worked_out_on_the_page_of_a_person(engine: EngineDesk, supervisor: Staff) -> None:
    engine.tell("account.login", customer="c-1", device="d-1")
    engine.tell("account.login", customer="c-1", device="d-2")
    ship_once(engine.read)
    desk = Desk(supervisor)
    page = "/console/entity/customer/c-1/"
    assert desk.get(page) == 200
    assert "Its events of the last ninety days are replayed" in desk.text
    assert desk.post(page + "features/") == 200
    assert "Its events are being replayed." in desk.text
    sheets.work_out_next()
    assert desk.get(page + "features/") == 200
    assert "4 events replayed" in desk.text
    assert "customer_other_devices · 30d" in desk.text
    assert "that never changed" in desk.text
    assert 'aria-label="Other devices (customer) at each event, from 0 to 1"' in desk.html
