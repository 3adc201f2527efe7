"""The way out: what we call, what we refuse, and that a checked address is the one that is called."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.core.outbox.receiver import Receiver, serving
from tocsin.core.outbox.addresses import Allowance, is_public
from tocsin.core.outbox.outbound import ANSWER_CAP, Forbidden, Outbound, Unreachable


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving() as one:
        yield one


def knows(*addresses: str) -> Callable[[str, int], object]:
    """A name service that always gives these addresses, and counts how often it was asked."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        resolve.asked.append((host, port))  # type: ignore[attr-defined]
        return addresses

    resolve.asked = []  # type: ignore[attr-defined]
    return resolve


def allowing(*entries: str, **more: object) -> Outbound:
    return Outbound(Allowance.parse(entries), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.0.9", "169.254.169.254", "172.16.0.1",
        "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.7",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::a00:1", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "fc00::1", "fe80::1",
        "fec0::1", "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.com/", "starts with https"),
        ("file:///etc/passwd", "starts with https"),
        ("//example.com/", "starts with https"),
        ("https:///hook", "host name"),
        ("https://user:secret@example.com/", "user name"),
        ("https://user@example.com/", "user name"),
        ("https://example.com/#part", "after #"),
        ("https://example.com:0/", "Port 0"),
        ("https://example.com:99999/", "not an address"),
        ("https://exa mple.com/", "spaces"),
        ("https://example.com/\r\nX: y", "spaces"),
        ("https://example.com\\@127.0.0.1/", "backslashes"),
        ("https://exämple.com/", "ASCII"),
        ("http://example.com/", "Only https"),
        ("https://127.0.0.1/", "not a public address"),
        ("https://[::1]:8443/", "not a public address"),
        ("https://[::ffff:127.0.0.1]/", "not a public address"),
        ("https://169.254.169.254/latest/meta-data", "not a public address"),
        ("http://8.8.8.8/", "Only https"),
    ],
)
def test_addresses_refused_at_sight(url: str, why: str) -> None:
    with pytest.raises(Forbidden, match=why):
        Outbound().check(url)


@pytest.mark.parametrize(
    "url", ["https://2130706433/", "https://127.1/", "https://0x7f.0.0.1/", "https://localhost/"]
)
def test_other_spellings_of_this_machine_are_refused_when_looked_up(url: str) -> None:
    with pytest.raises(Forbidden, match="not a public address"):
        Outbound().post(url, b"", {})


def test_one_private_address_behind_a_name_is_enough_to_refuse() -> None:
    mixed = knows("8.8.8.8", "10.0.0.7")
    with pytest.raises(Forbidden, match=r"hooks\.example leads to 10\.0\.0\.7"):
        Outbound(resolve=mixed).post("https://hooks.example/", b"", {})  # type: ignore[arg-type]


def test_the_list_of_allowed_addresses() -> None:
    allow = Allowance.parse(
        ["10.0.0.0/8", "127.0.0.1:9000", "[::1]:9001", "hooks.internal:8443", "any.internal"]
    )
    address = ipaddress.ip_address
    assert allow.address(address("10.9.9.9"), 1234)
    assert allow.address(address("127.0.0.1"), 9000)
    assert not allow.address(address("127.0.0.1"), 9001)
    assert allow.address(address("::1"), 9001)
    assert not allow.address(address("192.168.0.1"), 9000)
    assert allow.host("hooks.internal", 8443)
    assert not allow.host("hooks.internal", 443)
    assert allow.host("any.internal", 1)
    assert not allow.host("evil.any.internal", 1)


@pytest.mark.parametrize("entry", ["", "http://x", "user@host", "host/path"])
def test_a_wrong_entry_in_the_list_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="TOCSIN_OUTBOUND_ALLOW"):
        Allowance.parse([entry])


def test_a_body_is_posted_and_the_answer_returned(receiver: Receiver) -> None:
    receiver.answer(202, b"thanks", Retry_After="7")
    answer = allowing("127.0.0.1").post(receiver.url + "?a=1", b'{"x":1}', {"X-Test": "yes"})
    assert (answer.status, answer.body, answer.retry_after) == (202, b"thanks", "7")
    (got,) = receiver.received
    assert (got.path, got.body) == ("/hook?a=1", b'{"x":1}')
    assert (got.headers["host"], got.headers["x-test"]) == (f"127.0.0.1:{receiver.port}", "yes")


def test_a_port_that_is_not_allowed_is_refused(receiver: Receiver) -> None:
    with pytest.raises(Forbidden):
        allowing(f"127.0.0.1:{receiver.port + 1}").post(receiver.url, b"", {})
    assert receiver.received == []


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answer(307, Location="/elsewhere")
    assert allowing("127.0.0.1").post(receiver.url, b"x", {}).status == 307
    assert [got.path for got in receiver.received] == ["/hook"]


def test_the_name_is_looked_up_once_and_the_checked_address_is_called(receiver: Receiver) -> None:
    """A name that would answer differently the second time changes nothing: there is no second time."""
    resolve = knows("127.0.0.1")
    way = allowing(f"hooks.example:{receiver.port}", resolve=resolve)
    assert way.post(f"http://hooks.example:{receiver.port}/", b"x", {}).status == 204
    assert resolve.asked == [("hooks.example", receiver.port)]  # type: ignore[attr-defined]
    assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert allowing("127.0.0.1").post(receiver.url, b"x", {}).status == 204


def test_a_long_answer_is_cut(receiver: Receiver) -> None:
    receiver.answer(200, b"x" * (ANSWER_CAP * 4))
    assert len(allowing("127.0.0.1").post(receiver.url, b"", {}).body) == ANSWER_CAP


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(Unreachable, match="cannot be found"):
        Outbound().post("https://no-such-host.invalid/", b"", {})


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="ConnectError"):
            allowing("127.0.0.1").post(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"", {})


@contextmanager
def dripping() -> Iterator[int]:
    """A server that sends a header byte by byte and never ends: no single read takes long."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            try:
                while not ended.wait(0.02):
                    connection.sendall(b"x")
            except OSError:
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        thread.join()
        listener.close()


def test_one_deadline_holds_for_all_of_it() -> None:
    with dripping() as port, pytest.raises(Unreachable, match="no answer within"):
        allowing("127.0.0.1").post(f"http://127.0.0.1:{port}/", b"", {}, timeout_s=0.3)


DAY = dt.timedelta(days=1)


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """An HTTPS server for hooks.example with its own certificate, and what a client needs to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - DAY, now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "server.pem"
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file.write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    asked = b""
                    # with bytes unread, closing would break the answer
                    while not asked.endswith(b"\r\n\r\nx"):
                        asked += connection.recv(65536) or b"\r\n\r\nx"
                    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], ssl.create_default_context(cadata=pem.decode())
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_the_certificate_must_be_the_names_though_the_address_is_called(
    tls_server: tuple[int, ssl.SSLContext],
) -> None:
    port, trust = tls_server
    way = allowing("127.0.0.0/8", resolve=knows("127.0.0.1"), tls=trust)
    assert way.post(f"https://hooks.example:{port}/", b"x", {}).status == 204
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        way.post(f"https://other.example:{port}/", b"x", {})


def test_a_certificate_nobody_vouches_for_is_refused(tls_server: tuple[int, ssl.SSLContext]) -> None:
    port, _ = tls_server
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        allowing("127.0.0.0/8", resolve=knows("127.0.0.1")).post(f"https://hooks.example:{port}/", b"x", {})
