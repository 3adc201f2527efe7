"""Checking anchors: signed by us, linked, and true of the chains.

This finds ends that were cut off and chains that were written anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection

from tocsin.core.audit import timestamp
from tocsin.core.audit.anchor import (
    CHECKPOINT_FORMAT,
    Head,
    anchor_hash,
    current_heads,
    microseconds,
    witness_file,
)
from tocsin.core.audit.findings import Finding, Report
from tocsin.core.audit.keys import id_of, load_public, signed, signing_keys
from tocsin.core.audit.models import AuditAnchor
from tocsin.core.audit.schema import GENESIS

_BATCH = 500


def read_witness() -> str | None:
    """What the witness says, if there is one. Read it before the picture of the database is taken: an anchor
    made meanwhile would otherwise look as if it had been cut off."""
    try:
        return witness_file().read_text()
    except FileNotFoundError:
        return None
    except ValueError:
        return ""


def check_anchors(report: Report, witness: str | None) -> None:
    """Check every anchor, what it says of the chains, and that the one of the ``witness`` is there."""
    keys, trusted, heads = _Keys(), timestamp.roots(), _Heads(report)
    report.timestamps_checked = bool(trusted)
    last_hash, newest = GENESIS, list[Head]()
    rows = AuditAnchor.objects.order_by("id").iterator(chunk_size=_BATCH)
    while batch := list(islice(rows, _BATCH)):
        for anchor in batch:
            _check_one(anchor, last_hash, keys, report)
            _check_stamp(anchor, trusted, report)
            last_hash, newest = bytes(anchor.hash), read_heads(anchor.heads)
            report.anchors += 1
        heads.check((f"anchor {anchor.pk}", read_heads(anchor.heads)) for anchor in batch)
    if witness is not None:
        _check_witness(witness, report)
    report.since_anchor = _entries(current_heads()) - _entries(newest)


def check_checkpoint(checkpoint: Mapping[str, Any], report: Report) -> None:
    """Compare with a checkpoint that was exported earlier and kept elsewhere."""
    try:
        anchor = checkpoint["anchor"]
        key = load_public(str(checkpoint["public_key"]).encode())
        digest, signature = bytes.fromhex(anchor["hash"]), bytes.fromhex(anchor["signature"])
        made = anchor_hash(
            bytes.fromhex(anchor["prev_hash"]), int(anchor["at_us"]), anchor["key_id"], anchor["heads"]
        )
        ours = (
            checkpoint["format"] == CHECKPOINT_FORMAT and key is not None and id_of(key) == anchor["key_id"]
        )
    except (KeyError, TypeError, ValueError):
        ours = False
    if not ours or key is None:
        report.add(Finding("checkpoint_unreadable", "checkpoint", "it is not a checkpoint of ours"))
        return
    if made != digest or not signed(key, signature, digest):
        report.add(Finding("checkpoint_signature", "checkpoint", "it was changed after it was signed"))
        return
    name = f"the checkpoint of anchor {anchor['id']}"
    if not AuditAnchor.objects.filter(hash=digest).exists():
        report.add(Finding("checkpoint_anchor", name, "that anchor is no longer in the database"))
    _Heads(report).check([(name, read_heads(anchor["heads"]))])


class _Keys:
    """Public keys by id, read once."""

    def __init__(self) -> None:
        self._known: dict[str, Ed25519PublicKey | None] = {}

    def __getitem__(self, key_id: str) -> Ed25519PublicKey | None:
        if key_id not in self._known:
            self._known[key_id] = signing_keys().public(key_id)
        return self._known[key_id]


class _Heads:
    """Compares heads with entries. Heads repeat from anchor to anchor, so each is looked up once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._seen: dict[int, Head] = {}
        self._broken: set[int] = set()

    def check(self, claims: Iterable[tuple[str, list[Head]]]) -> None:
        """``claims``: who says it, and the heads. The first lie about each chain is a finding."""
        wanted: dict[Head, str] = {}
        for who, heads in claims:
            for head in heads:
                if self._seen.get(head[0]) != head:
                    wanted.setdefault(head, who)
                    self._seen[head[0]] = head
        stored = stored_hashes(wanted)
        for head, who in wanted.items():
            chain, seq, digest = head
            found = stored.get((chain, seq))
            if found == digest or chain in self._broken:
                continue
            self._broken.add(chain)
            self._report.add(_lie(chain, seq, who, missing=found is None))


