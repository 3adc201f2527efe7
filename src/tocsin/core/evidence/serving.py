"""How evidence leaves us: headers under which hostile bytes stay harmless."""

from __future__ import annotations

from urllib.parse import quote

from tocsin.core.evidence.kinds import OCTETS
from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.names import NAMELESS, safe_name

#: What a page may do with an item. Pictures are shown as redrawn by us, never as they came.
IMAGE, MEDIA, TEXT, DOWNLOAD, NEVER = "image", "media", "text", "download", "never"

_DRAWN = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})

#: Nothing runs, loads, submits, frames or navigates.
_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def way_out(evidence: Evidence) -> str:
    """One of the five above: ``never`` for what the scanner found to be infected, ``download`` for anything
    flagged or not made for showing."""
    if evidence.scan == Evidence.Scan.INFECTED:
        return NEVER
    if evidence.flags:
        return DOWNLOAD
    if evidence.media_type in _DRAWN:
        return IMAGE
    return {"audio": MEDIA, "video": MEDIA, "text": TEXT}.get(evidence.kind, DOWNLOAD)


def download_headers(evidence: Evidence, filename: str) -> dict[str, str]:
    """For handing out the bytes as they came: always as a file to save, under a name that starts nothing."""
    name = safe_name(filename)
    if evidence.flags:
        return _headers(OCTETS, f"attachment; {_named(f'{name}.untrusted')}")
    return _headers(evidence.media_type, f"attachment; {_named(name)}")


def display_headers(media_type: str) -> dict[str, str]:
    """For pictures redrawn by us, and for sound, films and text inside our own pages."""
    return _headers(
        f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type, "inline"
    )


def _headers(media_type: str, disposition: str) -> dict[str, str]:
    return {
        "Cache-Control": "no-store, private",
        "Content-Disposition": disposition,
        "Content-Security-Policy": _POLICY,
        "Content-Type": media_type,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _named(name: str) -> str:
    """``filename`` for old readers, ``filename*`` (RFC 6266, RFC 8187) for the real one."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in " ._-") else "_" for sign in name)
    return f"filename=\"{plain.strip() or NAMELESS}\"; filename*=UTF-8''{quote(name, safe='')}"
