"""File names as people send them, made safe to show and to save under."""

from __future__ import annotations

import re
import unicodedata

#: Long enough to recognise, short enough for every file system with room for a suffix.
_LONGEST = 120
_LONGEST_SUFFIX = 12

#: Names that mean a device on Windows, whatever follows the dot.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
_FORBIDDEN = re.compile(r'[<>:"|?*]')

NAMELESS = "file"


def safe_name(raw: str) -> str:
    """The name without folders, control, invisible and direction-changing characters; never empty, at most
    120 characters, the suffix kept. ``../../etc/passwd`` → ``passwd``; what only looked like ``exe.jpg``
    shows its real order."""
    text = unicodedata.normalize("NFC", raw.encode("utf-8", "replace").decode())
    text = re.split(r"[/\\]", text)[-1]
    # Cc control, Cf format (bidi, zero width), Cs surrogate, Co private, Cn unassigned, Zl/Zp line ends
    shown = (sign if unicodedata.category(sign) not in _UNSEEN else " " for sign in text)
    text = " ".join(_FORBIDDEN.sub("_", "".join(shown)).split()).strip(". ")
    if not text:
        return NAMELESS
    if _DEVICES.match(text):
        text = f"_{text}"
    return _shortened(text)


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def suffix(name: str) -> str:
    """The last suffix in small letters with its dot, or an empty string."""
    stem, dot, end = safe_name(name).rpartition(".")
    return f".{end.lower()}" if stem and dot and 0 < len(end) < _LONGEST_SUFFIX else ""


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    stem, dot, end = text.rpartition(".")
    if stem and dot and 0 < len(end) < _LONGEST_SUFFIX:
        return f"{stem[: _LONGEST - len(end) - 2]}….{end}"
    return f"{text[: _LONGEST - 1]}…"
