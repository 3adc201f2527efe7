"""What Tocsin has asked the marketplace to enforce, and what that means for the next deed.

Every effect can be undone and most of them end by themselves, because protective actions are time-boxed.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from simulator.events import Event
from simulator.model import Ref

STOPS_ACCOUNT = frozenset({"lock_account", "suspend_interim", "suspend_fixed", "terminate"})
STOPS_SIGN_UP = "block_reregistration"
PAYING = ("payment.", "order.placed")
RISKY_FEATURES = frozenset({"payout.changed", "promo.redeemed"})
SHOPPER_WORK = frozenset({"offer.accepted", "order.assigned", "shift.started"})
PAIR_SEPARATOR = "|"
REVIEW = "review"
"""The effect a review verdict has on its own event, until its time is over."""
LOOK_AGAIN_S = 0.5
"""How often something held looks whether it was released."""
REMEMBERED = 100_000
BY_VERDICT = "decide:"
"""What ids of effects begin with that came with a verdict and not as an action."""

_ALIASES = {"card": "payment_instrument", "payout": "payout_account"}


class Gate(Enum):
    """Whether a deed may go on now."""

    OPEN = "open"
    HELD = "held"
    SHUT = "shut"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The gate for one deed, and why."""

    gate: Gate
    why: str = ""


@dataclass(slots=True)
class _Effect:
    action_id: str
    type: str
    ends_at: float | None


def canonical(kind: str, ident: str) -> Ref:
    """One name for kinds that events and actions spell differently."""
    return (_ALIASES.get(kind, kind), ident)


def pair_key(customer: str, shopper: str) -> Ref:
    """How an unmatched pair is kept: symmetric, whoever asked for it."""
    return ("pair", PAIR_SEPARATOR.join(sorted((customer, shopper))))


class Standing:
    """All effects in force, by what they are on."""

    def __init__(self) -> None:
        self._on: dict[Ref, list[_Effect]] = {}
        self._undone: OrderedDict[str, None] = OrderedDict()
        self.demanded: defaultdict[str, set[str]] = defaultdict(set)
        """How orders, by their id, are to be verified when they are handed over."""

    def apply(self, action_id: str, action: str, target: Ref, ends_at: float | None = None) -> bool:
        """Put an effect in force; False when this very action already is, or was undone before it came."""
        if action_id in self._undone:
            return False
        effects = self._on.setdefault(target, [])
        for effect in effects:
            if effect.action_id == action_id:
                return False
        effects.append(_Effect(action_id, action, ends_at))
        return True

    def undo(self, action_id: str, target: Ref) -> bool:
        """Take one action's effect away; False when it was not in force.

        Messages may arrive in the wrong order, so an undone action stays undone if it is asked for later.
        """
        self._undone[action_id] = None
        while len(self._undone) > REMEMBERED:
            self._undone.popitem(last=False)
        before = self._on.get(target, [])
        kept = [effect for effect in before if effect.action_id != action_id]
        self._keep(target, kept)
        return len(kept) != len(before)

    def undo_verdicts(self, target: Ref, action: str) -> bool:
        """Take away what verdicts alone put on a target; actions with an id of their own stay."""
        before = self._on.get(target, [])
        kept = [e for e in before if not (e.type == action and e.action_id.startswith(BY_VERDICT))]
        self._keep(target, kept)
        return len(kept) != len(before)

    def clear(self, target: Ref, action: str) -> None:
        """Take every effect of one type off a target, as when its owner has verified themselves."""
        self._keep(target, [e for e in self._on.get(target, []) if e.type != action])

    def has(self, target: Ref, actions: frozenset[str] | set[str], now: float) -> str | None:
        """The first action in force on `target` that is one of `actions`."""
        for effect in self._live(target, now):
            if effect.type in actions:
                return effect.type
        return None

    def parted(self, customer: str, shopper: str, now: float) -> bool:
        """Whether these two must not be matched."""
        return self.has(pair_key(customer, shopper), {"unmatch"}, now) is not None

    def rule(self, event: Event, actor: Ref, now: float) -> Ruling:
        """Decide whether the marketplace carries out the deed behind `event`."""
        for why in self._shut_reasons(event, actor, now):
            return Ruling(Gate.SHUT, why)
        held = self._held(event, now)
        return Ruling(Gate.HELD, held) if held else Ruling(Gate.OPEN)

    def _shut_reasons(self, event: Event, actor: Ref, now: float) -> Iterator[str]:
        entities = event.entities
        doers = [actor]
        if "device" in entities:
            doers.append(("device", entities["device"]))
        if event.type.startswith(PAYING) and "card" in entities:
            card = canonical("card", entities["card"])
            doers.append(card)
            if self.has(card, {"block_transaction"}, now):
                yield f"block_transaction on card {card[1]}"
        for doer in doers:
            action = self.has(doer, STOPS_ACCOUNT, now)
            if action:
                yield f"{action} on {doer[0]} {doer[1]}"
            if event.type == "account.created" and self.has(doer, {STOPS_SIGN_UP}, now):
                yield f"{STOPS_SIGN_UP} on {doer[0]} {doer[1]}"
        if event.type in RISKY_FEATURES and self.has(actor, {"restrict_feature"}, now):
            yield f"restrict_feature on {actor[0]} {actor[1]}"
        order = entities.get("order")
        if order and self.has(("order", order), {"block_transaction"}, now):
            yield f"block_transaction on order {order}"
        if event.type in SHOPPER_WORK | {"message.sent"}:
            customer, shopper = entities.get("customer"), entities.get("shopper")
            if customer and shopper and self.parted(customer, shopper, now):
                yield f"unmatch of {customer} and {shopper}"

    def _held(self, event: Event, now: float) -> str:
        order = event.entities.get("order")
        targets: list[Ref] = [("order", order)] if order else []
        if event.type == "refund.paid":
            customer = event.entities.get("customer")
            targets += [("customer", customer)] if customer else []
            for target in targets:
                if self.has(target, {"hold_refund"}, now):
                    return "hold_refund"
        for target in targets:
            if self.has(target, {"hold_order"}, now):
                return "hold_order"
        return ""

    def _live(self, target: Ref, now: float) -> list[_Effect]:
        effects = self._on.get(target)
        if not effects:
            return []
        live = [e for e in effects if e.ends_at is None or e.ends_at > now]
        if len(live) != len(effects):
            self._keep(target, live)
        return live

    def _keep(self, target: Ref, effects: list[_Effect]) -> None:
        if effects:
            self._on[target] = effects
        else:
            self._on.pop(target, None)
