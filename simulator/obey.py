"""Turns what Tocsin says into what the marketplace does: verdicts at once, actions, and undoing them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from simulator.events import VERIFY, Answer, Event
from simulator.model import Ref
from simulator.pace import HOUR, MINUTE, Pace
from simulator.standing import (
    BY_VERDICT,
    PAIR_SEPARATOR,
    REVIEW,
    STOPS_ACCOUNT,
    STOPS_SIGN_UP,
    Standing,
    canonical,
    pair_key,
)
from simulator.truth import Truth

REVIEW_TIME = 30 * MINUTE
"""What is under review waits this long for a person; then the marketplace lets it go on."""
OWNER_VERIFIES = 30 * MINUTE
LOCK_TIME = 12 * HOUR
MONEY_EVENTS = ("order.placed", "order.assigned", "payment.")
CAN_DO = (
    STOPS_ACCOUNT
    | {STOPS_SIGN_UP}
    | {"educate", "warn", "restrict_feature", "step_up", "block_transaction", "hold_order"}
    | {"hold_payout", "hold_refund", "unmatch", "watch"}
)
INVERSE_OF = {
    "unlock_account": "lock_account",
    "release_order": "hold_order",
    "allow_transaction": "block_transaction",
    "clear_step_up": "step_up",
}
"""A reversal names the inverse step; this is what it undoes, where verdicts can also put it in force."""


class CannotDo(Exception):
    """An action this marketplace does not know."""


class Obedience:
    """Applies verdicts and actions to the standing of accounts and orders."""

    def __init__(self, standing: Standing, truth: Truth, pace: Pace) -> None:
        self.standing = standing
        self.truth = truth
        self.pace = pace
        self.counts: Counter[str] = Counter()

    # -- verdicts ----------------------------------------------------------------------------------

    def verdict(self, event: Event, actor: Ref, answer: Answer, now: float) -> None:
        """Carry out the answer to one event. The story itself hears the verdict too."""
        self.truth.answered(event, actor, answer, now)
        if answer.verdict == "allow":
            return
        order = event.entities.get("order")
        moves_money = event.type.startswith(MONEY_EVENTS)
        if order and answer.verdict == "block" and moves_money:
            self.standing.apply(f"{BY_VERDICT}{event.id}", "block_transaction", ("order", order))
        if answer.verdict == "review":
            ends_at = self._review_ends(now)
            self.standing.apply(f"{BY_VERDICT}{event.id}", REVIEW, ("event", event.id), ends_at)
            if order and moves_money:
                self.standing.apply(f"{BY_VERDICT}{event.id}:hold", "hold_order", ("order", order), ends_at)
        for kind, order_id in answer.demands:
            self.standing.demanded[order_id].add(kind)
        for action, kind, ident in answer.actions:
            self._with_verdict(event, actor, answer, action, canonical(kind, ident), now)

    def _with_verdict(
        self, event: Event, actor: Ref, answer: Answer, action: str, target: Ref, now: float
    ) -> None:
        if (
            action == "watch"
            or action.startswith(VERIFY)
            or (action == "step_up" and answer.verdict == "step_up")
        ):
            return
        ends_at: float | None = None
        if action == "lock_account":
            honest = target not in self.truth.bad
            ends_at = now + self.pace.life(OWNER_VERIFIES if honest else LOCK_TIME, at_least=30)
        elif action == "hold_order":
            ends_at = self._review_ends(now)
        if self.standing.apply(f"{BY_VERDICT}{event.id}:{action}", action, target, ends_at):
            self.counts[f"verdict {action}"] += 1
            self.truth.acted(action, target, now)

    def _review_ends(self, now: float) -> float:
        return now + self.pace.life(REVIEW_TIME, at_least=15)

    # -- webhooks ----------------------------------------------------------------------------------

    def action(self, data: dict[str, Any], now: float) -> None:
        """Apply an action Tocsin asked for; again is the same as once. Raises CannotDo."""
        action, target = str(data.get("type")), _target(data)
        if action not in CAN_DO:
            raise CannotDo(f"This marketplace knows no action called {action}.")
        ends_at = _moment(data.get("ends_at"))
        if self.standing.apply(str(data["action_id"]), action, target, ends_at):
            self.counts[f"action {action}"] += 1
            if action != "unmatch":  # parting a pair accuses nobody, so it is not counted as trouble
                self.truth.acted(action, target, now, str(data.get("reason_code") or ""))

    def reversal(self, data: dict[str, Any]) -> bool:
        """Undo an action, and whatever its verdict had already put in force on the same target."""
        self.counts["reversed"] += 1
        target, name = _target(data), str(data.get("type"))
        undone = self.standing.undo(str(data.get("reverses") or data["action_id"]), target)
        return self.standing.undo_verdicts(target, INVERSE_OF.get(name, name)) or undone


def _target(data: dict[str, Any]) -> Ref:
    target = data.get("target")
    if not isinstance(target, dict) or "kind" not in target or "id" not in target:
        raise CannotDo("The action names no target.")
    kind, ident = str(target["kind"]), str(target["id"])
    if kind == "pair":
        first, _, second = ident.partition(PAIR_SEPARATOR)
        return pair_key(first, second)
    return canonical(kind, ident)


def _moment(value: Any) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None else None
