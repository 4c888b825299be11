"""Samples without a label, rows without an image, classes without a sample: alike in all data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fer_data
from fer_data.data.reading import load_unlabelled_too
from fer_data.errors import DataError, UsageError
from tests.conftest import MakeFolder, Run
from tests.helpers.format_files import encoded
from tests.helpers.messages import one_line

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8), np.uint8)
NAMES = [f"{number}.png" for number in range(6)]
TEXT = ["a", "b", "a", "b", "a"]

MISSING: dict[str, Any] = {
    "None": [*TEXT, None],
    "NaN among text": [*TEXT, float("nan")],
    "an empty text": [*TEXT, ""],
    "a blank": [*TEXT, " "],
    "bytes": np.array([*TEXT, ""], np.bytes_),
    "pandas' NA": pd.Series([*TEXT, pd.NA], dtype="string"),
    "a category": pd.Series(pd.Categorical([*TEXT, None])),
    "-1": [0, 1, 0, 1, 0, -1],
    "None among numbers": [0, 1, 0, 1, 0, None],
    "NaN among numbers": [0, 1, 0, 1, 0, np.nan],
    "pandas' NA among numbers": pd.array([0, 1, 0, 1, 0, pd.NA], dtype="Int64"),
    "no one of one-hot": [[1, 0], [0, 1], [1, 0], [0, 1], [1, 0], [0, 0]],
}


def as_arrays(folder: Path, labels: Any) -> Any:
    return IMAGES, labels


def as_frame(folder: Path, labels: Any) -> Any:
    folder.mkdir()
    for name, pixels in zip(NAMES, IMAGES, strict=True):
        (folder / name).write_bytes(encoded(pixels))
    return pd.DataFrame({"file": NAMES, "label": labels})


def as_table(folder: Path, labels: Any) -> Any:
    as_frame(folder, labels).to_csv(folder / "labels.csv", index=False)
    return folder / "labels.csv"


def as_json(folder: Path, labels: Any) -> Any:
    values = [None if pd.isna(label) else label for label in as_frame(folder, labels)["label"]]
    rows = [{"file": name, "label": value} for name, value in zip(NAMES, values, strict=True)]
    (folder / "labels.json").write_text(json.dumps(rows, default=str))
    return folder / "labels.json"


def as_parquet(folder: Path, labels: Any) -> Any:
    folder.mkdir()
    files = [{"bytes": encoded(pixels), "path": None} for pixels in IMAGES]
    values = [None if pd.isna(label) else label for label in labels]
    pq.write_table(pa.table({"image": files, "label": values}), folder / "x.parquet")
    return folder / "x.parquet"


def as_torch(folder: Path, labels: Any) -> Any:
    class Own:
        targets = labels

        def __len__(self) -> int:
            return len(IMAGES)

        def __getitem__(self, index: int) -> Any:
            return IMAGES[index], labels[index]

    return Own()


def options_of(data: Any, folder: Path) -> dict[str, Any]:
    return {"images": folder} if isinstance(data, pd.DataFrame) else {}


TEXT_ONLY = [name for name in MISSING if name not in ("bytes", "no one of one-hot")]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        *((make, kind) for make in (as_arrays, as_torch) for kind in MISSING),
        *((make, kind) for make in (as_frame, as_table) for kind in TEXT_ONLY),
        *((as_json, kind) for kind in ("None", "an empty text", "-1", "None among numbers")),
        *((as_parquet, kind) for kind in ("None", "an empty text", "pandas' NA")),
    ],
)
def test_a_missing_label_among_others_is_refused_with_its_number_or_skipped(
    tmp_path: Path, make: Callable[[Path, Any], Any], kind: str
) -> None:
    data = make(tmp_path / "x", MISSING[kind])
    options = options_of(data, tmp_path / "x")
    with pytest.raises(
        DataError, match=r"1 of 6 train samples has no label \((row 5|5.png)\)"
    ) as it:
        fer_data.load(data, **options)
    assert it.value.fix == {"skip_bad": ("true",)}
    dataset = fer_data.load(data, skip_bad=True, **options)
    assert dataset.labels.tolist() == [0, 1, 0, 1, 0]
    assert dataset.class_names in (("a", "b"), ("0", "1"))
    assert [item.reason for item in dataset.skipped] == ["has no label"]
    store = fer_data.open_store(dataset)
    assert np.array_equal(np.asarray(store.pixels)[..., 0], IMAGES[:5])


@pytest.mark.extra("datasets")
def test_a_missing_label_of_hugging_face_keeps_the_names_of_the_classes() -> None:
    import datasets
    from PIL import Image

    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
    rows = {"image": [*map(Image.fromarray, IMAGES)], "label": [0, 1, None, 0, 1, -1]}
    data = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
    with pytest.raises(DataError, match=r"2 of 6 train samples have no label \(row 2, row 5\)"):
        fer_data.load(data)
    counts = fer_data.load(data, skip_bad=True).counts
    assert counts == {"train": {"cat": 2, "dog": 2}}


@pytest.mark.parametrize("labels", [[-1, 1] * 3, [1.0, -1.0] * 3])
def test_minus_one_and_one_alone_are_two_classes(labels: list[float]) -> None:
    data = fer_data.load((IMAGES, labels))
    assert data.class_names == ("-1", "1")
    assert (data.labels == (np.array(labels) > 0)).all()


@pytest.mark.parametrize("labels", [[None] * 6, [-1] * 6, [np.nan] * 6, None])
def test_a_split_without_any_label_is_read_and_noted(labels: Any) -> None:
    data = fer_data.load({"train": (IMAGES, [0, 1] * 3), "test": (IMAGES, labels)})
    assert (data.num_unlabelled("train"), data.num_unlabelled("test")) == (0, 6)
    assert data.notes == ("test: no sample has a label",)


def test_labels_that_a_list_adds_are_not_missing(tmp_path: Path) -> None:
    data = (IMAGES, [0, 1, 0, 1, 0, -1])
    (tmp_path / "labels.csv").write_text("sample,label\nrow 5,1\n")
    assert fer_data.load(data, relabel=tmp_path / "labels.csv").labels.tolist()[-1] == 1
    (tmp_path / "exclude.csv").write_text("sample\nrow 5\n")
    assert len(fer_data.load(data, exclude=tmp_path / "exclude.csv")) == 5


def test_a_dataset_that_was_loaded_is_taken_as_it_is() -> None:
    data = load_unlabelled_too((IMAGES, [0, 1, 0, 1, 0, -1]))
    assert fer_data.load(data) is data
    assert fer_data.stats(data).splits["train"].num_unlabelled == 1
    with pytest.raises(DataError, match="1 sample to load has no label"):
        fer_data.open_loader(data)


def test_a_conversion_keeps_samples_without_a_label(tmp_path: Path) -> None:
    fer_data.convert((IMAGES, [0, 1, 0, 1, 0, -1]), tmp_path / "x.npz")
    assert load_unlabelled_too(tmp_path / "x.npz").labels.tolist() == [0, 1, 0, 1, 0, -1]


# Rows without an image


@pytest.mark.parametrize("number", [1, 3])
def test_rows_without_an_image_are_bad_rows(tmp_path: Path, run: Run, number: int) -> None:
    table = as_table(tmp_path / "x", list("ababab"))
    lost = "".join(f"lost{row}.png,a\n" for row in range(number))
    table.write_text(table.read_text() + lost)
    options = {"image_column": "file", "label_column": "label"}
    more = r" \(3 of 9 rows have no file\)" if number > 1 else ""
    with pytest.raises(
        DataError, match=rf"row 8: no file 'lost0.png' in .*{more}; repair it"
    ) as it:
        fer_data.load(table, **options)
    assert it.value.fix == {"skip_bad": ("true",)}
    data = fer_data.load(table, skip_bad=True, **options)
    assert (len(data), data.num_bad) == (6, number)
    assert data.skipped_summary()[0].startswith(f"{number} skipped, has no file: lost0")
    shown = one_line(run("stats", table, "--image-column", "file"))
    assert "--skip-bad" in shown


# Rows of one image that disagree


@pytest.mark.parametrize(
    ("column", "values", "reason", "given"),
    [
        ("label", ["b"], "has two labels", "multi-label: .* the label 'a' and the label 'b'"),
        ("label", ["b", "c"], "has several labels", "multi-label: .* and the label 'b'"),
        ("label", [""], "has a label in some of its rows only", ".* the label 'a' and no label"),
        ("split", ["test"], "has two splits", ".* the split 'train' and the split 'test'"),
        ("patient", ["q"], "has two groups", ".* the group 'p' and the group 'q'"),
    ],
)
def test_an_image_whose_rows_disagree_is_bad(
    tmp_path: Path, column: str, values: list[str], reason: str, given: str
) -> None:
    frame = as_frame(tmp_path / "x", list("ababab")).assign(split="train", patient="p")
    again = [frame.iloc[:1].assign(**{column: value}) for value in values]
    pd.concat([frame, *again, frame.iloc[1:2]]).to_csv(tmp_path / "x/labels.csv", index=False)
    options: dict[str, Any] = {"image_column": "file", "label_column": "label"}
    options |= {"split_column": "split", "group_column": "patient"}
    with pytest.raises(DataError, match=f"row 2 and 8: {given}; expected one") as refused:
        fer_data.load(tmp_path / "x/labels.csv", **options)
    assert refused.value.fix == {"skip_bad": ("true",)}
    data = fer_data.load(tmp_path / "x/labels.csv", skip_bad=True, **options)
    assert data.sample_ids() == NAMES[1:]
    assert [(item.name, item.reason) for item in data.skipped if item.error] == [(NAMES[0], reason)]
    assert "1 row repeated word for word, used once" in data.notes
    audit = fer_data.audit(tmp_path / "x/labels.csv", **options)
    (finding,) = audit.of_kinds(("unreadable",))
    assert f"1 {reason} ({NAMES[0]})" in finding.summary
    fer_data.write_exclusions(audit.findings, audit.dataset, tmp_path / "out.csv")
    listed = fer_data.load(tmp_path / "x/labels.csv", exclude=tmp_path / "out.csv", **options)
    assert not {NAMES[0]} & set(listed.sample_ids())


def test_images_whose_rows_disagree_are_counted(tmp_path: Path, run: Run) -> None:
    frame = as_frame(tmp_path / "x", list("ababab"))
    table = tmp_path / "x/labels.csv"
    pd.concat([frame, frame.iloc[:2].assign(label="c")]).to_csv(table, index=False)
    shown = one_line(run("stats", table, "--image-column", "file"))
    assert "(2 of 6 images have rows that disagree); repair it" in shown
    assert "--skip-bad" in shown
    assert "2 have two labels" in run("audit", table, "--image-column", "file").out


# Classes without a sample, one class


def test_an_empty_class_folder_is_named_with_what_becomes_of_it(
    make_folder: MakeFolder, run: Run
) -> None:
    root = make_folder({"train/cat": 3, "train/dog": 2, "train/emu": 0, "train/owl": 0})
    data = fer_data.load(root)
    note = "no sample of emu, owl: a class all the same, counted as 0 and in no batch"
    assert [one for one in data.notes if one.startswith(note)]
    assert data.counts["train"] == {"cat": 3, "dog": 2, "emu": 0, "owl": 0}
    assert note in fer_data.stats(root).notes[0]
    assert note in run("stats", root).out
    loader = fer_data.open_loader(root, balance="oversample", batch_size=6)
    assert "no sample of emu, owl" in repr(loader)
    assert np.bincount(next(iter(loader)).labels, minlength=4).tolist() == [3, 3, 0, 0]
    assert note in run("plan", root).err


def test_classes_of_other_splits_alone_are_named() -> None:
    data = fer_data.load({"train": (IMAGES, list("ababab")), "test": (IMAGES, list("abcabc"))})
    assert data.notes == ("test has classes that train lacks, so no training batch has them: c",)
    assert fer_data.load(data, class_names=["c", "b", "a"]).notes == data.notes


@pytest.mark.parametrize("labels", [["a"] * 6, [0] * 6])
def test_one_class_is_noted_and_not_balanced(labels: Any) -> None:
    data = fer_data.load((IMAGES, labels))
    assert any(note.startswith("one class only, ") for note in data.notes)
    assert len(next(iter(fer_data.open_loader(data, batch_size=6))).labels) == 6
    for balance in ("oversample", "batch", "class-weights"):
        with pytest.raises(UsageError, match=rf"balance {balance}: one class only, '?[a0]'?, so"):
            fer_data.open_loader(data, balance=balance)


# Options of a Dataset that was loaded


def test_options_that_cannot_be_undone_are_refused(tmp_path: Path) -> None:
    data = (IMAGES, list("ababab"))
    plain, skipping = fer_data.load(data), fer_data.load(data, skip_bad=True)
    assert len(fer_data.load(plain, skip_bad=False)) == 6
    assert fer_data.load(plain, skip_bad=True).options.skip_bad
    with pytest.raises(UsageError, match="skip_bad=False: this Dataset was loaded with skip_bad=T"):
        fer_data.load(skipping, skip_bad=False)
    (tmp_path / "exclude.csv").write_text("sample\nrow 5\n")
    fewer = fer_data.load(plain, exclude=tmp_path / "exclude.csv")
    with pytest.raises(UsageError, match=r"exclude=None: this Dataset was loaded with exclude='"):
        fer_data.load(fewer, exclude=None)
    with pytest.raises(UsageError, match="labels, images: a Dataset was loaded"):
        fer_data.load(plain, labels="x.csv", images="y")
