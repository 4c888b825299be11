"""Labels tables as people publish them: read, matched with images, or refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data.data.sources.labels_table import TableMatch, match_table
from fer_data.data.sources.name_pattern import labels_from_names
from fer_data.data.sources.tables import read_table
from fer_data.errors import DataError, UsageError
from tests.helpers.label_tables import Columns, refusal, table_of, write_csv


def labelled(match: TableMatch, files: Sequence[str]) -> dict[str, str | None]:
    """Return the label of each file that a match has."""
    places = match.rows.tolist()
    assert len(set(places)) == len(places) == len(match.labels)
    return {files[place]: label for place, label in zip(places, match.labels, strict=True)}


def ham(num: int = 120) -> tuple[dict[str, list[str]], list[str]]:
    ids = [f"ISIC_{24306 + number:07d}" for number in range(num)]
    dx = ["nv", "mel", "bkl", "bcc", "akiec", "vasc", "df"]
    places = ["scalp", "ear", "lower extremity", "upper extremity", "back"]
    columns = {
        "lesion_id": [f"HAM_{number // 2:07d}" for number in range(num)],
        "image_id": ids,
        "dx": [dx[number * number % 7] for number in range(num)],
        "dx_type": [("histo", "follow_up", "consensus")[number // 3 % 3] for number in range(num)],
        "age": [f"{5.0 * (number % 17)}" if number % 11 else "" for number in range(num)],
        "sex": [("male", "female", "unknown")[number % 3] for number in range(num)],
        "localization": [places[number // 4 % 5] for number in range(num)],
    }
    files = [f"HAM10000_images_part_{1 + (n >= num // 2)}/{ids[n]}.jpg" for n in range(num)]
    return columns, files


# Public layouts


def test_ham10000_is_refused_with_its_candidates() -> None:
    columns, files = ham()
    error = refusal(columns, files)
    assert error.fix == {"label_column": ("dx", "dx_type", "sex", "localization")}


def test_ham10000_with_columns_named() -> None:
    columns, files = ham()
    match = match_table(table_of(columns), files, label_column="dx", group_column="lesion_id")
    expected = dict(zip(files, columns["dx"], strict=True))
    assert labelled(match, files) == expected
    assert match.groups == columns["lesion_id"]
    assert match.splits is None
    assert match.columns["image"] == ("image_id",)
    assert match.columns["unused"] == ("dx_type", "age", "sex", "localization")


def test_a_group_is_mentioned_and_never_guessed() -> None:
    columns, files = ham()
    match = match_table(table_of(columns), files, label_column="dx")
    assert match.groups is None
    assert any("group_column='lesion_id'" in note for note in match.notes)


def test_aptos_ids_without_extension_next_to_a_test_folder() -> None:
    ids = [f"{number * 7919:012x}" for number in range(50)]
    files = [f"train_images/{name}.png" for name in ids]
    files += [f"test_images/{number:012x}.png" for number in range(10**6, 10**6 + 9)]
    columns: Columns = {"id_code": ids[::-1], "diagnosis": [number % 5 for number in range(50)]}
    match = match_table(table_of(columns), files)
    assert labelled(match, files) == {
        f"train_images/{name}.png": str(number % 5) for number, name in enumerate(ids[::-1])
    }
    assert any(note.startswith("9 images") for note in match.notes)


def one_hot(num: int = 40) -> tuple[dict[str, list[str]], list[str], list[str]]:
    names = ["MEL", "NV", "BCC", "AKIEC"]
    truth = [names[number * 3 % 4] for number in range(num)]
    columns = {"image": [f"ISIC_{number:07d}" for number in range(num)]}
    columns |= {name: [f"{float(name == label)}" for label in truth] for name in names}
    return columns, [f"ISIC_input/{name}.jpg" for name in columns["image"]], truth


def test_isic_one_hot() -> None:
    columns, files, truth = one_hot()
    match = match_table(table_of(columns), files)
    assert match.labels == truth
    assert match.columns["label"] == ("MEL", "NV", "BCC", "AKIEC")


def test_one_hot_next_to_another_candidate_is_refused_and_can_be_named() -> None:
    columns, files, truth = one_hot()
    columns["site"] = [("arm", "leg")[number % 2] for number in range(40)]
    candidates = refusal(columns, files).fix["label_column"]
    assert set(candidates) == {"MEL,NV,BCC,AKIEC", "site"}
    for names in ("MEL,NV,BCC,AKIEC", ["MEL", "NV", "BCC", "AKIEC"]):
        assert match_table(table_of(columns), files, label_column=names).labels == truth


def test_one_hot_next_to_the_same_labels_in_words_is_one_reading() -> None:
    columns, files, truth = one_hot()
    columns["finding"] = [name.lower() for name in truth]
    match = match_table(table_of(columns), files)
    assert [str(label).lower() for label in match.labels] == columns["finding"]


def test_chexpert_is_refused_as_multi_label() -> None:
    random = np.random.default_rng(0)
    names = ["No Finding", "Edema", "Pneumonia", "Fracture"]
    files = [f"train/patient{n:05d}/study1/view1_frontal.jpg" for n in range(60)]
    columns: dict[str, Any] = {"Path": [f"CheXpert-v1.0-small/{path}" for path in files]}
    columns |= {name: random.choice(["", "0.0", "1.0", "-1.0"], 60).tolist() for name in names}
    error = refusal(columns, files)
    assert "multi-label" in str(error)
    columns["Sex"] = [("Male", "Female")[number % 2] for number in range(60)]
    error = refusal(columns, files)
    assert "multi-label" in str(error)
    assert error.fix["label_column"][0] == "Sex"
    match = match_table(table_of(columns), files, label_column="Edema")
    assert set(match.labels) == {"0", "1", None}


@pytest.mark.parametrize(
    "cells",
    [
        ["Edema|Effusion", "Edema", "Effusion", "Mass|Edema"],
        ["scab rust", "scab", "rust", "healthy"],
        ["cat;dog", "cat", "dog", "dog"],
        ["cat, dog", "cat", "dog", "dog"],
        ['["cat", "dog"]', '["cat"]', '["dog"]', "[]"],
        ["['cat', 'dog']", "['cat']", "['dog']", "['cat', 'dog']"],
        ["16 0", "7", "1 2 0", "16 0"],
        ["[0, 2]", "[1]", "[0, 2]", "[2]"],
    ],
)
def test_several_labels_in_a_cell_are_refused_by_name(cells: list[str]) -> None:
    files = [f"{number}.png" for number in range(16)]
    columns = {"image": files, "Labels": cells * 4, "view": ["AP", "PA"] * 8}
    assert "multi-label" in str(refusal(columns, files))
    assert "Labels" in str(refusal(columns, files, label_column="Labels"))
    match_table(table_of(columns), files, label_column="view")


@pytest.mark.parametrize(
    "names",
    [
        ["Black footed Albatross", "Laysan Albatross", "Sooty Albatross", "Groove billed Ani"],
        ["Cat, domestic", "Cat, wild", "Dog, domestic", "Dog, wild"],
        ["red fox", "grey fox", "red wolf", "grey wolf"],
        ["lower extremity", "upper extremity", "ear", "back"],
        ["None", "NA", "Moderate", "Severe (stage 3; late)"],
    ],
)
def test_names_of_several_words_are_classes(names: list[str]) -> None:
    files = [f"{number}.png" for number in range(16)]
    match = match_table(table_of({"image": files, "finding": names * 4}), files)
    assert match.labels == names * 4


def test_affectnet_csv_with_measurements() -> None:
    random = np.random.default_rng(0)
    files = [f"{number % 7}/{number:032x}.jpg" for number in range(66)]
    columns = {
        "subDirectory_filePath": files,
        "face_x": random.integers(10, 400, 66).tolist(),
        "facial_landmarks": [";".join(map(str, row)) for row in random.random((66, 6)).round(2)],
        "expression": [number % 11 for number in range(66)],
        "valence": random.random(66).round(3).tolist(),
        "arousal": random.choice([-2, 0.1, 0.25], 66).tolist(),
    }
    match = match_table(table_of(columns), files)
    assert match.columns["label"] == ("expression",)
    assert set(match.labels) == {str(code) for code in range(11)}


def test_cub_list_of_paths_and_labels(tmp_path: Path) -> None:
    files = [f"images/{1 + n // 4:03d}.Black footed/Bird {n}.jpg" for n in range(12)]
    lines = [f"{path.removeprefix('images/')} {1 + n // 4}" for n, path in enumerate(files)]
    path = tmp_path / "list.txt"
    path.write_text("\n".join(lines) + "\n")
    match = match_table(read_table(path), files)
    assert labelled(match, files) == {path: str(1 + n // 4) for n, path in enumerate(files)}


def coco(tmp_path: Path, annotations: list[tuple[int, int]], num: int = 6) -> Path:
    value = {
        "info": {"year": 2021},
        "images": [{"id": n, "file_name": f"train/{n:03d}.jpg", "width": 9} for n in range(num)],
        "annotations": [
            {"id": place, "image_id": image, "category_id": category, "bbox": [0, 0, 1.5, 1]}
            for place, (image, category) in enumerate(annotations)
        ],
        "categories": [{"id": 10, "name": "Aves"}, {"id": 20, "name": "Amphibia"}],
    }
    path = tmp_path / "train.json"
    path.write_text(json.dumps(value))
    return path


def test_inaturalist_json(tmp_path: Path) -> None:
    path = coco(tmp_path, [(0, 10), (1, 20), (1, 20), (2, 10), (3, 20), (5, 10)])
    files = [f"train/{number:03d}.jpg" for number in range(6)]
    match = match_table(read_table(path), files)
    assert match.labels == ["Aves", "Amphibia", "Aves", "Amphibia", None, "Aves"]


def test_coco_with_several_categories_is_multi_label(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="multi-label"):
        read_table(coco(tmp_path, [(0, 10), (1, 20), (1, 10)]))


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_hugging_face_metadata_of_two_splits(tmp_path: Path, ending: str) -> None:
    files = [f"{split}/{number:04d}.png" for split in ("test", "train") for number in range(8)]
    columns = {"file_name": [f"{n:04d}.png" for n in range(8)], "label": ["cat", "dog"] * 4}
    path = tmp_path / f"metadata.{ending}"
    if ending == "csv":
        write_csv(path, columns)
    else:
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        path.write_text("\n".join(map(json.dumps, rows)))
    match = match_table(read_table(path), files, below="train")
    assert labelled(match, files) == {f"train/{n:04d}.png": ("cat", "dog")[n % 2] for n in range(8)}
    with pytest.raises(DataError, match=r"'te(.*)' and 'train/0000\.png'"):
        match_table(read_table(path), files)


def test_the_split_column_decides_between_folders_of_the_same_names() -> None:
    files = [f"{folder}/{number}.jpg" for folder in ("train", "test") for number in range(6)]
    columns = {
        "name": [f"{number}.jpg" for number in range(6)] * 2,
        "Usage": ["Training"] * 6 + ["test"] * 6,
        "label": list("abcabcbcabca"),
    }
    match = match_table(table_of(columns), files)
    assert match.rows.tolist() == list(range(12))
    assert match.splits == ["train"] * 6 + ["test"] * 6
    disputed = match_table(table_of({**columns, "Usage": ["test"] * 12}), files).disputed
    assert {item.reason for item in disputed} == {"has two labels"}


# Labels in file names


def test_labels_from_names() -> None:
    files = ["S005/S005_001_happy.png", "S010/S010_002_sad.png"]
    assert labels_from_names(files, r"_([a-z]+)\.png$").labels == ["happy", "sad"]
    match = labels_from_names(
        ["train/S5_sad.png", "val/S6_happy.png"],
        r"(?P<split>\w+)/(?P<group>S\d+)_(?P<label>\w+)\.",
    )
    assert match.labels == ["sad", "happy"]
    assert match.splits == ["train", "validation"]
    assert match.groups == ["S5", "S6"]
    assert match.rows.tolist() == [0, 1]


def test_files_that_a_pattern_does_not_fit() -> None:
    files = [f"{number}_x.png" for number in range(7)] + [f"other{number}" for number in range(5)]
    with pytest.raises(DataError) as caught:
        labels_from_names(files, r"_(\w)\.png")
    assert "5 files" in str(caught.value)
    assert Counter(name in str(caught.value) for name in files)[True] == 3


@pytest.mark.parametrize("pattern", ["(", "abc", "(a)(b)", "(?P<group>a)"])
def test_patterns_without_a_label(pattern: str) -> None:
    with pytest.raises(UsageError):
        labels_from_names(["ab"], pattern)


def test_a_split_in_a_name_that_is_none() -> None:
    with pytest.raises(DataError, match="no split"):
        labels_from_names(["part/a.png"], r"(?P<split>\w+)/(?P<label>\w+)")


# From end to end


@pytest.fixture
def lesions(tmp_path: Path) -> Path:
    """Two folders of colour images and one table, as HAM10000 is published."""
    root = tmp_path / "HAM"
    random = np.random.default_rng(0)
    classes = ["nv"] * 12 + ["mel"] * 6 + ["bkl"] * 4 + ["df"] * 2
    rows = []
    for number, name in enumerate(classes):
        folder = root / f"HAM10000_images_part_{1 + number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (10, 12, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"ISIC_{number:07}.png")
        how, sex = ("histo", "follow_up", "consensus")[number % 3], ("male", "female")[number % 2]
        place = ("back", "face", "trunk")[number // 5 % 3]
        rows.append((f"HAM_{number // 2:04}", f"ISIC_{number:07}", name, how, 45.5, sex, place))
    header = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
    write_csv(root / "metadata.csv", dict(zip(header, zip(*rows, strict=True), strict=True)))
    return root


def test_a_folder_with_a_table_of_several_labels_is_refused_with_the_candidates(
    lesions: Path,
) -> None:
    with pytest.raises(DataError) as refused:
        fer_data.load(lesions, labels=lesions / "metadata.csv")
    assert {"dx", "dx_type", "sex", "localization"} <= set(refused.value.fix["label_column"])
    assert "age" not in refused.value.fix["label_column"]


def test_a_folder_with_a_table_is_a_data_set_everywhere(lesions: Path, tmp_path: Path) -> None:
    options: Any = {"labels": lesions / "metadata.csv", "label_column": "dx"}
    data = fer_data.load(lesions, **options)
    stats = fer_data.stats(data)
    assert stats.class_names == ("bkl", "df", "mel", "nv")
    assert stats.splits["train"].counts == (4, 2, 6, 12)
    assert any("dx" in note and "image_id" in note for note in data.notes)
    loader = fer_data.open_loader(data, balance="batch", batch_size=8, image_size=8, color="rgb")
    assert np.bincount(loader.batch(0).labels).tolist() == [2, 2, 2, 2]
    state = loader.state(2)
    again = fer_data.open_loader(
        lesions, **options, balance="batch", batch_size=8, image_size=8, color="rgb", state=state
    )
    assert again.step == 2
    assert fer_data.audit(data).dataset.class_counts("train").tolist() == [4, 2, 6, 12]
    fer_data.convert(data, tmp_path / "out")
    assert fer_data.load(tmp_path / "out").class_counts("train").tolist() == [4, 2, 6, 12]


def test_labels_in_the_names_of_files_are_read_by_a_pattern(tmp_path: Path) -> None:
    for name in ("cat_1", "cat_2", "dog_1"):
        Image.new("L", (8, 8), 9).save(tmp_path / f"{name}.png")
    data = fer_data.load(tmp_path, label_from=r"([a-z]+)_\d+\.png$")
    assert (data.class_names, data.class_counts("train").tolist()) == (("cat", "dog"), [2, 1])


@pytest.mark.parametrize(
    "options",
    [
        {"label_column": "dx"},
        {"labels": "x.csv", "label_from": "(.)"},
        {"label_from": "(.)", "layout": "class-folders"},
    ],
)
def test_options_of_labels_that_do_not_fit_each_other_are_refused(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        fer_data.load(tmp_path, **options)
