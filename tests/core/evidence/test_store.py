"""The store: written once, on the disk before it says so, the same in a bucket."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from tocsin.core.evidence.store import BlobMissing, BucketBlobs, FolderBlobs, StoreUnavailable

LATER = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
SEALED = b"sealed bytes"
ADDRESS = hashlib.sha256(SEALED).hexdigest()


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BucketBlobs:
    """Each kind of store, empty."""
    if request.param == "folder":
        return FolderBlobs(tmp_path / "evidence")
    request.getfixturevalue("aws")
    from obstore.store import from_url

    boto3.client("s3").create_bucket(
        Bucket="tocsin", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    return BucketBlobs(from_url("s3://tocsin/evidence"))


def test_what_was_put_comes_back_from_its_hash(blobs: BucketBlobs) -> None:
    assert blobs.put(SEALED) == ADDRESS
    assert blobs.get(ADDRESS) == SEALED
    assert list(blobs.addresses(older_than=LATER)) == [ADDRESS]


def test_putting_the_same_again_changes_nothing(blobs: BucketBlobs) -> None:
    assert blobs.put(SEALED) == blobs.put(SEALED)
    assert list(blobs.addresses(older_than=LATER)) == [ADDRESS]


def test_what_is_not_there_is_said(blobs: BucketBlobs) -> None:
    with pytest.raises(BlobMissing):
        blobs.get(ADDRESS)


def test_young_objects_and_removed_ones_are_not_listed(blobs: BucketBlobs) -> None:
    blobs.put(SEALED)
    assert list(blobs.addresses(older_than=LATER - dt.timedelta(days=1))) == []
    blobs.remove(ADDRESS)
    assert list(blobs.addresses(older_than=LATER)) == []


def test_large_objects(blobs: BucketBlobs) -> None:
    large = os.urandom(12 * 1024 * 1024)
    assert blobs.get(blobs.put(large)) == large


def test_a_store_out_of_reach_is_said(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from obstore.store import S3Store

    store = BucketBlobs(
        S3Store("nobody", endpoint="http://127.0.0.1:9", retry_config={"max_retries": 0}, region="us-west-2")
    )
    with pytest.raises(StoreUnavailable, match="did not take an item"):
        store.put(SEALED)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        store.get(ADDRESS)


def test_files_are_read_only_and_nobody_elses(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "evidence")
    file = blobs.folder / ADDRESS[:2] / ADDRESS[2:4] / blobs.put(SEALED)
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert stat.S_IMODE(blobs.folder.stat().st_mode) == 0o700


def test_a_file_and_its_folders_are_on_the_disk_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = FolderBlobs(tmp_path / "evidence")
    synced: set[int] = set()
    really: Callable[[int], None] = os.fsync

    def watched(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    file = blobs.folder / ADDRESS[:2] / ADDRESS[2:4] / blobs.put(SEALED)
    assert synced == {part.stat().st_ino for part in (file, file.parent, file.parent.parent, blobs.folder)}
