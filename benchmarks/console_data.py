"""Fills a database for the console benchmark: people, orders, cases with timelines, alerts and events, all in
SQL.

The rows are as the application writes them, but for the audit trail, which the pages do not read. What is
personal is
sealed with real keys, for as many people as the measured pages can meet.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import Any

from django.db import connection
from django.utils import timezone

ACCOUNTS = 50_000
_TABLES_WITH_HISTORY = ("people_account", "cases_case", "reports_report", "enforcement_decision")


def load(cases: int, events: int, say: Any) -> None:
    """Load everything. ``say`` is told of progress."""
    with connection.cursor() as cursor:
        for table in _TABLES_WITH_HISTORY:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    say(f"{ACCOUNTS} people")
    _people()
    say(f"{cases} cases")
    _cases(cases)
    say(f"{events} events")
    _events(events, say)
    with connection.cursor() as cursor:
        for table in _TABLES_WITH_HISTORY:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("ANALYZE")


def _people() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from tocsin.core.crypto.data_keys import adapter

    now, keys = timezone.now(), adapter()
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY core_data_key (scope, wrapped, master_key_id, created_at, destroyed_reason) FROM STDIN"
        ) as copy:
            sealed = {}
            for number in range(ACCOUNTS):
                scope, raw = f"party:pty_{number}", os.urandom(32)
                master, wrapped = keys.wrap(raw, scope)
                copy.write_row((scope, wrapped, master, now, ""))
                nonce = os.urandom(12)
                profile = json.dumps({"name": f"Person {number}"}).encode()
                sealed[number] = (
                    b"\x01" + nonce + AESGCM(raw).encrypt(nonce, profile, f"{scope}|profile".encode())
                )
        with cursor.copy(
            "COPY people_party (id, kind, profile_sealed, languages, created_at) FROM STDIN"
        ) as copy:
            for number in range(ACCOUNTS):
                copy.write_row((f"pty_{number}", "customer", sealed[number], "{en}", now))
        columns = _columns("people_account")
        defaults = {"marketplace_status": "", "status": "normal", "zone": "America/Los_Angeles"}
        cursor.execute(
            f"INSERT INTO people_account ({', '.join(columns)}) SELECT "
            + ", ".join(_account_value(name, defaults) for name in columns)
            + " FROM generate_series(0, %s) AS n",
            [ACCOUNTS - 1],
        )


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
            " ORDER BY ordinal_position",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


def _account_value(name: str, defaults: dict[str, str]) -> str:
    values = {
        "id": "'acc_' || n",
        "role": "CASE WHEN n %% 5 = 0 THEN 'shopper' ELSE 'customer' END",
        "external_id": "'x' || n",
        "party_id": "'pty_' || n",
        "region": "(ARRAY['US-CA','US-WA','US-NY','US-CO'])[1 + n %% 4]",
        "created_at": "now()",
        "updated_at": "now()",
        "member_since": "now() - (n %% 900) * interval '1 day'",
    }
    return values.get(name) or f"'{defaults[name]}'" if name in values or name in defaults else "NULL"


def _cases(cases: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO cases_case (id, reference, title, desk, state, severity, codes, source, channel,
                region, zone,
                data_class, walled_off, heard_by, opened_at, updated_at, next_due_at,
                outcome, revision)
            SELECT 'case_' || lpad(n::text, 9, '0'), 'B-' || n, 'Case number ' || n || ' of the benchmark',
                (ARRAY['safety','fraud','account','conduct','privacy','food','delivery'])[1 + n %% 7],
                CASE WHEN n %% 4 = 0 THEN 'open' WHEN n %% 4 = 1 THEN 'investigating' ELSE 'closed' END,
                (ARRAY['S1','S2','S2','S3','S3','S3','S4'])[1 + (n * 7919) %% 7], '{CON.harassment}',
                'rule', 'api',
                (ARRAY['US-CA','US-WA','US-NY','US-CO'])[1 + n %% 4], 'America/Los_Angeles',
                CASE WHEN n %% 97 = 0 THEN 'P4' ELSE 'P3' END, '{}', '{}', now() - (n %% 400) * interval '1
                hour', now(),
                CASE WHEN n %% 3 = 0 THEN NULL ELSE now() + ((n * 31) %% 5000) * interval '1 minute' END,
                '', 1
            FROM generate_series(1, %s) AS n
            """,
            [cases],
        )
        cursor.execute(
            """
            INSERT INTO cases_party (case_id, account_id, part)
            SELECT 'case_' || lpad(n::text, 9, '0'), 'acc_' || ((n * 13 + k * 7) %% %s),
                (ARRAY['subject','affected'])[k] FROM generate_series(1, %s) AS n, generate_series(1, 2) AS k
            """,
            [ACCOUNTS, cases],
        )
        cursor.execute(
            """
            INSERT INTO cases_timeline (id, case_id, at, kind, actor, actor_label, summary, refs)
            SELECT 'tml_' || n || '_' || k, 'case_' || lpad(n::text, 9, '0'), now() - k * interval '1
            hour', 'note',
                'system:benchmark', 'Benchmark', 'Entry ' || k || ' of the timeline', '{}'
            FROM generate_series(1, %s) AS n, generate_series(1, 6) AS k
            """,
            [cases],
        )


def _events(events: int, say: Any) -> None:
    from tocsin.domains.detection.store import make_partitions

    days = [timezone.now().date() - dt.timedelta(days=back) for back in range(30)]
    make_partitions(days)
    step = 500_000
    with connection.cursor() as cursor:
        for start in range(0, events, step):
            cursor.execute(
                """
                INSERT INTO detection_event (seq, event_id, type, ts, received_at, region, customer,
                shopper, order_id,
                    device, entities, fields, verdict)
                SELECT n, 'b' || n, (ARRAY['order.placed','account.login','payment.authorised'])[1 + n %%
                3], at, at,
                    'US-CA', 'x' || (n * 7919) %% %s, NULL, 'o' || n / 6, 'd' || (n * 31) %% 40000,
                    jsonb_build_object('customer', 'x' || (n * 7919) %% %s), '{"amount_minor": 4200,
                    "currency": "USD"}', 'allow'
                FROM (SELECT n, date_trunc('day', now()) - (n %% 30) * interval '1 day' + (n %% 3600) *
                interval '1 second' AS at
                    FROM generate_series(%s::bigint, %s::bigint) AS n) AS s
                """,
                [ACCOUNTS, ACCOUNTS, start + 1, min(start + step, events)],
            )
            say(f"  {min(start + step, events):,} events")
