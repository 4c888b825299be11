from __future__ import annotations

import os
from pathlib import Path

import pytest

from fer_data.data.store import open_store
from fer_data.util import folders, locks
from fer_data.util.folders import atomic_folder
from tests.conftest import MakeFolder


def left_behind(parent: Path, name: str = ".old-1.01234567.building") -> Path:
    folder = parent / name
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "half").write_bytes(b"half")
    return folder


def test_a_folder_appears_at_the_end_and_only_then(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "new" / "out") as temporary:
        (temporary / "file").write_text("x")
        assert not (tmp_path / "new" / "out").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]
    assert (tmp_path / "new" / "out" / "file").read_text() == "x"


def test_nothing_stays_where_building_fails(tmp_path: Path) -> None:
    def build() -> None:
        with atomic_folder(tmp_path / "out") as temporary:
            (temporary / "file").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        build()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_replaced_and_a_full_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for text in ("first", "second"):
        try:
            with atomic_folder(tmp_path / "out") as temporary:
                (temporary / "file").write_text(text)
        except OSError:
            assert text == "second"
    assert (tmp_path / "out" / "file").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_process_left_is_taken_away_by_the_next(tmp_path: Path) -> None:
    left = left_behind(tmp_path)
    with atomic_folder(tmp_path / "other"):
        assert not left.exists()


def test_a_store_s_building_takes_away_what_another_s_left(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    left = left_behind(tmp_path / "cache", f".data-{'0' * 20}.89abcdef.building")
    store = open_store(make_folder({"cat": 1, "zoo": 0}), cache=tmp_path / "cache")
    assert not left.exists()
    assert store.path is not None
    left_names = {path.name for path in (tmp_path / "cache").iterdir()}
    assert left_names == {store.path.name, "sizes"}


def test_what_is_being_built_is_left_alone(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "one") as first, atomic_folder(tmp_path / "two") as second:
        (first / "file").write_text("x")
        (second / "file").write_text("x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
    assert (tmp_path / "one" / "file").exists()


def test_what_another_process_locks_is_left_alone(tmp_path: Path) -> None:
    left = left_behind(tmp_path)
    lock = os.open(left, os.O_RDONLY)
    assert not locks.is_taken(lock)
    with atomic_folder(tmp_path / "out"):
        assert (left / "below" / "half").exists()
    os.close(lock)
    with atomic_folder(tmp_path / "new"):
        assert not left.exists()


def test_only_folders_of_these_names_are_taken_away(tmp_path: Path) -> None:
    kept = [
        left_behind(tmp_path, name)
        for name in (
            ".git",
            ".a.building",
            "a.01234567.building",
            ".a.0123456g.building",
            ".a.01234567",
        )
    ]
    target = left_behind(tmp_path, "target")
    (tmp_path / ".link.01234567.building").symlink_to(target)
    (tmp_path / ".file.01234567.building").write_text("mine")
    with atomic_folder(tmp_path / "out"):
        pass
    for folder in [*kept, target]:
        assert (folder / "below" / "half").exists()
    assert (tmp_path / ".link.01234567.building").is_symlink()
    assert (tmp_path / ".file.01234567.building").read_text() == "mine"


def test_a_folder_taken_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process looks for what was left just between the two."""
    is_taken, taken = locks.is_taken, []

    def after_another_came(lock: int, *, wait: bool = False) -> bool:
        if not taken:
            taken.append(1)
            folders.remove_left_behind(tmp_path)
        return is_taken(lock, wait=wait)

    monkeypatch.setattr(locks, "is_taken", after_another_came)
    with atomic_folder(tmp_path / "out") as temporary:
        assert temporary.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert taken


def test_without_locks_nothing_is_taken_away_and_building_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_behind(tmp_path)

    def unsupported(lock: int, *, wait: bool = False) -> bool:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks, "is_taken", unsupported)
    with atomic_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").is_dir()
    assert left.exists()
