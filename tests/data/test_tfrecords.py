"""TFRecord files: in TensorFlow's convention as they are written, of any common form as read."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data.data import sources
from fer_data.data.reading import load_unlabelled_too
from fer_data.data.sources.tfrecord_files import check_records, split_files
from fer_data.errors import DataError, FerError, UsageError
from fer_data.writers import convert
from tests.conftest import MakeFolder
from tests.helpers.format_files import encoded
from tests.helpers.records import write_records

pytestmark = pytest.mark.extra("tensorflow")

PNG = encoded(np.full((3, 4), 7, np.uint8))
GOOD: dict[str, Any] = {"image/encoded": PNG, "image/class/label": 0}


def records_in(path: Path) -> list[dict[str, Any]]:
    """Return the features of each record, by TensorFlow's own parser."""
    import tensorflow as tf

    names = {"image/encoded", "image/format", "image/class/text", "image/filename"}
    numbers = {"image/height", "image/width", "image/class/label"}
    spec = {name: tf.io.FixedLenFeature((), tf.string) for name in names} | {
        name: tf.io.FixedLenFeature((), tf.int64) for name in numbers
    }
    dataset = tf.data.TFRecordDataset(str(path)).map(lambda x: tf.io.parse_single_example(x, spec))
    return [{name: value.numpy() for name, value in record.items()} for record in dataset]


# Written


def test_records_have_the_features_that_tensorflow_s_tools_read(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/b": 1, "train/a": 1, "val/b": 1}, side=5)
    Image.new("RGB", (8, 6), (200, 9, 9)).save(data / "train/b/x.jpg")
    Image.new("RGB", (8, 6), (9, 200, 9)).save(data / "train/b/y.webp", lossless=True)
    convert(data, tmp_path / "out", to="tfrecord")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "labels.txt",
        "train-00000-of-00001.tfrecord",
        "validation-00000-of-00001.tfrecord",
    ]
    assert (tmp_path / "out/labels.txt").read_text() == "a\nb\n"
    records = records_in(tmp_path / "out/train-00000-of-00001.tfrecord")
    assert [(record["image/class/label"], record["image/class/text"]) for record in records] == [
        (0, b"a"), (1, b"b"), (1, b"b"), (1, b"b"),
    ]  # fmt: skip
    sizes = [
        (record["image/format"], record["image/height"], record["image/width"])
        for record in records
    ]
    assert sizes == [(b"png", 5, 5), (b"png", 5, 5), (b"jpeg", 6, 8), (b"png", 6, 8)]
    assert [record["image/filename"] for record in records][1:] == [
        b"0000.png",
        b"x.jpg",
        b"y.webp",
    ]
    assert records[2]["image/encoded"] == (data / "train/b/x.jpg").read_bytes()
    with Image.open(io.BytesIO(records[3]["image/encoded"])) as image:
        assert image.getpixel((0, 0)) == (9, 200, 9)


def test_samples_without_a_label_have_minus_one(tmp_path: Path) -> None:
    images = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    np.savez(tmp_path / "x.npz", pixels=images, labels=[1, -1, 0], class_names=["a", "b"])
    convert(tmp_path / "x.npz", tmp_path / "out", to="tfrecord")
    data = load_unlabelled_too(tmp_path / "out")
    assert data.labels.tolist() == [1, -1, 0]
    assert data.num_unlabelled("train") == 1


@pytest.mark.parametrize("name", ["\ud800", "a\nb", "a\rb"])
def test_a_class_name_that_is_no_line_of_text_is_refused(tmp_path: Path, name: str) -> None:
    pixels = np.zeros((1, 4, 4), np.uint8)
    np.savez(tmp_path / "x.npz", pixels=pixels, labels=[0], class_names=np.array([name]))
    with pytest.raises(DataError, match="no line of UTF-8"):
        convert(tmp_path / "x.npz", tmp_path / "out", to="tfrecord")
    assert not (tmp_path / "out").exists()


def test_many_shards_are_numbered_and_read_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fer_data.writers import tfrecord_files

    monkeypatch.setattr(tfrecord_files, "SHARD_BYTES", 10_000)
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8), np.uint8)
    convert((images, np.arange(200) % 3), tmp_path / "out", to="tfrecord")
    number = len(list((tmp_path / "out").glob("train-*.tfrecord")))
    assert number > 2
    assert (tmp_path / f"out/train-00000-of-{number:05d}.tfrecord").exists()
    data = fer_data.load(tmp_path / "out")
    assert data.labels.tolist() == (np.arange(200) % 3).tolist()
    rows = np.array([3, 70, 71, 199])
    some = [image for _, found in data.select(rows).chunks() for image in found]
    np.testing.assert_array_equal(np.stack(some), images[rows])


# Read


