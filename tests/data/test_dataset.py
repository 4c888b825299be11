"""A dataset is a value: it is selected from, relabelled, shown, pickled, and never changed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import fer_data
from fer_data import Dataset
from fer_data.errors import DataError, UsageError
from tests.conftest import MakeFolder

NAMES = ["cat"] * 6 + ["dog"] * 3 + ["owl"]


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (10, 12, 16, 3), np.uint8)


@pytest.fixture
def data(images: NDArray[np.uint8]) -> Dataset:
    return fer_data.load({"train": (images, NAMES), "test": (images[:3], NAMES[:3])})


def test_arrays_are_a_dataset_and_are_not_copied(images: NDArray[np.uint8]) -> None:
    data = fer_data.load((images, NAMES))
    assert data.counts == {"train": {"cat": 6, "dog": 3, "owl": 1}}
    assert np.shares_memory(data.origin.arrays[0], images)
    loader = fer_data.open_loader(data, image_size=(12, 16), color="rgb", augment="none")
    assert np.shares_memory(loader.store.pixels, images)
    (batch,) = loader
    assert np.array_equal(batch.images, images[batch.samples])


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([0, 2, 1, 0, 0, 0, 0, 0, 0, 3], ("0", "1", "2", "3")),
        (np.arange(10), tuple("0123456789")),
        (np.arange(10)[:, None], tuple("0123456789")),
        (np.eye(10)[::-1], tuple("0123456789")),
        (list("bbaaacccca"), ("a", "b", "c")),
        ([12.0] * 10, tuple(map(str, range(13)))),
    ],
)
def test_labels_are_numbers_text_or_one_hot(
    images: NDArray[np.uint8], labels: Any, names: tuple[str, ...]
) -> None:
    assert fer_data.load((images, labels)).class_names == names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y[:-1]), "10 images and 9 labels"),
        (lambda x, y: (x.astype(np.float32) / 255, y), "from_float"),
        (lambda x, y: (x.astype(np.int64), y), "expected uint8"),
        (lambda x, y: (np.moveaxis(x, 3, 1), y), "transpose"),
        (lambda x, y: (x, np.ones((10, 3))), "several labels"),
        (lambda x, y: (x, np.full(10, 0.5)), "fractions"),
        (lambda x, y: (x, np.full(10, -2)), "-2"),
        (lambda x, y: {"north": (x, y)}, "no split"),
        (lambda x, y: {"train": (x, y), "training": (x, y)}, "named twice"),
    ],
)
def test_arrays_that_are_something_else_are_refused(
    images: NDArray[np.uint8], change: Any, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        fer_data.load(change(images, NAMES))
    assert message in str(caught.value) + str(caught.value.fix)


def test_floats_are_images_where_that_is_said(images: NDArray[np.uint8]) -> None:
    data = fer_data.load((images / 255, NAMES), from_float=True)
    assert np.array_equal(data.origin.arrays[0], images)


@pytest.mark.parametrize("value", [7, None, object(), [], ["a.png", "b.png"]])
def test_what_is_no_data_is_refused_with_what_can_be(value: object) -> None:
    with pytest.raises((UsageError, DataError), match="expected"):
        fer_data.load(value)


def test_a_split_is_a_dataset(data: Dataset) -> None:
    test = data["test"]
    assert (test.splits, len(test), test.class_names) == (("test",), 3, data.class_names)
    assert data["TRAIN"].rows.tolist() == list(range(10))
    with pytest.raises(DataError, match="no validation split"):
        data["validation"]


@given(st.sets(st.integers(0, 12), min_size=1))
def test_indices_a_mask_and_ids_select_alike(chosen: set[int]) -> None:
    images = np.zeros((13, 2, 2), np.uint8)
    whole = fer_data.load({"train": (images[:10], NAMES), "test": (images[:3], NAMES[:3])})
    indices = np.array(sorted(chosen))
    mask = np.isin(np.arange(13), indices)
    found = [
        whole.select(indices[::-1]),
        whole.select(mask),
        whole.select([whole.sample_ids()[index] for index in chosen]),
    ]
    if len(chosen) < 13:
        found.append(whole.exclude(~mask))
    for selected in found:
        assert selected.rows.tolist() == indices.tolist()
        assert np.array_equal(selected.labels, whole.labels[indices])
        assert selected.sample_ids() == [whole.sample_ids()[index] for index in indices]
        assert [selected.splits[code] for code in selected.split_codes] == [
            whole.splits[code] for code in whole.split_codes[indices]
        ]
    assert len({selected.digest() for selected in found}) == 1
    assert whole.select(np.arange(13)).digest() == whole.digest()


@pytest.mark.parametrize("samples", [[13], [-14], [1, 1], ["nowhere"], [True], [0.5], [[0]], []])
def test_samples_that_are_not_there_are_refused(data: Dataset, samples: Any) -> None:
    with pytest.raises(UsageError):
        data.select(samples)


def test_everything_excluded_is_refused(data: Dataset) -> None:
    with pytest.raises(UsageError, match="every sample"):
        data.exclude(np.arange(13))


def test_an_audit_excludes_without_a_file(data: Dataset) -> None:
    audit = fer_data.audit(data)
    assert [finding.kind for finding in audit.findings][:1] == ["leaked-duplicates"]
    remaining = data.exclude(audit)
    assert remaining.rows.tolist() == list(range(3, 13))
    assert remaining.num_excluded == 3
    after = fer_data.audit(remaining)
    assert "leaked-duplicates" not in [finding.kind for finding in after.findings]


def test_labels_are_changed_by_name_or_all_at_once(data: Dataset) -> None:
    one = data.relabel({"row 0": "emu"})
    assert one.class_names == ("cat", "dog", "emu", "owl")
    assert one.counts["train"] == {"cat": 5, "dog": 3, "emu": 1, "owl": 1}
    assert one.notes[-2:] == ("1 label changed", "1 new class: emu")
    assert data.relabel({"row 0": "dog", "row 2": "dog"}).notes[-1].endswith("labels changed")
    assert data.relabel(["ant", "bee"] + ["cat"] * 11).notes[-1] == "2 new classes: ant, bee"
    assert data.relabel(data.labels).labels.tolist() == data.labels.tolist()
    every = data.relabel(["dog"] * 13)
    assert every.counts["train"] == {"cat": 0, "dog": 10, "owl": 0}
    for wrong in ([0] * 12, [3] * 13, {"row 99": "dog"}):
        with pytest.raises(UsageError):
            data.relabel(wrong)


def test_class_names_reorder_rename_and_merge(images: NDArray[np.uint8]) -> None:
    numbers = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 0])
    named = fer_data.load((images, numbers), class_names=["dog", "cat", "owl"])
    assert named.counts["train"] == {"dog": 4, "cat": 2, "owl": 4}
    ordered = fer_data.load((images, NAMES), class_names="owl,dog,cat")
    assert ordered.class_names == ("owl", "dog", "cat")
    assert ordered.counts["train"] == {"owl": 1, "dog": 3, "cat": 6}
    merged = fer_data.load((images, NAMES), class_names={"dog": "pet", "cat": "pet"})
    assert merged.counts["train"] == {"owl": 1, "pet": 9}
    as_text = fer_data.load((images, ["10"] * 5 + ["9"] * 5), class_names="numeric")
    assert as_text.class_names == ("9", "10")
    for wrong in (["dog", "owl"], ["a", "a", "b"], {"emu": "x"}, "numeric"):
        with pytest.raises(UsageError):
            fer_data.load((images, NAMES), class_names=wrong)


def test_class_names_of_a_csv(images: NDArray[np.uint8], tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("old,new\ncat,feline\n")
    data = fer_data.load((images, NAMES), class_names=names)
    assert data.class_names == ("dog", "feline", "owl")
    names.write_text("cat\n")
    with pytest.raises(DataError, match="line 1"):
        fer_data.load((images, NAMES), class_names=names)


def test_two_forms_of_unicode_are_one_class(make_folder: MakeFolder) -> None:
    data = fer_data.load(make_folder({"caf\u00e9": 2, "cafe\u0301": 3, "tea": 1}))
    assert data.counts == {"train": {"caf\u00e9": 5, "tea": 1}}
    assert any("Unicode" in note for note in data.notes)


def test_it_is_shown_pickled_and_a_frame(data: Dataset) -> None:
    page = data["test"]._repr_html_()
    assert page.count("<img") == 3
    assert "cat" in page
    again = pickle.loads(pickle.dumps(data))
    assert (again.digest(), repr(again)) == (data.digest(), repr(data))
    frame = data.to_frame()
    assert frame["class_name"].value_counts()["cat"] == 9
    indices, decoded = next(data.chunks())
    assert np.array_equal(decoded[2], data.origin.arrays[-1][2])
    assert indices.tolist()[:3] == [0, 1, 2]


def test_a_file_s_images_are_chunks_of_their_own_size(make_folder: MakeFolder) -> None:
    data = fer_data.load(make_folder({"cat": 2, "dog": 1}, side=9))
    ((indices, images),) = data.chunks()
    assert indices.tolist() == [0, 1, 2]
    assert [image.shape for image in images] == [(9, 9)] * 3


def test_a_frame_names_files_and_groups(make_folder: MakeFolder) -> None:
    root = make_folder({"images": 6})
    frame = pd.DataFrame(
        {
            "file": [f"000{n}.png" for n in range(6)],
            "diagnosis": list("aabbba"),
            "patient": ["p1", "p1", "p2", "p2", "p3", None],
        }
    )
    data = fer_data.load(
        frame, images=root / "images", label_column="diagnosis", group_column="patient"
    )
    assert data.counts == {"train": {"a": 3, "b": 3}}
    assert data.groups is not None
    assert data.groups.tolist() == [0, 0, 1, 1, 2, 3]
    assert data.group_names.tolist() == ["p1", "p2", "p3", ""]
    assert data.to_frame()["group"].tolist()[:2] == ["p1", "p1"]
    with pytest.raises(UsageError, match="images="):
        fer_data.load(frame)


def test_a_table_next_to_its_images_is_a_source(make_folder: MakeFolder) -> None:
    root = make_folder({"images": 3})
    table = root / "labels.csv"
    table.write_text("image,label\n0000.png,cat\n0001.png,dog\n0002.png,cat\n")
    assert fer_data.load(table).counts == {"train": {"cat": 2, "dog": 1}}
    elsewhere = root.parent / "labels.csv"
    table.rename(elsewhere)
    assert fer_data.load(elsewhere, images=root).counts == {"train": {"cat": 2, "dog": 1}}


def test_rows_of_a_table_are_known_whatever_was_skipped_there(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(30)]
    pixels = np.random.default_rng(0).integers(0, 256, (30, 32, 32), np.uint8)
    for name, image in zip(names, pixels, strict=True):
        Image.fromarray(image).save(tmp_path / name)
    frame = pd.DataFrame({"image": names, "label": ["cat", "dog", "dog"] * 10})
    frame = frame[::-1].reset_index(drop=True)
    frame.loc[4, "label"] = ""
    (tmp_path / frame.loc[2, "image"]).unlink()
    table = tmp_path / "labels.csv"
    frame.to_csv(table, index=False)
    options: dict[str, Any] = {"image_column": "image", "label_column": "label", "skip_bad": True}
    for data in (
        fer_data.load(tmp_path, labels=table, **options),
        fer_data.load(frame, images=tmp_path, **options),
    ):
        assert 2 not in data.table_rows
        for part in (data, *fer_data.split(data, test=0.3)):
            rows = frame.iloc[part.table_rows]
            assert rows["image"].tolist() == part.sample_ids()
            of_parts = np.array(part.class_names)[part.labels].tolist()
            assert rows["label"].tolist() == of_parts


def test_only_samples_of_a_table_have_rows_in_it(make_folder: MakeFolder, data: Dataset) -> None:
    assert data.table_rows.tolist() == data.rows.tolist()
    with pytest.raises(UsageError, match="have no table"):
        _ = fer_data.load(make_folder({"cat": 2, "dog": 1})).table_rows
