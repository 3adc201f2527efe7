"""Time-stamps of an outside authority (RFC 3161) for anchors: proof that they existed at a moment.

``TOCSIN_TSA_URL`` says where to ask; without it there are none. The roots an authority is trusted by lie in
``$TOCSIN_HOME/keys/tsa-roots.pem``. An authority that does not answer never keeps an anchor from being made.
"""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
from cryptography import x509
from django.conf import settings
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


class BadTimestamp(ValueError):
    """The token does not prove what it should; the message says why."""


def stamp(digest: bytes) -> bytes | None:
    """Ask the authority to stamp a hash; None when there is no authority or no usable answer."""
    url: str = settings.TOCSIN_TSA_URL
    if not url:
        return None
    request = TimestampRequestBuilder().data(digest).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        answer = httpx.post(
            url,
            content=request.as_bytes(),
            headers={"Content-Type": "application/timestamp-query"},
            timeout=TIMEOUT_S,
        )
        answer.raise_for_status()
        token = answer.content
        decoded = decode_timestamp_response(token)
        if decoded.tst_info.nonce != request.nonce:
            raise BadTimestamp("the answer belongs to another question")
        if decoded.tst_info.message_imprint.message != request.message_imprint.message:
            raise BadTimestamp("the answer stamps something else")
    except (httpx.HTTPError, ValueError) as error:
        log.warning("no time-stamp for this anchor: %s: %s", type(error).__name__, error)
        return None
    return token


def roots() -> list[x509.Certificate]:
    """The certificates we trust time-stamping authorities by; empty when nobody put any there."""
    file = Path(settings.TOCSIN_HOME) / "keys" / "tsa-roots.pem"
    return x509.load_pem_x509_certificates(file.read_bytes()) if file.exists() else []


def check(token: bytes, digest: bytes, trusted: list[x509.Certificate]) -> None:
    """Check that a token stamps this hash and was signed by somebody we trust.

    Raises:
        BadTimestamp: it does not, or was not.
    """
    builder = VerifierBuilder()
    for root in trusted:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(decode_timestamp_response(token), digest)
    except (VerificationError, ValueError) as error:
        raise BadTimestamp(str(error)) from error
