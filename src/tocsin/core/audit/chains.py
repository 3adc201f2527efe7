"""Walking the chains: every entry follows the one before and says what its hash says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

from tocsin.core.audit.findings import Finding, Report
from tocsin.core.audit.schema import GENESIS

_BATCH = 5000
_WALK = """
SELECT chain, seq, (extract(epoch FROM at) * 1000000)::bigint, payload, prev_hash, hash
FROM core_audit_entry ORDER BY chain, seq
"""


class Link(NamedTuple):
    """One entry as stored; ``at_us`` in microseconds since 1970."""

    chain: int
    seq: int
    at_us: int
    payload: str
    prev_hash: bytes
    hash: bytes


def entry_hash(link: Link) -> bytes:
    """The hash an entry with this content has (see ``schema.py``)."""
    text = f"{link.chain}|{link.seq}|{link.at_us}|{link.payload}"
    return hashlib.sha256(link.prev_hash + text.encode()).digest()


def walk() -> Iterator[Link]:
    """All entries, chain by chain, in order, in batches from the server. Needs an open transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_WALK)
        while rows := cursor.fetchmany(_BATCH):
            for chain, seq, at_us, payload, prev_hash, digest in rows:
                yield Link(chain, seq, at_us, payload, bytes(prev_hash), bytes(digest))


def check_chains(report: Report) -> None:
    """Check every chain. The first broken link of each is a finding; what follows it is only counted."""
    chain, expected, last, broken = -1, 1, GENESIS, False
    for link in walk():
        if link.chain != chain:
            chain, expected, last, broken = link.chain, 1, GENESIS, False
            report.chains += 1
        report.entries += 1
        if broken:
            continue
        finding = _broken(link, expected, last)
        if finding is not None:
            report.add(finding)
            broken = True
        expected, last = link.seq + 1, link.hash


def _broken(link: Link, expected: int, last: bytes) -> Finding | None:
    where = f"chain {link.chain}"
    if link.seq != expected:
        gone = str(expected) if link.seq == expected + 1 else f"{expected} to {link.seq - 1}"
        return Finding("missing", where, f"entries before it are missing ({gone})", link.seq)
    if link.prev_hash != last:
        return Finding("link", where, "it does not follow the entry before it", link.seq)
    if link.hash != entry_hash(link):
        return Finding("content", where, "its content is not what its hash was made of", link.seq)
    return None
