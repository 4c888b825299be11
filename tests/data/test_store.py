"""Stores of decoded pixels: what is in them, and when they are built."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import fer_data
from fer_data.data import store
from fer_data.data.decode import PixelFormat, decode
from fer_data.data.image_format import FormatRequest
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.fer2013 import csv_blocks
from fer_data.util import parallel
from tests.conftest import MakeFolder
from tests.helpers.csv_files import FLAT, noise, write_csv, write_noise_csv
from tests.helpers.image_files import GREY, flip, save
from tests.helpers.programs import NOT_ROOT

# Stores


def truth(root: Path, locations: NDArray[np.str_]) -> NDArray[np.uint8]:
    return np.stack([np.asarray(Image.open(root / str(location))) for location in locations])


def test_a_store_holds_the_pixels_of_the_files_in_the_manifests_order(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({"train/cat": 3, "train/dog": 4, "test/cat": 2, "test/empty": 0})
    store = open_store(root)
    assert store.pixels.shape == (9, 48, 48, 1)
    assert store.pixels.dtype == np.uint8
    np.testing.assert_array_equal(
        np.asarray(store.pixels)[..., 0], truth(root, store.dataset.locations)
    )
    assert store.dataset.class_names == ("cat", "dog", "empty")
    assert store.dataset.class_counts("test").tolist() == [2, 0, 0]
    assert str(store.report) == "9 images"
    store.verify()


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
    (root / "cat" / "notes.txt").write_text("skipped, and not bad")
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
    store = open_store(root, skip_bad=True)
    assert "cat/0001.png" not in store.dataset.locations
    assert store.dataset.class_counts("train").tolist() == [2, 2]
    np.testing.assert_array_equal(
        np.asarray(store.pixels)[..., 0], truth(root, store.dataset.locations)
    )
    assert store.dataset.skipped_summary() == ["1 skipped, cannot be decoded: cat/0001.png"]
    assert str(store.report) == "4 images, 1 skipped as unreadable"
    store.verify()


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
    store = open_store(path, skip_bad=True)
    assert store.dataset.locations.tolist() == [0, 3]
    assert store.pixels.shape == (2, 48, 48, 1)
    assert set(np.asarray(store.pixels).ravel()) == {7}
    assert store.dataset.skipped_summary() == [
        "1 skipped, bad emotion: row 2 (line 4)",
        "1 skipped, cannot be decoded: row 1",
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
    store = open_store(root, cache=cache)
    np.testing.assert_array_equal(
        np.asarray(store.pixels)[..., 0], truth(root, store.dataset.locations)
    )
    store.verify()


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
    store = open_store(root, form=form, skip_bad=True)
    with pytest.raises(DataError, match=r"1500\.png|row 1500"):
        open_store(root, form=form)
    monkeypatch.setattr(parallel, "_FEW", 10_000)
    alone = open_store(root, form=form, skip_bad=True, cache=tmp_path / "alone")
    assert len(store.pixels) == 2099
    np.testing.assert_array_equal(store.pixels, alone.pixels)
    assert store.dataset.locations.tolist() == alone.dataset.locations.tolist()
    if kind == "folder":
        np.testing.assert_array_equal(store.pixels[:1500, ..., 0], small[:1500])
    else:
        assert store.pixels[1400, 0, 0, 0] == 1400 % 251
    assert store.report == alone.report


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
        store = open_store(root)
        assert store.dataset.class_names == (name, "zoo")
        assert (root / str(store.dataset.locations[1])).exists()
    assert json.loads((store.path / "store.json").read_text("utf-8"))["source"] == str(root)
