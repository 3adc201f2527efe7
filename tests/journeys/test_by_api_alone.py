"""The main job through the API alone: every step a request with a key, and nobody opens the console."""

from __future__ import annotations

import re
import secrets
from typing import Any

import httpx
import pytest

from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Cast, Person, cast
from tests.support.stack import Stack, until

FACTS = {
    "finding": "substantiated",
    "standard_of_proof": "preponderance",
    "facts_internal": "Six cards declined within a minute from one device.",
    "facts_disclosable": "Several cards were tried from your account within a minute.",
}


class Desk:
    """A member of staff with their personal key. Every request has an Idempotency-Key of its own."""

    def __init__(self, web: str, person: Person) -> None:
        self.person = person
        self._client = httpx.Client(
            base_url=f"{web}/v1", headers={"Authorization": f"Bearer {person.key}"}, timeout=20
        )

    def read(self, path: str, **params: Any) -> Any:
        """What is there."""
        answer = self._client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def do(self, path: str, body: dict[str, Any] | None = None, *, expected: int = 200) -> Any:
        """Do something; sent twice, as a client that heard no answer would."""
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        answers = [self._client.post(path, json=body or {}, headers=headers) for _ in range(2)]
        assert [one.status_code for one in answers] == [expected, expected], answers[0].text
        if expected < 400:
            assert answers[1].headers["Idempotent-Replayed"] == "true"
            assert answers[0].json() == answers[1].json()
        return answers[0].json()


@pytest.fixture
def people(stack: Stack) -> Cast:
    return cast(stack, "api", "investigator", "appeals_reviewer", "supervisor")


@pytest.mark.journey
def test_from_event_to_reversal_by_api(stack: Stack, people: Cast) -> None:
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    ines, arthur = (Desk(stack.web, people[role]) for role in ("investigator", "appeals_reviewer"))
    shop.listen()
    customer, _, _ = shop.people_and_order()

    # event, block, alert, case, protection
    assert shop.test_cards(customer)["verdict"] == "block"
    case = shop.case_about(customer)
    until(lambda: shop.receiver.of("action.requested"), "the protective action")
    path = f"/cases/{case['id']}"
    found = ines.read(path)
    assert {alert["state"] for alert in found["alerts"]} == {"in_case"}
    [subject] = [party["account_id"] for party in found["parties"] if party["part"] == "subject"]
    for action in shop.receiver.of("action.requested"):
        applied = shop.client.post(
            f"/v1/actions/{action['action_id']}/confirmation", json={"status": "applied"}
        )
        assert applied.status_code == 200, applied.text

    # taken, protected further, written down, decided
    assert ines.do(f"{path}/assign")["assignee"] == ines.person.id
    payout = ines.do(f"{path}/protections", {"type": "step_up", "account": subject}, expected=201)
    assert (payout["protective"], payout["status"]) == (True, "requested")
    ines.do(f"{path}/notes", {"text": "Called the bank."}, expected=201)
    clause = ines.read(f"{path}/clauses")["items"][0]["clause"]
    asked = {"subject": subject, "clause": clause, "standard_of_proof": "preponderance"}
    plan = ines.read(f"{path}/proposal", **asked)
    decided = ines.do(f"{path}/decisions", {**FACTS, "subject": subject, "clause": clause}, expected=201)
    assert (decided["state"], decided["chosen_step"]) == ("in_force", plan["step"])
    assert _standing(stack, decided["id"]) > 0

    # the marketplace is told, each delivery signed, and shows the letter
    until(
        lambda: [one for one in shop.receiver.of("action.requested") if not one["protective"]],
        "the decided action",
    )
    until(lambda: shop.receiver.of("decision.issued"), "the decision")
    letters = shop.client.get("/v1/notices", params={"account": f"customer:{customer}"}).json()["items"]
    letter = next(one for one in letters if one["kind"] == "statement_of_reasons")
    assert letter["can_appeal"] is True
    assert FACTS["facts_disclosable"] in letter["body"]

    # appealed, heard by somebody else, reversed
    grounds = {"grounds": "It was my own new card, and the shop's reader did not work."}
    lodged = shop.client.post(f"/v1/decisions/{decided['id']}/appeals", json=grounds).json()
    appeal = f"/appeals/{lodged['id']}"
    assert lodged["id"] in [one["id"] for one in arthur.read("/appeals", limit=200)["items"]]
    ines.do(f"{appeal}/take", expected=403)
    arthur.do(f"{appeal}/take")
    assert arthur.read(appeal)["grounds"] == grounds["grounds"]
    answered = arthur.do(f"{appeal}/decision", {"outcome": "reverse", "reasons": "The card was yours."})
    assert (answered["state"], answered["outcome"]) == ("remedied", "reverse")

    # everything it caused is undone, and the marketplace is told so
    until(lambda: shop.receiver.of("appeal.decided"), "the answer to the appeal")
    requested = {one["action_id"] for one in shop.receiver.of("action.requested")}
    until(
        lambda: {one["action_id"] for one in shop.receiver.of("action.reversed")} == requested,
        "every action undone",
    )
    after = ines.read(path)
    assert {one["state"] for one in after["decisions"]} == {"reversed"}
    assert [party["status"] for party in after["parties"] if party["account_id"] == subject] == ["normal"]
    assert {one["status"] for one in after["actions"]} == {"reversed"}
    assert _standing(stack, decided["id"]) == 0
    assert shop.receiver.refused == []
    shop.stop()
    _is_whole_and_would_show_a_changed_byte(stack)


