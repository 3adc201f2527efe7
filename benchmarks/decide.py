"""How fast decisions are, every one durable before its answer, beside a bare ASGI echo on the same server.

    python -m benchmarks.decide [--rates 1000,2000,5000,10000,20000] [--batches 10,100] [--batch-rates 20000]
                                [--seconds 5] [--connections 64] [--json]

Open loop: requests are due at fixed moments whether or not the server keeps up, and a delay counts from the
moment a request was due. `rates` sends one event a request: 10,000 a second are 10,000 HTTP requests.
`batches` sends many events in a request; its rates count events. The rules are those Tocsin ships;
`rule_fired_share` of the events get reasons in their answers and their explanation in the log.
`durable_per_second` and `echo_per_second` are what is answered when every request is due at once.

The sender shares the machine. `sender_busy` is the share of one core it used; `sender_late_p99_ms`, how long
after its moment a request left, which is the sender's doing, or means that every connection was waiting.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

if __package__ in (None, ""):  # run as a file, not with -m
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness import REPOSITORY, decide_process
from benchmarks.open_loop import Sender, Sent
from benchmarks.report import percentile, show

RULES = REPOSITORY / "src" / "tocsin" / "data" / "rules"
CUSTOMERS, SHOPPERS = 20_000, 2_000
SUSPICIOUS = 0.08  # of pings and of messages: about one event in twenty makes rules fire
LURE = "Send me the code you just received, then call 555-0199 and pay by gift card."
ECHO = """
import asyncio, sys, uvicorn
BODY = b'{"ok":true}' + b" " * 240
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]})
    await send({"type": "http.response.body", "body": BODY})
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)
Server(uvicorn.Config(app, port=0, loop="uvloop", http="httptools", ws="none", lifespan="off",
                      access_log=False, log_config=None)).run()
