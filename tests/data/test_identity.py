"""A touched but unchanged file is no other data; a changed one is, whatever its time says."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_data.data import store
from fer_data.data.decode import PixelFormat
from fer_data.data.sources import content
from fer_data.data.store import open_store
from fer_data.errors import DataError
from fer_data.writers import convert
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import write_noise_csv

TINY = PixelFormat(4, 4, "grey")


def hard_link(path: Path) -> None:
    os.link(path, path.parent.parent.parent / "linked")


def chmod(path: Path) -> None:
    path.chmod(0o600)


def back_up(path: Path) -> None:
    """Put a copy in the place of the file, as a backup that is played back does."""
    subprocess.run(["cp", "-p", path, path.with_suffix(".bak")], check=True)
    path.with_suffix(".bak").rename(path)


def touch(path: Path) -> None:
    path.touch()


def forge(path: Path) -> None:
    """Change a file's bytes, but neither its size nor its modification time."""
    info, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1  # of a PNG's last checksum, which Pillow does not look at; of a csv's last line
    path.write_bytes(data)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert path.stat().st_mtime_ns == info.st_mtime_ns


def repaint(path: Path) -> None:
    """Change an image's pixels, but neither its size nor its modification time."""
    info = path.stat()
    with Image.open(path) as image:
        pixels = np.asarray(image)
    Image.fromarray(pixels ^ 1).save(path)
    os.truncate(path, info.st_size)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


