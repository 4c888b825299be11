"""Predictions come back as they were written, and a file that is not whole is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_data.analysis.predictions import (
    SavedPredictions,
    concatenated,
    load_predictions,
    save_predictions,
)
from fer_data.errors import DataError
from fer_data.util.arrays import read_arrays, write_arrays

NAMES = st.text(st.characters(exclude_characters="\0"), max_size=9)


def predictions(*samples: str, split: str = "test", seed: int = 0) -> SavedPredictions:
    random, num = np.random.default_rng(seed), len(samples)
    return SavedPredictions(
        ("cat", "dög"),
        np.full(num, split),
        np.array(samples, np.str_),
        random.integers(0, 2, num),
        random.dirichlet(np.ones(2), num).astype(np.float32),
    )


def assert_same(one: SavedPredictions, other: SavedPredictions) -> None:
    assert one.class_names == other.class_names
    for name in ("splits", "samples", "labels", "probabilities"):
        first, second = getattr(one, name), getattr(other, name)
        assert first.dtype.kind == second.dtype.kind
        np.testing.assert_array_equal(first, second)


@given(st.lists(NAMES, max_size=5))
def test_predictions_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, samples: list[str]
) -> None:
    path = tmp_path_factory.mktemp("saved") / "x.npz"
    save_predictions(path, predictions(*samples))
    assert_same(load_predictions(path), predictions(*samples))


def test_equal_predictions_are_equal_bytes_that_numpy_reads(tmp_path: Path) -> None:
    for name in ("one.npz", "other.npz"):
        save_predictions(tmp_path / name, predictions("a", "b\udcff"))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as file:
        assert file["sample"].tolist() == ["a", "b\udcff"]
    assert load_predictions(tmp_path / "one.npz").samples.tolist() == ["a", "b\udcff"]


def test_parts_are_put_together_and_taken_apart_by_split() -> None:
    test, validation = predictions("a", "b"), predictions("cc", split="validation", seed=1)
    both = concatenated([test, validation])
    assert_same(both.of_split("test"), test)
    assert_same(both.of_split("validation"), validation)
    frame = both.to_frame()
    assert list(frame) == [
        *("split", "sample", "label", "class_name"),
        *("probability_cat", "probability_dög"),
    ]
    assert frame["sample"].tolist() == ["a", "b", "cc"]
    assert frame["class_name"].tolist() == [both.class_names[label] for label in both.labels]


def changed(path: Path, **arrays: np.ndarray[Any, Any]) -> None:
    """Write the file again, with other arrays in place of its own."""
    with np.load(path) as file:
        write_arrays(path, {**file, **arrays})


DAMAGES = {
    "none there": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-30]),
    "another byte": lambda path: path.write_bytes(
        path.read_bytes()[:60] + b"?" + path.read_bytes()[61:]
    ),
    "other classes": lambda path: changed(path, class_names=np.array(["cat"])),
    "fewer labels": lambda path: changed(path, label=np.array([0])),
    "a label too high": lambda path: changed(path, label=np.array([0, 2])),
    "a label below 0": lambda path: changed(path, label=np.array([0, -1])),
    "labels as text": lambda path: changed(path, label=np.array(["0", "1"])),
    "not finite": lambda path: changed(path, probabilities=np.full((2, 2), np.nan)),
    "by columns": lambda path: changed(path, probabilities=np.zeros(4)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_that_is_not_whole_is_refused_in_one_line(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "x.npz"
    save_predictions(path, predictions("a", "c"))
    damage(path)
    with pytest.raises(DataError) as error:
        load_predictions(path)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).endswith("; train again")
    assert "\n" not in str(error.value)


def headed(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


MEMBERS = {
    "an object": headed(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n") + b"x" * 8,
    "larger than it is": headed(
        b"{'descr': '<i8', 'fortran_order': False, 'shape': (1099511627776,), }\n"
    ),
    "no header": b"\x93NUMPY\x01\x00\xff\xff{'descr'",
    "no array": b"it",
    "no letter of Unicode's": headed(b"{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }\n")
    + b"\xff" * 4,
    "text without letters": headed(b"{'descr': '<U0', 'fortran_order': False, 'shape': (3,), }\n"),
    "a negative shape": headed(b"{'descr': '<i8', 'fortran_order': False, 'shape': (-1,), }\n"),
}


@pytest.mark.parametrize("kind", "iU")
@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS.keys())
def test_nothing_is_unpickled_and_sizes_are_checked(
    tmp_path: Path, member: bytes, kind: str
) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("it.npy", member)
    with pytest.raises(DataError, match=r"x\.npz: cannot be read"):
        read_arrays(tmp_path / "x.npz", {"it": (kind, 1)}, remedy="write it again")


def test_arrays_are_compressed_unless_that_would_make_a_small_file_of_a_large_one(
    tmp_path: Path,
) -> None:
    arrays = {"same": np.zeros(10**6, np.int64), "text": np.array(["ab", "c"] * 10_000)}
    write_arrays(tmp_path / "x.npz", arrays)
    read = read_arrays(tmp_path / "x.npz", {"same": ("i", 1), "text": ("U", 1)}, remedy="")
    for name, array in arrays.items():
        assert np.array_equal(read[name], array)
    with zipfile.ZipFile(tmp_path / "x.npz") as file:
        kinds = [member.compress_type for member in file.infolist()]
    assert kinds == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]


def test_a_small_file_of_a_large_array_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", it=np.zeros(10**6, np.int64))
    with pytest.raises(DataError, match="it is compressed more than 100 times"):
        read_arrays(tmp_path / "x.npz", {"it": ("i", 1)}, remedy="write it again")