def _lie(chain: int, seq: int, who: str, *, missing: bool) -> Finding:
    if missing:
        return Finding("cut_off", f"chain {chain}", f"it is missing, though {who} holds its hash", seq)
    return Finding("rewritten", f"chain {chain}", f"it is not the entry whose hash {who} holds", seq)


def stored_hashes(heads: Iterable[Head]) -> dict[tuple[int, int], str]:
    """The hashes the chains hold at those numbers, by (chain, number)."""
    pairs = [(chain, seq) for chain, seq, _ in heads]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.chain, e.seq, encode(e.hash, 'hex') FROM core_audit_entry e"
            " JOIN unnest(%s::smallint[], %s::bigint[]) AS w (chain, seq)"
            " ON e.chain = w.chain AND e.seq = w.seq",
            [[chain for chain, _ in pairs], [seq for _, seq in pairs]],
        )
        return {(chain, seq): digest for chain, seq, digest in cursor.fetchall()}


def _check_one(anchor: AuditAnchor, last_hash: bytes, keys: _Keys, report: Report) -> None:
    where, digest = f"anchor {anchor.pk}", bytes(anchor.hash)
    if bytes(anchor.prev_hash) != last_hash:
        report.add(Finding("anchor_link", where, "it does not follow the anchor before it"))
    made = anchor_hash(bytes(anchor.prev_hash), microseconds(anchor.at), anchor.key_id, anchor.heads)
    if made != digest:
        report.add(Finding("anchor_content", where, "its content is not what its hash was made of"))
    key = keys[anchor.key_id]
    if key is None:
        report.add(
            Finding("anchor_key", where, f"the public key {anchor.key_id} is not in keys/audit-signing")
        )
    elif not signed(key, bytes(anchor.signature), digest):
        report.add(Finding("anchor_signature", where, "its signature is not ours"))


def _check_stamp(anchor: AuditAnchor, trusted: list[x509.Certificate], report: Report) -> None:
    if anchor.tsa_token is None:
        return
    report.timestamps += 1
    if not trusted:
        return
    try:
        timestamp.check(bytes(anchor.tsa_token), bytes(anchor.hash), trusted)
    except timestamp.BadTimestamp as error:
        report.add(Finding("timestamp", f"anchor {anchor.pk}", f"its time-stamp proves nothing: {error}"))


def _check_witness(text: str, report: Report) -> None:
    """The newest anchor this machine made must still be there."""
    try:
        witness = json.loads(text)
        digest, anchor_id = bytes.fromhex(witness["hash"]), witness["id"]
    except (ValueError, KeyError, TypeError):
        report.add(Finding("witness", str(witness_file()), "the file cannot be read"))
        return
    if not AuditAnchor.objects.filter(hash=digest).exists():
        report.add(
            Finding(
                "witness",
                f"anchor {anchor_id}",
                f"this machine made it at {witness.get('at')}, and it is no longer in the database"
                " (expected after restoring an older backup, and only then)",
            )
        )


def read_heads(text: str) -> list[Head]:
    """The heads an anchor holds; none when somebody made nonsense of them (its hash tells)."""
    try:
        return [(int(chain), int(seq), str(digest)) for chain, seq, digest in json.loads(text)]
    except (ValueError, TypeError):
        return []


def _entries(heads: list[Head]) -> int:
    return sum(seq for _, seq, _ in heads)
