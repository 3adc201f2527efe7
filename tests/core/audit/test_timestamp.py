"""Time-stamps: asked for, kept with the anchor, checked against the roots the operator trusts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.audit import tsa
from tests.core.audit.tampering import tamper, write
from tocsin.core.audit.anchor import make_anchor
from tocsin.core.audit.models import AuditAnchor
from tocsin.core.audit.verify import run_verify


@pytest.fixture
def authority(audit: Path, settings: Any) -> Iterator[tsa.Authority]:
    with tsa.serving() as one:
        settings.TOCSIN_TSA_URL = one.url
        (audit / "keys").mkdir()
        (audit / "keys" / "tsa-roots.pem").write_bytes(one.root_pem)
        write(3, chain=1)
        yield one


def test_an_anchor_is_stamped_and_the_stamp_is_checked(authority: tsa.Authority) -> None:
    anchor = make_anchor()
    assert anchor is not None
    assert anchor.tsa_token
    assert authority.requests == 1
    report = run_verify()
    assert (report.ok, report.timestamps, report.timestamps_checked) == (True, 1, True)


def test_openssl_accepts_the_stamp_too(authority: tsa.Authority, tmp_path: Path) -> None:
    """The authority of these tests is a real one in all that matters."""
    if shutil.which("openssl") is None:
        pytest.fail("openssl is needed to check a time-stamp as an auditor would")
    anchor = make_anchor()
    assert anchor is not None
    assert anchor.tsa_token is not None
    (tmp_path / "hash").write_bytes(anchor.hash)
    (tmp_path / "stamp").write_bytes(anchor.tsa_token)
    (tmp_path / "roots").write_bytes(authority.root_pem)
    command = ["openssl", "ts", "-verify", "-data", "hash", "-in", "stamp", "-CAfile", "roots"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout.strip()) == (0, "Verification: OK")


def test_a_stamp_moved_to_another_anchor_is_named(authority: tsa.Authority) -> None:
    one = make_anchor()
    write(1, chain=1)
    two = make_anchor()
    assert one is not None
    assert two is not None
    tamper("UPDATE core_audit_anchor SET tsa_token = %s WHERE id = %s", one.tsa_token, two.pk)
    (finding,) = run_verify().findings
    assert (finding.code, finding.where) == ("timestamp", f"anchor {two.pk}")


def test_a_stamp_of_an_authority_we_do_not_trust_is_named(authority: tsa.Authority, audit: Path) -> None:
    make_anchor()
    (audit / "keys" / "tsa-roots.pem").write_bytes(tsa.Authority().root_pem)
    assert [one.code for one in run_verify().findings] == ["timestamp"]


def test_a_broken_stamp_is_named(authority: tsa.Authority) -> None:
    anchor = make_anchor()
    assert anchor is not None
    tamper("UPDATE core_audit_anchor SET tsa_token = 'nonsense'")
    assert [one.code for one in run_verify().findings] == ["timestamp"]


def test_without_roots_stamps_are_counted_and_said_not_to_be_checked(
    authority: tsa.Authority, audit: Path
) -> None:
    make_anchor()
    (audit / "keys" / "tsa-roots.pem").unlink()
    report = run_verify()
    assert (report.ok, report.timestamps, report.timestamps_checked) == (True, 1, False)
    assert "1 time-stamps (not checked: no roots in keys/tsa-roots.pem)" in report.lines()


@pytest.mark.parametrize(
    "trouble", [{"status": 2}, {"shift_digest": True}, {"wrong_nonce": True}, {"http_status": 503}]
)
def test_an_answer_that_proves_nothing_is_not_kept(authority: tsa.Authority, trouble: dict[str, Any]) -> None:
    for name, value in trouble.items():
        setattr(authority, name, value)
    anchor = make_anchor()
    assert anchor is not None
    assert authority.requests == 1
    assert anchor.tsa_token is None
    assert run_verify().ok


def test_an_authority_that_is_gone_keeps_no_anchor_from_being_made(audit: Path, settings: Any) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.TOCSIN_TSA_URL = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        write(1)
        assert make_anchor() is not None
    assert AuditAnchor.objects.get().tsa_token is None
