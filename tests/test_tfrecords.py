"""TFRecord files: both ways, and balanced batches from a stream of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.adapters.tfrecord_stream import tfrecord_dataset
from fer_data.data import sources
from fer_data.data.sources.tfrecord import read_index
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.sampling.schedule import Schedule
from fer_data.sampling.shard import Shard
from fer_data.sampling.strategy import Strategy
from fer_data.writers import convert
from fer_data.writers.tfrecords import write_tfrecords
from tests.conftest import MakeFolder
from tests.registered import every_balance

COUNTS = {"train/a b": 11, "train/b%": 5, "train/c": 2, "test/c": 3}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    root = tmp_path_factory.mktemp("records")
    random = np.random.default_rng(0)
    for folder, number in COUNTS.items():
        (root / "data" / folder).mkdir(parents=True)
        for place in range(number):
            picture = Image.fromarray(random.integers(0, 256, (12, 12), np.uint8))
            picture.save(root / "data" / folder / f"{place}.png")
    write_tfrecords(
        root / "data", root / "out", records_per_file=4, image_size=12, cache=root / "cache"
    )
    return root / "out"


def drawn(records: Path, epochs: int, **options: Any) -> list[list[tuple[bytes, int]]]:
    """Return the batches of some epochs, as pictures and labels."""
    dataset = tfrecord_dataset(records, labels="int", batch_size=4, **options)
    return [
        list(zip((image.tobytes() for image in x.numpy()), y.numpy().tolist(), strict=True))
        for _ in range(epochs)
        for x, y, *_ in dataset
    ]


def test_there_and_back_is_the_same_data(records: Path, tmp_path: Path) -> None:
    convert(records, tmp_path / "back")
    before, after = (
        open_store(path, cache=tmp_path / "cache", form=read_index(records).form)
        for path in (records.parent / "data", tmp_path / "back")
    )
    assert after.dataset.class_names == before.dataset.class_names
    for split in ("train", "test"):
        kept = [
            sorted(zip(s.dataset.labels[rows].tolist(), map(bytes, s.pixels[rows]), strict=True))
            for s in (before, after)
            if len(rows := s.dataset.indices(split))
        ]
        assert kept[0] == kept[1]


def test_files_hold_one_class_each_and_the_index_counts_them(records: Path) -> None:
    index = read_index(records)
    assert index.counts("train").tolist() == [11, 5, 2]
    assert index.counts("test").tolist() == [0, 0, 3]
    names = sorted(str(file.path.relative_to(records)) for file in index.files)
    assert names[1] == "train/a b-00000.tfrecord"
    assert {file.num_records for file in index.files} <= {1, 2, 3, 4}


@pytest.mark.parametrize("balance", every_balance(class_names=("b%", "c")))
def test_a_stream_has_exact_counts_and_full_cover(records: Path, balance: str) -> None:
    schedule = Schedule(
        Strategy.parse(balance), np.array([11, 5, 2]), class_names=["a b", "b%", "c"]
    )
    seen = [x for batch in drawn(records, 3, balance=balance, augment="none") for x in batch]
    labels = [label for _, label in seen]
    assert np.bincount(labels, minlength=3).tolist() == schedule.before(3).tolist()
    pictures = {}
    for picture, label in seen:
        pictures.setdefault((label, picture), []).append(1)
    for label, count in enumerate([11, 5, 2]):
        uses = [len(often) for (of, _), often in pictures.items() if of == label]
        uses += [0] * (count - len(uses))
        assert len(uses) == count
        assert max(uses) - min(uses) <= 1


def test_a_stream_is_the_same_each_time_and_epochs_and_seeds_differ(records: Path) -> None:
    options: dict[str, Any] = {"balance": "batch", "augment": "strong", "shuffle_buffer": 3}
    first = drawn(records, 3, **options)
    assert drawn(records, 3, **options) == first
    assert drawn(records, 2, epoch=1, **options) == first[len(first) // 3 :]
    assert drawn(records, 3, seed=1, **options) != first
    assert len({picture for batch in first for picture, _ in batch}) == sum(map(len, first))


@pytest.mark.parametrize("global_seed", [0, 7])
def test_a_stream_does_not_depend_on_the_global_seed(records: Path, global_seed: int) -> None:
    import tensorflow as tf
    from tensorflow.python.eager import context

    before = context.global_seed()
    first = drawn(records, 2, balance="batch", shuffle_buffer=3)
    try:
        tf.random.set_seed(global_seed)
        assert drawn(records, 2, balance="batch", shuffle_buffer=3) == first
    finally:
        context.set_global_seed(before)


def test_shards_of_a_stream_are_parts_of_every_batch(records: Path) -> None:
    options: dict[str, Any] = {"balance": "batch", "epoch_size": 16}
    whole = drawn(records, 2, **options)
    parts = [drawn(records, 2, shard=Shard(i, 2), **options) for i in range(2)]
    assert [one + other for one, other in zip(*parts, strict=True)] == whole


def test_a_shard_that_a_last_batch_would_leave_empty_is_refused(records: Path) -> None:
    with pytest.raises(UsageError, match="2 shards of a batch of 1, the smallest of an epoch"):
        tfrecord_dataset(records, batch_size=4, epoch_size=9, shard=Shard(0, 2))


def test_an_evaluation_split_comes_in_order_as_it_is(records: Path) -> None:
    store = open_store(records.parent / "data", form=read_index(records).form)
    expected = [bytes(store.pixels[row]) for row in store.dataset.indices("test")]
    seen = [x for batch in drawn(records, 1, split="test", augment="strong") for x in batch]
    assert [np.frombuffer(p, np.float32).astype(np.uint8).tobytes() for p, _ in seen] == expected
    with pytest.raises(UsageError, match="only train is ever balanced"):
        tfrecord_dataset(records, split="test", balance="oversample")


def test_weights_and_soft_labels_are_given_as_a_loader_gives_them(records: Path) -> None:
    dataset = tfrecord_dataset(records, balance="class-weights", rescale=0.5)
    images, targets, weights = next(iter(dataset))
    assert images.shape == (18, 12, 12, 1)
    assert images.numpy().max() <= 127.5
    assert np.allclose(weights.numpy(), targets.numpy() @ [18 / 33, 18 / 15, 18 / 6])


def test_what_is_broken_or_not_there_is_said(
    records: Path, make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/a": 5, "train/zoo": 0})
    with pytest.raises(DataError, match="no TFRecord files with their index"):
        read_index(data)
    with pytest.raises(DataError, match="holds something already"):
        write_tfrecords(data, data)
    with pytest.raises(DataError, match="there is no validation split here, only test, train"):
        tfrecord_dataset(records, split="validation")
    write_tfrecords(data, tmp_path / "broken")
    file = tmp_path / "broken" / "train" / "a-00000.tfrecord"
    content = file.read_bytes()
    file.write_bytes(content[:-40])
    with pytest.raises(DataError, match=r"a-00000.tfrecord: broken .after record 4"):
        convert(tmp_path / "broken", tmp_path / "back")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"labels": "soft"}, "labels is 'soft'"),
        ({"balance": "smote"}, "balance is 'smote'"),
        ({"augment": "wild"}, "augment is 'wild'"),
        ({"shuffle_buffer": 0}, "shuffle_buffer is 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    records: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        tfrecord_dataset(records, **options)


def test_a_class_of_a_long_name_and_one_called_as_its_number_both_stay(tmp_path: Path) -> None:
    pixels = np.arange(2 * 16, dtype=np.uint8).reshape(2, 4, 4)
    for name in ("class-1", "class=1"):  # the long name's label is 1
        source = tmp_path / f"{name}.npz"
        np.savez(source, pixels=pixels, labels=[0, 1], class_names=np.array([name, "x" * 201]))
        write_tfrecords(source, tmp_path / name, image_size=4)
        form = read_index(tmp_path / name).form
        assert bytes(open_store(tmp_path / name, form=form).pixels) == bytes(pixels)


def test_a_class_or_file_name_that_is_no_utf_8_is_refused_or_escaped(tmp_path: Path) -> None:
    about = {"pixels": np.zeros((1, 4, 4), np.uint8), "labels": [0]}
    np.savez(tmp_path / "class.npz", class_names=np.array(["\ud800"]), **about)
    for write in (write_tfrecords, partial(convert, to="tfrecord")):
        with pytest.raises(DataError, match=r"class name '\\ud800' is no UTF-8.*; rename it"):
            write(tmp_path / "class.npz", tmp_path / "out")
    names = {"class_names": np.array(["\udcff"]), "samples": np.array(["\ud800.png"])}
    np.savez(tmp_path / "file.npz", **names, **about)
    convert(tmp_path / "file.npz", tmp_path / "out", to="tfrecord")
    dataset = fer_data.load(tmp_path / "out")
    assert dataset.class_names == ("\udcff",)
    assert sources.names(dataset) == ["\\ud800.png"]
