"""What the console's frame needs to know: the navigation of the person who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class NavItem:
    """One link of the navigation.

    ``icon`` is a name from ``icon_names.txt``. ``count`` is a quiet number; ``alert`` is a red one with its
    words (``"2 live"``). ``keys`` is a shortcut such as ``g q``.
    """

    label: str | Promise
    href: str
    icon: str
    count: int | None = None
    alert: str | Promise = ""
    keys: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class NavGroup:
    """A headed group of links. Put in only what the person may open; an empty group is not drawn."""

    label: str | Promise
    items: list[NavItem] = field(default_factory=list)
