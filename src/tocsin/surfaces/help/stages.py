"""The stages of a report in the reader's words."""

from __future__ import annotations

from django.utils.translation import gettext as _


def stage_words(code: str) -> dict[str, str]:
    """Title, text and icon of a stage."""
    words = {
        "received": (_("We have your report"), _("It has a number and cannot get lost."), "check"),
        "checking": (
            _("We look at it"),
            _("We check how urgent it is and what must be done at once."),
            "eye",
        ),
        "emergency": (
            _("We act now"),
            _("A supervisor was called. Call your emergency number first."),
            "siren",
        ),
        "with_support": (
            _("Customer support has it"),
            _("They solve it with you. You need not tell it again."),
            "headphones",
        ),
        "with_privacy": (_("The privacy team has it"), _("They answer you here."), "lock"),
        "working": (
            _("A specialist works on it"),
            _("They read what you told us and hear the other side."),
            "user",
        ),
        "told": (
            _("We tell you the outcome"),
            _("You hear what we did, but not what became of somebody else."),
            "flag",
        ),
        "answered": (
            _("You have our answer"),
            _("It is under Messages. You can still write to us here."),
            "flag",
        ),
        "closed": (
            _("It is closed"),
            _("You can still write to us here if something new comes up."),
            "check",
        ),
    }
    title, text, icon = words[code]
    return {"title": title, "text": text, "icon": icon}


def kind_words(media_type: str) -> str:
    """What a file is, in a word."""
    words = {
        "image": _("Picture"),
        "video": _("Video"),
        "audio": _("Recording"),
        "text": _("Text"),
    }
    return words.get(media_type.partition("/")[0], _("Document"))
