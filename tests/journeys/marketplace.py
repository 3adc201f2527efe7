"""The marketplace's side of a journey: it calls the API, receives webhooks and checks their signatures."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.support.stack import until


class Receiver:
    """A webhook receiver on a free port. It refuses a bad signature, a stale time and a known id."""

    def __init__(self) -> None:
        self.secret = ""
        self.received: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self._seen: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                problem = receiver.problem_with(dict(self.headers), body)
                if problem:
                    receiver.refused.append(problem)
                else:
                    receiver.received.append(json.loads(body))
                self.send_response(400 if problem else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def problem_with(self, headers: dict[str, str], body: bytes) -> str:
        """Why a delivery is refused; empty when it is good."""
        stamp = headers["Tocsin-Timestamp"]
        wanted = hmac.new(self.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(headers["Tocsin-Signature"], f"v1={wanted}"):
            return "signature"
        if abs(time.time() - int(stamp)) > 300:
            return "stale"
        if headers["Tocsin-Delivery-Id"] in self._seen:
            return "replayed"
        self._seen.add(headers["Tocsin-Delivery-Id"])
        return ""

    def of(self, topic: str) -> list[dict[str, Any]]:
        """What was received of a topic."""
        return [one["data"] for one in self.received if one["type"] == topic]

    def stop(self) -> None:
        self._server.shutdown()


class Marketplace:
    """One marketplace's system, with a key and a receiver."""

    def __init__(self, web: str, decide: str, key: str, tag: str) -> None:
        self.tag = tag
        self.receiver = Receiver()
        self.client = httpx.Client(base_url=web, headers={"Authorization": f"Bearer {key}"}, timeout=20)
        self._decide = httpx.Client(base_url=decide, headers={"Authorization": f"Bearer {key}"}, timeout=20)
        self._known = False
        self._count = 0

    def listen(self) -> None:
        """Register the receiver for everything."""
        made = self.client.post("/v1/webhooks", json={"url": self.receiver.url, "topics": []})
        assert made.status_code == 201, made.text
        self.receiver.secret = made.json()["secret"]

    def tell(self, kind: str, ident: str, **attributes: Any) -> None:
        """Tell about a person or thing."""
        done = self.client.put(f"/v1/entities/{kind}/{ident}", json={"attributes": attributes})
        assert done.status_code == 200, done.text

    def people_and_order(self) -> tuple[str, str, str]:
        """A customer, a shopper and their live order."""
        customer, shopper, order = (f"{kind}-{self.tag}" for kind in ("cus", "sho", "ord"))
        where = {"region": "US-CA", "zone": "America/Los_Angeles"}
        self.tell(
            "customer", customer, name="Ana Lima", email=f"ana.{self.tag}@example.com", phone="+12065550123",
            language="en", **where,
        )  # fmt: skip
        self.tell("shopper", shopper, name="Bo Tran", email=f"bo.{self.tag}@example.com", **where)
        self.tell(
            "order",
            order,
            customer=customer,
            shopper=shopper,
            status="assigned",
            total_minor=8400,
            currency="USD",
        )
        return customer, shopper, order

    def event(self, kind: str, entities: dict[str, str], **fields: Any) -> dict[str, Any]:
        """Send one event to the decide host; returns the answer."""
        self._count += 1
        now = dt.datetime.now(dt.UTC).isoformat()
        body = {
            "id": f"evt-{self.tag}-{self._count}", "type": kind, "ts": now, "region": "US-CA",
            "entities": entities, "fields": fields,
        }  # fmt: skip
        return self._ask(body)

    def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        if not self._known:  # a new key works within a few seconds
            until(lambda: self._decide.post("/v1/decide", json={}).status_code != 401, "the key to be known")
            self._known = True
        answer = self._decide.post("/v1/decide", json=body)
        assert answer.status_code == 200, answer.text
        decided: dict[str, Any] = answer.json()
        return decided

    def stream(self, events: list[dict[str, Any]]) -> Counter[str]:
        """Send events that were made elsewhere; returns how often each verdict came back."""
        verdicts: Counter[str] = Counter()
        for at in range(0, len(events), 100):
            answer = self._ask({"events": events[at : at + 100]})
            verdicts.update(one["verdict"] for one in answer["decisions"])
        return verdicts

    def test_cards(self, customer: str) -> dict[str, Any]:
        """What a card tester does: six different cards declined on one device. Returns the last answer."""
        answer: dict[str, Any] = {}
        for number in range(6):
            answer = self.event(
                "payment.declined",
                {"customer": customer, "card": f"card-{self.tag}-{number}", "device": f"dev-{self.tag}"},
                amount_minor=100, currency="USD", decline_code="do_not_honor",
            )  # fmt: skip
        return answer

    def case_about(self, account: str) -> dict[str, Any]:
        """Wait until a case about an account is in the queue, and read it."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            listed = self.client.get("/v1/cases", params={"tab": "all", "limit": 200}).json()["items"]
            for brief in listed:
                case = self.client.get(f"/v1/cases/{brief['id']}").json()
                if any(party["id"] == account and party["part"] == "subject" for party in case["parties"]):
                    found.append(case)
                    return True
            return False

        until(there, f"a case about {account}")
        return found[-1]

    def stop(self) -> None:
        self.receiver.stop()
        self.client.close()
        self._decide.close()
