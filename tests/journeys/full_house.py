"""A house with something in every room: what a page can show, shown.

Runs inside a running Tocsin (``manage shell``), with its worker at work; waits for what the worker does.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from tests.core.evidence.files import photo
from tests.domains.actors import integration
from tests.domains.indicators import documents
from tests.domains.rules import drafts
from tests.domains.rules.test_scoring import trained
from tests.journeys.people import PASSWORD
from tests.support.stack import Stack, until
from tocsin.core.access import break_glass
from tocsin.core.actor import Actor, system
from tocsin.core.ids import new_id
from tocsin.core.outbox.models import OutboxMessage
from tocsin.domains.cases import actions as cases
from tocsin.domains.cases import revealing
from tocsin.domains.cases.case_evidence import add
from tocsin.domains.cases.models import Case
from tocsin.domains.detectors import actions as detectors
from tocsin.domains.enforcement import appeals, protection
from tocsin.domains.enforcement.decisions import DecisionInput, decide
from tocsin.domains.enforcement.models import Decision, Notice
from tocsin.domains.enforcement.notices import link
from tocsin.domains.indicators import recalling, using
from tocsin.domains.indicators.importing import import_document
from tocsin.domains.indicators.models import Import
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Account
from tocsin.domains.questions import actions as questions
from tocsin.domains.questions.models import FeatureSheet, Question
from tocsin.domains.questions.sheets import ask_features
from tocsin.domains.reports.actions import file_report
from tocsin.domains.rules import actions as rules
from tocsin.domains.rules import scoring
from tocsin.domains.rules.models import DetectionRule, RuleReport
from tocsin.domains.staff import actions as staff
from tocsin.domains.staff.models import Staff

_MARKETPLACE = integration("appeals:write", "entities:write", "reports:read", "reports:write")
_FACTS = {
    "facts_internal": "Three messages with threats, read in the conversation of the order.",
    "facts_disclosable": "On that day you wrote messages that threatened another person.",
}
_GROUNDS = "It was my brother who had the phone on that day."


def furnish(stack: Stack, tag: str, people: dict[str, str], flagged: str = "") -> dict[str, str]:
    """Fill a running Tocsin.

    ``people`` are ids of staff by role: at least investigator, supervisor, specialist, appeals_reviewer.
    ``flagged`` is the reference of a case that alerts opened, if there is one. Returns what the rooms are
    called: references of cases, ids of an appeal and an item of evidence, number and PIN, the link of a
    letter.
    """
    call = f"from tests.journeys.full_house import fill; fill({tag!r}, {people!r}, {flagged!r})"
    done = stack.tocsin("manage", "shell", "-c", call)
    line = next((one for one in done.stdout.splitlines() if one.startswith("FILLED")), "")
    assert line, done.stdout + done.stderr
    rooms: dict[str, str] = json.loads(line.removeprefix("FILLED"))
    return rooms


def fill(tag: str, people: dict[str, str], flagged: str = "") -> None:
    """Do it, and print what the rooms are called."""
    house = _House(tag, people)
    rooms = house.cases() | house.outside() | house.newcomer() | house.rules()
    rooms |= house.asked() | house.warned_of()
    if flagged:
        case = Case.objects.get(reference=flagged)
        house.work_on(case)
        rooms["alert"] = case.alert_links.values_list("alert_id", flat=True)[0]
    print("FILLED" + json.dumps(rooms))


class _House:
    def __init__(self, tag: str, people: dict[str, str]) -> None:
        self.tag = tag
        self.people = people
        self.orders = 0

    def acting(self, role: str, purpose: str = "case_handling") -> Actor:
        return Staff.objects.get(pk=self.people[role]).actor(purpose)

    def cases(self) -> dict[str, str]:
        """One case in each state, an appeal that waits, an item of evidence, a report to follow."""
        waits, _ = self.reported(["SAF.threat"])
        open_, told = self.reported(["CON.harassment"])
        worked, _ = self.reported(["SAF.threat"])
        rooms = {"open": open_.reference, "number": told.number, "pin": told.pin}
        rooms |= {"worked": worked.reference} | self.work_on(worked)
        rooms |= self.appealed() | self.waiting_for_second_reader()
        closed, _ = self.reported(["CON.harassment"])
        mine = self.given(closed, "supervisor")
        cases.close(
            self.acting("supervisor"), mine.pk, "inconclusive", "Nobody saw it, and no camera was there."
        )
        break_glass.open_glass(
            self.acting("investigator"), "case", waits.pk, "The reporter called from the doorstep."
        )
        return rooms | {"closed": closed.reference, "glass": waits.reference}

    def reported(self, codes: list[str]) -> tuple[Case, Any]:
        """A report by a new customer about a new shopper, and the case it opens."""
        self.orders += 1
        which = f"{self.tag}-{self.orders}"
        where = {"region": "US-WA", "zone": "America/Los_Angeles"}
        for kind, name in (("customer", "Ana Lima"), ("shopper", "Bo Tran")):
            person = {"name": name, "phone": "+12065550123", "email": f"{kind}.{which}@example.com"}
            upsert_entity(_MARKETPLACE, kind, f"{kind}-{which}", person | where)
        told = {"customer": f"customer-{which}", "shopper": f"shopper-{which}", "status": "delivered"}
        upsert_entity(_MARKETPLACE, "order", f"order-{which}", told)
        filed = file_report(
            _MARKETPLACE, channel="web",
            data={
                "codes": codes, "order": f"order-{which}", "safe_now": "yes",
                "narrative": "He stood in the door, shouted at me and would not leave.",
                "reporter": {"kind": "customer", "account": f"customer-{which}"},
                "subject": {"kind": "shopper", "id": f"shopper-{which}"},
            },
        )  # fmt: skip
        found = Case.objects.filter(report_links__report=filed.report)
        until(found.exists, "the case of a report")
        return found.get(), filed

    def given(self, case: Case, role: str) -> Case:
        return cases.assign(self.acting(role), case.pk, self.people[role])

    def work_on(self, case: Case) -> dict[str, str]:
        """Take it, protect somebody, write, look behind a mask, add a picture."""
        actor = self.acting("investigator")
        self.given(case, "investigator")
        subject = Account.objects.filter(case_parts__case=case, case_parts__part="subject").get()
        cases.add_note(actor, case.pk, "Asked for the recording of the lobby; it comes on Monday.")
        step = protection.offered(actor, case)[0].type
        measure = protection.protect(actor, case.pk, step, subject.pk)
        revealing.reveal(actor, case, subject.pk, "phone", "To call them back about their report.")
        for report in case.report_ids():
            cases.message_reporter(actor, case.pk, report, "Did he say where he was going?", question=True)
        item = add(
            actor, case.pk, content=photo((640, 480)), filename="doorstep.jpg", declared_type="image/jpeg"
        )
        return {
            "evidence": item.pk, "measure": measure.pk, "subject": subject.pk,
            "report": next(iter(case.report_ids()), ""),
        }  # fmt: skip

    def decided(self, case: Case, **more: Any) -> Decision:
        case = self.given(case, "supervisor")
        subject = Account.objects.filter(case_parts__case=case, case_parts__part="subject").get()
        return decide(
            self.acting("supervisor"), case.pk,
            DecisionInput(
                subject_id=subject.pk, clause_id="C1.8", finding="substantiated",
                standard_of_proof="preponderance", **_FACTS, **more,
            ),
        )  # fmt: skip

    def waiting_for_second_reader(self) -> dict[str, str]:
        case, _ = self.reported(["SAF.threat"])
        made = self.decided(case, aggravators=("weapon",))
        assert made.state == Decision.State.AWAITING_SECOND_READER
        return {"second": case.reference, "proposed": made.pk}

    def appealed(self) -> dict[str, str]:
        """An appeal nobody took, one that is taken, one that was answered, and a letter that may be
        appealed."""
        made: dict[str, str] = {}
        for name in ("appeal", "heard", "answered", "letter"):
            case, _ = self.reported(["SAF.threat"])
            decision = self.decided(case)
            if name == "letter":
                letters = Notice.objects.filter(decision=decision, kind="statement_of_reasons")
                until(letters.exists, "the letter")
                sent = letters.get().pk
                known = {"decided": case.reference, "decision": decision.pk, "notice": sent}
                return made | known | {"letter": link(sent)}
            appeal = appeals.lodge(_MARKETPLACE, decision.pk, _GROUNDS, channel="api")
            reviewer = self.acting("appeals_reviewer", "appeal_review")
            if name != "appeal":
                appeals.take(reviewer, appeal.pk)
            if name == "answered":
                appeals.answer(reviewer, appeal.pk, "uphold", "The messages were read, and they are yours.")
            made[name] = appeal.pk
        raise AssertionError

    def rules(self) -> dict[str, str]:
        """A rule that was backtested, and one with a mistake; the worker works both out. A detector that
        somebody proposed, and a model in force."""
        author = Staff.objects.get(pk=self.people["rules_engineer"])
        tag = re.sub("[^a-z0-9]", "_", self.tag.lower())
        rooms = {"rule": f"rule_{tag}", "mistaken": f"mistaken_{tag}"}
        drafts.written(author, rooms["rule"])
        drafts.written(author, rooms["mistaken"], text=drafts.TEXT.replace("verdict", "verdct"))
        acting = drafts.engineer(author)
        for name in rooms.values():
            rules.ask(acting, name, "check")
            done = RuleReport.objects.filter(rule=name, state="done")
            until(done.exists, f"the check of {name}")
        rules.ask(acting, rooms["rule"], "backtest", days=7)
        backtested = DetectionRule.objects.filter(pk=rooms["rule"], state="backtested")
        until(backtested.exists, "the backtest")
        detectors.propose(
            acting, f"detector_{tag}", url="https://detector.example/score", about="customer",
            clause="FRD-C.stolen_payment", threshold=0.5,
        )  # fmt: skip
        offered = scoring.offer(acting, f"model_{tag}", trained(inputs=["amount_minor", "hour"]))
        scoring.put_into_force(self.acting("supervisor", "rule_work"), offered.pk)
        return rooms | {"detector": f"detector_{tag}", "model": offered.name}

    def warned_of(self) -> dict[str, str]:
        """What somebody shared: an indicator that is seen here, listed and drafted from, and one that was
        taken back; a document of which something could not be used."""
        acting, tag = self.acting("rules_engineer", "rule_work"), re.sub("[^a-z0-9]", "_", self.tag.lower())
        patterns = [f"[email-addr:value = 'dana.{self.tag}@example.com']", "[ipv4-addr:value = '192.0.2.9']"]
        shared = documents.bundle(
            *(
                documents.indicator(n, pattern, id=f"indicator--{uuid.uuid4()}", confidence=80)
                for n, pattern in enumerate((*patterns, "[url:value LIKE 'http%']"))
            )
        )
        made = import_document(
            acting, shared, source="A marketplace nearby", reason="Shared in the fraud circle."
        )
        until(Import.objects.filter(pk=made.pk, compared_at__isnull=False).exists, "the comparison")
        first, second = made.indicators.order_by("name")
        using.put_on_list(acting, [second.pk], f"list_{tag}", reason="They were met before.")
        using.draft_rule(acting, [second.pk], f"drafted_{tag}", reason="They were met before.", days=7)
        drafted = DetectionRule.objects.filter(pk=f"drafted_{tag}", state="backtested")
        until(drafted.exists, "the backtest of the draft")
        recalling.recall(acting, first.pk, reason="It was somebody else.")
        return {"import": made.pk, "indicator": second.pk, "recalled": first.pk, "list": f"list_{tag}"}

    def asked(self) -> dict[str, str]:
        """A question that was answered, and the features of the customer."""
        acting, now = self.acting("supervisor"), timezone.now()
        asked = questions.Asked(
            "total_minor >= 0", now - dt.timedelta(days=1), now, adds_up="total_minor", top_of="customer",
            name=f"Orders {self.tag}",
        )  # fmt: skip
        made = questions.ask(acting, asked, "To see the page")
        answered = Question.objects.filter(pk=made.pk, state="done")
        until(answered.exists, "the answer")
        sheet = ask_features(acting, "customer", f"cus-{self.tag}")
        until(FeatureSheet.objects.filter(pk=sheet.pk, state="done").exists, "the features")
        return {"question": made.pk}

    def newcomer(self) -> dict[str, str]:
        """Somebody who has no second factor yet; and a passkey for the investigator."""
        email = f"newcomer-{self.tag}@staff.example"
        staff.add(
            system("test"), email=email, name=f"Newcomer {self.tag}", roles=["specialist"], regions=["*"],
            password=PASSWORD,
        )  # fmt: skip
        key = Authenticator.objects.create(
            user_id=self.people["investigator"], type=Authenticator.Type.WEBAUTHN,
            data={"name": "Blue key", "passwordless": True, "credential": _credential()},
        )  # fmt: skip
        return {"newcomer": email, "passkey": str(key.pk)}

    def outside(self) -> dict[str, str]:
        """A message nobody could deliver."""
        now = timezone.now()
        row = OutboxMessage.objects.create(
            id=new_id("out"), kind="webhook", topic="action.requested", state="dead", attempts=12,
            destination=f"webhook:whk_{self.tag}", idempotency_key=f"dead-{self.tag}", next_at=now,
            created_at=now, last_error="The receiver answered 503 for three days.",
        )  # fmt: skip
        return {"dead": row.pk}


def _credential() -> dict[str, Any]:
    """What a security key hands over when it is added."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    attested = AttestedCredentialData.create(bytes(16), b"blue-key", public)
    data = AuthenticatorData.create(bytes(32), 0x45, 0, attested)
    collected = CollectedClientData.create("webauthn.create", b"challenge", "https://tocsin.example")
    return {
        "id": websafe_encode(b"blue-key"), "rawId": websafe_encode(b"blue-key"), "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(collected),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
    }  # fmt: skip