@pytest.mark.parametrize(
    ("features", "names"),
    [
        ({"image": PNG, "label": 1}, ("1",)),
        ({"image_raw": PNG, "label": 0, "height": 3, "width": 4, "depth": 1}, ("0",)),
        ({"jpeg": PNG, "class": 5, "id": "x"}, ("5",)),
        ({"image/encoded": PNG, "image/class/label": 2, "image/class/text": "cat"}, ("cat",)),
        ({"image/encoded": PNG, "image/class/text": "cat", "image/format": "png"}, ("cat",)),
        ({"image": PNG, "label": "dog"}, ("dog",)),
        ({"image": PNG, "emotion": 3, "text": ""}, ("3",)),
    ],
)
def test_features_are_found_by_their_names(
    tmp_path: Path, features: dict[str, Any], names: tuple[str, ...]
) -> None:
    path = write_records(tmp_path / "x.tfrecord", [features])
    data = fer_data.load(path)
    assert data.class_names == names
    assert data.splits == ("train",)
    ((_, (image,)),) = data.chunks()
    assert image.tolist() == np.full((3, 4), 7).tolist()
    assert data.sample_ids() == ["x.tfrecord:0"]


def test_where_several_features_can_be_it_they_are_named(tmp_path: Path) -> None:
    other = encoded(np.full((3, 4), 9, np.uint8))
    both = {"image": PNG, "png": other, "label": 0, "category": 1}
    path = write_records(tmp_path / "x.tfrecord", [both])
    with pytest.raises(FerError) as caught:
        fer_data.load(path)
    assert caught.value.fix == {"image_column": ("image", "png")}
    with pytest.raises(FerError) as caught:
        fer_data.load(path, image_column="png")
    assert caught.value.fix == {"label_column": ("category", "label")}
    stores = []
    for column, value in (("png", 9), ("image", 7)):  # each has a store of its own
        data = fer_data.load(path, image_column=column, label_column="category")
        assert data.class_names == ("1",)
        stores.append(fer_data.open_store(data))
        assert int(np.asarray(stores[-1].pixels)[0, 0, 0, 0]) == value
    with pytest.raises(DataError, match="no feature 'nothing' that can be the label"):
        fer_data.load(path, image_column="png", label_column="nothing")


def test_where_no_feature_is_named_as_a_label_all_that_could_be_are(tmp_path: Path) -> None:
    path = write_records(tmp_path / "x.tfrecord", [{"image": PNG, "age": 7, "score": 0.5}])
    with pytest.raises(FerError) as caught:
        fer_data.load(path)
    assert caught.value.fix == {"label_column": ("age",)}
    assert fer_data.load(path, label_column="age").class_names == ("7",)
    with pytest.raises(UsageError):
        fer_data.load(path, label_column="age", group_column="score")


def test_a_folder_of_tensorflow_datasets_is_read(tmp_path: Path) -> None:
    for split, labels in (("train", [0, 2]), ("test", [-1])):
        write_records(
            tmp_path / f"pets-{split}.tfrecord-00000-of-00001",
            [{"image": PNG, "label": label, "file_name": f"{label}.png"} for label in labels],
        )
    (tmp_path / "label.labels.txt").write_text("cat\ndog\nant\n")
    (tmp_path / "dataset_info.json").write_text(json.dumps({"name": "pets"}))
    (tmp_path / "features.json").write_text("{}")
    data = fer_data.load(tmp_path)
    assert data.counts == {
        "train": {"ant": 1, "cat": 1, "dog": 0},
        "test": {"ant": 0, "cat": 0, "dog": 0},
    }
    assert data.num_unlabelled("test") == 1
    assert sources.names(data) == ["0.png", "2.png", "-1.png"]


def test_names_of_classes_in_the_form_of_tf_slim_are_read(tmp_path: Path) -> None:
    write_records(tmp_path / "flowers_train_00000-of-00001.tfrecord", [GOOD])
    (tmp_path / "labels.txt").write_text("0:daisy\n1:rose\n")
    assert fer_data.load(tmp_path).class_names == ("daisy", "rose")


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train-00000-of-00001.tfrecord", "val.tfrecords"], ["train", "validation"]),
        (["mnist-test.tfrecord-00000-of-00002"], ["test"]),
        (["train/00-192x192-798.tfrec", "test/00.tfrec"], ["train", "test"]),
        (["fer_train.tfrecord", "fer_public_test.tfrecord"], ["train", "public_test"]),
        (["00.tfrec", "01.tfrec"], [None, None]),
    ],
)
def test_splits_are_found_by_names(tmp_path: Path, names: list[str], splits: list[Any]) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "x.tfrecord.idx").touch()
    found, skipped = split_files(tmp_path)
    assert [split for split, _ in found] == splits
    assert skipped == []


def test_a_file_of_no_split_among_others_is_skipped(tmp_path: Path) -> None:
    write_records(tmp_path / "train.tfrecord", [GOOD])
    write_records(tmp_path / "extra.tfrecord", [GOOD])
    (tmp_path / "test.tfrecord").symlink_to("/dev/null")
    data = fer_data.load(tmp_path)
    assert data.splits == ("train",)
    assert {item.reason for item in data.skipped} == {
        "a TFRecord file of no known split",
        "not a regular file",
    }


