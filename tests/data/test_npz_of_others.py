"""Arrays as Keras and MedMNIST have them in a ``.npz``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.data.decode import PixelFormat
from fer_data.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (3000, 28, 28), np.uint8)
LABELS = np.arange(3000, dtype=np.uint8) % 3


def saved(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_pixels_come_split_by_split_and_chunk_by_chunk(tmp_path: Path) -> None:
    arrays = {"x_test": IMAGES[2000:], "y_test": LABELS[2000:]}
    arrays |= {"x_train": IMAGES[:2000], "y_train": LABELS[:2000]}
    dataset = fer_data.load(saved(tmp_path / "mnist.npz", **arrays))
    assert dataset.splits == ("train", "test")
    assert dataset.labels.tolist() == LABELS.tolist()
    assert len(list(dataset.source_chunks().chunks)) > 2
    store = fer_data.open_store(dataset)
    assert str(store.form) == "28x28 grey"
    np.testing.assert_array_equal(np.asarray(store.pixels)[..., 0], IMAGES)
    some = dataset.select(np.arange(1990, 2010))
    found = [image.raw for chunk in some.source_chunks().chunks for image in chunk.raw_images()]
    np.testing.assert_array_equal(found, IMAGES[1990:2010])


def test_a_test_split_may_have_no_labels_and_other_arrays_are_noted(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "x.npz",
        train_images=IMAGES[:6],
        train_labels=LABELS[:6, None],
        test_images=IMAGES[:2, :14, :14],
        weights=np.ones(3),
    )
    dataset = fer_data.load(path)
    assert dataset.counts["train"] == {"0": 2, "1": 2, "2": 2}
    assert dataset.num_unlabelled("test") == 2
    assert any("weights" in note for note in dataset.notes)
    assert len(fer_data.open_store(dataset, form=PixelFormat(28, 28, "grey")).pixels) == 8


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x_train": IMAGES[:4]}, "no array y_train"),
        ({"x_train": IMAGES[:4], "y_train": LABELS[:3]}, r"y_train is uint8 \[3\]"),
        ({"x_train": IMAGES[:4], "y_train": np.ones((4, 7))}, "multi-label"),
        ({"x_train": IMAGES[:4], "y_train": LABELS[:4] / 2}, "expected integers"),
        ({"x_train": IMAGES[:4] / 255, "y_train": LABELS[:4]}, "x_train is float64"),
        ({"x_train": IMAGES[:4], "y_train": LABELS[:4].astype(np.int64) - 2}, "-2 in row 0"),
        ({"x_train": IMAGES[:4], "X_training": IMAGES[:4], "y_train": LABELS[:4]}, "both stand"),
        ({"x_train": IMAGES[:4].astype(object), "y_train": LABELS[:4]}, "x_train is object"),
        ({"x_train": IMAGES[:4], "y_train": LABELS[:4].astype(object)}, "y_train is object"),
        ({"train_images": np.zeros((2, 8, 8, 8), np.uint8), "train_labels": [0, 1]}, "expected"),
        ({"images": IMAGES[:4], "labels": LABELS[:4]}, "only images, labels"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, arrays: dict[str, Any], says: str) -> None:
    path = saved(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=says):
        fer_data.load(path)
