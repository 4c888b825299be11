"""Folders, csv, npz, parquet and TFRecord files: what is written is read back as it was."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import fer_data
from fer_data import PixelFormat
from fer_data.data.decode import decode
from fer_data.data.split_names import SPLITS
from fer_data.fer2013.emotions import EMOTIONS
from fer_data.util import parallel
from fer_data.writers import FORMATS, convert
from tests.conftest import MakeFolder
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.format_files import (
    KINDS,
    ODD_NAMES,
    PIXELS,
    Sample,
    content,
    files,
    layout_of,
    source_of,
    target,
    write_npz,
)
from tests.helpers.keys import fingerprint


def by_split(samples: list[Sample]) -> list[Sample]:
    """Return samples split by split, the order of each kept, as parquet has them."""
    return sorted(samples, key=lambda sample: SPLITS.index(sample.split))


# There and back


class_names = st.lists(
    st.sampled_from(ODD_NAMES) | st.text("aé😀 .%", min_size=1, max_size=5), min_size=1, max_size=3
).map(lambda names: sorted({name for name in names if name[0] != "."} or {"cat"}))


@st.composite
def tables(draw: st.DrawFn, *, unlabelled: bool = False) -> dict[str, Any]:
    """Return the arrays of an npz: classes, splits, one size and colour, in any order."""
    names = draw(class_names)
    splits = draw(st.lists(st.sampled_from(SPLITS), min_size=1, max_size=3, unique=True))
    number = draw(st.integers(1, 8))
    side = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    channels = draw(st.sampled_from([(), (1,), (3,)]))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    return {
        "pixels": random.integers(0, 256, (number, *side, *channels), np.uint8),
        "labels": random.integers(-1 if unlabelled else 0, len(names), number),
        "class_names": np.array(names),
        "splits": np.array(splits),
        "split_codes": random.integers(0, len(splits), number),
        "samples": np.array([f"{random.integers(9)}/{row}.png" for row in range(number)]),
    }


ANY_CLASSES = [
    to for to in FORMATS if to != "csv" and (to != "tfrecord" or find_spec("tensorflow"))
]
"""Formats that are not FER2013's alone."""


IN_SHARDS = [to for to in ANY_CLASSES if to not in ("folder", "npz")]


@settings(max_examples=16, deadline=None)
@given(table=tables(), formats=st.lists(st.sampled_from(ANY_CLASSES), max_size=4))
def test_samples_are_the_same_through_any_formats(
    table: dict[str, Any], formats: list[str]
) -> None:
    if "tfrecord" in formats:
        assume(not any("\n" in name for name in table["class_names"]))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        # Through a folder once, as samples get its order there
        path = root / "first"
        convert(write_npz(root / "source.npz", **table), path)
        expected = content(path)
        assert sorted(expected) == sorted(content(root / "source.npz"))
        for number, to in enumerate(formats):
            (root / str(number)).mkdir()
            before, path = path, target(root / str(number), to)
            done = convert(before, path, to=to, layout=layout_of(before))
            assert done.num_written == len(expected)
            if to != "npz":
                expected = by_split(expected) if to in IN_SHARDS else content(root / "first")
            assert content(path) == expected
            assert (done.rejects, done.changes, done.unlabelled) == ((), (), {})


@settings(max_examples=12, deadline=None)
@given(
    table=tables(unlabelled=True), to=st.sampled_from(sorted({*ANY_CLASSES} - {"folder", "npz"}))
)
def test_rows_without_a_label_and_any_order_stay(table: dict[str, Any], to: Any) -> None:
    assume(to != "tfrecord" or not any("\n" in name for name in table["class_names"]))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        table["labels"][0] = 0  # with no label at all it is refused
        source = write_npz(root / "source.npz", **table)
        convert(source, root / "hub", to=to)
        done = convert(root / "hub", root / "back.npz")
        assert content(root / "back.npz") == by_split(content(source))
        assert sum(done.unlabelled.values()) == (table["labels"] < 0).sum()


