"""Pictures drawn anew: nothing but pixels comes out, and no picture can exhaust us."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.core.evidence import files
from tocsin.core.evidence import images
from tocsin.core.evidence.errors import NotShown

FORMS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}


def decoded(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data), formats=["JPEG"])
    picture.load()
    return picture


def is_red(picture: Image.Image, at: tuple[int, int]) -> bool:
    red, green, blue = picture.convert("RGB").getpixel(at)  # type: ignore[misc]
    return bool(red > 200 and green < 60 and blue < 60)


@pytest.mark.parametrize("media_type", sorted(FORMS))
def test_every_format_is_redrawn_at_its_size(media_type: str) -> None:
    picture = decoded(images.redraw(files.picture(FORMS[media_type]), media_type))
    assert picture.size == (64, 48)
    assert is_red(picture, (10, 24))
    assert not is_red(picture, (54, 24))


def test_what_a_camera_wrote_stays_behind() -> None:
    photo = files.photo()
    assert b"Telephone Maker" in photo
    drawn = images.redraw(photo, "image/jpeg")
    assert decoded(drawn).getexif() == {}
    for secret in (b"Telephone Maker", b"secret comment", b"secret profile", b"Exif"):
        assert secret not in drawn


def test_a_page_hidden_in_a_picture_stays_behind() -> None:
    drawn = images.redraw(files.picture() + b"<script>alert(1)</script>", "image/png")
    assert b"script" not in drawn


def test_pictures_are_turned_upright() -> None:
    # orientation 6: the camera was held on its side, so the left half comes out on top
    picture = decoded(images.redraw(files.photo((64, 48), orientation=6), "image/jpeg"))
    assert picture.size == (48, 64)
    assert is_red(picture, (24, 10))
    assert not is_red(picture, (24, 54))


@pytest.mark.parametrize(("size", "expected"), [((4000, 1000), (2048, 512)), ((1000, 4000), (512, 2048))])
def test_large_pictures_are_scaled_down(size: tuple[int, int], expected: tuple[int, int]) -> None:
    for media_type in ("image/png", "image/jpeg"):
        assert decoded(images.redraw(files.picture(FORMS[media_type], size), media_type)).size == expected
    small = images.redraw(files.picture("PNG", size), "image/png", longest=images.THUMBNAIL_PX)
    assert max(decoded(small).size) == 320


def test_see_through_parts_lie_on_white() -> None:
    picture = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    out = io.BytesIO()
    picture.save(out, "PNG")
    assert decoded(images.redraw(out.getvalue(), "image/png")).convert("RGB").getpixel((5, 5)) == (
        255,
        255,
        255,
    )


def test_sixteen_bit_pictures_keep_their_grey() -> None:
    picture = Image.new("I;16", (20, 20), 0x8000)
    out = io.BytesIO()
    picture.save(out, "PNG")
    red, _, _ = decoded(images.redraw(out.getvalue(), "image/png")).convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert abs(red - 128) <= 2


def test_a_cover_keeps_the_shape_and_loses_the_picture() -> None:
    stripes = Image.new("RGB", (320, 240), "white")
    for x in range(0, 320, 4):
        stripes.paste("black", (x, 0, x + 2, 240))
    out = io.BytesIO()
    stripes.save(out, "PNG")
    covered = decoded(images.cover(out.getvalue(), "image/png")).convert("L")
    assert covered.size == (320, 240)
    low, high = covered.getextrema()
    assert high - low < 40  # type: ignore[operator]


def test_pixel_bombs_are_measured_before_they_are_decoded() -> None:
    bomb = files.png_of(60_000, 60_000, rows=bytes(1000))
    assert len(bomb) < 200
    for data in (bomb, files.png_of(8001, 8001), files.png_of(20_001, 2), files.png_of(2**31 - 1, 2**31 - 1)):
        with pytest.raises(NotShown) as refused:
            images.redraw(data, "image/png")
        assert refused.value.code == "picture_too_large"


def test_a_gif_that_claims_a_huge_canvas() -> None:
    gif = bytearray(files.picture("GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    with pytest.raises(NotShown) as refused:
        images.redraw(bytes(gif), "image/gif")
    assert refused.value.code == "picture_too_large"


def test_a_text_chunk_that_unpacks_to_megabytes() -> None:
    packed = zlib.compress(bytes(3_000_000), 9)
    bomb = files.png_of(1, 1, files.png_chunk(b"zTXt", b"Comment\0\0" + packed), rows=b"\0\0")
    with pytest.raises(NotShown):
        images.redraw(bomb, "image/png")


def test_a_jpeg_of_a_thousand_scans() -> None:
    scans = files.picture("JPEG", progressive=True) + b"\xff\xda" * 1000
    with pytest.raises(NotShown) as refused:
        images.redraw(scans, "image/jpeg")
    assert refused.value.code == "picture_too_large"


@pytest.mark.parametrize("media_type", sorted(FORMS))
def test_pictures_cut_short_are_said_to_be_damaged(media_type: str) -> None:
    whole = files.picture(FORMS[media_type], (300, 200))
    for part in (len(whole) // 2, 40, 12):
        with pytest.raises(NotShown) as refused:
            images.redraw(whole[:part], media_type)
        assert refused.value.code == "picture_damaged"


def test_what_is_no_picture_of_ours_is_not_decoded() -> None:
    for media_type in ("image/heic", "image/tiff", "image/svg+xml", "application/pdf"):
        with pytest.raises(NotShown):
            images.redraw(files.picture(), media_type)
    with pytest.raises(NotShown):  # the named decoder and no other gets to see the bytes
        images.redraw(files.picture("GIF"), "image/png")


@given(st.sampled_from(sorted(FORMS)), st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_pictures_never_crash(media_type: str, data: st.DataObject) -> None:
    broken = bytearray(files.picture(FORMS[media_type]))
    for _ in range(data.draw(st.integers(1, 12))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        drawn = images.redraw(bytes(broken), media_type)
    except NotShown:
        return
    assert max(decoded(drawn).size) <= images.DISPLAY_PX
