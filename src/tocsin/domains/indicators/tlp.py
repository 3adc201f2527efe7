"""The Traffic Light Protocol (FIRST, TLP 2.0): how far what somebody told us may go.

TLP 1.0's WHITE is CLEAR. What came without a marking is kept as that, and held like AMBER: whoever shared it
has not said that it may go further.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

UNMARKED: Final = "unmarked"
CLEAR, GREEN, AMBER, AMBER_STRICT, RED = "clear", "green", "amber", "amber+strict", "red"
#: From free to closed.
LEVELS: Final = (CLEAR, GREEN, AMBER, AMBER_STRICT, RED)
_RANK: Final = {**{level: rank for rank, level in enumerate(LEVELS)}, UNMARKED: LEVELS.index(AMBER)}

#: The marking definitions of STIX 2.1: those of TLP 1.0 (section 7.2.1.4), and those of TLP 2.0
#: (OASIS, STIX common objects).
MARKINGS: Final = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": RED,
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": CLEAR,
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": GREEN,
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": AMBER,
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": AMBER_STRICT,
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": RED,
}


def marking_of(level: str) -> str:
    """The TLP 2.0 marking definition of a level; what is unmarked goes on as AMBER."""
    return next(
        ref for ref, known in reversed(MARKINGS.items()) if known == (AMBER if level == UNMARKED else level)
    )


def read(text: str) -> str | None:
    """The level of ``TLP:AMBER``, ``tlp:white`` or ``amber+strict``; None for what is none."""
    level = text.strip().casefold().removeprefix("tlp:").strip()
    level = CLEAR if level == "white" else level
    return level if level in LEVELS else None


def strictest(levels: Iterable[str]) -> str:
    """The most closed of several; ``unmarked`` when there are none."""
    return max(levels, key=_RANK.__getitem__, default=UNMARKED)


def may_go_to(level: str, audience: str) -> bool:
    """Whether something at ``level`` may stand in a document that is marked ``audience``. RED never leaves:
    it was for those who were told it, and nobody else."""
    return level != RED and _RANK[level] <= _RANK[audience]
