"""How fast the audit is written, and what the alternatives would cost.

    python -m benchmarks.audit [--seconds 5] [--json]

A write is what every action does: change one row, append one audit entry, commit to disk. Each way runs
with one writer and with eight, on a database of its own that is thrown away, one way after the other in the
same run:

* none: the change alone, without an audit; what the machine can do.
* single: one chain, whose head is a row that every writer locks until it has committed.
* many: what Tocsin does; ``CHAINS`` chains, and a writer takes any that is free.
* many+notify: the same, with a notification inside the transaction.
* many+notify after: the same, with the notification right after the commit; what Tocsin does.

Then everything that was written by ``many`` is verified, and the entries verified per second are told.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.report import percentile, show
from tocsin.core import postgres
from tocsin.core.audit.schema import CREATE, GENESIS

WRITERS = (1, 8)
PAYLOAD = json.dumps(
    {
        "actor": "staff:stf_01jb0000000000000000000000",
        "after": "a" * 64,
        "before": "b" * 64,
        "detail": {"to": "stf_01jb0000000000000000000001"},
        "object_id": "case_01jb0000000000000000000002",
        "object_type": "cases.case",
        "purpose": "case_handling",
        "verb": "case.assign",
    },
    sort_keys=True,
    separators=(",", ":"),
)
TABLES = """
CREATE TABLE work (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO work SELECT i, 0 FROM generate_series(1, 64) AS i;
CREATE TABLE single_entry (
    seq bigint PRIMARY KEY, at timestamptz NOT NULL, payload text NOT NULL,
    prev_hash bytea NOT NULL, hash bytea NOT NULL,
    actor text GENERATED ALWAYS AS ((payload::jsonb) ->> 'actor') STORED,
    verb text GENERATED ALWAYS AS ((payload::jsonb) ->> 'verb') STORED,
    object_type text GENERATED ALWAYS AS ((payload::jsonb) ->> 'object_type') STORED,
    object_id text GENERATED ALWAYS AS ((payload::jsonb) ->> 'object_id') STORED);
CREATE INDEX ON single_entry (object_type, object_id, seq);
CREATE INDEX ON single_entry (actor, seq);
CREATE INDEX ON single_entry (verb, at);
CREATE TABLE single_head (one bool PRIMARY KEY, seq bigint NOT NULL, hash bytea NOT NULL);
INSERT INTO single_head VALUES (true, 0, decode(repeat('00', 32), 'hex'));
CREATE FUNCTION single_append(body text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    head single_head;
    moment timestamptz := clock_timestamp();
    new_hash bytea;
BEGIN
    SELECT * INTO head FROM single_head FOR UPDATE;
    new_hash := sha256(head.hash || convert_to('0|' || (head.seq + 1) || '|'
        || (extract(epoch FROM moment) * 1000000)::bigint || '|' || body, 'UTF8'));
    INSERT INTO single_entry (seq, at, payload, prev_hash, hash)
        VALUES (head.seq + 1, moment, body, head.hash, new_hash);
    UPDATE single_head SET seq = head.seq + 1, hash = new_hash;
END $$;
"""


def none(cursor: psycopg.Cursor) -> None:
    return None


def single(cursor: psycopg.Cursor) -> None:
    cursor.execute("SELECT single_append(%s)", [PAYLOAD])


def many(cursor: psycopg.Cursor) -> None:
    cursor.execute("SELECT tocsin_audit_append(%s::text[])", [[PAYLOAD]])


def many_notify(cursor: psycopg.Cursor) -> None:
    many(cursor)
    cursor.execute("SELECT pg_notify('live', 'queue')")


WAYS: dict[str, Callable[[psycopg.Cursor], None]] = {
    "none": none,
    "single": single,
    "many": many,
    "many+notify": many_notify,
    "many+notify after": many,
}


def writer(
    url: str, way: str, number: int, seconds: float, ready: Barrier, out: multiprocessing.Queue
) -> None:
    """Write for so many seconds; put the count and the times of all writes, in milliseconds."""
    append, after, took = WAYS[way], way.endswith("after"), []
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        ready.wait()
        end = time.perf_counter() + seconds
        while (started := time.perf_counter()) < end:
            with connection.transaction():
                cursor.execute("UPDATE work SET n = n + 1 WHERE id = %s", [number + 1])
                append(cursor)
            if after:
                cursor.execute("SELECT pg_notify('live', 'queue')")
            took.append((time.perf_counter() - started) * 1000)
    out.put(took)


def measure(url: str, way: str, writers: int, seconds: float) -> dict[str, float]:
    """Writes per second, and the median and 99th percentile of one write in milliseconds."""
    ready, out = multiprocessing.Barrier(writers), multiprocessing.Queue()
    processes = [
        multiprocessing.Process(target=writer, args=(url, way, number, seconds, ready, out))
        for number in range(writers)
    ]
    for process in processes:
        process.start()
    took = [one for _ in processes for one in out.get()]
    for process in processes:
        process.join()
    return {
        "per_second": len(took) / seconds,
        "p50_ms": percentile(took, 0.5),
        "p99_ms": percentile(took, 0.99),
    }


def verify(url: str) -> tuple[int, float]:
    """Walk all chains; returns entries and seconds. Ends the run when a link is broken."""
    started, entries = time.perf_counter(), 0
    last: dict[int, tuple[int, bytes]] = {}
    with psycopg.connect(url) as connection, connection.cursor("walk") as cursor:
        cursor.itersize = 5000
        cursor.execute(
            "SELECT chain, seq, (extract(epoch FROM at) * 1000000)::bigint, payload, prev_hash, hash"
            " FROM core_audit_entry ORDER BY chain, seq"
        )
        for chain, seq, at_us, payload, prev_hash, stored in cursor:
            before = last.get(chain, (0, GENESIS))
            made = hashlib.sha256(prev_hash + f"{chain}|{seq}|{at_us}|{payload}".encode()).digest()
            if (seq - 1, prev_hash) != before or made != stored:
                sys.exit(f"chain {chain} is broken at {seq}")
            last[chain] = (seq, stored)
            entries += 1
    return entries, time.perf_counter() - started


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--seconds", type=float, default=5.0, help="how long each way runs")
    arguments.add_argument("--json", action="store_true")
    args = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        cluster = Path(folder) / "postgres"
        url = postgres.ensure(cluster).owner
        with psycopg.connect(url) as connection:
            connection.execute(CREATE)
            connection.execute(TABLES)
        ways: list[dict[str, Any]] = [
            {"way": way, "writers": writers, **measure(url, way, writers, args.seconds)}
            for way in WAYS
            for writers in WRITERS
        ]
        entries, seconds = verify(url)
        postgres.release(cluster)
    rows: list[tuple[str, ...]] = [("way", "writers", "writes/s", "p50 ms", "p99 ms")]
    for one in ways:
        numbers = (f"{one['per_second']:.0f}", f"{one['p50_ms']:.2f}", f"{one['p99_ms']:.2f}")
        rows.append((one["way"], str(one["writers"]), *numbers))
    rows.append((f"verify {entries} entries", "1", f"{entries / seconds:.0f}", "", ""))
    verified = {"entries": entries, "per_second": entries / seconds}
    show({"seconds": args.seconds, "ways": ways, "verify": verified}, rows, args.json)


if __name__ == "__main__":
    main()
