"""The features once more, in DuckDB's SQL, written from their definitions alone (docs/decisions/engine.md,
docs/integrate/rule-language.md, `kernel/counters.py`): it reads the lines that were sent and shares nothing
with the engine but those sentences.

One query a feature, over a table with one row for each event that counts:
    seq    its place in the log
    clock  the greatest time seen until then, in milliseconds
A window of N whole tiles before the running one begins at the first moment of the tile N before it. With the
tile's number and `seq` in one number that grows with the log, it is a range of that number, up to the row
before: an event never sees itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import parity_cells
from benchmarks.engine_workload import KINDS
from benchmarks.parity_cells import Cells
from benchmarks.parity_workload import OF_A_NUMBER, Made, Spec
from tocsin.engine.hashing import NONE

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
TILES = {"5m": (10 * SECOND, 30), "1h": (MINUTE, 60), "24h": (30 * MINUTE, 48), "7d": (6 * HOUR, 28),
         "30d": (DAY, 30), "60d": (DAY, 60), "90d": (DAY, 90)}  # fmt: skip
KEPT = 32  # values that `distinct` keeps
SEQ = 2**24  # more than there are events
EARTH_M = 6_371_008.8


class Oracle:
    """Answers features from a file of events."""

    def __init__(self, lines: Path, events: int) -> None:
        """``events``: how many lines are read. Raises ImportError without DuckDB."""
        import duckdb

        self._sql = duckdb.connect(config={"threads": 2, "memory_limit": "6GB"})
        entities = ", ".join(f"{kind} VARCHAR" for kind in KINDS)
        fields = "amount_minor BIGINT, currency VARCHAR, response_ms BIGINT, lat DOUBLE, lon DOUBLE"
        self._sql.execute(f"""
            CREATE TABLE line AS SELECT * FROM read_json('{lines}', format = 'newline_delimited', columns = {{
                id: 'VARCHAR', type: 'VARCHAR', ts: 'BIGINT',
                entities: 'STRUCT({entities})', fields: 'STRUCT({fields})'}}) LIMIT {events};
            CREATE TABLE event AS
            SELECT row_number() OVER log AS seq, max(ts) OVER log AS clock, number, type, ts,
                   entities.*, fields.*
            FROM (SELECT rowid AS number, * FROM line)
            WHERE number IN (SELECT min(rowid) FROM line GROUP BY id)
            WINDOW log AS (ORDER BY number)
            ORDER BY seq
            """)
        self.events: int = self._sql.execute("SELECT count(*) FROM event").fetchall()[0][0]

    def cells(self, feature: Spec | Made) -> Cells:
        """One cell an event, in the order of the log."""
        query = _made(feature) if isinstance(feature, Made) else _counted(feature)
        found: dict[str, Any] = self._sql.execute(query).fetchnumpy()
        answers = found["answer"]
        known = ~np.ma.getmaskarray(answers)
        values = np.ma.getdata(answers)[known]
        cells = np.full(self.events, NONE, np.int64)
        whole = values.dtype.kind == "i"
        cells[found["seq"][known] - 1] = values if whole else parity_cells.bits(values)
        return cells


def _made(feature: Made) -> str:
    """A feature made of two others; unknown where either is."""
    if feature.kind == "ratio":
        top, bottom = (f"({name} + {prior})" for name, prior in zip(("t", "b"), feature.prior, strict=True))
        scale = str(feature.scale)
    else:
        recent, usual = (_length(spec.window) for spec in (feature.top, feature.bottom))
        top, bottom, scale = f"(t * {usual})", f"(b * {recent})", "100"
    return f"""
        SELECT seq, CASE WHEN {bottom} <> 0 THEN ({scale} * {top}) // {bottom} END AS answer
        FROM (SELECT seq, answer AS t FROM ({_counted(feature.top)}))
        JOIN (SELECT seq, answer AS b FROM ({_counted(feature.bottom)})) USING (seq)"""


def _counted(spec: Spec) -> str:
    """A counted feature: ``seq`` and ``answer`` of every event that has the whole key."""
    if spec.kind == "others":
        return _others(spec)
    if spec.kind in ("since", "age", "first", "last"):
        return _life(spec)
    if spec.kind in ("speed", "distance"):
        return _place(spec)
    due = f"FILTER (WHERE {_due(spec)})"
    answer = {
        "count": f"count(*) {due} OVER win",
        "sum": f"coalesce(sum({spec.value}) {due} OVER win, 0)::BIGINT",
        "mean": f"(sum({spec.value}) {due} OVER win)::DOUBLE / nullif(count({spec.value}) {due} OVER win, 0)",
        "min": f"min({spec.value}) {due} OVER win",
        "max": f"max({spec.value}) {due} OVER win",
        "distinct": f"least({KEPT}, count(DISTINCT {spec.value}) {due} OVER win)",
    }[spec.kind]
    return f"SELECT seq, {answer} AS answer FROM ({_placed(spec)}) WINDOW {_window(spec)}"


def _others(spec: Spec) -> str:
    """`distinct` without the event's own value, if that is one of those kept: fewer than 32 others came
    after it."""
    due, value = _due(spec), spec.value
    key = ", ".join(_key(spec))
    _, whole = TILES[spec.window]
    return f"""
        SELECT seq, least({KEPT}, seen)
                    - (own IS NOT NULL AND own >= begins AND newer < {KEPT})::BIGINT AS answer
        FROM (
            SELECT seq, begins, own, count(DISTINCT {value}) FILTER (WHERE {due}) OVER win AS seen,
                   count(DISTINCT {value}) FILTER (WHERE {due}) OVER (
                       PARTITION BY {key} ORDER BY spot
                       RANGE BETWEEN spot - coalesce(own + 1, spot) PRECEDING AND 1 PRECEDING) AS newer
            FROM (
                SELECT *, spot - {whole * SEQ} - seq AS begins,
                       max(CASE WHEN {due} THEN spot END) OVER (
                           PARTITION BY {key}, {value} ORDER BY spot
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last,
                       CASE WHEN {value} IS NOT NULL THEN last END AS own
                FROM ({_placed(spec)}))
            WINDOW {_window(spec)})"""


def _life(spec: Spec) -> str:
    """What is measured from the first or the last event of an unbroken life; the window is exact here."""
    longest = _length(spec.window)
    value = spec.value or "NULL"
    known = f"AND {spec.value} IS NOT NULL" if spec.value else ""
    key = _key(spec)
    answer = {"since": "(e.clock - l.clock) // 1000", "age": "(e.clock - l.began) // 1000",
              "first": "l.first", "last": "l.value"}[spec.kind]  # fmt: skip
    return f"""
        WITH counted AS (
            SELECT seq, clock, {", ".join(key)}, {value} AS value,
                   coalesce(clock - lag(clock) OVER by_key > {longest}, true)::BIGINT AS begins
            FROM event WHERE {_due(spec)} AND {_whole(spec)} {known}
            WINDOW by_key AS (PARTITION BY {", ".join(key)} ORDER BY seq)),
        numbered AS (
            SELECT *, sum(begins) OVER (PARTITION BY {", ".join(key)} ORDER BY seq) AS life FROM counted),
        lived AS (
            SELECT *, first_value(clock) OVER one AS began, first_value(value) OVER one AS first FROM numbered
            WINDOW one AS (PARTITION BY {", ".join(key)}, life ORDER BY seq))
        SELECT e.seq, CASE WHEN e.clock - l.clock <= {longest} THEN {answer} END AS answer
        FROM (SELECT * FROM event WHERE {_whole(spec)}) e
        ASOF LEFT JOIN lived l ON {_same(key, "e", "l")} AND e.seq > l.seq"""


def _place(spec: Spec) -> str:
    """From the last place. One whose sender's time is older than that of the place held changes nothing, as
    long as that is in the window; only late events can be older, so only their rows depend on one another."""
    longest = _length(spec.window)
    [key] = _key(spec)
    half = "pow(sin((radians(e.lat) - radians(h.lat)) / 2), 2)"
    other = "pow(sin((radians(e.lon) - radians(h.lon)) / 2), 2)"
    root = f"sqrt(least(1.0, {half} + cos(radians(h.lat)) * cos(radians(e.lat)) * {other}))"
    metres = f"round(2 * {EARTH_M} * asin({root}))::BIGINT"
    takes = f"(p.clock - h.clock > {longest} OR p.ts >= h.ts)"
    answer = metres
    if spec.kind == "speed":
        answer = f"CASE WHEN e.ts > h.ts THEN {metres} * 3600 // (e.ts - h.ts) END"
    return f"""
        WITH RECURSIVE place AS MATERIALIZED (
            SELECT seq, clock, ts, lat, lon, {key}, row_number() OVER (PARTITION BY {key} ORDER BY seq) AS i
            FROM event WHERE {_due(spec)} AND {_whole(spec)} AND lat IS NOT NULL AND lon IS NOT NULL),
        held AS (
            SELECT seq, {key}, i, clock, ts, lat, lon FROM place WHERE ts = clock OR i = 1
            UNION ALL
            SELECT p.seq, p.{key}, p.i, CASE WHEN {takes} THEN p.clock ELSE h.clock END,
                   CASE WHEN {takes} THEN p.ts ELSE h.ts END,
                   CASE WHEN {takes} THEN p.lat ELSE h.lat END, CASE WHEN {takes} THEN p.lon ELSE h.lon END
            FROM held h JOIN place p ON p.{key} = h.{key} AND p.i = h.i + 1 AND p.ts < p.clock)
        SELECT e.seq, CASE WHEN e.clock - h.clock <= {longest} THEN {answer} END AS answer
        FROM (SELECT * FROM event WHERE {_whole(spec)} AND lat IS NOT NULL AND lon IS NOT NULL) e
        ASOF LEFT JOIN held h ON e.{key} = h.{key} AND e.seq > h.seq"""


def _placed(spec: Spec) -> str:
    """The events that have the whole key, each with its place among tiles and events in one number."""
    tile, _ = TILES[spec.window]
    return f"SELECT *, clock // {tile} * {SEQ} + seq AS spot FROM event WHERE {_whole(spec)}"


def _window(spec: Spec) -> str:
    """From the beginning of the tile N before the running one, to the event before."""
    _, whole = TILES[spec.window]
    return (
        f"win AS (PARTITION BY {', '.join(_key(spec))} ORDER BY spot "
        f"RANGE BETWEEN {whole * SEQ} + seq PRECEDING AND 1 PRECEDING)"
    )


def _due(spec: Spec) -> str:
    """Whether an event counts; one without the amount that is tested does not."""
    types = ", ".join(f"'{name}'" for name in spec.of)
    least = "" if spec.least is None else f" AND coalesce(amount_minor >= {spec.least}, false)"
    return f"type IN ({types}){least}"


def _key(spec: Spec) -> list[str]:
    """Whose feature it is; sums of money are kept apart by currency."""
    money = spec.kind in OF_A_NUMBER and spec.value.endswith("_minor")
    return [spec.per, "currency"] if money else [spec.per]


def _whole(spec: Spec) -> str:
    return " AND ".join(f"{part} IS NOT NULL" for part in _key(spec))


def _same(key: list[str], left: str, right: str) -> str:
    return " AND ".join(f"{left}.{part} = {right}.{part}" for part in key)


def _length(window: str) -> int:
    tile, whole = TILES[window]
    return tile * whole
