"""Planted harm: one module a scenario, each with its ground truth.

To add one, write a `Scenario` in a module of its own and name it here.
"""

from __future__ import annotations

from simulator.scenarios.account_renting import AccountRenting
from simulator.scenarios.account_takeover import AccountTakeover
from simulator.scenarios.base import Scenario
from simulator.scenarios.collusion import Collusion
from simulator.scenarios.gps_spoofing import GpsSpoofing
from simulator.scenarios.harassment import Harassment
from simulator.scenarios.missing_area import MissingArea
from simulator.scenarios.promo_ring import PromoRing
from simulator.scenarios.refund_abuse import RefundAbuse
from simulator.scenarios.scam_messages import ScamMessages
from simulator.scenarios.stolen_cards import StolenCards
from simulator.scenarios.tip_baiting import TipBaiting
from simulator.scenarios.worker_takeover import WorkerTakeover

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        StolenCards(),
        AccountTakeover(),
        ScamMessages(),
        GpsSpoofing(),
        Harassment(),
        PromoRing(),
        WorkerTakeover(),
        AccountRenting(),
        RefundAbuse(),
        TipBaiting(),
        Collusion(),
        MissingArea(),
    )
}
"""Every scenario by name, quickest to show first."""


def choose(names: str) -> list[Scenario]:
    """The scenarios a command line asked for: `all`, `none`, or names with commas; ValueError for others."""
    if names == "all":
        return list(SCENARIOS.values())
    wanted = [name.strip() for name in names.split(",") if name.strip() and name.strip() != "none"]
    unknown = [name for name in wanted if name not in SCENARIOS]
    if unknown:
        raise ValueError(f"no scenario called {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return [SCENARIOS[name] for name in wanted]