"""


class Load(NamedTuple):
    """So many events a second, so many in a request."""

    rate: int
    batch: int = 1


class Result(NamedTuple):
    """One load on one server; delays in milliseconds from when a request was due to its last byte."""

    server: str
    load: Load
    sent: Sent

    @property
    def answered_per_second(self) -> float:
        """Events."""
        return len(self.sent.delays) * self.load.batch / self.sent.took

    @property
    def failed(self) -> int:
        """Requests that were refused."""
        return sum(not answer.startswith(b"HTTP/1.1 200") for answer in self.sent.answers)

    @property
    def fired(self) -> float:
        """The share of events on which a rule fired: their answers and records have the reasons."""
        judged = sum(answer.count(b'"verdict":') for answer in self.sent.answers)
        allowed = sum(answer.count(b'"verdict":"allow"') for answer in self.sent.answers)
        return (judged - allowed) / judged if judged else 0.0

    def delay(self, share: float) -> float:
        """Milliseconds that this share of requests did not exceed."""
        return 1000 * percentile(self.sent.delays, share)

    def plain(self) -> dict[str, float | int]:
        """For machines."""
        return {
            "offered": self.load.rate,
            "events_per_request": self.load.batch,
            "achieved": round(self.answered_per_second, 1),
            "p50_ms": round(self.delay(0.5), 3),
            "p99_ms": round(self.delay(0.99), 3),
            "p999_ms": round(self.delay(0.999), 3),
            "failed": self.failed,
            "rule_fired_share": round(self.fired, 4),
            "sender_late_p99_ms": round(1000 * percentile(self.sent.late, 0.99), 3),
            "sender_busy": round(self.sent.busy, 3),
        }


def events(seed: int) -> Iterator[dict[str, Any]]:
    """Everyday traffic: mostly pings, then orders, payments, logins and messages; some of it suspicious."""
    rng = random.Random(seed)
    for number in range(10**9):
        who = rng.randrange(CUSTOMERS)
        customer = {
            "customer": f"c{who}",
            "device": f"d{who}",
            "ip": f"10.0.{who >> 8}.{who & 255}",
            "card": f"k{who}",
        }
        money = {"total_minor": rng.randrange(1500, 15000), "amount_minor": 5000, "currency": "USD"}
        shopper = rng.randrange(SHOPPERS)
        kind, entities, fields = rng.choices(
            [
                (
                    "location.ping",
                    {"shopper": f"s{shopper}", "device": f"p{shopper}"},
                    {
                        "lat": 37.7 + shopper / 1e4 + rng.random() / 1e3,
                        "lon": -122.4,
                        "accuracy_m": 9.0,
                        "mock": rng.random() < SUSPICIOUS,
                    },
                ),
                ("order.placed", {**customer, "order": f"o{number}"}, {**money, "rush": False}),
                ("payment.authorised", {**customer, "order": f"o{number}"}, money),
                ("account.login", customer, {"lat": 37.7, "lon": -122.4}),
                (
                    "message.sent",
                    {"customer": f"c{who}", "shopper": f"s{shopper}"},
                    {
                        "sender": "customer",
                        "text": LURE
                        if rng.random() < SUSPICIOUS
                        else "Please leave it at the door. Thank you!",
                    },
                ),
            ],
            [50, 15, 15, 10, 10],
        )[0]
        yield {"id": f"b{seed}-{number}", "type": kind, "entities": entities, "fields": fields}


def requests(load: Load, seconds: float, seed: int, key: str) -> list[bytes]:
    """Whole requests for a load, each event as of the moment it is due."""
    head = (
        f"POST /v1/decide HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    count = max(1, round(load.rate * seconds / load.batch))
    begin, due = time.time_ns() // 1_000_000, 1000 / load.rate
    dated = (event | {"ts": begin + int(number * due)} for number, event in enumerate(events(seed)))
    made = []
    for _ in range(count):
        together = list(islice(dated, load.batch))
        body = msgspec.json.encode(together[0] if load.batch == 1 else {"events": together})
        made.append(head + str(len(body)).encode() + b"\r\n\r\n" + body)
    return made


@contextmanager
def echo_process() -> Iterator[tuple[str, str]]:
    """The floor: the same server, an application that reads the body and answers 250 bytes."""
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}", "tsk_none_none"
    finally:
        process.terminate()
        process.wait(10)


def measure(name: str, url: str, key: str, loads: Sequence[Load], args: argparse.Namespace) -> list[Result]:
    """Every load once, after a second of warming up."""
    results = []
    with closing(Sender(url, args.connections)) as sender:
        for seed, load in enumerate([loads[0], *loads]):
            seconds = args.seconds if seed else 1.0
            sent = sender.run(requests(load, seconds, seed, key), load.rate / load.batch)
            if seed:
                results.append(Result(name, load, sent))
    return results


def flat_out(url: str, key: str, args: argparse.Namespace) -> int:
    """Events answered in a second when all are due at once: every connection always has one to send."""
    load = Load(max(args.rates))
    with closing(Sender(url, args.connections)) as sender:
        sent = sender.run(requests(load, args.seconds, -1, key), float("inf"))
    return round(len(sent.delays) / sent.took)


def main() -> None:
    args = _arguments()
    single = [Load(rate) for rate in args.rates]
    batches = [Load(rate, size) for size in args.batches for rate in args.batch_rates]
    with echo_process() as (url, key):
        echo = measure("bare echo", url, key, single, args)
        echo_flat_out = flat_out(url, key, args)
    with tempfile.TemporaryDirectory() as home, decide_process(RULES, Path(home)) as (url, key):
        decide = measure("tocsin decide", url, key, [*single, *batches], args)
        decide_flat_out = flat_out(url, key, args)
    alone, together = decide[: len(single)], decide[len(single) :]
    heading = ("server", "events/s due", "a request", "events/s answered", "p50 ms", "p99 ms", "p99.9 ms")
    result = {
        "rates": [one.plain() for one in alone],
        "batches": [one.plain() for one in together],
        "echo": [one.plain() for one in echo],
        "durable_per_second": decide_flat_out,
        "echo_per_second": echo_flat_out,
    }
    show(result, [(*heading, "failed", "sender busy"), *map(_row, [*echo, *decide])], args.json)
    if not args.json:
        print(f"all due at once: {decide_flat_out:,} durable decisions a second, {echo_flat_out:,} echoes")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rates", type=_numbers, default="1000,2000,5000,10000,20000", help="requests of one event a second"
    )
    parser.add_argument("--batches", type=_numbers, default="10,100", help="events a request; empty: none")
    parser.add_argument("--batch-rates", type=_numbers, default="20000", help="events a second in batches")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each rate lasts")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def _row(r: Result) -> tuple[str, ...]:
    load = (f"{r.load.rate:,}", str(r.load.batch), f"{r.answered_per_second:,.0f}")
    delays = [f"{r.delay(share):.2f}" for share in (0.5, 0.99, 0.999)]
    return (r.server, *load, *delays, str(r.failed), f"{r.sent.busy:.0%}")


if __name__ == "__main__":
    main()
