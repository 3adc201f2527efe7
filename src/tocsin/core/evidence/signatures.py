"""What the first bytes of a file say. Short tables; where a format can be checked further, it is."""

from __future__ import annotations

import re

#: Archives are refused: what is in them cannot be checked, shown or described.
ARCHIVES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"PK\x05\x06", "ZIP"),
    (0, b"PK\x07\x08", "ZIP"),
    (0, b"Rar!\x1a\x07", "RAR"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\x1f\x9d", "compress"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"\x04\x22\x4d\x18", "LZ4"),
    (0, b"MSCF", "cabinet"),
    (0, b"xar!", "xar"),
    (0, b"!<arch>\n", "ar"),
    (0, b"\xed\xab\xee\xdb", "RPM"),
    (2, b"-lh", "LHA"),
    (257, b"ustar", "tar"),
    (0x8001, b"CD001", "disc image"),
)

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_MP4_BRANDS = frozenset(
    {
        b"3gp4", b"3gp5", b"3gp6", b"M4V ", b"MSNV", b"avc1", b"dash", b"iso2", b"iso4", b"iso5", b"iso6",
        b"isom", b"mmp4", b"mp41", b"mp42",
    }
)  # fmt: skip
_M4A_BRANDS = frozenset({b"M4A ", b"M4B "})


def archive(data: bytes) -> str | None:
    """The kind of archive these bytes are, or None."""
    for offset, mark, name in ARCHIVES:
        if data[offset : offset + len(mark)] == mark:
            return name
    return None


def known(data: bytes) -> str | None:
    """The media type, when it is one of those we show or play; None for everything else, text included."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    if data.startswith(b"OggS"):
        return "audio/ogg"
    if data.startswith(b"\x1a\x45\xdf\xa3") and b"\x42\x82\x84webm" in data[:64]:
        return "video/webm"
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    return "audio/mpeg" if _is_mp3(data) else None


def _iso_media(data: bytes) -> str | None:
    size = int.from_bytes(data[:4], "big")
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, min(size, 256, len(data) - 3), 4))}
    major = data[8:12]
    if major in _M4A_BRANDS:
        return "audio/mp4"
    if major == b"qt  ":
        return "video/quicktime"
    if major in _HEIC_BRANDS or (major not in _MP4_BRANDS and brands & _HEIC_BRANDS):
        return "image/heic"
    return "video/mp4" if brands & _MP4_BRANDS else None


#: kbit/s by index, MPEG-1 and MPEG-2 layer III (ISO/IEC 11172-3 and 13818-3).
_MP3_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_MP3_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _is_mp3(data: bytes) -> bool:
    """A tag followed by a frame, or two frames one after the other: two bytes of a header prove nothing."""
    if data[:3] == b"ID3" and len(data) > 10:
        # four times seven bits
        length = sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
        return _frame(data, 10 + length) > 0
    first = _frame(data, 0)
    return first > 0 and _frame(data, first) > 0


def _frame(data: bytes, at: int) -> int:
    """The length of the layer III frame that begins here, or 0."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, hertz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer != 1 or rate in (0, 15) or hertz == 3:
        return 0
    samples = 144 if version == 3 else 72
    kbits = _MP3_RATES[0 if version == 3 else 1][rate]
    return samples * kbits * 1000 // _MP3_HERTZ[version][hertz] + padding


_PROGRAM = re.compile(
    rb"MZ|\x7fELF|\xca\xfe\xba\xbe|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|#!|L\x00\x00\x00\x01\x14\x02\x00"
)


def program(data: bytes) -> bool:
    """Whether the file asks to be run: Windows, Linux, Mac and Java programs, scripts, Windows shortcuts."""
    return _PROGRAM.match(data) is not None


_MARKUP = re.compile(rb"<(?:script|html|svg|iframe|body|!doctype\s{1,20}html|\?php)[\s>/]", re.IGNORECASE)


def markup(data: bytes) -> bool:
    """Whether a browser could be talked into reading this as a page or a script."""
    return _MARKUP.search(data) is not None


_PDF_ACTS = re.compile(rb"/(?:JavaScript|JS|OpenAction|AA|Launch|EmbeddedFile|RichMedia|XFA)\b")


def acting_pdf(data: bytes) -> bool:
    """Whether a PDF asks to do something when it is opened, or carries other files."""
    return _PDF_ACTS.search(data) is not None


def hidden_zip(data: bytes) -> bool:
    """Whether a ZIP directory ends this file, whatever it begins with: readers look for it at the end."""
    tail = data[-(65_535 + 22) :]
    return b"PK\x05\x06" in tail


def late_pdf(data: bytes) -> bool:
    """Whether a PDF begins a little into the file; readers accept one within the first 1,024 bytes."""
    return b"%PDF-" in data[1:1029]
