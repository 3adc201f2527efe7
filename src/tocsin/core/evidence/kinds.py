"""What a file is, by its content and never by its name, and how it may be handed out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import puremagic

from tocsin.core.errors import InvalidInput
from tocsin.core.evidence import signatures
from tocsin.core.evidence.names import suffix

#: Media types we know, and the kind of evidence they are.
KINDS: dict[str, str] = {
    "application/pdf": "document",
    "audio/mp4": "audio",
    "audio/mpeg": "audio",
    "audio/ogg": "audio",
    "audio/wav": "audio",
    "image/gif": "image",
    "image/heic": "image",
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "image",
    "message/rfc822": "message",
    "text/plain": "text",
    "video/mp4": "video",
    "video/quicktime": "video",
    "video/webm": "video",
}

#: Other names senders use for the same thing.
_ALIASES = {
    "application/x-pdf": "application/pdf", "audio/m4a": "audio/mp4", "audio/mp3": "audio/mpeg",
    "audio/vnd.wave": "audio/wav", "audio/wave": "audio/wav", "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav", "application/ogg": "audio/ogg", "image/heif": "image/heic",
    "image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "text/csv": "text/plain",
    "text/markdown": "text/plain", "video/3gpp": "video/mp4", "video/x-m4v": "video/mp4",
}  # fmt: skip

_SUFFIXES = {
    ".3gp": "video/mp4", ".csv": "text/plain", ".eml": "message/rfc822", ".gif": "image/gif",
    ".heic": "image/heic", ".heif": "image/heic", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
    ".log": "text/plain", ".m4a": "audio/mp4", ".m4v": "video/mp4", ".md": "text/plain",
    ".mov": "video/quicktime", ".mp3": "audio/mpeg", ".mp4": "video/mp4", ".oga": "audio/ogg",
    ".ogg": "audio/ogg", ".opus": "audio/ogg", ".pdf": "application/pdf", ".png": "image/png",
    ".txt": "text/plain", ".wav": "audio/wav", ".webm": "video/webm", ".webp": "image/webp",
}  # fmt: skip

#: What a look at the content can raise, and what it means to a specialist.
FLAGS: dict[str, str] = {
    "active_content": "It can do something when it is opened: a page, a script, or a document that acts",
    "name_mismatch": "Its name says it is something else",
    "polyglot": "It is two kinds of file at once",
    "program": "It is a program",
    "type_mismatch": "It was sent as something else",
    "unknown_type": "We do not know this kind of file",
}

_UNSURE = frozenset({"", "application/octet-stream", "binary/octet-stream"})
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """``media_type`` is what the content says. With any flag the bytes are only handed out as a download."""

    media_type: str
    kind: str
    flags: tuple[str, ...]


def sniff(data: bytes, *, declared_type: str = "", filename: str = "") -> Sniffed:
    """Look at the content.

    Raises:
        InvalidInput: it is an archive (code ``archive_refused``).
    """
    archive = signatures.archive(data)
    if archive is not None:
        raise InvalidInput(
            f"This is a packed file ({archive}), and we cannot look inside those.",
            "Send the photos or documents in it one by one. Save an Office document as PDF first.",
            code="archive_refused",
            fields={"file": "Packed files cannot be accepted."},
        )
    media_type = signatures.known(data) or _text_type(data)
    flags = _hazards(data, media_type)
    if media_type is None:
        return Sniffed(_guess(data), "unknown", tuple(sorted(flags | {"unknown_type"})))
    flags |= _mismatches(media_type, declared_type, filename)
    return Sniffed(media_type, KINDS[media_type], tuple(sorted(flags)))


def _hazards(data: bytes, media_type: str | None) -> set[str]:
    flags = set()
    if signatures.program(data):
        flags.add("program")
    has_markup = signatures.markup(_as_bytes_of_text(data) if media_type in _TEXTS else data)
    if media_type in _TEXTS or media_type is None:
        # a mail often has an HTML part; it is never rendered, and still better not opened from a download
        flags |= {"active_content"} if has_markup else set()
    elif has_markup:
        flags.add("polyglot")
    if signatures.hidden_zip(data) or (media_type != "application/pdf" and signatures.late_pdf(data)):
        flags.add("polyglot")
    if media_type == "application/pdf" and signatures.acting_pdf(data):
        flags.add("active_content")
    return flags


def _mismatches(media_type: str, declared_type: str, filename: str) -> set[str]:
    flags = set()
    declared = declared_type.partition(";")[0].strip().lower()
    declared = _ALIASES.get(declared, declared)
    if declared not in _UNSURE and _family(declared) != _family(media_type):
        flags.add("type_mismatch")
    end = suffix(filename)
    said = _SUFFIXES.get(end)
    if end in _RUNNABLE or (said is not None and _family(said) != _family(media_type)):
        flags.add("name_mismatch")
    return flags


def _family(media_type: str) -> str:
    """Types that are taken for one another every day and are no more dangerous for it: pictures saved under
    another picture's name, a voice note in a video container."""
    if media_type in _TEXTS:
        return "text"
    if media_type in ("audio/mp4", "video/mp4", "video/quicktime"):
        return "iso media"
    return "image" if media_type in KINDS and media_type.startswith("image/") else media_type


#: Suffixes that make a computer run or interpret a file that somebody opens.
_RUNNABLE = frozenset(
    {
        ".apk", ".app", ".bat", ".cmd", ".com", ".cpl", ".dll", ".dmg", ".docm", ".exe", ".hta", ".htm",
        ".html", ".jar", ".js", ".jse", ".lnk", ".mht", ".mhtml", ".msc", ".msi", ".php", ".pif", ".ps1",
        ".py", ".reg", ".scf", ".scr", ".sh", ".svg", ".url", ".vbe", ".vbs", ".wsf", ".xhtml",
        ".xlsm", ".xml",
    }
)  # fmt: skip

_TEXTS = frozenset({"text/plain", "message/rfc822"})
_MAIL_HEADER = re.compile(r"(?im)^(received|return-path|delivered-to|message-id|mime-version|date):[ \t]")
_MAIL_FROM = re.compile(r"(?im)^from:[ \t]*\S")
_HEADER_BLOCK = re.compile(r"(?:[!-9;-~]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n){3,}")


def _text_type(data: bytes) -> str | None:
    text = decoded(data)
    if text is None:
        return None
    block = _HEADER_BLOCK.match(text)
    if block and _MAIL_FROM.search(block.group()) and _MAIL_HEADER.search(block.group()):
        return "message/rfc822"
    return "text/plain"


def decoded(data: bytes) -> str | None:
    """The text, when it is text: UTF-16 with its mark, UTF-8, or what older mail programs wrote, without
    control characters."""
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _CONTROL.search(text) else text
    return None


_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


def _as_bytes_of_text(data: bytes) -> bytes:
    text = decoded(data)
    return data if text is None else text.encode()


def _guess(data: bytes) -> str:
    """A name for what we do not know, for the specialist to read; nothing is decided by it."""
    try:
        found = puremagic.magic_string(data)
    except (puremagic.PureError, ValueError):
        return OCTETS
    return next((match.mime_type for match in found if match.mime_type), OCTETS)[:100]