@pytest.mark.journey
def test_from_report_to_outcome_by_api(stack: Stack, people: Cast) -> None:
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    sue = Desk(stack.web, people["supervisor"])
    second = Desk(stack.web, cast(stack, "second", "supervisor")["supervisor"])
    customer, shopper, order = shop.people_and_order()

    # report, number, case
    told = {
        "codes": ["SAF.threat"], "narrative": "He said he would come back at night.", "language": "en",
        "reporter": {"kind": "customer", "account": customer}, "order": order, "safe_now": "yes",
        "subject": {"kind": "shopper", "id": shopper},
    }  # fmt: skip
    filed = shop.client.post("/v1/reports", json=told).json()
    number = filed["number"]
    until(lambda: shop.client.get(f"/v1/reports/{number}").json()["case"], "its case")
    path = f"/cases/{shop.client.get(f'/v1/reports/{number}').json()['case']}"

    # read, asked, answered
    sue.do(f"{path}/assign")
    [read] = sue.read(f"{path}/reports")["items"]
    assert read["narrative"] == told["narrative"]
    asked = {"report": number, "text": "Did anybody else hear it?", "question": True}
    assert sue.do(f"{path}/messages", asked, expected=201)["state"] == "awaiting_info"
    said = shop.client.post(f"/v1/reports/{number}/messages", json={"text": "My neighbour did."})
    assert said.status_code == 201, said.text
    until(lambda: sue.read(path)["state"] == "investigating", "the case to go on")

    # a termination waits for its second reader, who is somebody else
    [subject] = [one["account_id"] for one in sue.read(path)["parties"] if one["part"] == "subject"]
    finding = {
        **FACTS, "subject": subject, "clause": "C1.8", "aggravators": ["weapon"],
        "facts_disclosable": "On that day you threatened another person.",
    }  # fmt: skip
    proposed = sue.do(f"{path}/decisions", finding, expected=201)
    assert (proposed["state"], proposed["chosen_step"]) == ("awaiting_second_reader", "terminate")
    sue.do(f"/decisions/{proposed['id']}/second-reading", {"agree": True}, expected=409)
    assert sue.read(f"/decisions/{proposed['id']}")["state"] == "awaiting_second_reader"
    agreed = second.do(f"/decisions/{proposed['id']}/second-reading", {"agree": True, "note": "Carried."})
    assert agreed["state"] == "in_force"

    # the reporter reads the outcome with number and PIN, and nothing about the other person
    until(lambda: sue.read(path)["state"] == "closed", "the case to close")
    page = _followed_up(stack.web, number, filed["pin"])
    assert "found that our rules were broken, and acted on it" in page
    assert "terminat" not in page.lower()
    assert _followed_up(stack.web, number, "000000" if filed["pin"] != "000000" else "000001") == ""
    told_by_api = shop.client.get(f"/v1/reports/{number}").json()
    assert (told_by_api["status"], told_by_api["messages"][-1]["kind"]) == ("outcome_told", "outcome")
    shop.stop()
    _is_whole_and_would_show_a_changed_byte(stack)


def _followed_up(web: str, number: str, pin: str) -> str:
    """What the reporter reads at the help centre; empty when they are not let in."""
    with httpx.Client(base_url=web, follow_redirects=True, timeout=20) as browser:
        form = browser.get("/help/follow-up/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token is not None
        told = {"csrfmiddlewaretoken": token[1], "number": number, "pin": pin}
        page = browser.post("/help/follow-up/", data=told, headers={"Referer": f"{web}/help/follow-up/"})
        return page.text if page.url.path == "/help/follow-up/report/" else ""


def _standing(stack: Stack, decision: str) -> int:
    """Effects of a decision that are not undone, and its strikes and findings still in force."""
    with stack.connect() as database:
        row = database.execute(
            "SELECT (SELECT count(*) FROM enforcement_effect"
            " WHERE decision_id = %(it)s AND undone_at IS NULL)"
            " + (SELECT count(*) FROM enforcement_strike WHERE decision_id = %(it)s AND revoked_at IS NULL)"
            " + (SELECT count(*) FROM detection_label WHERE decision_id = %(it)s AND revoked_at IS NULL"
            " AND source = 'investigator')",
            {"it": decision},
        ).fetchone()
    assert row is not None
    return int(row[0])


def _is_whole_and_would_show_a_changed_byte(stack: Stack) -> None:
    """`tocsin audit verify` passes; with one byte of one entry changed it does not, and says where."""
    whole = stack.tocsin("audit", "verify")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    with stack.connect() as database:
        found = database.execute(
            "SELECT chain, seq, payload FROM core_audit_entry ORDER BY at DESC LIMIT 1"
        ).fetchone()
        assert found is not None
        chain, seq, payload = found
        # the last letter of the last word in it, so that it stays JSON
        changed = payload[:-3] + chr(ord(payload[-3]) ^ 1) + payload[-2:]
        try:
            _write_payload(database, chain, seq, changed)
            broken = stack.tocsin("audit", "verify")
        finally:
            _write_payload(database, chain, seq, payload)
    assert broken.returncode == 1, broken.stdout
    assert str(seq) in broken.stdout
    again = stack.tocsin("audit", "verify")
    assert again.returncode == 0, again.stdout


def _write_payload(database: Any, chain: int, seq: int, payload: str) -> None:
    """Write past the triggers, as only the owner of the tables can."""
    with database.transaction():
        database.execute("ALTER TABLE core_audit_entry DISABLE TRIGGER USER")
        database.execute(
            "UPDATE core_audit_entry SET payload = %s WHERE chain = %s AND seq = %s", (payload, chain, seq)
        )
        database.execute("ALTER TABLE core_audit_entry ENABLE TRIGGER USER")
