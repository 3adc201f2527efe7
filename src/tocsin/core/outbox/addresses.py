"""Which network addresses belong to the open internet, and which others the operator allows."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
#: IPv6 prefix behind which IPv4 addresses are reached from IPv6-only networks (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Allowance:
    """Private addresses the operator allows: hosts and networks, with or without a port."""

    networks: tuple[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int | None], ...] = ()
    hosts: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def parse(cls, entries: Sequence[str]) -> Allowance:
        """From ``TOCSIN_OUTBOUND_ALLOW``: ``10.0.0.0/8``, ``127.0.0.1:9000``, ``hooks.internal:8443``.

        Raises:
            ValueError: an entry that is none of these.
        """
        networks: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int | None]] = []
        hosts: set[tuple[str, int | None]] = set()
        for entry in entries:
            try:
                networks.append((ipaddress.ip_network(entry, strict=False), None))
                continue
            except ValueError:
                parts = urlsplit(f"//{entry}")
            if not parts.hostname or parts.path or parts.username is not None:
                raise ValueError(f"TOCSIN_OUTBOUND_ALLOW: {entry!r} should be a host, host:port or network")
            try:
                networks.append((ipaddress.ip_network(parts.hostname), parts.port))
            except ValueError:
                hosts.add((parts.hostname, parts.port))
        return cls(tuple(networks), frozenset(hosts))

    def host(self, name: str, port: int) -> bool:
        """Whether a name is allowed, whatever it resolves to."""
        return bool({(name, port), (name, None)} & self.hosts)

    def address(self, address: IPAddress, port: int) -> bool:
        """Whether an address is allowed."""
        return any(
            address in network and only in (None, port)
            for network, only in self.networks
            if network.version == address.version
        )


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the open internet, also when it stands for another one inside it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return False
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour is not None or address.teredo is not None or address.is_site_local:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not address.is_loopback
        and not address.is_link_local
        and not address.is_private
    )
