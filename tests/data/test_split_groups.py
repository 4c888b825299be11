"""Groups that a split keeps together: of the data, of near-duplicates, and their unions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data.data.dataset import Dataset
from fer_data.data.reading import load
from fer_data.splitting.result import Split
from tests.conftest import Run
from tests.helpers.dataset_parts import made_dataset
from tests.helpers.drawn_images import as_jpeg, drawn_images, shifted

DATA = made_dataset(
    {"train": {"a": 40, "b": 20}, "validation": {"a": 10}, "test": {"a": 8, "b": 4}}
)


def divided(data: Dataset, **options: Any) -> Split:
    return fer_data.split(data, near_duplicates=False, **options)


def grouped(groups: np.ndarray, data: Dataset = DATA) -> Dataset:
    names = np.array([f"patient {number}" for number in range(groups.max() + 1)])
    return replace(data, groups=groups, group_names=names)


@pytest.mark.parametrize("options", [{}, {"pool": True}, {"folds": 3}])
def test_groups_of_the_data_are_not_divided(options: dict[str, Any]) -> None:
    groups = np.arange(len(DATA)) // 3
    groups[DATA.indices("test")] += len(DATA)
    data = grouped(groups)
    found = divided(data, min_per_class=0, **options)
    for group in np.unique(groups):
        assert len(set(found.sides[groups == group])) == 1
    assert found.num_across == 0


def test_groups_and_near_duplicates_that_meet_are_not_divided() -> None:
    originals = drawn_images(120)
    images = np.stack([*originals, *(as_jpeg(shifted(one, 1, 0), 70) for one in originals)])
    groups = np.concatenate([np.arange(120) // 2, np.arange(120, 240)])  # pairs of originals
    data = grouped(groups, load((images, np.arange(240) % 2)))
    together = np.tile(np.arange(120) // 2, 2)
    apart = [len(set(divided(data, folds=4).sides[together == one])) > 1 for one in range(60)]
    assert sum(apart) > 30
    found = fer_data.split(data, folds=4)
    apart = [len(set(found.sides[together == one])) > 1 for one in range(60)]
    assert sum(apart) <= 4  # the few near-duplicates that are not found
    for group in range(60):
        assert len(set(found.sides[groups == group])) == 1


def test_groups_across_a_kept_test_split_are_counted() -> None:
    groups = np.arange(len(DATA))
    groups[DATA.indices("test")[:3]] = groups[DATA.indices("train")[[0, 0, 1]]]
    with pytest.warns(UserWarning, match=r"in test, too \(2 of the data's own\); pool=True"):
        found = divided(grouped(groups))
    assert (found.num_across, found.num_own_across) == (2, 2)
    assert grouped(groups).digest() != DATA.digest()
    pooled = divided(grouped(groups), pool=True)
    assert (pooled.num_across, pooled.across) == (0, "")


def test_groups_and_near_duplicates_across_a_kept_test_split_are_counted_apart() -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 48, 48), np.uint8)
    images[40:43] = images[:3, :, ::-1]
    labels = np.arange(60) % 2
    data = load({"train": (images[:40], labels[:40]), "test": (images[40:], labels[40:])})
    groups = np.arange(60)
    groups[50] = groups[10]
    data = replace(data, groups=groups, group_names=np.array([""] * 60))
    with pytest.warns(UserWarning, match="1 of the data's own, the others of near-duplicates"):
        found = fer_data.split(data, validation=0.2)
    assert (found.num_across, found.num_own_across) == (4, 1)


def test_groups_that_were_kept_together_are_counted(run: Run, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 48, 48), np.uint8)
    images[20:23] = images[:3, :, ::-1]  # pairs of near-duplicates
    data = load((images, [0, 1] * 20))
    found = fer_data.split(data, validation=0.2)
    assert (found.num_groups, found.num_near_duplicate_groups) == (3, 3)
    assert "3 groups of two samples or more kept together (3 groups of near-dup" in found.together
    groups = np.arange(40)
    groups[:4] = [0, 0, 2, 2]  # two of the pairs are one group, and a third has another sample
    found = fer_data.split(grouped(groups, data), validation=0.2)
    assert (found.num_groups, found.num_near_duplicate_groups) == (2, 3)
    found = fer_data.split(grouped(groups, data), validation=0.2, near_duplicates=False)
    assert (found.num_groups, found.num_near_duplicate_groups) == (2, None)
    assert "near-duplicates were not looked for" in found.together
    assert found.to_dict()["num_near_duplicate_groups"] is None
    path, out = tmp_path / "x.npz", tmp_path / "s.csv"
    fer_data.convert(data, path)
    ended = run("split", path, "--out", out)
    assert "\n3 groups of two samples or more kept together (3 groups of near-d" in f"\n{ended.err}"
    given = json.loads(run("split", path, "--out", out, "--json").out)
    assert (given["num_groups"], given["num_near_duplicate_groups"]) == (3, 3)


def test_groups_of_a_column_are_kept_whole_by_the_command_and_by_the_call(
    run: Run, tmp_path: Path
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (90, 48, 48), np.uint8)
    (tmp_path / "images").mkdir()
    lines = ["image,diagnosis,lesion"]
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "images" / f"{number:02d}.png")
        lines.append(f"{number:02d}.png,{'ab'[number % 2]},{'' if number < 9 else number // 3}")
    table, out = tmp_path / "labels.csv", tmp_path / "splits.csv"
    table.write_text("\n".join(lines) + "\n")
    options = {"labels": table, "label_column": "diagnosis", "group_column": "lesion"}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    ended = run("split", tmp_path / "images", "--test", "0.2", "--out", out, *words)
    assert ended.code == 0, ended.err
    found = fer_data.split(tmp_path / "images", test=0.2, **options)
    assert found.to_csv() == out.read_text()
    by_csv = load(tmp_path / "images", splits=out, **options)
    assert by_csv.digest() == found.dataset.digest()
    assert by_csv.groups is not None
    for group in np.unique(by_csv.groups):
        assert len(set(by_csv.split_codes[by_csv.groups == group])) == 1
    assert [len(one) for one in found] == pytest.approx([63, 9, 18], abs=3)
