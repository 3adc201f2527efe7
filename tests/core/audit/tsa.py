"""A time-stamping authority on this machine: answers RFC 3161 requests as a real one does.

Written down to the bytes, because what reads the answers in production must be able to read these.
``openssl ts`` reads them too (see the test).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client._rust import parse_timestamp_request

SHA256, RSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11"
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
DAY = dt.timedelta(days=1)


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER value: tag, length, content."""
    content = b"".join(parts)
    size = len(content)
    length = (
        bytes([size])
        if size < 128
        else (lambda b: bytes([128 | len(b)]) + b)(size.to_bytes((size.bit_length() + 7) // 8, "big"))
    )
    return bytes([tag]) + length + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, *sorted(parts))


def integer(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray([first * 40 + second])
    for number in rest:
        chunk = [number & 0x7F]
        while number := number >> 7:
            chunk.append(number & 0x7F | 0x80)
        out += bytes(reversed(chunk))
    return tlv(0x06, bytes(out))


def algorithm(dotted: str) -> bytes:
    return sequence(oid(dotted), b"\x05\x00")


@dataclass
class Authority:
    """A root, a certificate for time-stamping under it, and what to do wrong on request."""

    url: str = ""
    requests: int = 0
    status: int = 0
    shift_digest: bool = False
    wrong_nonce: bool = False
    http_status: int = 200
    serial: int = field(default=1)

    def __post_init__(self) -> None:
        self.root_key = rsa.generate_private_key(65537, 2048)
        self.key = rsa.generate_private_key(65537, 2048)
        now = dt.datetime.now(dt.UTC)
        root_name, name = _name("Test Root"), _name("Test Time-Stamping")
        self.root = (
            x509.CertificateBuilder(root_name, root_name, self.root_key.public_key(), 1, now - DAY, now + DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.root_key.public_key()), critical=False
            )
            .sign(self.root_key, hashes.SHA256())
        )
        self.certificate = (
            x509.CertificateBuilder(root_name, name, self.key.public_key(), 2, now - DAY, now + DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .sign(self.root_key, hashes.SHA256())
        )

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def answer(self, request: bytes) -> bytes:
        """The answer to a request, as bytes."""
        self.requests += 1
        if self.status != 0:
            return sequence(sequence(integer(self.status)))
        asked = parse_timestamp_request(request)
        info = self._info(asked.message_imprint.message, asked.nonce)
        return sequence(sequence(integer(0)), self._token(info))

    def _info(self, digest: bytes, nonce: int) -> bytes:
        if self.shift_digest:
            digest = bytes(reversed(digest))
        now = dt.datetime.now(dt.UTC).strftime("%Y%m%d%H%M%SZ").encode()
        self.serial += 1
        return sequence(
            integer(1), oid("1.2.3.4.1"), sequence(algorithm(SHA256), tlv(0x04, digest)),
            integer(self.serial), tlv(0x18, now), integer(nonce + self.wrong_nonce),
        )  # fmt: skip

    def _token(self, info: bytes) -> bytes:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        certificate_id = sequence(sequence(sequence(tlv(0x04, hashlib.sha256(der).digest()))))
        attributes = set_of(
            sequence(oid(CONTENT_TYPE), set_of(oid(TST_INFO))),
            sequence(oid(MESSAGE_DIGEST), set_of(tlv(0x04, hashlib.sha256(info).digest()))),
            sequence(oid(SIGNING_CERTIFICATE_V2), set_of(certificate_id)),
        )
        signature = self.key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
        issuer = sequence(self.certificate.issuer.public_bytes(), integer(self.certificate.serial_number))
        signer = sequence(
            integer(1), issuer, algorithm(SHA256), b"\xa0" + attributes[1:], algorithm(RSA_SHA256),
            tlv(0x04, signature),
        )  # fmt: skip
        content = sequence(oid(TST_INFO), tlv(0xA0, tlv(0x04, info)))
        signed = sequence(integer(3), set_of(algorithm(SHA256)), content, tlv(0xA0, der), set_of(signer))
        return sequence(oid(SIGNED_DATA), tlv(0xA0, signed))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@contextmanager
def serving() -> Iterator[Authority]:
    authority = Authority()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            body = authority.answer(asked)
            self.send_response(authority.http_status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
