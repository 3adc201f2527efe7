"""The access model as tables, worked out by the check itself: for the documentation and for the test of
it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tocsin.core.access.check import PURPOSE_OF, Scope, why_not
from tocsin.core.access.permissions import DATA_CLASSES, PERMISSIONS, ROLES
from tocsin.core.actor import Actor

CLASSES = ("P1", "P2", "P3", "P4")


@dataclass(frozen=True, slots=True)
class Cell:
    """One question and its answer: ``reason`` is None when allowed."""

    role: str
    permission: str
    data_class: str
    assigned: bool
    reason: str | None


def cells() -> Iterator[Cell]:
    """Every role × permission × data class × assigned or not, for a purpose the permission is meant for."""
    for role in sorted(ROLES):
        for permission in sorted(PERMISSIONS):
            actor = _somebody(role, permission)
            for data_class in CLASSES:
                for assigned in (False, True):
                    scope = Scope(assigned=assigned, data_class=data_class)
                    yield Cell(role, permission, data_class, assigned, why_not(actor, permission, scope))


def permissions_table() -> str:
    """Markdown: who may do what."""
    roles = sorted(ROLES)
    head = ["| Permission | What it allows | " + " | ".join(_short(role) for role in roles) + " |"]
    head.append("|---|---|" + ":-:|" * len(roles))
    rows = [
        f"| `{permission}` | {words} | "
        + " | ".join("●" if permission in ROLES[role] else "" for role in roles)
        + " |"
        for permission, words in sorted(PERMISSIONS.items())
    ]
    return "\n".join(head + rows)


def classes_table() -> str:
    """Markdown: how sensitive the data may be that a role sees, where it holds the permission."""
    head = ["| Role | P1 | P2 | P3 | P4 |", "|---|:-:|:-:|:-:|:-:|"]
    return "\n".join(head + [_class_row(role) for role in sorted(DATA_CLASSES)])


def purposes_table() -> str:
    """Markdown: permissions that take a purpose of their own."""
    head = ["| Permission | Only for |", "|---|---|"]
    return "\n".join(
        head
        + [f"| `{name}` | {', '.join(sorted(purposes))} |" for name, purposes in sorted(PURPOSE_OF.items())]
    )


def _class_row(role: str) -> str:
    answers = []
    for data_class in CLASSES:
        freely, assigned = (_reaches(role, data_class, given) for given in (False, True))
        answers.append("yes" if freely else "assigned" if assigned else "no")
    return f"| {_short(role)} | " + " | ".join(answers) + " |"


def _reaches(role: str, data_class: str, assigned: bool) -> bool:
    # every role reads policy, so that permission shows what the data class alone decides
    scope = Scope(assigned=assigned, data_class=data_class)
    return why_not(_somebody(role, "policies.view"), "policies.view", scope) is None


def _somebody(role: str, permission: str) -> Actor:
    purpose = min(PURPOSE_OF.get(permission, {"case_handling"}))
    return Actor("staff", "stf_any", "Anybody", frozenset({role}), frozenset({"*"}), purpose)


def _short(role: str) -> str:
    return role.replace("_", " ")


_FROM = "<!-- tables: written by `python -m tocsin.core.access.matrix` -->"
_TO = "<!-- end of tables -->"


def with_tables(page: str) -> str:
    """A page of documentation with the tables between its two marks as they are now."""
    before, _, rest = page.partition(_FROM)
    _, _, after = rest.partition(_TO)
    parts = [
        _FROM,
        "## Who may do what",
        permissions_table(),
        "## How sensitive the data may be",
        "`assigned`: only on work that was given to the person, or opened by break-glass.",
        classes_table(),
        "## Permissions with a purpose of their own",
        "All others take any purpose of work; none takes self-service.",
        purposes_table(),
        _TO,
    ]
    return before + "\n\n".join(parts) + after


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(with_tables(file.read_text()))