@settings(max_examples=8, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(EMOTIONS), st.sampled_from(["train", "test"])),
        min_size=1,
        max_size=5,
    ),
    seed=st.integers(0, 99),
    to=st.sampled_from(["npz", "parquet", "folder"]),
    ending=st.sampled_from(["csv", "csv.gz"]),
)
@example(rows=[("sad", "test"), ("sad", "train")], seed=0, to="folder", ending="csv.gz")
def test_pixels_labels_and_splits_are_the_same_through_a_csv(
    rows: list[tuple[str, str]], seed: int, to: str, ending: str
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (len(rows), 48, 48), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        source = write_npz(
            root / "source.npz",
            pixels=pixels,
            labels=[EMOTIONS.index(emotion) for emotion, _ in rows],
            class_names=np.array(EMOTIONS),
            splits=np.array(["train", "test"]),
            split_codes=[["train", "test"].index(split) for _, split in rows],
        )
        table = root / f"fer.{ending}"
        convert(source, table)
        assert content(table, test_apart=False) == content(source)
        convert(table, target(root, to), to=to)
        assert sorted(content(target(root, to))) == sorted(content(source))
        if to == "npz":
            assert content(root / "x.npz") == content(source)


EVERY = [
    pytest.param(to, marks=pytest.mark.extra("tensorflow")) if to == "tfrecord" else to
    for to in FORMATS
]


@pytest.mark.parametrize("to", EVERY)
def test_a_selection_is_written_as_it_is(make_folder: MakeFolder, tmp_path: Path, to: Any) -> None:
    data = fer_data.load(make_folder({"train/sad": 4, "train/happy": 4, "test/sad": 3}))
    names = ("train/happy/0001", "train/happy/0002", "train/sad/0001", "test/sad/0002")
    some = data.select([f"{name}.png" for name in names]).relabel({"train/happy/0001.png": "sad"})
    done = convert(some, target(tmp_path, to), to=to)
    assert done.counts == {"train": {"happy": 1, "sad": 2}, "test": {"happy": 0, "sad": 1}}
    written = content(target(tmp_path, to), test_apart=False)
    found = {(record.split, record.class_name, record.pixels) for record in written}
    assert found == {
        (some.splits[code], some.class_names[label], image.tobytes())
        for indices, images in some.chunks()
        for image, code, label in zip(
            images, some.split_codes[indices], some.labels[indices], strict=True
        )
    }


@pytest.mark.parametrize("to", EVERY)
def test_arrays_in_memory_are_written(tmp_path: Path, to: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48), np.uint8)
    labels = ["sad", "happy", "sad", "fear", "sad"]
    convert({"train": (images[:3], labels[:3]), "test": (images[3:], labels[3:])},
            target(tmp_path, to), to=to)  # fmt: skip
    found = {(record.class_name, record.pixels) for record in content(target(tmp_path, to))}
    assert found == set(zip(labels, map(bytes, images), strict=True))


@pytest.mark.parametrize("to", EVERY)
def test_the_same_data_gives_the_same_bytes(
    make_folder: MakeFolder, tmp_path: Path, to: Any
) -> None:
    source = make_folder({"train/sad": 3, "test/happy": 2, "train/happy": 1})
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        convert(source, target(tmp_path / name, to), to=to)
    assert files(tmp_path / "first") == files(tmp_path / "second")


def test_the_csv_s_test_splits_stay_apart_where_asked(tmp_path: Path) -> None:
    rows = [f"{code},{FLAT},{usage}" for code in (0, 6) for usage in ("PublicTest", "PrivateTest")]
    write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training", *rows])
    convert(tmp_path / "fer.csv", tmp_path / "x.npz", test_apart=True)
    convert(tmp_path / "x.npz", tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_bytes() == (tmp_path / "fer.csv").read_bytes()


# Stores: every command takes these data sets


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_of_any_layout_has_its_images(tmp_path: Path, kind: str) -> None:
    source = source_of(kind, tmp_path, "cat", ["0.png", "1.png"])
    store = fer_data.open_store(source, form=PixelFormat(4, 4, "grey"))
    np.testing.assert_array_equal(store.pixels[..., 0], PIXELS)
    before = fingerprint(source)
    source.touch()
    assert fingerprint(source) != before


@pytest.mark.parametrize("kind", ["npz", "parquet", "csv"])
def test_chunks_of_some_samples_are_those_samples(
    make_folder: MakeFolder, tmp_path: Path, kind: str
) -> None:
    source = target(tmp_path, kind)
    convert(make_folder({"train/sad": 5, "test/sad": 4, "train/surprise": 0}), source, to=kind)  # type: ignore[arg-type]
    dataset = fer_data.load(source)
    rows = np.array([1, 4, 7])
    whole, some = (
        [decode(raw, PixelFormat(48, 48, "grey"), name).pixels  # type: ignore[arg-type]
         for chunk in part.source_chunks().chunks for _, name, raw in chunk.raw_images()]
        for part in (dataset, dataset.take(rows))
    )  # fmt: skip
    np.testing.assert_array_equal(np.stack(some), np.stack(whole)[rows])
    assert [row for chunk in dataset.take(rows).source_chunks().chunks
            for row, _, _ in chunk.raw_images()] == [0, 1, 2]  # fmt: skip


@pytest.mark.parametrize("to", ["folder", "parquet", "npz"])
def test_workers_write_the_same_bytes(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    source = make_folder({"train/a": 260, "test/a": 30, "train/zoo": 0}, side=6)
    for few in (0, 10**9):
        monkeypatch.setattr(parallel, "_FEW", few)
        (tmp_path / str(few)).mkdir()
        convert(source, target(tmp_path / str(few), to), to=to)
    assert files(tmp_path / "0") == files(tmp_path / str(10**9))
