"""What somebody with the owner's rights could do to the audit tables, and the platform could not."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import connection

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.audit.schema import GENESIS


def write(count: int = 1, *, chain: int | None = None, verb: str = "test") -> None:
    """Write entries one after the other. In a test's transaction they share a chain unless told which."""
    if chain is not None:
        run("SELECT set_config('tocsin.audit_chain', %s, true)", str(chain))
    for number in range(count):
        with act(system("tests"), verb) as work:
            work.fact("test", f"obj_{number}")


def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def tamper(sql: str, *values: Any) -> None:
    """Change the audit as the owner of its tables can, with the triggers out of the way."""
    for table in ("core_audit_entry", "core_audit_anchor"):
        run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    run(sql, *values)
    for table in ("core_audit_entry", "core_audit_anchor"):
        run(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def rewrite(chain: int, seq: int, payload: str) -> None:
    """Change an entry and link everything after it anew, so that the chain looks whole."""
    last = GENESIS
    rows = run(
        "SELECT seq, (extract(epoch FROM at) * 1000000)::bigint, payload FROM core_audit_entry"
        " WHERE chain = %s ORDER BY seq",
        chain,
    )
    for number, at_us, text in rows:
        said = payload if number == seq else text
        new = hashlib.sha256(last + f"{chain}|{number}|{at_us}|{said}".encode()).digest()
        tamper(
            "UPDATE core_audit_entry SET payload = %s, prev_hash = %s, hash = %s"
            " WHERE chain = %s AND seq = %s",
            said, last, new, chain, number,
        )  # fmt: skip
        last = new
