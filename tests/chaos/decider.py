"""A specialist who never stops deciding: takes cases through the API and files a decision in each.

Every request carries an Idempotency-Key and is sent again until it is answered, as a careful client does, so
that after the last answer it knows of every decision there is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import httpx

#: A clause for customers and shoppers alike, and a step that any specialist may take.
CLAUSE, STEP = "C2.1", "warn"
_PAUSE_S = 0.2
_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Filed:
    """A decision that was acknowledged."""

    id: str
    case: str
    account: str


class Decider(threading.Thread):
    """Works until told to stop; then finishes the case in hand. ``not_mine``: cases to leave alone."""

    def __init__(self, web: str, key: str, not_mine: Collection[str]) -> None:
        super().__init__(name="decider")
        self.filed: list[Filed] = []
        self.refused: list[str] = []
        self.retries = 0
        self._seen = set(not_mine)
        self._enough = threading.Event()
        self._client = httpx.Client(base_url=web, headers={"Authorization": f"Bearer {key}"}, timeout=20)

    def run(self) -> None:
        while not self._enough.is_set():
            waiting = [one["id"] for one in self._get("/v1/cases", tab="open", limit=200)["items"]]
            fresh = [case for case in waiting if case not in self._seen]
            if not fresh:
                self._enough.wait(_PAUSE_S)
            for case in fresh:
                if self._enough.is_set():
                    break
                self._seen.add(case)
                self._work(case)
        self._client.close()

    def finish(self) -> None:
        """Stop taking cases, and wait until the last one is answered."""
        self._enough.set()
        self.join(60)
        assert not self.is_alive(), "the decider still waits for an answer"

    def _work(self, case: str) -> None:
        subjects = [one for one in self._get(f"/v1/cases/{case}")["parties"] if one["part"] == "subject"]
        if not subjects:
            return
        account = subjects[0]["account_id"]
        if self._post(f"/v1/cases/{case}/assign", f"take-{case}", {}) is None:
            return
        made = self._post(
            f"/v1/cases/{case}/decisions", f"decide-{case}",
            {
                "subject": account, "finding": "substantiated", "clause": CLAUSE, "step": STEP,
                "standard_of_proof": "preponderance", "facts_internal": "Seen by three people.",
                "facts_disclosable": "You went on after you were asked to stop.",
                "deviation_reason": "A warning is enough this time.",
            },
        )  # fmt: skip
        if made is not None:
            self.filed.append(Filed(made["id"], case, account))

    def _post(self, path: str, key: str, body: dict[str, Any]) -> dict[str, Any] | None:
        answer = self._until_answered(
            lambda: self._client.post(path, json=body, headers={"Idempotency-Key": key})
        )
        if answer.is_success:
            return dict(answer.json())
        self.refused.append(f"{path}: {answer.status_code} {answer.text}")
        return None

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self._until_answered(lambda: self._client.get(path, params=query))
        assert answer.is_success, answer.text
        return dict(answer.json())

    def _until_answered(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        while True:
            try:
                answer = ask()
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code not in _AGAIN:
                return answer
            self.retries += 1
            time.sleep(_PAUSE_S)
