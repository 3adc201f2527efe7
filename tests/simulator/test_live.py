"""The live run against the stand-in: everything acknowledged is in the ledger, and Tocsin is obeyed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from simulator import ledger
from simulator.client import Door
from simulator.director import Programme
from simulator.live import Live, LiveSettings
from simulator.recheck import recheck
from simulator.scenarios.stolen_cards import StolenCards
from tests.simulator.standin import KEY, StandIn, Trouble, allow
from tests.simulator.support import until

Test = Callable[[Live, StandIn], Awaitable[None]]


def settings(api: StandIn, **changes: Any) -> LiveSettings:
    programme = changes.pop("programme", Programme(rate=150.0, report_every_s=0.2))
    given: dict[str, Any] = {
        "url": api.url,
        "decide_url": api.url,
        "key": KEY,
        "seed": 7,
        "tag": "live",
        "programme": programme,
        "speed": 5_000.0,
        "population": 30,
        "progress_every_s": 3_600.0,
    }
    return LiveSettings(**{**given, **changes})


def with_live(api: StandIn, test: Test, **changes: Any) -> Live:
    """Run a live marketplace until `test` is done with it, then let it end as a duration would."""

    async def run() -> Live:
        live = Live(settings(api, **changes))
        running = asyncio.create_task(live.run())
        try:
            await test(live, api)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await running
        return live

    with api:
        return asyncio.run(run())


def test_everything_acknowledged_is_in_the_ledger_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"

    async def test(live: Live, api: StandIn) -> None:
        await until(
            lambda: len(api.events) > 150 and len(api.reports) > 3 and bool(api.messages), "a busy shop"
        )

    api = StandIn()
    with_live(api, test, ledger=path)
    entries = list(ledger.read(path))
    acknowledged = [entry["event_id"] for entry in entries if entry["kind"] == "event"]
    assert len(acknowledged) == len(set(acknowledged)) >= 100
    assert set(acknowledged) <= set(api.events)
    assert all(api.events[e["event_id"]][0] == e["event"] for e in entries if e["kind"] == "event")
    told = {entry["external_id"]: entry["number"] for entry in entries if entry["kind"] == "report"}
    assert len(told) == len(set(told.values())) >= 3
    assert all(api.reports[number]["external_id"] == external for external, number in told.items())
    assert {kind for kind, _ in api.entities} >= {
        "store",
        "customer",
        "shopper",
        "order",
        "payment_instrument",
    }


def test_an_outage_loses_nothing_and_stories_go_on_undecided(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"

    async def test(live: Live, api: StandIn) -> None:
        await until(lambda: len(api.events) > 30, "the start")
        with api.lock:
            api.troubles.extend([Trouble(503, "1")] * 12)
            api.troubles.extend([Trouble(0, after_commit=True)] * 3)
        await until(lambda: live.scheduler.counts["undecided"] > 0, "patience running out")
        before = len(api.events)
        await until(lambda: not api.troubles, "the end of the outage", 60)
        await until(lambda: len(api.events) > before + 100, "life after it")
        await until(lambda: live.lanes.buffered == 0, "a moment with nothing on its way")

    api = StandIn()
    live = with_live(api, test, ledger=path, patience_s=0.3)
    assert live.lanes.counts["dropped"] == 0
    assert live.lanes.counts["refused"] == 0
    acknowledged = [entry["event_id"] for entry in ledger.read(path) if entry["kind"] == "event"]
    assert sorted(acknowledged) == sorted(set(acknowledged))
    assert set(acknowledged) <= set(api.events)
    assert live.lanes.counts["acknowledged"] == len(acknowledged)


def test_a_blocked_order_is_cancelled_and_never_captured() -> None:
    def judge(event: dict[str, Any]) -> dict[str, Any]:
        big = event["type"] == "order.placed" and event["fields"]["total_minor"] > 40_000
        return {"verdict": "block", "reasons": [{"code": "V3"}]} if big else {"verdict": "allow"}

    async def test(live: Live, api: StandIn) -> None:
        await until(lambda: live.truth.plants != [] and live.truth.plants[0].finished, "the scenario", 60)
        await until(lambda: live.lanes.buffered == 0, "a quiet moment")

    api = StandIn(judge)
    thieves = StolenCards(between_tries_s=(0.1, 0.2))
    live = with_live(
        api, test, programme=Programme(rate=0, report_every_s=0, scenarios=[thieves], every_s=600)
    )
    placed = {e["entities"]["order"] for e in api.of_type("order.placed")}
    assert len(placed) == 2
    assert not api.of_type("payment.authorised")
    assert {e["entities"]["order"] for e in api.of_type("order.cancelled")} == placed
    (plant,) = live.truth.plants
    assert plant.total("lost") == 0
    assert plant.total("stopped") == sum(e["fields"]["total_minor"] for e in api.of_type("order.placed"))
    assert plant.codes == {"V3"}
    assert plant.noticed_by == "block V3"


def test_a_step_up_stops_thieves_and_lets_owners_through() -> None:
    def judge(event: dict[str, Any]) -> dict[str, Any]:
        return {"verdict": "step_up" if event["type"] == "payment.authorised" else "allow"}

    async def test(live: Live, api: StandIn) -> None:
        await until(lambda: live.truth.plants != [] and live.truth.plants[0].finished, "the scenario", 60)
        await until(lambda: len(api.of_type("order.assigned")) > 10, "honest orders going on")

    api = StandIn(judge)
    thieves = StolenCards(between_tries_s=(0.1, 0.2))
    live = with_live(
        api, test, programme=Programme(rate=150, report_every_s=0, scenarios=[thieves], every_s=600)
    )
    (thief,) = (ident for _, ident in live.truth.plants[0].accounts)
    assert {e["entities"]["customer"] for e in api.of_type("order.assigned")}.isdisjoint({thief})
    assert live.truth.plants[0].total("lost") == 0


def test_actions_by_webhook_are_obeyed_confirmed_and_undone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    everybody: list[str] = []

    async def test(live: Live, api: StandIn) -> None:
        await until(lambda: bool(api.webhooks) and len(api.of_type("order.placed")) > 5, "the start")
        shopper = api.of_type("order.assigned") or api.of_type("shift.started")
        ident = shopper[0]["entities"]["shopper"]
        everybody.append(ident)
        target = {"kind": "shopper", "id": ident}
        lock = {"action_id": "act_1", "type": "suspend_interim", "target": target, "ends_at": None}

        def send(kind: str, data: dict[str, Any], delivery: str, **options: Any) -> Awaitable[int]:
            return asyncio.to_thread(api.send_webhook, kind, data, delivery=delivery, **options)

        assert await send("action.requested", lock, "d0", secret="whsec_forged") == 401
        assert not live.standing.has(("shopper", ident), {"suspend_interim"}, time.time())
        assert await send("action.requested", lock, "d1") == 200
        assert await send("action.requested", lock, "d1") == 200
        assert live.standing.has(("shopper", ident), {"suspend_interim"}, time.time())
        await until(lambda: ("act_1", "applied") in api.confirmations, "the confirmation")
        done = {"action_id": "act_1", "type": "restore_account", "target": target, "reverses": "act_1"}
        assert await send("action.reversed", done, "d2") == 200
        assert not live.standing.has(("shopper", ident), {"suspend_interim"}, time.time())
        unknown = {"action_id": "act_2", "type": "exile", "target": target}
        assert await send("action.requested", unknown, "d3") == 200
        await until(lambda: ("act_2", "failed") in api.confirmations, "the honest refusal")

    api = StandIn()
    live = with_live(api, test, webhook_port=0, ledger=path)
    assert api.confirmations == [("act_1", "applied"), ("act_2", "failed")]
    assert ledger.audit(path)["deliveries"] == 3
    assert ledger.audit(path)["deliveries_doubled"] == 0
    assert api.webhooks == {}, "the subscription is taken back at the end"
    assert live.truth.troubled[("shopper", everybody[0])] == {"suspend_interim"}


def test_refused_events_are_counted_and_life_goes_on() -> None:
    def judge(event: dict[str, Any]) -> dict[str, Any]:
        if event["type"] == "location.ping":
            return {"error": {"title": "Wrong fields", "errors": [{"path": "fields.lat", "message": "no"}]}}
        return allow(event)

    async def test(live: Live, api: StandIn) -> None:
        await until(lambda: len(api.of_type("order.picked")) > 0, "life in spite of it", 60)

    live = with_live(StandIn(judge), test)
    assert live.lanes.counts["refused"] > 0
    assert "location.ping" in live.lanes.problems[0]
    assert "fields.lat: no" in live.lanes.problems[0]


def test_a_full_buffer_drops_and_counts(tmp_path: Path) -> None:
    async def run(api: StandIn) -> Live:
        live = Live(settings(api))
        live.lanes._room = 0
        running = asyncio.create_task(live.run())
        await until(lambda: live.lanes.counts["dropped"] > 20, "drops")
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        return live

    with StandIn() as api:
        live = asyncio.run(run(api))
        assert not api.events
        assert live.scheduler.counts["undecided"] > 0


def test_recheck_counts_what_was_kept_and_what_was_lost(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"

    async def test(live: Live, api: StandIn) -> None:
        await until(lambda: len(api.events) > 60 and len(api.reports) > 1, "some life")
        await until(lambda: live.lanes.buffered == 0, "a quiet moment")

    api = StandIn()
    with_live(api, test, ledger=path)
    total = ledger.audit(path)["events"]
    lost = [entry["event_id"] for entry in ledger.read(path) if entry["kind"] == "event"][5:8]

    async def again() -> dict[str, int]:
        hot, web = Door(fresh.url, KEY), Door(fresh.url, KEY)
        try:
            return await recheck(path, hot, web)
        finally:
            await hot.close()
            await web.close()

    with StandIn() as fresh:
        fresh.events, fresh.reports, fresh.order = api.events, api.reports, api.order
        for ident in lost:
            del fresh.events[ident]
        altered = next(i for i in fresh.events if fresh.events[i][1]["seq"] == 1)
        fresh.events[altered][1]["verdict"] = "block"
        counts = asyncio.run(again())
    assert counts["events_lost"] == 3
    assert counts["events_altered"] == 1
    assert counts["events_kept"] == total - 4
    assert (counts["reports_lost"], counts["reports_kept"]) == (0, counts["reports"])


def test_ctrl_c_stops_at_once_and_still_scores(tmp_path: Path) -> None:
    with StandIn() as api:
        command = [
            sys.executable, "-m", "simulator", "--url", api.url, "--decide-url", api.url, "--key", KEY,
            "--rate", "50", "--population", "20", "--webhook-port", "0", "--speed", "5000",
            "--every", "1", "--score", str(tmp_path / "score.json"),
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 30
            while len(api.events) < 40:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "bad ones met resistance" in out
    assert "Traceback" not in err
    assert json.loads((tmp_path / "score.json").read_text())["verdicts"]["allow"] > 0


def test_a_duration_ends_the_run_by_itself() -> None:
    with StandIn() as api:
        live = Live(settings(api, duration_s=1.5))
        asyncio.run(live.run())
        assert api.events
        assert live.lanes.counts["acknowledged"] == len(api.events)


def test_a_deed_under_review_waits_and_is_stopped_or_let_go() -> None:
    def judge(event: dict[str, Any]) -> dict[str, Any]:
        return {"verdict": "review" if event["type"] == "order.placed" else "allow"}

    async def test(live: Live, api: StandIn) -> None:
        await until(lambda: bool(api.webhooks) and len(api.of_type("order.placed")) >= 2, "two orders")
        stop, go = (e["entities"]["order"] for e in api.of_type("order.placed")[:2])

        def held(order: str) -> bool:
            return live.standing.has(("order", order), {"hold_order"}, time.time()) is not None

        await until(lambda: held(stop) and held(go), "the holds")

        def send(kind: str, order: str, action: str, delivery: str) -> Awaitable[int]:
            data = {"action_id": f"act-{order}", "type": action, "target": {"kind": "order", "id": order}}
            return asyncio.to_thread(api.send_webhook, kind, data, delivery=delivery)

        assert await send("action.requested", stop, "block_transaction", "d1") == 200
        assert await send("action.reversed", go, "release_order", "d2") == 200
        await until(lambda: stop in orders(api, "order.cancelled"), "the stopped order")
        await until(lambda: go in orders(api, "payment.authorised"), "the released order")
        assert stop not in orders(api, "payment.authorised")
        assert orders(api, "payment.authorised") == {go}, "all others still wait for a person"

    with_live(StandIn(judge), test, webhook_port=0, speed=1.0)


def orders(api: StandIn, event_type: str) -> set[str]:
    return {event["entities"]["order"] for event in api.of_type(event_type)}