@pytest.fixture
def fills(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gets an entry whenever images are decoded into a store."""
    calls: list[int] = []
    fill = store.fill.fill

    def counted(*args: object, **kwargs: object) -> object:
        calls.append(1)
        return fill(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store.fill, "fill", counted)
    return calls


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Gets the path of each file whose bytes are read to tell the content."""
    paths: list[Path] = []
    digest_of_file = content.digest_of_file

    def counted(path: Path) -> bytes:
        paths.append(path)
        return digest_of_file(path)

    monkeypatch.setattr(content, "digest_of_file", counted)
    return paths


@pytest.mark.parametrize("change", [hard_link, chmod, back_up])
def test_a_touched_file_costs_one_look_at_the_bytes_and_no_decoding(
    make_folder: MakeFolder,
    fills: list[int],
    hashed: list[Path],
    change: Callable[[Path], None],
) -> None:
    root = make_folder({"train/cat": 3, "train/dog": 2})
    before = open_store(root)
    change(root / "train" / "cat" / "0001.png")
    for _ in range(2):
        after = open_store(root)
        assert (after.path, after.fingerprint) == (before.path, before.fingerprint)
    assert len(fills) == 1
    assert len(hashed) == 5  # the second time the times are known


def test_where_nothing_changed_no_file_is_read(
    make_folder: MakeFolder, hashed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder({"train/cat": 3, "train/dog": 2})
    for _ in range(2):
        open_store(root)
    assert hashed == []  # what is hashed as a store is built is what is decoded


@pytest.mark.parametrize("change", [forge, repaint])
@pytest.mark.parametrize("skip_bad", [True, False])
def test_changed_content_under_a_kept_time_is_noticed(
    make_folder: MakeFolder, fills: list[int], change: Callable[[Path], None], skip_bad: bool
) -> None:
    root = make_folder({"train/cat": 3, "train/dog": 2})
    if skip_bad:
        (root / "train" / "cat" / "bad.png").write_bytes(b"no image")
    before = open_store(root, skip_bad=skip_bad)
    pixels = np.array(before.pixels)
    change(root / "train" / "cat" / "0001.png")
    after = open_store(root, skip_bad=skip_bad)
    assert after.fingerprint != before.fingerprint
    assert len(fills) == 2
    assert np.array_equal(after.pixels, pixels) is (change is forge)
    np.testing.assert_array_equal(before.pixels, pixels)  # who uses the old one still has it
    assert open_store(root, skip_bad=skip_bad).fingerprint == after.fingerprint
    assert len(fills) == 2


def test_another_process_never_gets_other_pixels_than_those_that_were_opened(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({"train/cat": 3, "train/zoo": 0})
    sent = pickle.dumps(open_store(root))
    assert len(pickle.loads(sent).pixels) == 3
    repaint(root / "train" / "cat" / "0001.png")
    open_store(root)
    with pytest.raises(DataError, match="changed"):
        pickle.loads(sent)


@pytest.mark.parametrize("to", ["npz", "parquet", "tfrecord", "csv"])
def test_every_layout_is_known_by_its_content(tmp_path: Path, to: str, fills: list[int]) -> None:
    codes = [0, 1, 3, 4, 6, 0]
    write_noise_csv(tmp_path / "fer.csv", codes, ["Training"] * 4 + ["PublicTest"] * 2)
    source = tmp_path / "fer.csv"
    if to != "csv":
        source = tmp_path / f"data{'.npz' if to == 'npz' else ''}"
        convert(tmp_path / "fer.csv", source, to=to)  # type: ignore[arg-type]
    files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    before = open_store(source)
    built = len(fills)
    for file in files:
        chmod(file)
    assert open_store(source).fingerprint == before.fingerprint
    assert len(fills) == built
    back_up(files[0])
    touch(files[-1])
    assert open_store(source).fingerprint == before.fingerprint
    copy = tmp_path / "elsewhere" / source.name
    copy.parent.mkdir()
    (shutil.copytree if source.is_dir() else shutil.copy)(source, copy)
    assert open_store(copy).fingerprint == before.fingerprint
    built = len(fills)
    info = files[0].stat()
    files[0].write_bytes(files[0].read_bytes())  # the same bytes
    os.utime(files[0], ns=(info.st_atime_ns, info.st_mtime_ns))
    assert open_store(source).fingerprint == before.fingerprint
    assert len(fills) == built


def test_test_splits_kept_apart_are_another_selection_of_the_same_data(tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", [0, 1], ["PublicTest", "PrivateTest"])
    merged = open_store(tmp_path / "fer.csv")
    apart = open_store(tmp_path / "fer.csv", test_apart=True)
    assert merged.path == apart.path
    assert merged.dataset.digest() != apart.dataset.digest()


def test_a_cache_that_can_only_be_read_serves_touched_data(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch, fills: list[int]
) -> None:
    root = make_folder({"train/cat": 2, "train/zoo": 0})
    open_store(root)
    chmod(root / "train" / "cat" / "0001.png")

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(store, "write_text", refused)
    for _ in range(2):
        open_store(root)
    assert len(fills) == 1


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["chmod", "link", "backup", "forge"]), max_size=5))
def test_the_fingerprint_follows_the_bytes_alone(
    tmp_path_factory: pytest.TempPathFactory, changes: list[str]
) -> None:
    base = tmp_path_factory.mktemp("any")
    for name in ("cat", "zoo"):
        (base / "data" / name).mkdir(parents=True)
    path = base / "data" / "cat" / "a.png"
    Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4)).save(path)
    contents, seen = [], []
    for change in ["", *changes]:
        if change == "link":
            os.link(path, base / f"linked-{len(contents)}")
        elif change:
            {"chmod": chmod, "backup": back_up, "forge": forge}[change](path)
        contents.append(path.read_bytes())
        seen.append(open_store(base / "data", form=TINY, cache=base / "cache").fingerprint)
    for one, data in zip(seen, contents, strict=True):
        assert [data == other for other in contents] == [one == other for other in seen]


# What goes by it


def test_dividing_into_hard_links_leaves_the_data_what_it_is(
    run: Run, make_folder: MakeFolder, tmp_path: Path, fills: list[int]
) -> None:
    root = make_folder({"train/cat": 12, "train/dog": 12})
    before = open_store(root)
    ended = run(
        "split",
        root,
        *("--pool", "--as-folders", tmp_path / "divided", "--out", tmp_path / "splits.csv"),
    )
    assert ended.code == 0, ended.err
    assert (root / "train" / "cat" / "0000.png").stat().st_nlink == 2
    assert open_store(root).fingerprint == before.fingerprint
    assert len(fills) == 1
