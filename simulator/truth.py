"""What really happened: which accounts and events were planted, what was at stake, who was troubled.

Only the simulator knows this. Tocsin never sees a label; the score compares what Tocsin did with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from simulator.events import Answer, Event
from simulator.model import Ref

GENTLE_ACTIONS = frozenset({"educate", "watch"})
"""Actions that do not get in a person's way."""


@dataclass(slots=True)
class Stake:
    """Money (minor units) that a deed would cost somebody: `open` until it is `stopped` or `lost`."""

    amount_minor: int
    state: str = "open"


@dataclass(slots=True)
class Plant:
    """One planted scenario with its ground truth."""

    scenario: str
    number: int
    expects: frozenset[str]
    started_at: float
    accounts: dict[Ref, str] = field(default_factory=dict)
    """Who is in on it (`offender`) or whose account was taken (`compromised`)."""
    events: list[str] = field(default_factory=list)
    """Ids of the events that are the deed itself."""
    reports: list[str] = field(default_factory=list)
    stakes: dict[str, Stake] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    """Stakes that a story beside this one will settle."""
    first_bad_at: float | None = None
    noticed_at: float | None = None
    noticed_by: str = ""
    interrupted_at: float | None = None
    deeds_to_notice: int | None = None
    """Bad events from the first up to the one at which Tocsin reacted."""
    deeds_to_interrupt: int | None = None
    codes: set[str] = field(default_factory=set)
    finished: bool = False

    def stake(self, key: str, amount_minor: int) -> None:
        """Say, before the deed, what would be lost if nobody stops it."""
        self.stakes.setdefault(key, Stake(amount_minor))

    def settle(self, key: str, *, lost: bool) -> None:
        """Close a stake. What was lost stays lost."""
        stake = self.stakes[key]
        if stake.state == "open":
            stake.state = "lost" if lost else "stopped"

    def finish(self) -> None:
        """The story is over: what was not lost by now never will be, but for what another story decides."""
        self.finished = True
        for key, stake in self.stakes.items():
            if stake.state == "open" and key not in self.elsewhere:
                stake.state = "stopped"

    def total(self, state: str) -> int:
        """Minor units in one state."""
        return sum(stake.amount_minor for stake in self.stakes.values() if stake.state == state)

    def notice(self, by: str, now: float, *, interrupts: bool) -> None:
        """Record that Tocsin reacted; the first time counts, and only after the first deed."""
        if self.first_bad_at is None:
            return
        if self.noticed_at is None:
            self.noticed_at, self.noticed_by = now, by
            self.deeds_to_notice = len(self.events)
        if interrupts and self.interrupted_at is None:
            self.interrupted_at = now
            self.deeds_to_interrupt = len(self.events)


@dataclass
class Truth:
    """Everything the score needs, kept as counts wherever counts are enough."""

    plants: list[Plant] = field(default_factory=list)
    bad: dict[Ref, Plant] = field(default_factory=dict)
    labels: dict[Ref, str] = field(default_factory=dict)
    """Look-alike label of innocents who are not plain."""
    owners: dict[Ref, Ref] = field(default_factory=dict)
    """Whose order, device or card something is."""
    active: set[Ref] = field(default_factory=set)
    troubled: dict[Ref, set[str]] = field(default_factory=dict)
    reported: set[Ref] = field(default_factory=set)
    """Accounts an everyday report is about: acting on them, or protecting them, is no trouble for nothing."""
    acted_on_report: set[Ref] = field(default_factory=set)
    verdicts: Counter[str] = field(default_factory=Counter)
    good_orders: int = 0
    good_orders_interrupted: int = 0

    def plant(self, scenario: str, expects: frozenset[str], now: float) -> Plant:
        """Open the ground truth of a scenario about to start."""
        plant = Plant(scenario, len(self.plants) + 1, expects, now)
        self.plants.append(plant)
        return plant

    def involve(self, plant: Plant, account: Ref, role: str = "offender") -> None:
        """Mark an account as part of a scenario."""
        plant.accounts[account] = role
        self.bad[account] = plant

    def said(self, event: Event, actor: Ref, plant: Plant | None, *, bad: bool) -> None:
        """An event went out."""
        self.active.add(actor)
        if bad and plant is not None:
            plant.events.append(event.id)
            if plant.first_bad_at is None:
                plant.first_bad_at = event.at
        if event.type == "order.placed" and actor not in self.bad:
            self.good_orders += 1

    def answered(self, event: Event, actor: Ref, answer: Answer, now: float) -> None:
        """A verdict came back."""
        self.verdicts[answer.verdict] += 1
        if answer.verdict == "allow":
            return
        interrupts = answer.interrupts
        plant = self._plant_of(event, actor)
        if plant is not None:
            plant.codes.update(answer.reasons)
            by = f"{answer.verdict} {'+'.join(answer.reasons)}".strip()
            plant.notice(by, now, interrupts=interrupts)
        if not interrupts:
            return
        self.troubled.setdefault(actor, set()).add(answer.verdict)
        if event.type in ("order.placed", "payment.authorised") and actor not in self.bad:
            self.good_orders_interrupted += 1

    def acted(self, action: str, target: Ref, now: float, reason: str = "") -> None:
        """Tocsin asked for an action."""
        if action in GENTLE_ACTIONS:
            return
        account = self.owners.get(target, target)
        plant = self.bad.get(account)
        if plant is not None:
            if reason:
                plant.codes.add(reason)
            plant.notice(f"action {action}", now, interrupts=True)
        elif account in self.reported:
            self.acted_on_report.add(account)
            return
        self.troubled.setdefault(account, set()).add(action)

    def label(self, account: Ref) -> str:
        """Why this account exists."""
        plant = self.bad.get(account)
        return plant.scenario if plant else self.labels.get(account, "plain")

    def _plant_of(self, event: Event, actor: Ref) -> Plant | None:
        if actor in self.bad:
            return self.bad[actor]
        for kind in ("customer", "shopper"):
            ident = event.entities.get(kind)
            if ident and (kind, ident) in self.bad:
                return self.bad[(kind, ident)]
        return None
