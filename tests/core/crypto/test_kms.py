"""AWS KMS as the key service, against a stand-in that speaks its protocol."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from tocsin.core.actor import system
from tocsin.core.crypto import data_keys, seal
from tocsin.core.crypto.aws import KmsKeys
from tocsin.core.crypto.errors import KeyServiceUnavailable, Tampered
from tocsin.core.crypto.models import DataKey
from tocsin.core.crypto.rotation import rotate

KEY = bytes(range(32))


@pytest.fixture
def alias(aws: str) -> str:
    client = boto3.client("kms", region_name="us-west-2")
    key = client.create_key(Description="master")["KeyMetadata"]
    client.create_alias(AliasName="alias/tocsin", TargetKeyId=key["KeyId"])
    return str(key["Arn"]).replace(f"key/{key['KeyId']}", "alias/tocsin")


def test_a_wrapped_key_comes_back(alias: str) -> None:
    keys = KmsKeys(alias)
    master, wrapped = keys.wrap(KEY, "party:1")
    assert KEY not in wrapped
    assert master == keys.current()
    assert ":key/" in master
    assert KmsKeys(alias).unwrap(master, wrapped, "party:1") == KEY


def test_a_wrapped_key_is_bound_to_its_scope_and_whole(alias: str) -> None:
    keys = KmsKeys(alias)
    master, wrapped = keys.wrap(KEY, "party:1")
    with pytest.raises(Tampered):
        keys.unwrap(master, wrapped, "party:2")
    with pytest.raises(Tampered):
        keys.rewrap(master, wrapped, "party:2")
    with pytest.raises(Tampered):
        keys.unwrap(master, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), "party:1")


def test_rotation_behind_an_alias(alias: str) -> None:
    keys = KmsKeys(alias)
    master, wrapped = keys.wrap(KEY, "party:1")
    new = keys.rotate()
    assert keys.current() == new != master
    again, rewrapped = keys.rewrap(master, wrapped, "party:1")
    assert again == new
    assert keys.unwrap(again, rewrapped, "party:1") == KEY
    assert keys.unwrap(master, wrapped, "party:1") == KEY


def test_a_single_key_is_not_rotated_by_us(alias: str) -> None:
    arn = KmsKeys(alias).current()
    with pytest.raises(KeyServiceUnavailable, match="name an alias"):
        KmsKeys(arn).rotate()


def test_an_unknown_key_and_a_wrong_setting_are_said(alias: str) -> None:
    with pytest.raises(KeyServiceUnavailable, match="AWS KMS"):
        KmsKeys(alias + "-of-nobody").wrap(KEY, "party:1")
    with pytest.raises(KeyServiceUnavailable, match="should be aws-kms:arn:aws:kms"):
        KmsKeys("alias/tocsin")


def test_a_service_out_of_reach_is_said(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = KmsKeys(alias)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # discard: nobody listens
    with pytest.raises(KeyServiceUnavailable, match="AWS KMS"):
        keys.wrap(KEY, "party:1")


@pytest.mark.django_db
def test_sealing_and_rotating_with_kms(alias: str, settings: Any) -> None:
    settings.TOCSIN_KEYS = f"aws-kms:{alias}"
    data_keys.forget_all()
    try:
        sealed = seal.seal_many([(f"party:{number}", "name", f"name {number}") for number in range(5)])
        done = rotate(system("keys"))
        assert (done.rewrapped, done.unreadable) == (5, ())
        assert set(DataKey.objects.values_list("master_key_id", flat=True)) == {done.master_key_id}
        data_keys.forget_all()
        opened = seal.open_many((f"party:{number}", "name", value) for number, value in enumerate(sealed))
        assert opened == [f"name {number}" for number in range(5)]
    finally:
        data_keys.forget_all()
