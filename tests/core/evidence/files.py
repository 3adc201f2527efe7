"""Small real files of every kind, and hostile ones."""

from __future__ import annotations

import io
import struct
import wave
import zipfile
import zlib

from PIL import Image


def picture(form: str = "PNG", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    """A picture whose left half is red and right half is blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, form, **options)  # type: ignore[arg-type]
    return out.getvalue()


def photo(size: tuple[int, int] = (64, 48), orientation: int = 1) -> bytes:
    """A JPEG as a telephone makes it: with a camera, a place and an orientation in its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Telephone Maker"
    exif.get_ifd(0x8825)[2] = (37.0, 48.0, 15.0)
    return picture("JPEG", size, exif=exif, comment=b"secret comment", icc_profile=b"secret profile")


def pdf(body: str = "") -> bytes:
    return f"%PDF-1.7\n1 0 obj<</Type/Catalog {body}>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".encode()


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 80)
    return out.getvalue()


def mp3(tagged: bool = False) -> bytes:
    frame = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s at 44.1 kHz: 417 bytes
    return (b"ID3\x04\x00\x00\x00\x00\x00\x05" + bytes(5) if tagged else b"") + frame * 3


def iso_media(major: bytes, *brands: bytes) -> bytes:
    body = major + bytes(4) + b"".join(brands)
    return struct.pack(">I", len(body) + 8) + b"ftyp" + body + struct.pack(">I", 16) + b"mdat" + bytes(8)


def webm() -> bytes:
    return (
        b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
        + bytes(40)
    )


EML = (
    b"Received: from mail.example by mx.example; Fri, 20 Nov 2026 15:00:00 +0000\r\n"
    b"From: Maria <maria@example.com>\r\nTo: help@example.org\r\n"
    b"Subject: My\r\n delivery\r\n\r\nHe threatened me.\r\n"
)
TEXT = "Él me dijo «vete» a las 3.\r\n".encode()


def packed(name: str = "a.txt", content: bytes = b"hello") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *chunks: bytes, rows: bytes = b"") -> bytes:
    """A PNG that says it is so large, with whatever chunks and however few rows."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + png_chunk(b"IEND", b"")
