"""Labels tables as people publish them: read, matched with a listing of images, or refused."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import fer_data
from fer_data.data.sources.labels_table import TableMatch, match_table
from fer_data.data.sources.name_pattern import labels_from_names
from fer_data.data.sources.tables import Table, read_table, table_of_frame
from fer_data.errors import DataError, UsageError

Columns = Mapping[str, Sequence[Any]]


def table_of(columns: Columns, name: str = "labels.csv") -> Table:
    text = {key: [str(value) for value in values] for key, values in columns.items()}
    return Table(Path(name), "csv", text, first_row=2)


def write_csv(path: Path, columns: Columns, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with open(path, "w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def labelled(match: TableMatch, files: Sequence[str]) -> dict[str, str | None]:
    """Return the label of each file that a match has."""
    places = match.rows.tolist()
    assert len(set(places)) == len(places) == len(match.labels)
    return {files[place]: label for place, label in zip(places, match.labels, strict=True)}


def refusal(columns: Columns, files: Sequence[str], **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        match_table(table_of(columns), files, **options)
    said = str(caught.value)
    assert said.startswith("labels.csv")
    assert "\n" not in said
    assert "--" not in said  # the command line names its own options
    return caught.value


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
    assert "multi-label" in str(refusal({**columns, "Usage": ["test"] * 12}, files))


# Columns


def test_a_usual_name_wins_and_the_other_candidates_are_noted() -> None:
    files = [f"{number}.png" for number in range(20)]
    columns = {"file": files, "label": list("abcd") * 5, "photographer": ["Ann", "Bo"] * 10}
    match = match_table(table_of(columns), files)
    assert match.labels == columns["label"]
    assert any("photographer" in note for note in match.notes)
    columns["category"] = ["x"] * 9 + ["y"] * 11
    assert set(refusal(columns, files).fix["label_column"]) == {"label", "category", "photographer"}


def test_codes_and_names_of_one_partition_are_one_reading() -> None:
    files = [f"{number}.png" for number in range(20)]
    codes = [number % 4 for number in range(20)]
    columns: Columns = {
        "file": files,
        "class_id": codes,
        "class_name": ["abcd"[code] for code in codes],
    }
    match = match_table(table_of(columns), files)
    assert match.columns["label"] == ("class_name",)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("patient_id", ["p1", "p2"] * 10),
        ("age", ["30", "45"] * 10),
        ("valence", ["0.25", "0.5"] * 10),
        ("comment", [f"remark {number}" for number in range(20)]),
        ("kind", ["only"] * 20),
        ("part", ["train", "test"] * 10),
        ("taken", ["2019-01-02", "2019-05-06"] * 10),
        ("said", ["a sentence that is much too long to be the name of any class", "no"] * 10),
    ],
)
def test_what_is_no_label(name: str, values: list[str]) -> None:
    files = [f"{number}.png" for number in range(20)]
    match = match_table(table_of({"f": files, name: values, "grade": ["a", "b"] * 10}), files)
    assert match.columns["label"] == ("grade",)
    error = refusal({"f": files, name: values}, files)
    assert name in str(error)


def test_a_column_in_hand_is_taken_whatever_it_holds() -> None:
    files = [f"{number}.png" for number in range(20)]
    columns = {"f": files, "code": ["3.0", "17.0"] * 10}
    assert refusal(columns, files).fix == {"label_column": ("code",)}
    match = match_table(table_of(columns), files, label_column="code")
    assert match.labels == ["3", "17"] * 10


def test_empty_and_minus_one_are_no_label() -> None:
    files = [f"{number}.png" for number in range(20)]
    columns = {"f": files, "label": ["0", "1", "", "-1"] * 5}
    assert match_table(table_of(columns), files).labels == ["0", "1", None, None] * 5


@pytest.mark.parametrize(
    ("values", "splits"),
    [
        (["train", "val", "test", "Training"] * 5, ["train", "validation", "test", "train"] * 5),
        (["0", "1", "2", "3"] * 5, None),
        (["train", "test", "", "train"] * 5, None),
    ],
)
def test_a_split_column_is_used_where_all_of_it_is_splits(
    values: list[str], splits: list[str] | None
) -> None:
    files = [f"{number}.png" for number in range(20)]
    columns = {"f": files, "label": ["a", "b"] * 10, "fold": values}
    match = match_table(table_of(columns), files)
    assert match.splits == splits
    assert (splits is None) == any("not the split" in note for note in match.notes)
    if splits is None:
        with pytest.raises(DataError, match="expected train"):
            match_table(table_of(columns), files, split_column="fold")


@pytest.mark.parametrize("argument", ["image_column", "label_column", "split_column"])
def test_a_column_that_is_not_there(argument: str) -> None:
    error = refusal({"f": ["a.png"], "label": ["x"]}, ["a.png"], **{argument: "nope"})
    assert argument in error.fix


# Names of images


@pytest.mark.parametrize(
    "name",
    ["/data/0.png", "C:\\data\\0.png", "../0.png", "a/../0.png", "https://example.org/0.png"],
)
def test_names_that_are_no_relative_path_are_refused(name: str) -> None:
    files = [f"{number}.png" for number in range(30)]
    columns = {"f": [name, *files[1:]], "label": ["a", "b"] * 15}
    assert "row 2" in str(refusal(columns, files))
    assert "row 2" in str(refusal(columns, files, image_column="f"))
    absolute = {"f": [f"/data/{file}" for file in files], "label": ["a", "b"] * 15}
    assert "absolute" in str(refusal(absolute, files))


@pytest.mark.parametrize(
    "name", ["a\\b\\C1.jpg", "./a/b/C1.jpg", "b/C1.jpg", "C1", "a/b/c1.JPG", "b/C1.tif", "r/a/b/C1"]
)
def test_how_a_name_may_be_written(name: str) -> None:
    files = ["a/b/C1.jpg", "a/b/C2.jpg"]
    columns = {"image": [name, "a/b/C2.jpg"], "label": ["x", "y"]}
    assert match_table(table_of(columns), files).rows.tolist() == [0, 1]


def test_a_name_that_several_files_have_is_refused_with_both() -> None:
    files = ["part_1/a.jpg", "part_2/a.jpg", "part_2/b.jpg"]
    error = str(refusal({"image": ["a.jpg", "b.jpg"], "label": ["x", "y"]}, files))
    assert "part_1/a.jpg" in error
    assert "part_2/a.jpg" in error


def test_too_few_files_are_refused_unless_the_column_is_named() -> None:
    names = [f"i{number:03d}.png" for number in range(100)]
    columns = {"f": names, "label": ["a", "b"] * 50}
    assert refusal(columns, names[:90]).fix == {"image_column": ("f",)}
    match = match_table(table_of(columns), names[:90], image_column="f")
    assert match.missing == tuple(names[90:])
    assert len(match.rows) == 90
    nearly = match_table(table_of(columns), names[:96])
    assert nearly.missing == tuple(names[96:])
    assert any("4 rows" in note for note in nearly.notes)


def test_two_columns_that_name_different_files_are_refused() -> None:
    files = [f"{number}.png" for number in range(10)]
    columns = {"left": files, "right": files[::-1], "label": ["a", "b"] * 5}
    assert refusal(columns, files).fix == {"image_column": ("left", "right")}
    assert match_table(table_of(columns), files, image_column="right").rows[0] == 9


def test_codes_are_not_taken_for_file_names() -> None:
    files = [f"{number}.png" for number in range(30)]
    columns = {"": range(30), "file": files[::-1], "label": [number % 3 for number in range(30)]}
    match = match_table(table_of(columns), files)
    assert match.columns["image"] == ("file",)
    assert match.rows.tolist() == list(range(30))[::-1]


def test_a_file_in_several_rows() -> None:
    files = [f"{number}.png" for number in range(10)]
    columns = {"f": [*files, "3.png"], "label": [*"ababababab", "b"]}
    match = match_table(table_of(columns), files)
    assert match.rows.tolist() == list(range(10))
    columns["label"][-1] = "a"
    assert "multi-label" in str(refusal(columns, files))
    one_file = {"f": ["x/0.png", "y/0.png"], "label": ["a", "b"]}
    assert "one file" in str(refusal(one_file, ["0.png"]))


def test_a_csv_without_a_header_of_ids_is_noticed() -> None:
    files = [f"i{number}.png" for number in range(9)]
    columns = {"i0": [f"i{number}" for number in range(1, 9)], "x": ["a", "b"] * 4}
    assert "row 1" in str(refusal(columns, files))


@settings(max_examples=60)
@given(st.data())
def test_a_table_made_from_a_listing_is_matched_back(data: st.DataObject) -> None:
    stems = data.draw(
        st.lists(st.text("ab1_-é. ", min_size=1, max_size=6), min_size=1, max_size=30, unique=True)
    )
    stems = [f"i{n}{stem.strip()}x" for n, stem in enumerate(stems)]
    folders = st.sampled_from(["", "part_1/", "part_2/", "x/y/"])
    files = [
        f"{data.draw(folders)}{stem}.{data.draw(st.sampled_from(['png', 'JPG']))}" for stem in stems
    ]
    order = data.draw(st.permutations(range(len(files))))
    ways: list[Callable[[str], str]] = [
        str,
        lambda path: path.rpartition(".")[0],
        lambda path: path.rpartition("/")[2],
        lambda path: path.rpartition("/")[2].rpartition(".")[0],
        lambda path: f"./{path}".replace("/", "\\"),
        lambda path: f"root/{path}",
        str.upper,
    ]
    write = data.draw(st.sampled_from(ways))
    labels = data.draw(st.lists(st.sampled_from("abc"), min_size=len(files), max_size=len(files)))
    columns = {"name": [write(files[place]) for place in order], "label": labels}
    match = match_table(table_of(columns), files, label_column="label")
    assert match.rows.tolist() == list(order)
    assert match.labels == labels
    assert match.missing == ()


# Files

PLAIN = {"file": ["a.png", "b, c.png", "d.png"], "label": ["x", 'y "z"', "naïve"]}


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding"),
    [
        ("t.csv", ",", "utf-8"),
        ("t.csv", ";", "utf-8-sig"),
        ("t.csv", "\t", "utf-8"),
        ("t.tsv", "\t", "utf-8-sig"),
        ("T.CSV", ",", "utf-8"),
    ],
)
def test_text_tables(tmp_path: Path, name: str, delimiter: str, encoding: str) -> None:
    table = read_table(write_csv(tmp_path / name, PLAIN, delimiter, encoding))
    assert table.columns == PLAIN
    assert table.where(0).endswith("row 2")


def records(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_other_formats_of_the_same_table(tmp_path: Path) -> None:
    lines = "\n".join(map(json.dumps, records(PLAIN)))
    (tmp_path / "t.jsonl").write_text(lines)
    (tmp_path / "t.json").write_text(json.dumps(records(PLAIN)))
    (tmp_path / "map.json").write_text(json.dumps(dict(zip(*PLAIN.values(), strict=True))))
    pq.write_table(pa.table(PLAIN), tmp_path / "t.parquet")
    (tmp_path / "t.csv.gz").write_bytes(
        gzip.compress(write_csv(tmp_path / "t.csv", PLAIN).read_bytes())
    )
    for name in ("t.jsonl", "t.json", "t.parquet", "t.csv.gz"):
        assert read_table(tmp_path / name).columns == PLAIN
    assert [*read_table(tmp_path / "map.json").columns.values()] == [*PLAIN.values()]


def test_values_of_every_kind_are_text(tmp_path: Path) -> None:
    rows = [{"f": "a", "n": 1, "x": 0.50, "b": True}, {"f": "b", "n": None, "l": ["p", "q"]}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    columns = read_table(tmp_path / "t.jsonl").columns
    assert columns["n"] == ["1", ""]
    assert columns["x"] == ["0.5", ""]
    assert columns["b"] == ["true", ""]
    assert columns["l"] == ["", '["p", "q"]']
    values = {"i": [1, None], "d": pa.array(["u", "u"]).dictionary_encode(), "l": [["p"], []]}
    pq.write_table(pa.table({**values, "bytes": [b"x", b"y"]}), tmp_path / "t.parquet")
    columns = read_table(tmp_path / "t.parquet").columns
    assert columns["i"] == ["1", ""]
    assert columns["d"] == ["u", "u"]
    assert list(columns) == ["i", "d", "l"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a b.png 3\nc.png 4\n", {"file_name": ["a b.png", "c.png"], "label": ["3", "4"]}),
        ("a.png\t3\n\nc.png\t4", {"file_name": ["a.png", "c.png"], "label": ["3", "4"]}),
        ("a,3\nc,4\n\n", {"file_name": ["a", "c"], "label": ["3", "4"]}),
        ("image,label\na,3\nc,4\n", {"image": ["a", "c"], "label": ["3", "4"]}),
        ("image label\na 3\nc 4\n", {"image": ["a", "c"], "label": ["3", "4"]}),
        ("a.png\nc.png\n", {"file_name": ["a.png", "c.png"]}),
    ],
)
def test_lists(tmp_path: Path, text: str, columns: Columns) -> None:
    (tmp_path / "t.txt").write_text(text)
    assert read_table(tmp_path / "t.txt").columns == columns


def test_a_csv_whose_first_row_names_an_image_has_no_header(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a.png,3\nb.png,4\n")
    table = read_table(tmp_path / "t.csv")
    assert [*table.columns.values()] == [["a.png", "b.png"], ["3", "4"]]
    assert table.where(0).endswith("row 1")


def test_a_data_frame_is_a_table() -> None:
    import pandas as pd

    frame = pd.DataFrame(PLAIN | {"n": [1.0, None, 3.0]})
    assert table_of_frame(frame).columns == {**PLAIN, "n": ["1.0", "", "3.0"]}


HOSTILE = {
    "nul.csv": b"f,label\na.png,x\nb\0.png,y\n",
    "latin.csv": b"f,label\na.png,x\nb.png,\xe9\n",
    "ragged.csv": b"f,label\na.png,x\nb.png,y,z\n",
    "short.csv": b"f,label\na.png,x\nb.png\n",
    "quote.csv": b'f,label\na.png,x\n"b.png,y\n',
    "long.csv": b"f,label\na.png,x\n" + b"b" * (2 << 20) + b",y\n",
    "many_lines.csv": b'f,label\na.png,x\n"' + b"b\n" * (1 << 20) + b'",y\n',
    "twice.csv": b"f,f\na.png,x\n",
    "wide.csv": b",".join(b"%d" % number for number in range(100_000)) + b"\n",
    "empty.csv": b"",
    "header.csv": b"f,label\n",
    "zip.csv": b"PK\3\4" + bytes(100),
    "utf16.csv": "f,label\na.png,x\n".encode("utf-16"),
    "lfs.csv": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n",
    "html.csv": b"<!DOCTYPE html>\n<html></html>\n",
    "broken.csv.gz": gzip.compress(b"f,label\n" * 1000)[:30],
    "ragged.txt": b"a.png x\nb.png\n",
    "nul.jsonl": b'{"f": "a"}\n{"f": "\0"}\n',
    "list.jsonl": b'{"f": "a"}\n[1]\n',
    "broken.jsonl": b'{"f": "a"}\n{"f": \n',
    "deep.jsonl": b'{"f": "a"}\n' + b"[" * 100_000 + b"\n",
    "deep.json": b"[" * 100_000,
    "number.json": b"3",
    "names.json": b'{"a.png": {"x": 1}}',
    "lists.json": b'{"a.png": ["x", "y"], "b.png": ["x"]}',
    "coco.json": b'{"images": [{"id": 1}], "annotations": []}',
    "category.json": b'{"images": [], "annotations": [{"image_id": 1, "category_id": 2}]}',
    "t.parquet": b"PAR1" + bytes(40) + b"PAR1",
    "t.xlsx": b"PK\3\4",
    "t.xls": b"\xd0\xcf\x11\xe0",
    "t.pkl": b"\x80\x04.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_bad_files_end_in_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    with pytest.raises(DataError) as caught:
        read_table(path)
    said = str(caught.value)
    assert said.startswith(str(path))
    assert "\n" not in said
    assert len(said) < len(str(path)) + 400
    in_row = {"nul": 3, "latin": 3, "ragged": 3, "short": 3, "long": 3, "list": 2, "broken": 2}
    if name.endswith((".csv", ".jsonl")) and (row := in_row.get(path.stem)):
        assert f"row {row - name.endswith('nul.jsonl')}" in said


def test_control_characters_do_not_reach_an_error() -> None:
    files = ["a.png", "b.png", "c.png"]
    columns = {"f\x1b[31m": files, "x\u202e\n": ["1\x1b", "2", "2"], "z": ["p", "q", "p"]}
    assert str(refusal(columns, files)).isprintable()


def test_parquet_without_pyarrow(tmp_path: Path) -> None:
    pq.write_table(pa.table(PLAIN), tmp_path / "t.parquet")
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from fer_data.data.sources.tables import read_table\n"
        "from fer_data.errors import UsageError\n"
        "try:\n    read_table(sys.argv[1])\nexcept UsageError as error:\n    print(error)\n"
        "assert 'pandas' not in sys.modules\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "t.parquet")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert "pip install 'fer-data[parquet]'" in done.stdout


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
