"""A comparison of data that no path gives: it keeps the data in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.data.image_format import FormatRequest
from fer_data.data.reading import is_reloadable
from fer_data.errors import DataError
from fer_model.comparison.own_data import OWN_DATA, OWN_SPLITS, kept_in
from tests.conftest import MakeFolder

NAMES = np.repeat(["owl", "cat", "dog"], [24, 10, 6])


@pytest.fixture
def arrays() -> dict[str, Any]:
    images = np.random.default_rng(0).integers(0, 256, (40, 12, 10, 3), np.uint8)
    images[:, :4] = np.repeat([10, 120, 240], [24, 10, 6])[:, None, None, None]
    return {"train": (images, NAMES), "test": (images[::2], NAMES[::2])}


def test_what_a_path_gives_again_is_reloadable(
    make_folder: MakeFolder, arrays: dict[str, Any], tmp_path: Path
) -> None:
    root = make_folder({"train/a": 4, "train/b": 3, "test/a": 2, "test/b": 1})
    data = fer_data.load(root)
    assert is_reloadable(data)
    exclude = tmp_path / "x.csv"
    exclude.write_text("sample\ntrain/a/0000.png\n")
    assert is_reloadable(fer_data.load(root, exclude=exclude))
    assert not is_reloadable(data.exclude([0]))
    assert not is_reloadable(data.relabel({"train/a/0000.png": "b"}))
    assert not is_reloadable(fer_data.load(arrays))


def test_data_is_kept_as_it_is(arrays: dict[str, Any], tmp_path: Path) -> None:
    data = fer_data.load(arrays, class_names=["owl", "dog", "cat"]).exclude([0, 5])
    kept = kept_in(tmp_path, data, FormatRequest())
    assert kept.class_names == ("owl", "dog", "cat")
    assert kept.labels.tolist() == data.labels.tolist()
    assert kept.splits == data.splits
    assert is_reloadable(kept)
    images = np.concatenate(arrays["train"][0:1] + arrays["test"][0:1])[data.rows]
    assert np.array_equal(np.asarray(fer_data.open_store(kept).pixels), images)
    again = kept_in(tmp_path, data, FormatRequest())
    assert again.digest() == kept.digest()
    (tmp_path / "comparison.json").write_text("{}")
    with pytest.raises(DataError, match="is other data"):
        kept_in(tmp_path, data.exclude([3]), FormatRequest())
    assert {path.name for path in tmp_path.iterdir()} == {OWN_DATA, "comparison.json"}


def test_groups_are_kept(tmp_path: Path, make_folder: MakeFolder) -> None:
    import pandas as pd

    root = make_folder({"images": 6})
    frame = pd.DataFrame(
        {
            "file": [f"000{n}.png" for n in range(6)],
            "kind": list("aabbab"),
            "patient": [1, 1, 2, 2, 3, 3],
        }
    )
    data = fer_data.load(frame, images=root / "images", label_column="kind", group_column="patient")
    kept = kept_in(tmp_path, data, FormatRequest())
    assert data.groups is not None
    assert kept.groups is not None
    assert kept.groups.tolist() == data.groups.tolist()


def labelled_folder(make_folder: MakeFolder) -> tuple[Path, Path]:
    """Write images of two classes, and a table with their labels and splits next to the folder."""
    root = make_folder({"images": 24}, side=16)
    table = root / "labels.csv"
    lines = [
        f"{n:04}.png,{'ab'[n % 3 == 0]},{'test' if n % 4 == 0 else 'train'},{n // 2}"
        for n in range(24)
    ]
    table.write_text("\n".join(["file,kind,split,patient", *lines]) + "\n")
    return table, root / "images"


def test_a_table_of_images_is_reloadable_by_the_folder_of_its_images(
    make_folder: MakeFolder,
) -> None:
    table, images = labelled_folder(make_folder)
    named = {"label_column": "kind", "group_column": "patient", "split_column": "split"}
    data = fer_data.load(table, images=images, **named)
    assert data.root == images
    assert is_reloadable(data)
    assert fer_data.load(data.root, **data.options.to_dict()).digest() == data.digest()
    next_to_it = fer_data.load(table, **named)
    assert is_reloadable(next_to_it)


def test_of_files_the_splits_alone_are_kept(make_folder: MakeFolder, tmp_path: Path) -> None:
    table, images = labelled_folder(make_folder)
    data = fer_data.load(table, images=images, label_column="kind", group_column="patient")
    split = fer_data.split(data, test=0.25, pool=True, near_duplicates=False).dataset
    for number, given in enumerate((split, split.exclude(split.sample_ids()[:2]))):
        out = tmp_path / str(number)
        out.mkdir()
        kept = kept_in(out, given, FormatRequest())
        assert [path.name for path in out.iterdir()] == [OWN_SPLITS]
        assert kept.digest() == given.digest()
        assert is_reloadable(kept)
    relabelled = split.relabel({split.sample_ids()[0]: "a"})
    (tmp_path / "npz").mkdir()
    kept = kept_in(tmp_path / "npz", relabelled, FormatRequest())
    assert [path.name for path in (tmp_path / "npz").iterdir()] == [OWN_DATA]
    assert kept.labels.tolist() == relabelled.labels.tolist()


@pytest.mark.slow
def test_a_table_of_images_is_compared(make_folder: MakeFolder, tmp_path: Path) -> None:
    import fer_model

    table, images = labelled_folder(make_folder)
    results = fer_model.compare(
        table,
        ["none", "oversample"],
        1,
        out=tmp_path / "out",
        net="small",
        num_steps=2,
        batch_size=4,
        images=images,
        label_column="kind",
        split_column="split",
    )
    assert results.arms == ("none", "oversample")


@pytest.mark.slow
def test_arrays_are_compared_and_the_comparison_goes_on(
    arrays: dict[str, Any], tmp_path: Path
) -> None:
    import fer_model

    recipe = fer_model.Recipe(
        net="small", epochs=1, steps_per_epoch=2, batch_size=8, schedule="cosine", keep="last"
    )
    out = tmp_path / "out"
    fer_model.compare(arrays, ["none", "oversample"], [0], out=out, recipe=recipe)
    assert (out / OWN_DATA).is_file()
    more = fer_model.compare(arrays, ["none", "oversample"], 2, out=out, recipe=recipe)
    assert more is not None
    assert len(more.seeds) == 2
