"""Actors that tests act as."""

from __future__ import annotations

from tocsin.core.actor import Actor

ADDRESS = "192.0.2.10"


def staff(
    *roles: str, regions: tuple[str, ...] = ("US",), staff_id: str = "stf_test", **more: object
) -> Actor:
    """A member of staff with these roles."""
    return Actor(
        "staff", staff_id, "Test Person", frozenset(roles), frozenset(regions), via="console", **more
    )  # type: ignore[arg-type]


def integration(*scopes: str) -> Actor:
    """The marketplace's own system."""
    return Actor(
        "api_key", "key_test", "Marketplace", regions=frozenset({"*"}), purpose="integration",
        scopes=frozenset(scopes), via="api",
    )  # fmt: skip
