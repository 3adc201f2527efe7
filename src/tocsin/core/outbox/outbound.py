"""Calling addresses that others chose, without being turned against our own network.

Who registers a webhook decides where we connect to. So every name is resolved here, every address it has is
checked, and the connection goes to the address that was checked: a name that answers differently a moment
later changes nothing. Redirects are not followed, proxies of the environment are not used, credentials in
an address are refused, and one deadline holds for everything from the look-up to the last byte.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import SplitResult, urlsplit

import certifi
import httpx

from tocsin.core.outbox.addresses import Allowance, IPAddress, is_public

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

#: Seconds from the look-up of the name to the last byte of the answer.
TIMEOUT_S = 10.0
#: More than this of an answer is not read.
ANSWER_CAP = 64 * 1024
_NOT_PLAIN = "Only https is called; plain http would send the data in the open."
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Forbidden(ValueError):
    """We do not call this address; the message says why."""


class Unreachable(OSError):
    """No answer: no such name, no connection, a broken one, or too slow."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and as much of the body as was asked for."""

    status: int
    body: bytes
    retry_after: str = ""


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine sees them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Outbound:
    """The one way out. ``resolve`` and ``tls`` are the machine's unless somebody needs others."""

    allow: Allowance = field(default_factory=Allowance)
    resolve: Resolver = system_resolver
    tls: ssl.SSLContext | None = None

    def check(self, url: str) -> SplitResult:
        """What can be said about an address without looking its name up.

        Raises:
            Forbidden: not http(s), credentials or a fragment in it, no host, a private address; or plain
            http to
                somebody who is not on the list of allowed hosts.
        """
        parts = _split(url)
        literal = _literal(parts.hostname or "")
        if literal is not None:
            self._check_address(parts, literal)
        elif parts.scheme == "http" and not self._may_be_plain(parts):
            raise Forbidden(_NOT_PLAIN)
        return parts

    async def pinned(self, url: str) -> tuple[SplitResult, str]:
        """The parts of an address, and the checked network address to connect to.

        Raises:
            Forbidden: one of the addresses behind the name may not be called. Unreachable: there is no such
            name.
        """
        parts = self.check(url)
        host, port = parts.hostname or "", _port(parts)
        try:
            addresses = await self.resolve(host, port)
        except OSError as error:
            raise Unreachable(f"The name {host} cannot be found.") from error
        if not addresses:
            raise Unreachable(f"The name {host} has no address.")
        for address in addresses:
            self._check_address(parts, ipaddress.ip_address(address.partition("%")[0]))
        return parts, addresses[0]

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> Answer:
        """Send a body and return the answer, whatever its status.

        Raises:
            Forbidden: we do not call this address. Unreachable: no answer within ``timeout_s``.
        """
        return self.request("POST", url, headers, body=body, timeout_s=timeout_s)

    def request(
        self, method: str, url: str, headers: Mapping[str, str], *, body: bytes = b"",
        timeout_s: float = TIMEOUT_S, cap: int = ANSWER_CAP,
    ) -> Answer:  # fmt: skip
        """Ask, and return the answer, whatever its status, with at most ``cap`` bytes of it. Raises as
        ``post``."""
        return asyncio.run(self._ask(method, url, headers, body, timeout_s, cap))

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float, cap: int
    ) -> Answer:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange(method, *await self.pinned(url), body, headers, cap)
        except TimeoutError as error:
            raise Unreachable(f"There was no answer within {timeout_s:g} seconds.") from error
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}"[:300]) from error

    async def _exchange(
        self, method: str, parts: SplitResult, address: str, body: bytes, headers: Mapping[str, str], cap: int
    ) -> Answer:
        shown = f"[{address}]" if ":" in address else address
        target = httpx.URL(
            f"{parts.scheme}://{shown}:{_port(parts)}{parts.path or '/'}"
            + (f"?{parts.query}" if parts.query else "")
        )
        # no time-out of its own: the caller's deadline holds for all of it
        client = httpx.AsyncClient(verify=self._tls, trust_env=False, follow_redirects=False, timeout=None)  # noqa: S113
        async with (
            client,
            client.stream(
                method,
                target,
                content=body,
                headers={**headers, "Host": _host_header(parts), "Accept-Encoding": "identity"},
                extensions={"sni_hostname": parts.hostname or ""},
            ) as response,
        ):
            read = bytearray()
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) >= cap:
                    break
            return Answer(response.status_code, bytes(read[:cap]), response.headers.get("retry-after", ""))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        if self.tls is not None:
            return self.tls
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context

    def _may_be_plain(self, parts: SplitResult) -> bool:
        """Whether plain http could be allowed for a name: it is listed, or may lead into a listed network."""
        return self.allow.host(parts.hostname or "", _port(parts)) or bool(self.allow.networks)

    def _check_address(self, parts: SplitResult, address: IPAddress) -> None:
        host, port = parts.hostname or "", _port(parts)
        if self.allow.host(host, port) or self.allow.address(address, port):
            return
        if parts.scheme == "http":
            raise Forbidden(_NOT_PLAIN)
        if not is_public(address):
            raise Forbidden(f"{host} leads to {address}, which is not a public address.")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Forbidden(f"This is not an address: {error}.") from error
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url) or "\\" in url:
        raise Forbidden("An address has no spaces, control characters or backslashes.")
    if parts.scheme not in _DEFAULT_PORTS:
        raise Forbidden("An address starts with https://.")
    if not parts.hostname or not parts.hostname.isascii():
        raise Forbidden("An address has a host name in ASCII letters (xn--… for others).")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("An address carries no user name or password; deliveries are signed instead.")
    if parts.fragment:
        raise Forbidden("An address has no part after #.")
    if port == 0:
        raise Forbidden("Port 0 cannot be called.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _host_header(parts: SplitResult) -> str:
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return shown if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{shown}:{parts.port}"
