"""Streams the public card-payment data through a whole Tocsin: says what its rules caught, how its model
ranks payments by the handbook's protocol, and ends with the cases in the queue.

    python -m benchmarks.card_payments --data transactions.parquet [--limit N] [--json] [--home DIR]
    python -m benchmarks.card_payments --data transactions.parquet --test-week 2018-08-08 [--scores FILE]

With --test-week: only the model, of that week; its labels need not be there. What the marketplace would know
at each moment is all that is used: a label becomes known seven days after the payment, and only then is it
told to Tocsin. See card_payments.md.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

if __package__ in (None, ""):  # run as a file, not with -m
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.card_model import TEST_WEEKS, Scored, lines_of, read_rows, score_week, write_scores
from benchmarks.card_scores import Decided, Payment, Weigher, report
from benchmarks.harness import REPOSITORY, Door
from benchmarks.report import surroundings
from benchmarks.whole import Queue, whole_tocsin
from tocsin.engine.decisions import Decision
from tocsin.engine.events import Event

RULES = REPOSITORY / "benchmarks" / "rules"
LABEL_DELAY_MS = 7 * 86_400_000
BATCH = 500
CURRENCY = "EUR"  # the data names none


class Answers(msgspec.Struct):
    decisions: list[Decision]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Answers).decode


def read_payments(path: Path, limit: int | None) -> Iterator[Payment]:
    """Rows in the order of the file, which is the order of time."""
    left = limit if limit is not None else sys.maxsize
    for batch in pq.ParquetFile(path).iter_batches(batch_size=50_000):
        table = batch.slice(0, left)
        left -= table.num_rows
        columns = [
            table["TRANSACTION_ID"].to_pylist(),
            table["TX_DATETIME"].cast("timestamp[ms]").cast("int64").to_pylist(),
            table["CUSTOMER_ID"].to_pylist(),
            table["TERMINAL_ID"].to_pylist(),
            table["TX_AMOUNT"].to_pylist(),
            table["TX_FRAUD"].to_pylist(),
        ]
        for number, ts, customer, terminal, amount, fraud in zip(*columns, strict=True):
            yield Payment(number, ts, customer, terminal, round(amount * 100), fraud)
        if left <= 0:
            return


def as_event(payment: Payment, *, known: bool) -> dict[str, Any]:
    """The payment itself, or (`known`) the news, seven days later, whether it was fraud."""
    type_, fields = "payment.authorised", {"amount_minor": payment.amount_minor, "currency": CURRENCY}
    if known and payment.fraud:
        type_, fields = "chargeback.received", fields | {"reason_code": "fraud"}
    elif known:
        type_, fields = "fraud.labelled", {"fraud": False}
    return {
        "id": f"{'known' if known else 'pay'}-{payment.number}",
        "type": type_,
        "ts": payment.ts + LABEL_DELAY_MS if known else payment.ts,
        "entities": {"customer": f"customer-{payment.customer}", "store": f"terminal-{payment.terminal}"},
        "fields": fields,
    }


def in_order(payments: Iterator[Payment], *, genuine: bool) -> Iterator[tuple[Payment, bool]]:
    """Payments, and between them each fraud at the moment it becomes known; with `genuine` also each payment
    that turns out to be none."""
    waiting: deque[Payment] = deque()
    for payment in payments:
        while waiting and waiting[0].ts + LABEL_DELAY_MS <= payment.ts:
            yield waiting.popleft(), True
        yield payment, False
        if payment.fraud == 1 or (genuine and payment.fraud == 0):
            waiting.append(payment)


def stream(
    door: Door, events: Iterator[tuple[Payment, bool]], take: Callable[[Payment, bool, Decision], None]
) -> tuple[int, float]:
    """Send all in batches; the next one is made while the last one is decided. Events and seconds."""
    sent, batch, in_flight = 0, [], []
    started = time.perf_counter()

    def collect() -> None:
        for (payment, known), decision in zip(in_flight, _decode(door.receive()).decisions, strict=True):
            take(payment, known, decision)

    for payment, known in events:
        batch.append((payment, known))
        if len(batch) < BATCH:
            continue
        body = _encode({"events": [as_event(p, known=k) for p, k in batch]})
        if in_flight:
            collect()
        door.send(body)
        sent, in_flight, batch = sent + len(batch), batch, []
    if in_flight:
        collect()
    if batch:
        door.send(_encode({"events": [as_event(p, known=k) for p, k in batch]}))
        sent, in_flight = sent + len(batch), batch
        collect()
    return sent, time.perf_counter() - started


def main() -> None:
    args = arguments()
    if args.test_week:
        print_model(args)
        return
    weigher, around = Weigher(LABEL_DELAY_MS), surroundings()
    events = in_order(read_payments(args.data, args.limit), genuine=False)
    queue = None
    if args.url:
        sent, seconds = stream(Door(args.url, args.key), events, weigher.take)
    else:
        with whole_tocsin(RULES, args.home) as tocsin:
            sent, seconds = stream(Door(tocsin.decide, tocsin.key), events, weigher.take)
            queue = tocsin.settle(say)
            if args.home:
                tocsin.tocsin("demo")  # somebody who can sign in and look
    if args.out:
        write_decided(args.out, weigher.decided)
    result = report(weigher.decided, sent, seconds)
    weeks = model_weeks(args)
    if args.json:
        model = [week.plain() for week in weeks]
        print(
            json.dumps(
                {**around, **result.plain(), "model": model, "queue": queue.plain() if queue else None}
            )
        )
        return
    lines = [*result.lines(), "", *lines_of(weeks), "", *left_to_people(queue, args.home), ""]
    print("\n".join([*lines, *(f"{name}: {value}" for name, value in around.items())]))


def model_weeks(args: argparse.Namespace) -> list[Scored]:
    """The weeks that are asked for, or all that the data reaches, each with a model of its own."""
    events = in_order(read_payments(args.data, args.limit), genuine=True)
    rows = read_rows(RULES, ((p, msgspec.convert(as_event(p, known=k), Event)) for p, k in events))
    last = dt.datetime.fromtimestamp(int(rows.examples.times[-1]) / 1000, dt.UTC).date()
    wanted = [args.test_week] if args.test_week else [w for w in TEST_WEEKS if w + dt.timedelta(6) <= last]
    weeks = []
    for week in wanted:
        say(f"training the model of the week from {week}")
        weeks.append(score_week(RULES, rows, week, forest=args.forest))
    if args.scores:
        write_scores(args.scores, rows, weeks[0])
    return weeks


def print_model(args: argparse.Namespace) -> None:
    """The model alone."""
    weeks = model_weeks(args)
    print(json.dumps([week.plain() for week in weeks]) if args.json else "\n".join(lines_of(weeks)))


def arguments() -> argparse.Namespace:
    """What was asked for; ends the program with words when it makes no sense."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="transactions.parquet (see card_payments.md)"
    )
    parser.add_argument("--limit", type=int, help="only the first N payments")
    parser.add_argument("--home", type=Path, help="keep the Tocsin of the run here (default: thrown away)")
    parser.add_argument("--url", help="the decide address of a running Tocsin instead of one of our own")
    parser.add_argument("--key", help="its API key, with the scopes decide and replay")
    parser.add_argument("--out", type=Path, help="write every payment's verdict and score here, as CSV")
    parser.add_argument(
        "--test-week",
        type=dt.date.fromisoformat,
        help="only the model, for the week from this day",
    )
    parser.add_argument("--scores", type=Path, help="with --test-week: TRANSACTION_ID,score of each payment")
    parser.add_argument(
        "--forest", action="store_true", help="judge the handbook's random forest on the same weeks too"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    args = parser.parse_args()
    if bool(args.url) != bool(args.key):
        parser.error("--url and --key belong together")
    if args.scores and not args.test_week:
        parser.error("--scores is of one week: name it with --test-week")
    if args.url and args.home:
        parser.error("--home is for a Tocsin of our own; the one at --url has its home already")
    return args


def say(text: str) -> None:
    """To people who wait; the result has the standard output to itself."""
    print(text, file=sys.stderr)


def left_to_people(queue: Queue | None, home: Path | None) -> list[str]:
    """The alerts and cases the run ends with, and how to look at them."""
    if queue is None:
        return ["cases come into the queue of that Tocsin as its worker ships them"]
    if home is None:
        return queue.lines()
    settings = {"TOCSIN_HOME": home.resolve(), "TOCSIN_RULES_DIR": RULES, "TOCSIN_DEMO": "1"}
    command = " ".join([*(f"{name}={value}" for name, value in settings.items()), program()])
    return [
        *queue.lines(),
        f"to look at them: {command} up",
        "and sign in with one click at http://127.0.0.1:8000/demo/",
    ]


def program() -> str:
    """The ``tocsin`` that belongs to this Python."""
    beside = Path(sys.executable).with_name("tocsin")
    return str(beside) if beside.exists() else "tocsin"


def write_decided(path: Path, decided: list[Decided]) -> None:
    """One line a payment, for whoever wants to score them with labels of their own."""
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["TRANSACTION_ID", "verdict", "score", "rules"])
        for one in decided:
            out.writerow([one.payment.number, one.verdict, f"{one.score:.6f}", " ".join(sorted(one.rules))])


if __name__ == "__main__":
    main()
