"""Actors for the tests of access."""

from __future__ import annotations

from tocsin.core.actor import Actor


def staff(
    *roles: str, staff_id: str = "stf_ada", regions: tuple[str, ...] = ("*",), purpose: str = "case_handling"
) -> Actor:
    """A member of staff with these roles."""
    return Actor("staff", staff_id, "Ada", frozenset(roles), frozenset(regions), purpose)


def key(*scopes: str) -> Actor:
    """An integration key with these scopes."""
    return Actor(
        "api_key", "k1", "Shop", regions=frozenset({"*"}), purpose="integration", scopes=frozenset(scopes),
        via="api_key",
    )  # fmt: skip
