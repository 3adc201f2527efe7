"""People tell Tocsin what happened, in their own words, and not always with every fact."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simulator.events import Report, rfc3339
from simulator.model import Person, Ref
from simulator.pace import MINUTE
from simulator.places import data
from simulator.stage import Stage
from simulator.steps import FollowUp, Step, Story, Tell
from simulator.world import PastOrder

FORGETS = 0.22
"""Chance that a teller leaves out any one fact."""
NAMES_NO_CODE = 0.15
COMES_BACK = 0.3
FORGETTABLE = ("occurred_at", "order", "place", "zone", "wanted_outcome", "safe_now")
_ACCOUNTS = ("customer", "shopper")


def _telling(code: str) -> dict[str, Any]:
    return next(t for t in data("reports.json")["tellings"] if t["code"] == code)


def describe(
    stage: Stage,
    code: str,
    past: PastOrder,
    by: str,
    teller: Person | None,
    about: Ref | None,
    *,
    forgetful: bool = True,
) -> Report:
    """A report body for `code`, in the teller's language where we have words in it."""
    telling, rng = _telling(code), stage.rng
    spoken = teller.language if teller is not None and teller.language in telling else "en"
    if teller is None and rng.random() < 0.4:
        spoken = "es"
    place = f"{past.address.line1}, {past.address.area.city}"
    body: dict[str, Any] = {
        "codes": [code],
        "narrative": telling[spoken].format(
            order=past.id,
            store=past.store.name,
            street=past.address.line1,
            shopper_name=past.shopper.name,
            amount=f"{past.total_minor / 100:.2f} {past.currency}",
            last4=past.card.last4,
        ),
        "language": spoken,
        "reporter": _reporter(by, teller),
        "order": past.id,
        "occurred_at": rfc3339(stage.now - rng.uniform(2, 90) * MINUTE),
        "zone": past.address.area.zone,
        "place": place,
        "safe_now": telling["safe_now"],
        "wanted_outcome": rng.choice(data("reports.json")["wanted"][spoken]),
        "external_id": f"{stage.world.new_id('rep')}",
    }
    for fact in ("injuries", "police_told"):
        if fact in telling:
            body[fact] = telling[fact]
    if about is not None:
        body["subject"] = {"kind": about[0], "id": about[1]}
    if forgetful:
        for fact in FORGETTABLE:
            if rng.random() < FORGETS:
                del body[fact]
        if rng.random() < NAMES_NO_CODE:
            body["codes"] = []
    return Report(body["external_id"], body)


def _reporter(by: str, teller: Person | None) -> dict[str, str]:
    if teller is None:
        return {"kind": by}
    reporter = {"kind": by, "name": teller.name, "phone": teller.phone, "email": teller.email}
    if by in _ACCOUNTS:
        reporter["account"] = teller.id
    return reporter


def _subject(telling: dict[str, Any], by: str, past: PastOrder) -> Ref | None:
    match telling["about"]:
        case "customer":
            return past.customer.ref
        case "shopper":
            return past.shopper.ref
        case "self":
            return past.shopper.ref if by == "shopper" else past.customer.ref
        case "other":
            return past.shopper.ref if by == "customer" else past.customer.ref
        case _:
            return None


def tell(stage: Stage, report: Report) -> Generator[Step, Any, str | None]:
    """File a report and, now and then, come back to it."""
    number: str | None = yield Tell(report)
    if number is not None and stage.chance(COMES_BACK):
        yield stage.life(stage.rng.uniform(10, 60) * MINUTE, at_least=3)
        lines = data("reports.json")["follow_ups"]
        yield FollowUp(number, stage.rng.choice(lines.get(report.body["language"], lines["en"])))
    return number


def somebody_reports(stage: Stage) -> Story:
    """An everyday report about a recent order, by whoever the telling allows."""
    if not stage.world.recent:
        return
    tellings = data("reports.json")["tellings"]
    telling = stage.rng.choices(tellings, [t["weight"] for t in tellings])[0]
    past = stage.rng.choice(stage.world.recent)
    by = stage.rng.choice(telling["by"])
    teller: Person | None = {"customer": past.customer, "shopper": past.shopper}.get(by)
    about = _subject(telling, by, past)
    if about is not None:
        stage.world.truth.reported.add(about)
    yield from tell(stage, describe(stage, telling["code"], past, by, teller, about))
