"""Master keys in files: private, durable, one winner when several processes start at once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tocsin.core.crypto.errors import KeyServiceUnavailable, Tampered
from tocsin.core.crypto.files import append_line, replace, write_once
from tocsin.core.crypto.keys import FileKeys

KEY = bytes(range(32))


def test_a_wrapped_key_comes_back(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "master")
    master, wrapped = keys.wrap(KEY, "party:1")
    assert KEY not in wrapped
    assert FileKeys(tmp_path / "master").unwrap(master, wrapped, "party:1") == KEY


def test_a_wrapped_key_is_bound_to_its_scope(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "master")
    master, wrapped = keys.wrap(KEY, "party:1")
    with pytest.raises(Tampered):
        keys.unwrap(master, wrapped, "party:2")


def test_only_the_owner_can_read_keys(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "master")
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    files = sorted(keys.folder.iterdir())
    assert [file.name == "current" or file.suffix == ".key" for file in files] == [True, True]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_rotation_keeps_the_old_key_readable(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "master")
    master, wrapped = keys.wrap(KEY, "party:1")
    new = keys.rotate()
    assert keys.current() == new != master
    assert keys.wrap(KEY, "party:1")[0] == new
    assert keys.unwrap(master, wrapped, "party:1") == KEY
    again, rewrapped = keys.rewrap(master, wrapped, "party:1")
    assert again == new
    assert keys.unwrap(again, rewrapped, "party:1") == KEY


def test_a_lost_master_key_is_said_by_name(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "master")
    master, wrapped = keys.wrap(KEY, "party:1")
    (keys.folder / f"{master}.key").unlink()
    with pytest.raises(KeyServiceUnavailable, match=master):
        keys.unwrap(master, wrapped, "party:1")


@pytest.mark.parametrize("name", ["file-../../../etc/passwd", "file-x", "arn:aws:kms:…", ""])
def test_a_key_id_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyServiceUnavailable, match="not a key of this adapter"):
        FileKeys(tmp_path / "master").unwrap(name, b"x" * 60, "party:1")


def test_of_many_starting_at_once_one_key_is_current(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        current = set(pool.map(lambda _: FileKeys(tmp_path / "master").current(), range(24)))
    assert len(current) == 1


def test_a_file_is_written_once_and_replaced_whole(tmp_path: Path) -> None:
    assert write_once(tmp_path / "a", b"first") == b"first"
    assert write_once(tmp_path / "a", b"second") == b"first"
    replace(tmp_path / "a", b"third")
    assert (tmp_path / "a").read_bytes() == b"third"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_line_cut_short_does_not_swallow_the_next(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"whole\ncut sho")
    append_line(tmp_path / "log", "next")
    assert (tmp_path / "log").read_text() == "whole\ncut sho\nnext\n"
