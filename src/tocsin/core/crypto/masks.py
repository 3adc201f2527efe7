"""What is shown in place of a personal value until somebody reveals it with a reason.

A mask keeps enough to recognise a value one already knows, and never its length.
"""

from __future__ import annotations

import phonenumbers

DOTS = "•••"

#: Below so many digits the last four would be most of the number.
_SHORTEST_PHONE = 7


def mask_name(name: str) -> str:
    """``Maria Lopez`` → ``M••• L•••``."""
    return " ".join(f"{part[0]}{DOTS}" for part in name.split())


def mask_phone(phone: str) -> str:
    """``+14155554471`` → ``+1 ••• ••• 4471``. What is no international number shows only its last two
    digits."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return mask(phone, keep_last=2)
    national = phonenumbers.national_significant_number(number)
    if len(national) < _SHORTEST_PHONE:
        return f"+{number.country_code} {DOTS} {DOTS}"
    return f"+{number.country_code} {DOTS} {DOTS} {national[-4:]}"


def mask_email(address: str) -> str:
    """``maria@example.com`` → ``m•••@e•••.com``."""
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain):
        return mask(address)
    host, dot, top = domain.rpartition(".")
    return f"{local[0]}{DOTS}@{host[:1]}{DOTS}{dot}{top}" if host else f"{local[0]}{DOTS}@{DOTS}"


def mask_address(line: str, city: str = "", region: str = "") -> str:
    """``12 Oak St``, ``Oakland``, ``CA`` → ``•••, Oakland, CA``: the town is enough to route work, the door
    is not."""
    return ", ".join(part for part in (DOTS if line.strip() else "", city.strip(), region.strip()) if part)


def mask_card(last4: str) -> str:
    """``4242`` → ``•••• 4242``; only ever given the last four digits."""
    return f"•••• {last4[-4:]}" if last4 else ""


def mask(value: str, *, keep_last: int = 0) -> str:
    """Any other value. ``keep_last`` characters stay, when that is at most a third of it."""
    text = value.strip()
    if not text:
        return ""
    if keep_last and len(text) >= 3 * keep_last:
        return f"{DOTS}{text[-keep_last:]}"
    return DOTS
