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
from fer_data import Dataset, Source, load
from fer_data.data.images import Images
from fer_data.data.sources import SOURCES
from fer_data.data.split_names import TEST_SPLITS, split_to_take
from fer_data.errors import DataError, UsageError
from tests.conftest import MakeFolder
from tests.helpers.csv_files import FLAT, write_csv

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
    for one in found:
        assert one.rows.tolist() == indices.tolist()
        assert np.array_equal(one.labels, whole.labels[indices])
        assert one.sample_ids() == [whole.sample_ids()[index] for index in indices]
        assert [one.splits[code] for code in one.split_codes] == [
            whole.splits[code] for code in whole.split_codes[indices]
        ]
    assert len({one.digest() for one in found}) == 1
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
    found = data.exclude(audit)
    assert found.rows.tolist() == list(range(3, 13))
    assert found.num_excluded == 3
    after = fer_data.audit(found)
    assert "leaked-duplicates" not in [finding.kind for finding in after.findings]


def test_labels_are_changed_by_name_or_all_at_once(data: Dataset) -> None:
    one = data.relabel({"row 0": "emu"})
    assert one.class_names == ("cat", "dog", "emu", "owl")
    assert one.counts["train"] == {"cat": 5, "dog": 3, "emu": 1, "owl": 1}
    assert one.notes[-1] == "1 labels changed"
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


class Photos:
    """A dataset as PyTorch users write one."""

    def __init__(self, images: NDArray[np.uint8], transform: Any = None) -> None:
        self.images, self.transform = images, transform
        self.targets = [0, 1, 1, 0, 0, 0, 0, 0, 1, 2]
        self.classes = ["ant", "bee", "fly"]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        image = self.images[index]
        if self.transform:
            image = self.transform(image)
        return image, self.targets[index]


class Subset:
    def __init__(self, dataset: Any, indices: list[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]


def test_a_dataset_of_pytorch_s_kind_is_a_source(images: NDArray[np.uint8]) -> None:
    photos = Photos(images, transform=lambda image: image / 255)
    data = fer_data.load({"train": photos, "val": Subset(photos, [8, 9])})
    assert data.counts["train"] == {"ant": 6, "bee": 3, "fly": 1}
    assert data.counts["validation"] == {"ant": 0, "bee": 1, "fly": 1}
    assert any("transform" in note for note in data.notes)
    loader = fer_data.open_loader(
        data, split="validation", image_size=(12, 16), color="rgb", augment="none"
    )
    assert np.array_equal(next(iter(loader)).images, images[8:])
    named = fer_data.load(photos, label_from=lambda one: ["x"] * len(one))
    assert named.class_names == ("x",)


def test_a_dataset_without_labels_says_where_they_may_be(images: NDArray[np.uint8]) -> None:
    photos = Photos(images)
    del photos.targets
    with pytest.raises(DataError, match="label_from"):
        fer_data.load(photos)


def test_an_item_that_is_no_image_is_named(images: NDArray[np.uint8]) -> None:
    photos = Photos(images)
    photos.images = images / 255
    with pytest.raises(DataError, match="image 0: is ndarray float64"):
        fer_data.open_loader(fer_data.load(photos))


class Mine:
    """What only a source of one's own can read."""


def test_sources_are_registered(images: NDArray[np.uint8]) -> None:
    arrays = SOURCES["arrays"]
    mine = Source(
        "mine",
        lambda data: isinstance(data, Mine),
        lambda data, options: arrays.read((images, NAMES), options),
        *(arrays.state, arrays.chunks, arrays.names),
        of_paths=False,
    )
    with pytest.raises(UsageError):
        fer_data.load([Mine()])
    with pytest.raises(UsageError, match="registered already"):
        fer_data.register_source(arrays)
    before = dict(SOURCES)
    try:
        fer_data.register_source(mine)
        data = fer_data.load(Mine())
        assert (data.kind, data.counts["train"]["cat"]) == ("mine", 6)
    finally:
        SOURCES.clear()
        SOURCES.update(before)


def test_the_images_of_a_dataset_of_objects_are_its_fingerprint(images: NDArray[np.uint8]) -> None:
    def digest(of: NDArray[np.uint8]) -> str:
        return fer_data.open_store(fer_data.load(Photos(of))).fingerprint

    assert digest(images) == digest(images.copy())
    assert digest(images) != digest(255 - images)


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4).flatmap(
        lambda sizes: st.tuples(st.just(sizes), st.sets(st.integers(0, sum(sizes) - 1), min_size=1))
    )
)
def test_images_of_several_arrays_are_one_array(case: tuple[list[int], set[int]]) -> None:
    sizes, chosen = case
    whole = np.random.default_rng(0).integers(0, 256, (sum(sizes), 3, 2, 1), np.uint8)
    rows = np.array(sorted(chosen))
    arrays = np.split(whole, np.cumsum(sizes)[:-1])
    found, truth = Images(arrays, rows), whole[rows]
    assert found.shape == truth.shape
    assert found.size == truth.size
    assert np.array_equal(np.asarray(found), truth)
    assert np.array_equal(found[::-1], truth[::-1])
    assert np.array_equal(found[0], truth[0])
    assert np.array_equal(found[-1, :, :, 0], truth[-1, :, :, 0])
    assert np.array_equal(np.stack(list(found)), truth)
    out = np.empty_like(truth)
    found.take(np.arange(len(rows)), axis=0, out=out, mode="clip")
    assert np.array_equal(out, truth)
    assert np.array_equal(np.asarray(found.reshape(*found.shape[:3])), truth[..., 0])


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
