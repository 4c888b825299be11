"""The cache of stores: what is in it, and what is removed of it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from fer_data.data.cache import cached_stores, clear_cache
from fer_data.data.decode import PixelFormat
from fer_data.data.store import open_store
from fer_data.util.words import sized
from tests.conftest import MakeFolder, Run

DAY = 86_400


@pytest.fixture
def cache(make_folder: MakeFolder, tmp_path: Path) -> Path:
    """A cache with two stores of one data set, and a smaller one of another."""
    for name, side in (("one", 48), ("one", 24), ("two", 12)):
        root = tmp_path / name
        if not root.exists():
            make_folder({"cat": 2, "dog": 1}, name=name)
        open_store(root, form=PixelFormat(side, side, "grey"), cache=tmp_path / "cache")
    return tmp_path / "cache"


def test_stores_are_listed_with_their_data_and_size_the_largest_first(
    cache: Path, tmp_path: Path
) -> None:
    stores = cached_stores(cache)
    assert [store.source for store in stores] == [tmp_path / name for name in ("one", "one", "two")]
    assert [str(store.form) for store in stores] == ["48x48 grey", "24x24 grey", "12x12 grey"]
    for store in stores:
        assert store.num_images == 3
        assert store.num_bytes == sum(file.stat().st_size for file in store.path.iterdir())
    assert [store.source.name for store in cached_stores(cache, data=tmp_path / "two")] == ["two"]
    assert cached_stores(tmp_path / "nowhere") == ()


def test_an_opening_is_a_use(cache: Path, tmp_path: Path) -> None:
    for store in cached_stores(cache):
        for file in store.path.iterdir():
            os.utime(file, (1e9, 1e9))
    assert {store.last_used.timestamp() for store in cached_stores(cache)} == {1e9}
    open_store(tmp_path / "two", form=PixelFormat(12, 12, "grey"), cache=cache)
    assert [store.source.name for store in cached_stores(cache, unused_days=1)] == ["one", "one"]
    clear_cache(cached_stores(cache, unused_days=1))
    assert [store.source.name for store in cached_stores(cache)] == ["two"]


def test_a_cleared_store_is_built_again(cache: Path, tmp_path: Path) -> None:
    kept = open_store(tmp_path / "one", form=PixelFormat(24, 24, "grey"), cache=cache)
    (cache / ".old-1.01234567.building").mkdir()
    clear_cache(cached_stores(cache, data=tmp_path / "one"))
    assert [store.source.name for store in cached_stores(cache)] == ["two"]
    assert not (cache / ".old-1.01234567.building").exists()
    assert kept.pixels[0].any()  # mapped as before
    again = open_store(tmp_path / "one", form=PixelFormat(24, 24, "grey"), cache=cache)
    assert again.digest == kept.digest


def add_a_file(store: Path) -> None:
    (store / "notes.txt").write_text("mine")


def add_a_folder(store: Path) -> None:
    (store / "times").unlink()
    (store / "times").mkdir()


def rename(store: Path) -> None:
    store.rename(store.with_name("photos"))


def link(store: Path) -> None:
    store.rename(store.parent.parent / "elsewhere")
    store.symlink_to(store.parent.parent / "elsewhere")


def link_a_file(store: Path) -> None:
    (store / "pixels.npy").rename(store.parent.parent / "elsewhere.npy")
    (store / "pixels.npy").symlink_to(store.parent.parent / "elsewhere.npy")


def other_json(store: Path) -> None:
    (store / "store.json").write_text('{"format": 6}')


@pytest.mark.parametrize(
    "change", [add_a_file, add_a_folder, rename, link, link_a_file, other_json]
)
def test_what_is_not_only_a_store_is_never_removed(cache: Path, change: object) -> None:
    first, *others = cached_stores(cache)
    assert callable(change)
    change(first.path)
    assert cached_stores(cache) == tuple(others)
    before = sorted(cache.parent.rglob("*"))
    clear_cache([first])  # as it was found before
    assert sorted(cache.parent.rglob("*")) == before


def test_the_command_lists_and_clears(run: Run, cache: Path, tmp_path: Path) -> None:
    (cache / "mine").mkdir()
    shown = run("cache", "list", "--cache", cache)
    assert shown.code == 0, shown.err
    assert "48x48 grey" in shown.out
    total = sum(store.num_bytes for store in cached_stores(cache))
    assert shown.err == f"3 stores, {sized(total)}, in {cache}\n"
    printed = json.loads(run("cache", "list", "--cache", cache, "--json").out)
    assert (printed["num_bytes"], len(printed["stores"])) == (total, 3)
    assert printed["stores"][2]["data"] == str(tmp_path / "two")
    ended = run("cache", "clear", "--cache", cache, "--data", tmp_path / "two")
    assert (ended.code, ended.out) == (0, "")
    assert run("cache", "clear", "--cache", cache, "--unused-days", "1").err.startswith("0 stores")
    assert len(cached_stores(cache)) == 2
    assert run("cache", "clear", "--cache", cache).code == 0
    assert cached_stores(cache) == ()
    assert {path.name for path in cache.iterdir()} <= {"mine", "sizes"}
    refused = run("cache", "drop", "--cache", cache)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    shutil.rmtree(cache)
    cache.write_text("no folder")
    refused = run("cache", "list", "--cache", cache)
    assert (refused.code, refused.err.count("\n")) == (2, 1)


def test_sizes_are_read_by_people() -> None:
    assert [sized(number) for number in (0, 999, 1000, 2_340_000, 10**12)] == [
        *("0 B", "999 B", "1.0 kB", "2.3 MB", "1,000.0 GB"),
    ]
