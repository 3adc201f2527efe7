"""What is shown of a personal value before somebody asks to see it. Pure."""

from __future__ import annotations

DOT = "•••"


def name(text: str) -> str:
    """``Ana Ruiz`` is shown as ``A••• R•••``."""
    return " ".join(word[0] + DOT for word in text.split())


def email(text: str) -> str:
    """``ana.ruiz@example.com`` is shown as ``a•••@e•••.com``."""
    local, _, domain = text.partition("@")
    host, _, ending = domain.rpartition(".")
    return f"{local[:1]}{DOT}@{host[:1]}{DOT}.{ending}"


def phone(text: str) -> str:
    """``+14155550142`` is shown as ``+1 ••• ••• 0142``: the country and the last four digits."""
    return f"{text[:2]} {DOT} {DOT} {text[-4:]}" if len(text) > 7 else DOT


def anything(text: str) -> str:
    """A value of no special form: nothing of it."""
    return DOT if text else ""
