"""Decoding of one image: formats, colour, size, orientation, bits."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import fer_data
from fer_data.data.decode import MAX_PIXELS, PixelFormat, decode, image_info, read_image
from fer_data.data.image_format import FormatRequest
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from tests.helpers.image_files import GREY, save

LOSSLESS = [".png", ".bmp", ".gif", ".tif", ".tiff"]


RGB = PixelFormat(48, 48, "rgb")


# One image


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_a_lossless_file_gives_exactly_its_pixels(tmp_path: Path, suffix: str) -> None:
    image = read_image(
        save(Image.fromarray(GREY), tmp_path / f"a{suffix}"), PixelFormat(48, 48, "grey")
    )
    assert image.pixels.shape == (48, 48, 1)
    np.testing.assert_array_equal(image.pixels[..., 0], GREY)
    assert not image.resized


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_a_lossy_file_gives_about_its_pixels(tmp_path: Path, suffix: str) -> None:
    ramp = np.linspace(0, 255, 48 * 48).astype(np.uint8).reshape(48, 48)
    image = read_image(
        save(Image.fromarray(ramp), tmp_path / f"a{suffix}"), PixelFormat(48, 48, "grey")
    )
    np.testing.assert_allclose(image.pixels[..., 0], ramp, atol=8)


def test_every_colour_mode_is_brought_to_grey_by_its_luma(tmp_path: Path) -> None:
    grey = Image.fromarray(GREY)
    wide = GREY.astype(np.uint16) * 257
    images = {
        "L.png": grey,
        "RGB.png": grey.convert("RGB"),
        "RGBA.png": grey.convert("RGBA"),
        "LA.png": grey.convert("LA"),
        "P.png": grey.convert("P"),
        "16.png": Image.fromarray(wide),
        "16.tif": Image.fromarray(wide),
        "16big.tif": Image.frombytes("I;16B", (48, 48), wide.astype(">u2").tobytes()),
    }
    for name, image in images.items():
        pixels = read_image(save(image, tmp_path / name), PixelFormat(48, 48, "grey"))
        np.testing.assert_array_equal(pixels.pixels[..., 0], GREY, err_msg=name)
        assert pixels.converted == (name != "L.png"), name


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_pixels_of_no_known_range_are_refused(tmp_path: Path, kind: type) -> None:
    image = save(Image.fromarray(GREY.astype(kind)), tmp_path / "a.tif")
    with pytest.raises(DataError, match="32 bits a pixel"):
        read_image(image, PixelFormat(48, 48, "grey"))


def test_one_bit_a_pixel_becomes_black_and_white(tmp_path: Path) -> None:
    pixels = read_image(
        save(Image.fromarray(GREY > 99), tmp_path / "a.png"), PixelFormat(48, 48, "grey")
    )
    np.testing.assert_array_equal(pixels.pixels[..., 0], np.where(GREY > 99, 255, 0))


def test_colour_is_kept_in_rgb_and_weighed_in_grey(tmp_path: Path) -> None:
    path = save(Image.new("RGB", (48, 48), (255, 0, 0)), tmp_path / "red.png")
    assert read_image(path, RGB).pixels[0, 0].tolist() == [255, 0, 0]
    assert read_image(path, PixelFormat(48, 48, "grey")).pixels[0, 0].tolist() == [76]


def test_grey_in_rgb_has_three_equal_channels(tmp_path: Path) -> None:
    image = read_image(save(Image.fromarray(GREY), tmp_path / "a.png"), RGB)
    for channel in range(3):
        np.testing.assert_array_equal(image.pixels[..., channel], GREY)
    assert image.converted


def test_a_rotated_photo_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 270 degrees
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    image = read_image(tmp_path / "a.png", PixelFormat(48, 48, "grey"))
    np.testing.assert_array_equal(image.pixels[..., 0], np.rot90(GREY, 3))


def test_another_size_is_resized(tmp_path: Path) -> None:
    path = save(Image.fromarray(GREY).resize((96, 30)), tmp_path / "a.png")
    image = read_image(path, PixelFormat(20, 10, "grey"))
    assert image.pixels.shape == (20, 10, 1)
    assert image.resized


def test_the_first_frame_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("L", (48, 48), value) for value in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_image(tmp_path / "a.gif", PixelFormat(48, 48, "grey")).pixels.max() == 10


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("side", [8193, 65_000, 2_000_000_000])
def test_a_header_that_claims_too_much_is_refused_before_decoding(
    tmp_path: Path, side: int
) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    assert side * side > MAX_PIXELS
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
    with pytest.raises(DataError, match=r"bomb.png: .*(more than the 67,108,864|exceeds limit)"):
        read_image(tmp_path / "bomb.png", PixelFormat(48, 48, "grey"))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif"])
@pytest.mark.parametrize("part", [0, 0.02, 0.5])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, part: float) -> None:
    path = save(Image.fromarray(GREY), tmp_path / f"a{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(DataError, match=f"a{suffix}: (not an image|cannot be decoded)"):
        read_image(path, PixelFormat(48, 48, "grey"))


def test_a_file_of_another_format_under_an_images_name_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (48, 48)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with pytest.raises(DataError, match="not an image that can be decoded"):
        read_image(tmp_path / "a.png", PixelFormat(48, 48, "grey"))


def encoded(kind: str) -> bytes:
    buffer = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(GREY[:12, :12]).convert("P" if kind == "GIF" else "RGB").save(
        buffer, kind, **({} if kind in ("GIF", "BMP") else {"exif": exif})
    )
    return buffer.getvalue()


# no TIFF: its decoder complains of every broken file on standard error
ENCODED = {kind: encoded(kind) for kind in ("PNG", "JPEG", "BMP", "GIF", "WEBP")}


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(sorted(ENCODED)),
    st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=6),
    st.integers(0, 10**4),
)
def test_a_file_with_any_bytes_changed_is_an_image_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    changes: list[tuple[int, int]],
    length: int,
) -> None:
    data = bytearray(ENCODED[kind][:length])
    for place, value in changes:
        if data:
            data[place % len(data)] = value
    path = tmp_path_factory.getbasetemp() / "changed.png"
    path.write_bytes(data)
    try:
        image = read_image(path, PixelFormat(8, 8, "grey"))
    except DataError:
        return
    assert image.pixels.shape == (8, 8, 1)


@pytest.mark.parametrize(
    ("height", "width", "color"), [(0, 48, "grey"), (48, 5000, "grey"), (48, 48, "blue")]
)
def test_a_form_that_is_invalid_is_refused(height: int, width: int, color: str) -> None:
    with pytest.raises(UsageError, match=r"image size is \d+x\d+|color is 'blue'"):
        PixelFormat(height, width, color)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(10))
def test_a_look_tells_the_sides_that_decoding_gives(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    Image.new("L", (20, 10), 9).save(file, kind, exif=exif)
    height, width, color = image_info(file.getvalue(), "x")
    assert color == ("rgb" if kind == "WEBP" else "grey")
    assert not decode(file.getvalue(), PixelFormat(height, width, "grey"), "x").resized


@pytest.mark.parametrize(("kind", "side"), [("JPEG", 40), ("PNG", 60), ("BMP", 40)])
def test_a_look_needs_no_more_than_the_head(kind: str, side: int) -> None:
    file = BytesIO()
    Image.effect_noise((60, side), 90).save(file, kind)
    half = file.getvalue()[: len(file.getvalue()) // 2]
    assert image_info(half, "x")[:2] == (side, 60)
    with pytest.raises(DataError):
        decode(half, PixelFormat(48, 48, "grey"), "x")


# 16 bits a value, of which fewer are in use

SIXTEEN = {".png": "PNG", ".tif": "TIFF", ".pgm": "PPM"}


@pytest.mark.parametrize("suffix", SIXTEEN)
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_the_bits_in_use_of_all_images_are_brought_to_8(
    tmp_path: Path, suffix: str, bits: int, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "set"
    for index, image in enumerate((GREY // 3, GREY)):  # the first uses fewer, and is scaled alike
        wide = Image.fromarray(image.astype(np.uint16) << (bits - 8))
        for name in "ab":
            path = root / name / f"{index}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            wide.save(path, SIXTEEN[suffix])
    data = fer_data.load(root)
    for form in (None, PixelFormat(48, 48, "grey"), FormatRequest(color="grey")):
        store = open_store(data, form=form, cache=tmp_path / "cache")
        assert store.form.bits == bits
        np.testing.assert_array_equal(store.pixels[1, :, :, 0], GREY)
        np.testing.assert_array_equal(store.pixels[0, :, :, 0], GREY // 3)
    assert len(caplog.records) == 1
    assert f"{bits} of their 16 bits" in caplog.text
    chunks = [image for _, images in data.chunks() for image in images]
    np.testing.assert_array_equal(chunks[1], GREY)
    fer_data.convert(data, tmp_path / "out", form=FormatRequest(color="grey"))
    copied = fer_data.load(tmp_path / "out")
    np.testing.assert_array_equal(
        open_store(copied, cache=tmp_path / "c").pixels[0, ..., 0], GREY // 3
    )
