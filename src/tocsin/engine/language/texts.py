"""Matching a text against phrases, domains, networks and patterns. Answers what was found."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from tocsin.engine.text import Phrases, shows_link, shows_phone_number, words


def match_text(how: str, text: str, entries: tuple[str, ...]) -> str | None:
    """The entry that the text matches ("" for a pattern), or None.

    `says`: a phrase in the text; `values`: the text itself; `domains`: an address or host in that domain or
    below it; `networks`: an address in that network; `within`: a region that is one of these or lies in it;
    `link`, `phone`: the text shows one.
    """
    if how == "link":
        return "" if shows_link(text) else None
    if how == "phone":
        return "" if shows_phone_number(text) else None
    if how == "says":
        return _phrases(entries).find(words(text))
    if how == "domains":
        return _domain(text, _lower(entries))
    if how == "networks":
        return _network(text, entries)
    if how == "within":
        return next((entry for entry in entries if text == entry or text.startswith(f"{entry}-")), None)
    return text if text in entries else None


@lru_cache(maxsize=256)
def _phrases(entries: tuple[str, ...]) -> Phrases:
    return Phrases(entries)


@lru_cache(maxsize=256)
def _lower(entries: tuple[str, ...]) -> frozenset[str]:
    return frozenset(entry.lower().lstrip("@.") for entry in entries)


def _domain(text: str, known: frozenset[str]) -> str | None:
    host = text.rpartition("@")[2].strip().rstrip(".").lower()
    while host:
        if host in known:
            return host
        host = host.partition(".")[2]
    return None


@lru_cache(maxsize=64)
def _nets(entries: tuple[str, ...]) -> dict[tuple[int, int], dict[int, str]]:
    """(version, prefix length) -> network address -> the entry."""
    nets: dict[tuple[int, int], dict[int, str]] = {}
    for entry in entries:
        net = ipaddress.ip_network(entry)
        nets.setdefault((net.version, net.prefixlen), {})[int(net.network_address)] = entry
    return nets


def _network(text: str, entries: tuple[str, ...]) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    for (version, prefix), nets in _nets(entries).items():
        shift = address.max_prefixlen - prefix
        if version == address.version and (entry := nets.get((int(address) >> shift) << shift)) is not None:
            return entry
    return None
