"""Which split a name means, and which one is taken where none is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_data import Dataset, load
from fer_data.data.split_names import TEST_SPLITS, split_to_take
from fer_data.errors import UsageError
from tests.helpers.csv_files import FLAT, write_csv


def split_by_name(kind: str, name: str, root: Path) -> Dataset:
    """Return data whose test split is called `name`."""
    images, labels = np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 0, 1])
    if kind == "arrays":
        return load({"train": (images, labels), name: (images, labels)})
    if kind == "npz":
        path = root / "of.npz"
        named = {"x_train": images, f"x_{name}": images, "y_train": labels, f"y_{name}": labels}
        np.savez(path, **named)
        return load(path)
    if kind == "csv":
        rows = [f"3,{FLAT},Training", f"6,{FLAT},{name}"]
        return load(write_csv(root / "fer.csv", rows))
    for index in range(4):
        Image.fromarray(images[0]).save(root / f"{index}_{'ab'[index % 2]}_{name}.png")
    if kind == "pattern":
        return load(root, label_from=r"_(?P<label>[ab])_(?P<split>\w+)")
    table = root / "labels.csv"
    rows = [f"{path.name},{path.name[2]},{name}" for path in sorted(root.glob("*.png"))]
    table.write_text("\n".join(["file,label,split", *rows]))
    return load(root, labels=table)


@pytest.mark.parametrize("kind", ["arrays", "npz", "csv", "pattern", "table"])
@pytest.mark.parametrize(("name", "is_said"), [("holdout", True), ("test", False)])
def test_an_unusual_name_of_a_split_is_said(
    tmp_path: Path, kind: str, name: str, is_said: bool
) -> None:
    data = split_by_name(kind, name, tmp_path)
    assert "test" in data.splits
    assert any("holdout' is the test split" in note for note in data.notes) == is_said


@pytest.mark.parametrize(
    ("present", "usual", "expected"),
    [
        (["train", "test"], ["train"], "train"),
        (["validation"], ["train"], "validation"),
        (["train", "public_test", "private_test"], TEST_SPLITS, "private_test"),
        (["train"], TEST_SPLITS, "train"),
        (["train", "validation"], TEST_SPLITS, None),
        (["validation", "test"], ["train"], None),
    ],
)
def test_the_usual_split_is_taken_or_the_only_one(
    present: list[str], usual: list[str], expected: str | None
) -> None:
    if expected:
        assert split_to_take(None, present, "data", usual) == expected
        return
    with pytest.raises(UsageError) as caught:
        split_to_take(None, present, "data", usual)
    assert caught.value.fix == {"split": tuple(present)}
