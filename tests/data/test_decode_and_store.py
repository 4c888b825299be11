from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import fer_data
from fer_data.data import store, store_folder
from fer_data.data.decode import MAX_PIXELS, PixelFormat, decode, look, read_image
from fer_data.data.image_format import FormatRequest
from fer_data.data.sources import csv_blocks
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.util import parallel
from tests.conftest import MakeFolder
from tests.data.test_readers import NOT_ROOT
from tests.helpers.csv_files import FLAT, noise, write_csv, write_noise_csv

GREY = noise(1, seed=3)[0]
LOSSLESS = [".png", ".bmp", ".gif", ".tif", ".tiff"]
RGB = PixelFormat(48, 48, "rgb")


def save(image: Image.Image, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


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
        found = read_image(save(image, tmp_path / name), PixelFormat(48, 48, "grey"))
        np.testing.assert_array_equal(found.pixels[..., 0], GREY, err_msg=name)
        assert found.converted == (name != "L.png"), name


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_pixels_of_no_known_range_are_refused(tmp_path: Path, kind: type) -> None:
    image = save(Image.fromarray(GREY.astype(kind)), tmp_path / "a.tif")
    with pytest.raises(DataError, match="32 bits a pixel"):
        read_image(image, PixelFormat(48, 48, "grey"))


def test_one_bit_a_pixel_becomes_black_and_white(tmp_path: Path) -> None:
    found = read_image(
        save(Image.fromarray(GREY > 99), tmp_path / "a.png"), PixelFormat(48, 48, "grey")
    )
    np.testing.assert_array_equal(found.pixels[..., 0], np.where(GREY > 99, 255, 0))


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


def test_a_file_of_another_format_under_a_images_name_is_refused(tmp_path: Path) -> None:
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
def test_a_file_with_any_bytes_changed_is_a_image_or_a_data_error(
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


# Stores


def truth(root: Path, locations: NDArray[np.str_]) -> NDArray[np.uint8]:
    return np.stack([np.asarray(Image.open(root / str(location))) for location in locations])


def test_a_store_holds_the_pixels_of_the_files_in_the_manifests_order(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({"train/cat": 3, "train/dog": 4, "test/cat": 2, "test/empty": 0})
    found = open_store(root)
    assert found.pixels.shape == (9, 48, 48, 1)
    assert found.pixels.dtype == np.uint8
    np.testing.assert_array_equal(
        np.asarray(found.pixels)[..., 0], truth(root, found.dataset.locations)
    )
    assert found.dataset.class_names == ("cat", "dog", "empty")
    assert found.dataset.class_counts("test").tolist() == [2, 0, 0]
    assert str(found.report) == "9 images"
    found.verify()


def test_a_folder_and_a_csv_of_the_same_images_give_the_same_pixels(tmp_path: Path) -> None:
    codes = [0, 1, 2, 3, 4, 5, 6, 3, 3]
    usages = ["Training"] * 6 + ["PublicTest", "PrivateTest", "Training"]
    images = write_noise_csv(tmp_path / "fer.csv", codes, usages)
    from_csv = open_store(tmp_path / "fer.csv")
    np.testing.assert_array_equal(from_csv.pixels[..., 0], images)
    dataset = from_csv.dataset
    for row, (label, split) in enumerate(zip(dataset.labels, dataset.split_codes, strict=True)):
        name = f"{dataset.splits[split]}/{dataset.class_names[label]}/{row}.png"
        save(Image.fromarray(images[row]), tmp_path / "faces" / name)
    from_folder = open_store(tmp_path / "faces")
    for place, location in enumerate(from_folder.dataset.locations):
        row = int(Path(str(location)).stem)
        np.testing.assert_array_equal(from_folder.pixels[place], from_csv.pixels[row])
        label = from_folder.dataset.class_names[from_folder.dataset.labels[place]]
        assert label == dataset.class_names[dataset.labels[row]]


@pytest.mark.parametrize("form", [PixelFormat(24, 30, "grey"), PixelFormat(48, 48, "rgb")])
def test_a_csv_is_resized_and_coloured_as_files_are(tmp_path: Path, form: PixelFormat) -> None:
    images = write_noise_csv(tmp_path / "fer.csv", [0, 0], ["Training"] * 2)
    for row, image in enumerate(images):
        save(Image.fromarray(image), tmp_path / "data" / "angry" / f"{row}.png")
    (tmp_path / "data" / "sad").mkdir()
    from_csv = open_store(tmp_path / "fer.csv", form=form)
    from_folder = open_store(tmp_path / "data", form=form)
    np.testing.assert_array_equal(from_csv.pixels, from_folder.pixels)
    assert from_csv.report == from_folder.report


def test_the_report_counts_what_was_resized_and_converted(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    save(Image.new("L", (20, 30)), root / "cat" / "small.png")
    save(Image.new("RGB", (48, 48)), root / "cat" / "red.png")
    save(Image.new("RGB", (8, 8)), root / "cat" / "both.png")
    report = open_store(root, form=PixelFormat(48, 48, "grey")).report
    changes = report.changes
    assert (report.num_samples, changes.num_resized, changes.num_converted) == (5, 2, 2)
    assert str(report) == "5 images, 2 resized, 2 converted in colour"


def test_images_are_of_their_own_size_and_colour_by_default(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 1}, side=20)
    grey = open_store(root)
    assert (grey.form, str(grey.report)) == (PixelFormat(20, 20, "grey"), "3 images")
    save(Image.new("RGB", (20, 20)), root / "cat" / "red.png")
    assert open_store(root).form == PixelFormat(20, 20, "rgb")
    assert open_store(root, form=FormatRequest(color="grey")).form == PixelFormat(20, 20, "grey")
    save(Image.new("L", (30, 10)), root / "cat" / "wide.png")
    with pytest.raises(DataError, match="30x10 to 20x20") as caught:
        open_store(root)
    assert list(caught.value.fix) == ["image_size"]
    asked = fer_data.open_loader(root, image_size=(24, 12))
    assert asked.store.form == PixelFormat(24, 12, "rgb")


@pytest.mark.parametrize(
    ("fit", "row"),
    [("stretch", [0, 0, 9, 9]), ("crop", [0, 0, 9, 9]), ("pad", [0, 9, 9, 0])],
)
def test_images_are_stretched_cropped_or_padded(tmp_path: Path, fit: Any, row: list[int]) -> None:
    pixels = np.full((4, 8), 9, np.uint8)
    if fit == "pad":
        pixels, form = np.full((8, 4), 9, np.uint8), PixelFormat(4, 4, "grey", fit)
    else:
        pixels[:, :4] = 0
        form = PixelFormat(4, 4, "grey", fit)
    found = decode(pixels, form, "x").pixels[1, :, 0]
    assert [int(value > 4) * 9 for value in found] == row
    with pytest.raises(UsageError, match="fit is"):
        PixelFormat(4, 4, "grey", "shrink")  # type: ignore[arg-type]


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gets an entry whenever images are decoded."""
    calls: list[int] = []
    decode = store.fill.fill

    def counted(*args: object, **kwargs: object) -> object:
        calls.append(1)
        return decode(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store.fill, "fill", counted)
    return calls


def test_a_second_opening_maps_the_same_store(make_folder: MakeFolder, builds: list[int]) -> None:
    root = make_folder({"cat": 2, "dog": 1})
    (root / "notes.txt").write_text("x")
    first, second = open_store(root), open_store(root)
    assert len(builds) == 1
    assert second.path == first.path
    assert isinstance(second.pixels, np.memmap)
    assert not second.pixels.flags.writeable
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert second.dataset.labels.tolist() == first.dataset.labels.tolist()
    assert second.dataset.locations.tolist() == first.dataset.locations.tolist()
    assert second.dataset.skipped == first.dataset.skipped
    assert second.report == first.report


def rewrite(root: Path) -> None:
    info = (root / "cat" / "0000.png").stat()
    save(Image.fromarray(GREY), root / "cat" / "0000.png")
    os.utime(root / "cat" / "0000.png", ns=(info.st_atime_ns, info.st_mtime_ns))


def add(root: Path) -> None:
    save(Image.fromarray(GREY), root / "cat" / "new.png")


def remove(root: Path) -> None:
    (root / "cat" / "0000.png").unlink()


@pytest.mark.parametrize("change", [rewrite, add, remove])
def test_a_changed_added_or_removed_file_is_seen(
    make_folder: MakeFolder, change: Callable[[Path], None]
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    before = open_store(root)
    change(root)
    after = open_store(root)
    assert after.fingerprint != before.fingerprint
    np.testing.assert_array_equal(after.pixels[..., 0], truth(root, after.dataset.locations))


def test_a_changed_csv_is_seen(tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", [0], ["Training"])
    before = open_store(tmp_path / "fer.csv")
    write_csv(tmp_path / "fer.csv", [f"0,{FLAT},Training"])
    after = open_store(tmp_path / "fer.csv")
    assert after.path != before.path
    assert set(after.pixels.ravel()) == {7}


def test_each_form_has_a_store_and_the_same_one_whatever_is_selected(tmp_path: Path) -> None:
    path = tmp_path / "fer.csv"
    write_noise_csv(path, [0, 1], ["PublicTest", "PrivateTest"])
    stores = [
        open_store(path),
        open_store(path, form=PixelFormat(24, 48, "grey")),
        open_store(path, form=PixelFormat(48, 24, "grey")),
        open_store(path, form=PixelFormat(48, 48, "rgb")),
    ]
    assert len({found.path for found in stores}) == 4
    assert [found.pixels.shape[1:] for found in stores] == [
        (48, 48, 1),
        (24, 48, 1),
        (48, 24, 1),
        (48, 48, 3),
    ]
    apart = open_store(path, test_apart=True)
    assert apart.path == stores[0].path
    assert apart.dataset.splits == ("public_test", "private_test")


@pytest.mark.parametrize("skip_first", [True, False])
def test_where_nothing_is_bad_skipping_it_makes_no_other_store(
    make_folder: MakeFolder, skip_first: bool
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    (root / "cat" / "notes.txt").write_text("left out, and not bad")
    first = open_store(root, skip_bad=skip_first)
    assert open_store(root, skip_bad=not skip_first).path == first.path


def test_a_store_without_bad_images_is_only_for_who_skips_them(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    (root / "cat" / "bad.png").write_bytes(b"no image")
    skipped = open_store(root, skip_bad=True)
    with pytest.raises(DataError, match=r"bad.png: not an image"):
        open_store(root)
    again = open_store(root, skip_bad=True)
    assert (again.path, len(again.dataset)) == (skipped.path, 2)


def test_a_bad_image_is_an_error_or_skipped_and_noted(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "dog": 2})
    (root / "cat" / "0001.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"cat/0001.png: not an image .*skip_bad=True"):
        open_store(root)
    found = open_store(root, skip_bad=True)
    assert "cat/0001.png" not in found.dataset.locations
    assert found.dataset.class_counts("train").tolist() == [2, 2]
    np.testing.assert_array_equal(
        np.asarray(found.pixels)[..., 0], truth(root, found.dataset.locations)
    )
    assert found.dataset.skipped_summary() == ["1 left out, cannot be decoded: cat/0001.png"]
    assert str(found.report) == "4 images, 1 left out as unreadable"
    found.verify()


def test_a_bad_row_is_an_error_or_skipped_and_noted(tmp_path: Path) -> None:
    lines = [
        f"0,{FLAT},Training",
        f"1,{FLAT} 1,Training",
        f"9,{FLAT},Training",
        f"2,{FLAT},Training",
    ]
    path = write_csv(tmp_path / "fer.csv", lines)
    with pytest.raises(DataError, match=r"row 2 \(line 4\), column emotion"):
        open_store(path)
    found = open_store(path, skip_bad=True)
    assert found.dataset.locations.tolist() == [0, 3]
    assert found.pixels.shape == (2, 48, 48, 1)
    assert set(np.asarray(found.pixels).ravel()) == {7}
    assert found.dataset.skipped_summary() == [
        "1 left out, bad emotion: row 2 (line 4)",
        "1 left out, cannot be decoded: row 1",
    ]


def test_bad_pixels_of_a_row_are_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [f"0,{FLAT},Training", f"0,{FLAT} 256,Training"])
    with pytest.raises(DataError, match=r"row 1 \(line 3\), column pixels: 2,305 values"):
        open_store(path)


def test_a_data_set_without_one_good_image_is_an_error(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 0, "zoo": 0})
    for name in ("a.png", "b.png"):
        (root / "cat" / name).write_bytes(b"no image")
    with pytest.raises(DataError, match="not one image can be decoded"):
        open_store(root, skip_bad=True)


def test_nothing_stays_in_the_cache_where_building_fails(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    (root / "cat" / "0001.png").write_bytes(b"no image")
    with pytest.raises(DataError):
        open_store(root, cache=tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["sizes"]


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_verify_finds_a_flipped_bit(make_folder: MakeFolder) -> None:
    found = open_store(make_folder({"cat": 2, "zoo": 0}))
    found.verify()
    flip(found.path / "pixels.npy", -100)
    with pytest.raises(DataError, match="pixels differ from what was stored in images 0 to 1"):
        found.verify()


def test_a_changed_byte_is_found_on_opening_and_the_store_is_built_again(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_folder, "_BLOCK_BYTES", 2 * 48 * 48)
    root = make_folder({"cat": 5, "zoo": 0})
    found = open_store(root)
    whole = np.array(found.pixels)
    path = found.path / "pixels.npy"
    info = path.stat()
    flip(path, -48 * 48 - 1)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    pickled = pickle.dumps(found)
    with pytest.raises(DataError, match="in images 2 to 3; open it again"):
        pickle.loads(pickled)
    np.testing.assert_array_equal(open_store(root).pixels, whole)
    assert "damaged store, pixels differ from what was stored in images 2 to 3" in caplog.text
    assert pickle.loads(pickled).digest == found.digest


def test_what_verify_has_found_the_next_opening_builds_again(
    make_folder: MakeFolder, builds: list[int]
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    found = open_store(root)
    flip(found.path / "pixels.npy", -100)
    (found.path / "verified").write_text(store_folder._state(found.path))  # as if a disk had failed
    assert len(open_store(root).pixels) == 2
    assert len(builds) == 1
    with pytest.raises(DataError, match="pixels differ"):
        found.verify()
    open_store(root).verify()
    assert len(builds) == 2


def test_a_touched_or_copied_store_is_compared_once_and_kept(
    make_folder: MakeFolder, tmp_path: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = make_folder({"cat": 2, "zoo": 0}), tmp_path / "cache"
    open_store(root, cache=cache)
    cache.rename(tmp_path / "old")
    shutil.copytree(tmp_path / "old", cache)
    compared: list[int] = []
    compare = store_folder._compare
    monkeypatch.setattr(
        store_folder, "_compare", lambda *args: (compared.append(1), compare(*args))
    )
    for _ in range(3):
        open_store(root, cache=cache)
    assert (len(compared), len(builds)) == (1, 1)


@pytest.mark.parametrize("name", ["store.json", "pixels.npy"])
@pytest.mark.parametrize("data", [None, b"", b"{}", b"[1]", b"\xff" * 400, 0.5, 0.97])
def test_a_broken_store_is_named_and_built_again(
    make_folder: MakeFolder,
    caplog: pytest.LogCaptureFixture,
    name: str,
    data: bytes | float | None,
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    found = open_store(root)
    pixels, path = np.array(found.pixels), found.path
    whole = (path / name).read_bytes()
    (path / name).unlink()
    if data is not None:
        cut = whole[: int(len(whole) * data)] if isinstance(data, float) else data
        (path / name).write_bytes(cut)
    again = open_store(root)
    assert f"{path}: damaged store" in caplog.text
    np.testing.assert_array_equal(again.pixels, pixels)
    assert (path / name).read_bytes() == whole


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["store.json", "pixels.npy"]), st.data())
def test_a_store_with_any_byte_changed_is_what_it_was_when_it_is_opened(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    base = tmp_path_factory.getbasetemp() / "bytes"
    if not base.exists():
        save(Image.fromarray(GREY[:4, :4]), base / "data" / "cat" / "a.png")
        (base / "data" / "dog").mkdir()
    form = PixelFormat(4, 4, "grey")
    found = open_store(base / "data", form=form, cache=base / "cache")
    path = found.path / name
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:place] + data.draw(st.binary(min_size=1, max_size=1)) + whole[place:])
    again = open_store(base / "data", form=form, cache=base / "cache")
    np.testing.assert_array_equal(again.pixels[0, ..., 0], GREY[:4, :4])
    assert (again.digest, again.fingerprint) == (found.digest, found.fingerprint)
    assert again.report == found.report
    path.write_bytes(whole)  # white space in JSON says nothing, and stays


def test_arrays_of_another_shape_than_the_form_are_a_damaged_store(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    path = open_store(root).path
    np.save(path / "pixels.npy", np.zeros((2, 48, 48, 3), np.uint8))
    assert open_store(root).pixels.shape == (2, 48, 48, 1)
    assert "damaged store, pixels are uint8 (2, 48, 48, 3)" in caplog.text


def test_no_pickle_in_a_store_is_ever_loaded(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    path = open_store(root).path
    np.save(path / "pixels.npy", np.array([{"a": 1}], object), allow_pickle=True)
    open_store(root).verify()
    assert "damaged store" in caplog.text


@NOT_ROOT
def test_a_damaged_store_in_a_cache_that_cannot_be_written_is_an_error(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root, cache = make_folder({"cat": 2, "zoo": 0}), tmp_path / "cache"
    flip(open_store(root, cache=cache).path / "pixels.npy", -100)
    cache.chmod(0o500)
    with pytest.raises(DataError, match="cannot be written"):
        open_store(root, cache=cache)


def test_a_large_store_is_announced(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    open_store(root)
    assert caplog.text == ""
    monkeypatch.setattr(store, "_LARGE", 4000)
    open_store(root, form=PixelFormat(50, 50, "grey"), log=False)
    assert "decoded images take 5.0 kB" in caplog.text


def test_what_a_killed_build_left_disturbs_no_one(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 3, "zoo": 0})
    cache = tmp_path / "cache"
    name = open_store(root, cache=tmp_path / "other").path.name
    for process in (os.getpid(), 999_999):
        left = cache / f".{name}.{process}"
        left.mkdir(parents=True)
        (left / "pixels.npy").write_bytes(b"half")
        (left / "kept.npy").write_bytes(b"half")
    found = open_store(root, cache=cache)
    np.testing.assert_array_equal(
        np.asarray(found.pixels)[..., 0], truth(root, found.dataset.locations)
    )
    found.verify()


def test_of_two_builds_at_once_both_get_the_store(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder({"cat": 3, "zoo": 0})
    decode = store.fill.fill

    def while_another_is_faster(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(store.fill, "fill", decode)
        monkeypatch.setattr(os, "getpid", lambda: 999_999)
        open_store(root, cache=tmp_path / "cache")
        return decode(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store.fill, "fill", while_another_is_faster)
    found = open_store(root, cache=tmp_path / "cache")
    found.verify()
    assert found.path is not None
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {found.path.name, "sizes"}


@pytest.mark.parametrize("kind", ["folder", "csv"])
def test_the_parallel_path_equals_the_sequential_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind == "folder":
        root = tmp_path / "data"
        (root / "cat").mkdir(parents=True)
        (root / "dog").mkdir()
        small = noise(2100, seed=4)[:, :2, :2]
        for row, image in enumerate(small):
            Image.fromarray(image).save(root / "cat" / f"{row:04d}.png")
        (root / "cat" / "1500.png").write_bytes(b"no image")
    else:
        monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 1 << 20)
        lines = [f"{row % 7},{str(row % 251) + FLAT[1:]},Training" for row in range(2100)]
        lines[1500] = "3,1 2 3,Training"
        root = write_csv(tmp_path / "fer.csv", lines)
    form = PixelFormat(2, 2, "grey") if kind == "folder" else PixelFormat(48, 48, "grey")
    found = open_store(root, form=form, skip_bad=True)
    with pytest.raises(DataError, match=r"1500\.png|row 1500"):
        open_store(root, form=form)
    monkeypatch.setattr(parallel, "_FEW", 10_000)
    alone = open_store(root, form=form, skip_bad=True, cache=tmp_path / "alone")
    assert len(found.pixels) == 2099
    np.testing.assert_array_equal(found.pixels, alone.pixels)
    assert found.dataset.locations.tolist() == alone.dataset.locations.tolist()
    if kind == "folder":
        np.testing.assert_array_equal(found.pixels[:1500, ..., 0], small[:1500])
    else:
        assert found.pixels[1400, 0, 0, 0] == 1400 % 251
    assert found.report == alone.report


@NOT_ROOT
def test_a_cache_that_cannot_be_written_is_named(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    (tmp_path / "cache").mkdir(mode=0o500)
    with pytest.raises(DataError, match=r"cannot be written .*choose another place.*\(cache=\)"):
        open_store(root, cache=tmp_path / "cache")


def test_a_cache_below_a_file_is_named(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"cannot be written .*choose another place.*\(cache=\)"):
        open_store(root, cache=tmp_path / "file" / "cache")


def test_names_that_are_no_utf8_can_be_stored(make_folder: MakeFolder) -> None:
    name = os.fsdecode(b"caf\xe9")
    root = make_folder({name: 2, "zoo": 0}, name=name)
    for _ in range(2):
        found = open_store(root)
        assert found.dataset.class_names == (name, "zoo")
        assert (root / str(found.dataset.locations[1])).exists()
    assert json.loads((found.path / "store.json").read_text("utf-8"))["source"] == str(root)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(10))
def test_a_look_tells_the_sides_that_decoding_gives(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    Image.new("L", (20, 10), 9).save(file, kind, exif=exif)
    height, width, color = look(file.getvalue(), "x")
    assert color == ("rgb" if kind == "WEBP" else "grey")
    assert not decode(file.getvalue(), PixelFormat(height, width, "grey"), "x").resized


@pytest.mark.parametrize(("kind", "side"), [("JPEG", 40), ("PNG", 60), ("BMP", 40)])
def test_a_look_needs_no_more_than_the_head(kind: str, side: int) -> None:
    file = BytesIO()
    Image.effect_noise((60, side), 90).save(file, kind)
    half = file.getvalue()[: len(file.getvalue()) // 2]
    assert look(half, "x")[:2] == (side, 60)
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
        found = open_store(data, form=form, cache=tmp_path / "cache")
        assert found.form.bits == bits
        np.testing.assert_array_equal(found.pixels[1, :, :, 0], GREY)
        np.testing.assert_array_equal(found.pixels[0, :, :, 0], GREY // 3)
    assert len(caplog.records) == 1
    assert f"{bits} of their 16 bits" in caplog.text
    chunks = [image for _, images in data.chunks() for image in images]
    np.testing.assert_array_equal(chunks[1], GREY)
    fer_data.convert(data, tmp_path / "out", form=FormatRequest(color="grey"))
    copied = fer_data.load(tmp_path / "out")
    np.testing.assert_array_equal(
        open_store(copied, cache=tmp_path / "c").pixels[0, ..., 0], GREY // 3
    )
