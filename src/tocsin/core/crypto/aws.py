"""Master keys in AWS KMS (``TOCSIN_KEYS=aws-kms:<arn>``; needs the ``aws`` extra).

The ARN may name a key or, better, an alias. Behind an alias the master key can be rotated by us: a new key is
made, the alias is pointed at it, and every data key is re-encrypted inside KMS, so that it is never seen
outside. The encryption context carries the scope: a wrapped key moved to another person's row cannot be
unwrapped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from tocsin.core.crypto.errors import KeyServiceUnavailable, Tampered


class KmsKeys:
    """Wraps data keys with a KMS key. Region and credentials come from the usual AWS settings; the region of
    the ARN wins."""

    parallel = 8

    def __init__(self, arn: str) -> None:
        parts = arn.split(":")
        if len(parts) < 6 or parts[0] != "arn" or parts[2] != "kms":
            raise KeyServiceUnavailable(f"TOCSIN_KEYS names {arn!r}; it should be aws-kms:arn:aws:kms:…")
        self.arn = arn
        self.region = parts[3]
        self.is_alias = parts[5].startswith("alias/")

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise KeyServiceUnavailable("AWS KMS needs the extra: install tocsin[aws]") from error
        limits = Config(
            connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}
        )
        return boto3.client("kms", region_name=self.region, config=limits)

    def wrap(self, data_key: bytes, scope: str) -> tuple[str, bytes]:
        with _reported():
            answer = self._client.encrypt(
                KeyId=self.arn, Plaintext=data_key, EncryptionContext=_context(scope)
            )
        return answer["KeyId"], answer["CiphertextBlob"]

    def unwrap(self, master_key_id: str, wrapped: bytes, scope: str) -> bytes:
        with _reported():
            answer = self._client.decrypt(
                KeyId=master_key_id, CiphertextBlob=wrapped, EncryptionContext=_context(scope)
            )
        return bytes(answer["Plaintext"])

    def rewrap(self, master_key_id: str, wrapped: bytes, scope: str) -> tuple[str, bytes]:
        with _reported():
            answer = self._client.re_encrypt(
                CiphertextBlob=wrapped,
                SourceKeyId=master_key_id,
                SourceEncryptionContext=_context(scope),
                DestinationKeyId=self.arn,
                DestinationEncryptionContext=_context(scope),
            )
        return answer["KeyId"], answer["CiphertextBlob"]

    def current(self) -> str:
        with _reported():
            return str(self._client.describe_key(KeyId=self.arn)["KeyMetadata"]["Arn"])

    def rotate(self) -> str:
        if not self.is_alias:
            raise KeyServiceUnavailable(
                "TOCSIN_KEYS names one key, and AWS renews its material. To change keys, name an alias"
            )
        with _reported():
            old = self._client.describe_key(KeyId=self.arn)["KeyMetadata"]
            new = self._client.create_key(
                Description=old.get("Description") or "Tocsin master key", KeyUsage="ENCRYPT_DECRYPT"
            )["KeyMetadata"]
            self._client.update_alias(AliasName=self.arn.split(":", 5)[5], TargetKeyId=new["KeyId"])
        return str(new["Arn"])


def _context(scope: str) -> dict[str, str]:
    return {"tocsin-scope": scope}


@contextmanager
def _reported() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        # the one answer that says the wrapped key, not the service, is at fault
        if error.response.get("Error", {}).get("Code") == "InvalidCiphertextException":
            raise Tampered("the wrapped key was changed, or belongs to another scope") from error
        raise KeyServiceUnavailable(f"AWS KMS: {error}") from error
    except BotoCoreError as error:
        raise KeyServiceUnavailable(f"AWS KMS: {error}") from error