def test_a_split_of_records_becomes_folders(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    convert((images, np.arange(40) % 2), tmp_path / "data", to="tfrecord")
    made = fer_data.split(tmp_path / "data")
    fer_data.write_split_folders(made, tmp_path / "out")
    assert fer_data.load(tmp_path / "out").counts == made.dataset.counts


# Broken, or made to do harm


def masked_crc(data: bytes) -> int:
    """Return the checksum of a record's length, CRC-32C as TensorFlow masks it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF


@pytest.mark.parametrize("length", [1 << 20, 1 << 44, (1 << 64) - 1])
def test_a_record_that_says_it_is_huge_takes_no_memory(tmp_path: Path, length: int) -> None:
    head = struct.pack("<Q", length)
    path = write_records(tmp_path / "x.tfrecord", [GOOD])
    path.write_bytes(path.read_bytes() + head + struct.pack("<I", masked_crc(head)) + b"abc")
    with pytest.raises(DataError, match=r"x\.tfrecord: broken .*record 1 is not whole"):
        fer_data.load(path)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "no record with a feature"),
        ([b"garbage"], "no tf.train.Example"),
        ([b""], "no record with a feature"),
        ([GOOD, b"garbage"], "broken TFRecord file"),
        ([GOOD, GOOD | {"image/class/label": [0, 1]}], "image/class/label"),
        ([GOOD, GOOD | {"image/class/label": "x"}], "image/class/label"),
        ([{"label": 0}], "no feature can be the image by its name"),
        ([{"image": PNG}], "no feature can be the label by its name"),
        ([{"image": PNG, "label": 0.5}], "no feature can be the label"),
        ([GOOD | {"text": "a"}, GOOD | {"text": "b"}], "has two names"),
        (
            [GOOD | {"text": "a"}, GOOD | {"image/class/label": 1, "text": "a"}],
            "two labels have one name",
        ),
    ],
)  # fmt: skip
def test_what_is_no_data_set_is_one_line(tmp_path: Path, records: list[Any], message: str) -> None:
    path = write_records(tmp_path / "x.tfrecord", records)
    with pytest.raises(DataError, match=message) as caught:
        fer_data.load(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("place", [0, 9, 30, -20, -1])
def test_a_changed_byte_is_noticed(tmp_path: Path, place: int) -> None:
    path = write_records(tmp_path / "x.tfrecord", [GOOD])
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="broken TFRecord file"):
        fer_data.load(path)


def test_labels_without_a_class_are_an_error_or_skipped(tmp_path: Path) -> None:
    labels = [0, 5, -2, 1]
    write_records(
        tmp_path / "train.tfrecord", [GOOD | {"image/class/label": label} for label in labels]
    )
    (tmp_path / "labels.txt").write_text("b\na\n")
    with pytest.raises(DataError, match=r"train\.tfrecord:1: label 5 of 2 classes, 0 to 1"):
        fer_data.load(tmp_path)
    data = fer_data.load(tmp_path, skip_bad=True)
    assert data.sample_ids() == ["train.tfrecord:0", "train.tfrecord:3"]
    assert [data.class_names[label] for label in data.labels] == ["b", "a"]
    (tmp_path / "labels.txt").write_text("b\n\na\n")
    with pytest.raises(DataError, match="line 2 is empty"):
        fer_data.load(tmp_path)


def test_a_record_without_an_image_is_bad_and_so_is_one_without_a_label(tmp_path: Path) -> None:
    records = [GOOD, {"image/class/label": 0}, {"image/encoded": PNG}]
    path = write_records(tmp_path / "x.tfrecord", records)
    with pytest.raises(DataError, match=r"1 of 3 train samples has no label \(x.tfrecord:2\)"):
        fer_data.open_store(path)
    with pytest.raises(DataError, match="record 1: no image"):
        fer_data.open_store(load_unlabelled_too(path))
    data = fer_data.open_store(path, skip_bad=True).dataset
    assert data.labels.tolist() == [0]
    assert [(item.name, item.reason) for item in data.skipped] == [
        ("x.tfrecord:2", "has no label"),
        ("x.tfrecord:1", "cannot be decoded"),
    ]


def test_records_without_a_usable_label_name_the_first_cause(tmp_path: Path) -> None:
    path = write_records(tmp_path / "train.tfrecord", [GOOD | {"image/class/label": 7}] * 3)
    (tmp_path / "labels.txt").write_text("b\na\n")
    for options in ({}, {"skip_bad": True}):
        with pytest.raises(DataError, match="tfrecord:0: label 7 of 2 classes, 0 to 1"):
            fer_data.load(path, **options)


def test_records_are_counted_by_their_lengths(tmp_path: Path) -> None:
    path = write_records(tmp_path / "x.tfrecord", [GOOD, b"", b"x" * 70])
    assert check_records(path) == 3
