"""Stores that were damaged: found when they are opened, and built again."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_data.data import store_folder
from fer_data.data.decode import PixelFormat
from fer_data.data.store import open_store
from fer_data.errors import DataError
from tests.conftest import MakeFolder
from tests.helpers.image_files import GREY, flip, save


def test_verify_finds_a_flipped_bit(make_folder: MakeFolder) -> None:
    store = open_store(make_folder({"cat": 2, "zoo": 0}))
    store.verify()
    flip(store.path / "pixels.npy", -100)
    with pytest.raises(DataError, match="pixels differ from what was stored in images 0 to 1"):
        store.verify()


def test_a_changed_byte_is_found_on_opening_and_the_store_is_built_again(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_folder, "_BLOCK_BYTES", 2 * 48 * 48)
    root = make_folder({"cat": 5, "zoo": 0})
    store = open_store(root)
    whole = np.array(store.pixels)
    path = store.path / "pixels.npy"
    info = path.stat()
    flip(path, -48 * 48 - 1)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    pickled = pickle.dumps(store)
    with pytest.raises(DataError, match="in images 2 to 3; open it again"):
        pickle.loads(pickled)
    np.testing.assert_array_equal(open_store(root).pixels, whole)
    assert "damaged store, pixels differ from what was stored in images 2 to 3" in caplog.text
    assert pickle.loads(pickled).digest == store.digest


def test_what_verify_has_found_the_next_opening_builds_again(
    make_folder: MakeFolder, builds: list[int]
) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    store = open_store(root)
    flip(store.path / "pixels.npy", -100)
    (store.path / "verified").write_text(store_folder._state(store.path))  # as if a disk had failed
    assert len(open_store(root).pixels) == 2
    assert len(builds) == 1
    with pytest.raises(DataError, match="pixels differ"):
        store.verify()
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
    store = open_store(root)
    pixels, path = np.array(store.pixels), store.path
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
    store = open_store(base / "data", form=form, cache=base / "cache")
    path = store.path / name
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:place] + data.draw(st.binary(min_size=1, max_size=1)) + whole[place:])
    again = open_store(base / "data", form=form, cache=base / "cache")
    np.testing.assert_array_equal(again.pixels[0, ..., 0], GREY[:4, :4])
    assert (again.digest, again.fingerprint) == (store.digest, store.fingerprint)
    assert again.report == store.report
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
