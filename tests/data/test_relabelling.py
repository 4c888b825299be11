"""Other labels by a csv: whole or soft, new classes, reasons to exclude."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_data.analysis.stats import stats
from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.reading import load, load_unlabelled_too
from fer_data.data.sources.table import build
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.loading.opening import open_loader
from tests.conftest import MakeFolder, Run

CLASSES = ("cat", "dog", "owl")


def made(classes: str = "cat,cat,dog,owl") -> Dataset:
    names = classes.split(",")
    samples = [("train", name, row) for row, name in enumerate(names)]
    return build(Path("/d.csv"), "made up", CLASSES, samples)


def relabelled(tmp_path: Path, *lines: str, soft: bool = False, data: Any = None) -> Dataset:
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(lines) + "\n")
    source = made() if data is None else data
    return load_unlabelled_too(source, relabel=path, soft=soft)


def names(dataset: Dataset) -> list[str]:
    return [dataset.class_names[code] if code >= 0 else "" for code in dataset.labels.tolist()]


def test_named_samples_get_the_label_and_others_keep_theirs(tmp_path: Path) -> None:
    relabelled_data = relabelled(tmp_path, "sample,label", "row 3,cat", "row 1,", "row 0,cat")
    assert names(relabelled_data) == ["cat", "", "dog", "cat"]
    assert relabelled_data.class_names == CLASSES
    assert relabelled_data.notes == ("3 labels by labels.csv, 2 of them changed",)
    assert relabelled_data.own_labels is not None
    assert relabelled_data.own_labels.tolist() == [0, 0, UNLABELLED, 2]
    assert relabelled_data.soft_labels is None
    with pytest.raises(DataError, match=r"1 of 4 train samples has no label \(row 1\)"):
        load(made(), relabel=tmp_path / "labels.csv")


def test_a_new_class_takes_its_place_in_the_alphabet(tmp_path: Path) -> None:
    relabelled_data = relabelled(tmp_path, "sample,label", "row 0,cow")
    assert relabelled_data.class_names == ("cat", "cow", "dog", "owl")
    assert names(relabelled_data) == ["cow", "cat", "dog", "owl"]
    assert relabelled_data.notes[1] == "1 new class by labels.csv: cow"
    other = load(made(), class_names=["owl", "dog", "cat"])
    assert relabelled(tmp_path, "sample,label", "row 0,cow", data=other).class_names == (
        *("owl", "dog", "cat", "cow"),
    )


def test_a_reason_excludes_a_sample_whatever_else_its_row_says(tmp_path: Path) -> None:
    relabelled_data = relabelled(
        tmp_path, "sample,exclude,cat,dog,owl", "row 0,blurred,1,1,0", "row 3,dark,,,", "row 2,,1,,"
    )
    assert relabelled_data.rows.tolist() == [1, 2]
    assert names(relabelled_data) == ["cat", "cat"]
    assert relabelled_data.num_excluded == 2
    assert relabelled_data.notes[1:] == (
        "1 excluded by labels.csv: blurred",
        "1 excluded by labels.csv: dark",
    )
    only = relabelled(tmp_path, "sample,exclude", "row 0,blurred", "row 1,")
    assert (only.rows.tolist(), only.own_labels) == ([1, 2, 3], None)
    with pytest.raises(DataError, match=r"every sample is excluded by labels\.csv"):
        relabelled(tmp_path, "sample,exclude", *(f"row {row},x" for row in range(4)))


def test_many_reasons_are_counted_together(tmp_path: Path) -> None:
    data = made(",".join(["cat"] * 9))
    relabelled_data = relabelled(
        tmp_path, "sample,exclude", *(f"row {row},{row}" for row in range(8)), data=data
    )
    assert relabelled_data.notes[-1] == "3 excluded by labels.csv for other reasons"


def test_the_largest_number_is_the_label_and_ties_are_the_column_s(tmp_path: Path) -> None:
    relabelled_data = relabelled(
        tmp_path,
        *("sample,label,cat,dog,cow", "row 0,,1,3.5,0", "row 1,cow,2,0,2", "row 2,,,,"),
        "row 3,owl,0,0,0",
        soft=True,
    )
    assert names(relabelled_data) == ["dog", "cow", "", "owl"]
    assert relabelled_data.soft_labels is not None
    assert relabelled_data.soft_labels.tolist() == [  # cat, cow, dog, owl
        pytest.approx([1 / 4.5, 0, 3.5 / 4.5, 0]),
        [0.5, 0.5, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
    ]
    assert "1 tie decided by its column label" in relabelled_data.notes[0]


@given(
    st.lists(
        st.lists(st.floats(0, 1e308, allow_subnormal=True), min_size=3, max_size=3),
        min_size=4,
        max_size=4,
    )
)
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_soft_labels_are_proportions_whatever_the_numbers(
    tmp_path: Path, numbers: list[list[float]]
) -> None:
    lines = [
        f"row {row},{CLASSES[int(np.argmax(one))] if any(one) else ''},{','.join(map(repr, one))}"
        for row, one in enumerate(numbers)
    ]
    relabelled_data = relabelled(tmp_path, "sample,label,cat,dog,owl", *lines, soft=True)
    soft = relabelled_data.soft_labels
    assert soft is not None
    assert soft.dtype == np.float32
    for one, label, proportions in zip(numbers, relabelled_data.labels, soft, strict=True):
        assert proportions.sum() == pytest.approx(float(any(one)), rel=1e-6)
        assert not any(one) or proportions[label] == proportions.max()


def test_columns_for_people_are_ignored_where_none_bears_the_name_of_a_class(
    tmp_path: Path,
) -> None:
    relabelled_data = relabelled(tmp_path, "sample,label,by,probability", "row 0,owl,Ann,0.9")
    assert names(relabelled_data) == ["owl", "cat", "dog", "owl"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["name,label"], "first column is not sample"),
        (["sample"], "expected label"),
        (["sample,label,label"], "line 1: two columns of one name"),
        (["sample,label", "row 9,cat"], "1 of its samples are not in .*: row 9"),
        (["sample,label", "row 1,cat,dog"], "line 2: 3 fields"),
        (["sample,label", "row 1,cat", "row 1,dog"], "line 3: row 1 differs here from line"),
        (["sample,cat,dog", "row 1,1,-1"], "line 2: dog is '-1'; expected a number, 0 or more"),
        (["sample,cat,dog", "row 1,1,nan"], "line 2: dog is 'nan'"),
        (["sample,cat,dog", "row 1,inf,1"], "line 2: cat is 'inf'"),
        (["sample,cat,dog", "row 1,1_0,1"], "line 2: cat is '1_0'"),
        (["sample,kind", "row 1,duplicate"], "line 2: kind is 'duplicate'"),
        (["sample,cat,dog", "row 1,1,1"], "line 2: cat and dog have the largest .* one of these"),
        (["sample,label,cat,dog", "row 1,owl,1,1"], "line 2: cat and dog have .* label is owl"),
        (["sample,label,cat,dog", "row 1,dog,2,1"], "line 2: cat has .* label is dog; .* nothing"),
        (["sample,cafe\u0301,caf\u00e9", "row 1,1,2"], "line 1: two columns of one class"),
    ],
)
def test_what_is_invalid_is_one_line_that_names_the_place(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message) as error:
        relabelled(tmp_path, *lines)
    assert str(error.value).count("\n") == 0
    assert "labels.csv" in str(error.value)


def test_soft_labels_need_numbers_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no soft labels"):
        relabelled(tmp_path, "sample,label", "row 0,cat", soft=True)
    with pytest.raises(UsageError, match="soft labels need a csv"):
        LoadOptions(soft=True)


def test_a_gzipped_file_and_names_in_another_form_of_unicode_are_read(tmp_path: Path) -> None:
    data = build(Path("/d"), "x", ["caf\u00e9", "z\n"], [("train", "z\n", 0), ("train", "z\n", 1)])
    with gzip.open(tmp_path / "labels.csv.gz", "wt", encoding="utf-8") as file:
        file.write("sample,label\nrow 0,cafe\u0301\nrow 1,z\\n\n")
    found = load(data, relabel=tmp_path / "labels.csv.gz")
    assert found.class_names == data.class_names
    assert names(found) == ["caf\u00e9", "z\n"]


def test_the_spaces_of_a_class_s_name_are_its_own(tmp_path: Path) -> None:
    data = build(Path("/d"), "x", ["cat ", "dog"], [("train", "dog", 0), ("train", "dog", 1)])
    relabelled_data = relabelled(tmp_path, "sample,label", "row 0,cat ", "row 1, dog ", data=data)
    assert (relabelled_data.class_names, names(relabelled_data)) == (
        data.class_names,
        ["cat ", "dog"],
    )


def test_labels_that_are_given_in_python_agree_or_not_likewise(tmp_path: Path) -> None:
    given_all = made().relabel(["cat", "dog", "dog", "owl"])
    assert given_all.own_labels is not None
    agreement = stats(given_all).agreement
    assert agreement is not None
    assert (agreement.num_samples, agreement.proportion) == (4, 0.75)
    some = stats(made().relabel({"row 1": "cow"})).agreement
    assert some is not None
    assert (some.num_samples, some.proportion) == (1, 0)


def test_labels_come_before_splits_and_after_other_names(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"train/a": 3, "train/b": 2})
    (tmp_path / "s.csv").write_text("sample,split\ntrain/a/0000.png,test\ntrain/b/0000.png,train\n")
    (tmp_path / "l.csv").write_text("sample,label\ntrain/a/0000.png,dog\ntrain/a/0001.png,cat\n")
    data = load(
        root, class_names={"a": "cat", "b": "dog"}, relabel=tmp_path / "l.csv",
        splits=tmp_path / "s.csv",
    )  # fmt: skip
    assert data.counts == {"train": {"cat": 0, "dog": 1}, "test": {"cat": 0, "dog": 1}}
    agreement = stats(data).agreement
    assert agreement is not None
    assert (agreement.num_samples, agreement.confusion) == (1, ((0, 1), (0, 0)))
    later = load(data, class_names={"dog": "hound"})
    assert later.own_labels is not None
    assert later.own_labels.tolist() == [0, UNLABELLED]
    assert LoadOptions(**json.loads(json.dumps(data.options.to_dict()))) == data.options


def test_an_image_that_cannot_be_decoded_may_be_excluded(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"train/a": 3, "train/b": 2})
    (root / "train/a/0001.png").write_bytes(b"no image")
    (tmp_path / "l.csv").write_text("sample,label,exclude\ntrain/a/0001.png,,broken\n")
    for skip_bad in (False, True):
        store = open_store(root, relabel=tmp_path / "l.csv", skip_bad=skip_bad)
        assert len(store.dataset) == 4
        assert store.dataset.skipped == ()


def test_only_training_is_on_soft_labels(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"train/a": 4, "train/b": 4, "test/a": 2, "test/b": 2}, side=8)
    lines = [f"{sample},{3 - row % 2},{1 + row % 2}" for row, sample in
             enumerate(load(root).sample_ids())]  # fmt: skip
    lines = [line if not line.endswith("2,2") else line[:-3] + "3,2" for line in lines]
    (tmp_path / "l.csv").write_text("\n".join(["sample,a,b", *lines]) + "\n")
    data = load(root, relabel=tmp_path / "l.csv", soft=True)
    train = open_loader(data, batch_size=3, balance="none")
    batch, dataset = train.batch(0), train.store.dataset
    assert train.soft
    assert dataset.soft_labels is not None
    assert np.array_equal(batch.targets(2), dataset.soft_labels[batch.samples])
    test = open_loader(data, batch_size=2, split="test")
    assert not test.soft
    assert set(test.batch(0).targets(2).ravel().tolist()) == {0.0, 1.0}


def test_commands_take_it(run: Run, make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"train/a": 3, "train/b": 3})
    (tmp_path / "l.csv").write_text(
        "sample,label,exclude\ntrain/a/0000.png,b,\ntrain/b/0000.png,,dark\n"
    )
    shown = run("stats", root, "--relabel", tmp_path / "l.csv")
    assert shown.code == 0, shown.err
    assert "0.0% agree" in shown.out
    assert "1 excluded by l.csv: dark" in shown.out
    refused = run("stats", root, "--relabel", tmp_path / "none.csv")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
