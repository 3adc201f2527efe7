"""Every kind of tampering is named, with its place; and nothing is named where nothing happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.core.audit.tampering import rewrite, run, tamper, write
from tocsin.core.audit.anchor import export_checkpoint, make_anchor, witness_file
from tocsin.core.audit.models import AuditAnchor
from tocsin.core.audit.verify import Report, export_entries, run_verify

CHAIN = 3


def found(report: Report) -> list[tuple[str, str, int | None]]:
    return [(one.code, one.where, one.seq) for one in report.findings]


@pytest.fixture
def ten(audit: Path) -> Path:
    """Ten entries in chain 3, five in chain 7."""
    write(10, chain=CHAIN)
    write(5, chain=7)
    return audit


def test_an_untouched_audit_is_intact(ten: Path) -> None:
    make_anchor()
    write(2, chain=7)
    report = run_verify()
    assert found(report) == []
    assert report.ok
    assert (report.entries, report.chains, report.anchors, report.since_anchor) == (17, 2, 1, 2)
    assert report.lines()[0] == "17 entries in 2 chains, 1 anchors (2 entries since the last one)"


def test_an_empty_audit_is_intact(audit: Path) -> None:
    assert make_anchor() is None
    report = run_verify()
    assert (report.ok, report.entries, report.anchors) == (True, 0, 0)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("payload", "overlay(payload placing 'X' from 12 for 1)", "content"),
        ("payload", "payload || ' '", "content"),
        ("hash", "set_byte(hash, 31, (get_byte(hash, 31) + 1) % 256)", "content"),
        ("prev_hash", "set_byte(prev_hash, 0, (get_byte(prev_hash, 0) + 1) % 256)", "link"),
        ("at", "at + interval '1 microsecond'", "content"),
    ],
)
def test_one_changed_byte_is_named(ten: Path, column: str, value: str, code: str) -> None:
    change = value.replace("%", "%%")
    tamper(f"UPDATE core_audit_entry SET {column} = {change} WHERE chain = %s AND seq = 4", CHAIN)
    assert found(run_verify()) == [(code, "chain 3", 4)]


def test_a_removed_entry_is_named(ten: Path) -> None:
    tamper("DELETE FROM core_audit_entry WHERE chain = %s AND seq IN (4, 5)", CHAIN)
    report = run_verify()
    assert found(report) == [("missing", "chain 3", 6)]
    assert "4 to 5" in str(report.findings[0])


def test_a_removed_beginning_is_named(ten: Path) -> None:
    tamper("DELETE FROM core_audit_entry WHERE chain = %s AND seq = 1", CHAIN)
    assert found(run_verify()) == [("missing", "chain 3", 2)]


def test_swapped_entries_are_named(ten: Path) -> None:
    tamper("UPDATE core_audit_entry SET seq = 100 WHERE chain = %s AND seq = 4", CHAIN)
    tamper("UPDATE core_audit_entry SET seq = 4 WHERE chain = %s AND seq = 5", CHAIN)
    tamper("UPDATE core_audit_entry SET seq = 5 WHERE chain = %s AND seq = 100", CHAIN)
    assert found(run_verify()) == [("link", "chain 3", 4)]


def test_swapped_contents_are_named(ten: Path) -> None:
    tamper(
        "UPDATE core_audit_entry e SET payload = o.payload FROM core_audit_entry o WHERE e.chain = %s"
        " AND o.chain = e.chain AND e.seq IN (4, 5) AND o.seq = 9 - e.seq",
        CHAIN,
    )
    assert found(run_verify()) == [("content", "chain 3", 4)]


def test_an_entry_moved_to_another_chain_is_named(ten: Path) -> None:
    tamper("UPDATE core_audit_entry SET chain = 7, seq = 6 WHERE chain = %s AND seq = 10", CHAIN)
    assert found(run_verify()) == [("link", "chain 7", 6)]


def test_an_entry_slipped_in_is_named(ten: Path) -> None:
    run(
        "INSERT INTO core_audit_entry (chain, seq, at, payload, prev_hash, hash)"
        " SELECT chain, 11, now(), payload, hash, hash FROM core_audit_entry WHERE chain = %s AND seq = 10",
        CHAIN,
    )
    assert found(run_verify()) == [("content", "chain 3", 11)]


def test_the_first_broken_link_of_each_chain_is_named(ten: Path) -> None:
    tamper("UPDATE core_audit_entry SET payload = payload || ' ' WHERE seq IN (2, 4)")
    report = run_verify()
    assert found(report) == [("content", "chain 3", 2), ("content", "chain 7", 2)]
    assert report.entries == 15


def test_an_end_cut_off_is_named_by_the_anchor(ten: Path) -> None:
    make_anchor()
    tamper("DELETE FROM core_audit_entry WHERE chain = %s AND seq > 7", CHAIN)
    report = run_verify()
    assert found(report) == [("cut_off", "chain 3", 10)]
    assert report.since_anchor == -3


def test_a_whole_chain_removed_is_named_by_the_anchor(ten: Path) -> None:
    make_anchor()
    tamper("DELETE FROM core_audit_entry WHERE chain = 7")
    assert found(run_verify()) == [("cut_off", "chain 7", 5)]


def test_a_chain_written_anew_is_named_by_the_anchor(ten: Path) -> None:
    make_anchor()
    write(3, chain=CHAIN)
    make_anchor()
    rewrite(CHAIN, 4, '{"actor": "nobody"}')
    assert found(run_verify()) == [("rewritten", "chain 3", 10)]


def test_without_an_anchor_a_chain_written_anew_looks_whole(ten: Path) -> None:
    """Why there are anchors."""
    rewrite(CHAIN, 4, '{"actor": "nobody"}')
    assert run_verify().ok


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ("heads = replace(heads, '[7,5,', '[7,4,')", ["anchor_content", "rewritten"]),
        ("at = at + interval '1 second'", ["anchor_content"]),
        ("prev_hash = set_byte(prev_hash, 0, 255)", ["anchor_link", "anchor_content"]),
        ("signature = set_byte(signature, 0, (get_byte(signature, 0) + 1) % 256)", ["anchor_signature"]),
        ("key_id = '0123456789abcdef'", ["anchor_content", "anchor_key"]),
        ("heads = 'nonsense'", ["anchor_content"]),
    ],
)
def test_a_changed_anchor_is_named(ten: Path, change: str, codes: list[str]) -> None:
    anchor = make_anchor()
    assert anchor is not None
    tamper(f"UPDATE core_audit_anchor SET {change.replace('%', '%%')} WHERE id = %s", anchor.pk)
    report = run_verify()
    assert [one.code for one in report.findings] == codes
    assert report.findings[0].where == f"anchor {anchor.pk}"


def test_an_anchor_made_with_somebody_elses_key_is_named(ten: Path) -> None:
    """Whoever can write the tables but has not our key."""
    first = make_anchor()
    keys = ten / "keys" / "audit-signing"
    keys.rename(ten / "ours")
    write(1, chain=CHAIN)
    forged = make_anchor()
    assert first is not None
    assert forged is not None
    keys.rename(ten / "theirs")
    (ten / "ours").rename(keys)
    assert found(run_verify()) == [("anchor_key", f"anchor {forged.pk}", None)]
    # and putting a public key under a name it does not have does not help
    (ten / "theirs" / f"{forged.key_id}.pub").rename(keys / f"{first.key_id}.pub")
    assert found(run_verify())[0] == ("anchor_key", f"anchor {first.pk}", None)


def test_old_anchors_are_checked_with_old_keys(ten: Path) -> None:
    from tocsin.core.audit.keys import signing_keys

    one = make_anchor()
    signing_keys().rotate()
    write(1, chain=CHAIN)
    two = make_anchor()
    assert one is not None
    assert two is not None
    assert one.key_id != two.key_id
    assert run_verify().ok


def test_a_removed_anchor_is_named(ten: Path) -> None:
    anchors = []
    for _ in range(3):
        anchors.append(make_anchor())
        write(1, chain=CHAIN)
    tamper("DELETE FROM core_audit_anchor WHERE id = %s", anchors[1].pk)  # type: ignore[union-attr]
    assert found(run_verify()) == [("anchor_link", f"anchor {anchors[2].pk}", None)]  # type: ignore[union-attr]


def test_anchors_cut_off_are_named_by_the_witness(ten: Path, django_capture_on_commit_callbacks: Any) -> None:
    """Entries and anchors cut off together: the database alone would look whole."""
    make_anchor()
    write(1, chain=CHAIN)
    with django_capture_on_commit_callbacks(execute=True):
        last = make_anchor()
    assert last is not None
    assert json.loads(witness_file().read_text())["id"] == last.pk
    assert run_verify().ok
    tamper("DELETE FROM core_audit_anchor WHERE id = %s", last.pk)
    tamper("DELETE FROM core_audit_entry WHERE chain = %s AND seq = 11", CHAIN)
    assert found(run_verify()) == [("witness", f"anchor {last.pk}", None)]
    witness_file().write_text("{}")
    assert [one.code for one in run_verify().findings] == ["witness"]


def test_an_anchor_is_made_only_when_there_is_something_new(ten: Path) -> None:
    assert make_anchor() is not None
    assert make_anchor() is None
    write(1, chain=CHAIN)
    assert make_anchor() is not None
    assert AuditAnchor.objects.count() == 2


def test_a_checkpoint_kept_elsewhere_tells_what_the_database_no_longer_does(ten: Path) -> None:
    checkpoint = json.loads(json.dumps(export_checkpoint()))
    assert run_verify(against=checkpoint).ok
    write(2, chain=CHAIN)
    assert run_verify(against=checkpoint).ok, "growing is no break"
    # everything is replaced by a consistent story: entries, anchors, witness
    anchor_id = checkpoint["anchor"]["id"]
    tamper("TRUNCATE core_audit_entry, core_audit_anchor")
    witness_file().unlink(missing_ok=True)
    write(9, chain=CHAIN)
    make_anchor()
    assert run_verify().ok
    name = f"the checkpoint of anchor {anchor_id}"
    assert found(run_verify(against=checkpoint)) == [
        ("checkpoint_anchor", name, None),
        ("cut_off", "chain 3", 10),
        ("cut_off", "chain 7", 5),
    ]


def test_a_changed_checkpoint_is_not_believed(ten: Path) -> None:
    checkpoint = export_checkpoint()
    changed = checkpoint | {"anchor": checkpoint["anchor"] | {"heads": "[]"}}
    assert [one.code for one in run_verify(against=changed).findings] == ["checkpoint_signature"]
    for nonsense in (
        {},
        {"format": "x"},
        checkpoint | {"public_key": "x"},
        checkpoint | {"format": "other/1"},
    ):
        assert [one.code for one in run_verify(against=nonsense).findings] == ["checkpoint_unreadable"]


def test_a_checkpoint_can_be_checked_with_openssl_alone(ten: Path, tmp_path: Path) -> None:
    """Nobody has to trust our code: the recipe in the file is enough."""
    import hashlib
    import shutil
    import subprocess

    if shutil.which("openssl") is None:
        pytest.fail("openssl is needed to check a checkpoint as an auditor would")
    checkpoint = export_checkpoint()
    anchor = checkpoint["anchor"]
    text = f"{anchor['at_us']}|{anchor['key_id']}|{anchor['heads']}".encode()
    digest = hashlib.sha256(bytes.fromhex(anchor["prev_hash"]) + text).digest()
    (tmp_path / "hash").write_bytes(digest)
    (tmp_path / "signature").write_bytes(bytes.fromhex(anchor["signature"]))
    (tmp_path / "key.pem").write_text(checkpoint["public_key"])
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "hash"]
    checked = subprocess.run(
        [*command, "-sigfile", "signature"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout.strip()) == (0, "Signature Verified Successfully")


def test_exported_entries_can_be_checked_without_us(ten: Path) -> None:
    import hashlib

    last: dict[int, str] = {}
    lines = [json.loads(line) for line in export_entries()]
    for line in lines:
        assert line["prev_hash"] == last.get(line["chain"], "00" * 32)
        text = f"{line['chain']}|{line['seq']}|{line['at_us']}|{line['payload']}"
        made = hashlib.sha256(bytes.fromhex(line["prev_hash"]) + text.encode()).hexdigest()
        assert made == line["hash"]
        last[line["chain"]] = made
    assert len(lines) == 15


@pytest.mark.django_db(transaction=True)
def test_verifying_outside_of_a_transaction_sees_one_moment(settings: Any, tmp_path: Path) -> None:
    settings.TOCSIN_HOME = str(tmp_path)
    run("TRUNCATE core_audit_entry, core_audit_anchor")
    from django.db import transaction

    with transaction.atomic():
        write(3)
    make_anchor()
    assert witness_file().exists()
    report = run_verify(objects=True)
    assert (report.ok, report.entries, report.anchors) == (True, 3, 1)
    assert len(list(export_entries())) == 3
