"""Pictures, drawn anew for display.

What a browser gets is never what somebody sent: the picture is decoded, turned upright, scaled down and
encoded again, so that hidden files, scripts, places and camera numbers stay behind. Everything is measured
before it is decoded, because a few kilobytes can describe more pixels than there is memory."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, ImageOps

from tocsin.core.evidence.errors import NotShown

#: Formats we decode; HEIC has no free decoder in our stack and is offered as a download.
_FORMATS = {"image/gif": "GIF", "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}

#: The largest sensors of telephones deliver 48 to 50 million pixels; 64 leaves room.
MOST_PIXELS = 64_000_000
MOST_SIDE = 20_000
#: A progressive JPEG is decoded once a scan; real ones have about ten.
MOST_SCANS = 64

DISPLAY_PX = 2048
THUMBNAIL_PX = 320
#: So few pixels that one sees there is a picture and not of what.
COVER_PX = 12

_FAULTS = (OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError, struct.error, zlib.error)


def redraw(data: bytes, media_type: str, *, longest: int = DISPLAY_PX) -> bytes:
    """The picture as JPEG, at most ``longest`` pixels on its longer side, the first frame if it moves,
    see-through parts on white. Holds nothing but the pixels.

    Raises:
        NotShown: no picture we decode, too large, or damaged.
    """
    picture = _opened(data, media_type)
    try:
        # a JPEG can be decoded at a fraction of its size, which is most of the work saved
        picture.draft("RGB", (longest, longest))
        picture.load()
        drawn = _on_white(ImageOps.exif_transpose(picture))
        drawn.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        return _jpeg(drawn)
    except (*_FAULTS, Image.DecompressionBombError) as error:
        raise _damaged() from error


def cover(data: bytes, media_type: str) -> bytes:
    """The same picture with next to nothing left of it, to stand in its place until somebody asks. Raises
    NotShown."""
    picture = Image.open(io.BytesIO(redraw(data, media_type, longest=THUMBNAIL_PX)))
    tiny = picture.resize((COVER_PX, COVER_PX), Image.Resampling.BOX)
    return _jpeg(tiny.resize(picture.size, Image.Resampling.BICUBIC))


def _opened(data: bytes, media_type: str) -> Image.Image:
    if media_type not in _FORMATS:
        raise NotShown("This picture cannot be shown here.", "Download it to look at it.")
    if media_type == "image/jpeg" and data.count(b"\xff\xda") > MOST_SCANS:
        raise _too_large()
    try:
        picture = Image.open(io.BytesIO(data), formats=[_FORMATS[media_type]])
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except _FAULTS as error:
        raise _damaged() from error
    width, height = picture.size
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise _too_large()
    return picture


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):  # 16 bits a pixel: keep the upper eight
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    ground = Image.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.info.clear()  # comments and colour profiles would be written again
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def _too_large() -> NotShown:
    return NotShown(
        "This picture is too large to be shown here.", "Download it to look at it.", code="picture_too_large"
    )


def _damaged() -> NotShown:
    return NotShown(
        "This picture cannot be shown; it may be damaged.",
        "Download it to look at it.",
        code="picture_damaged",
    )
