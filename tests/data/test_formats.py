"""Folders, csv, npz, parquet and TFRecord files: what is written is read back as it was."""

from __future__ import annotations

import io
import json
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from PIL import Image

import fer_data
from fer_data import FormatRequest, PixelFormat, load
from fer_data.data import sources
from fer_data.data.decode import decode
from fer_data.data.labels import EMOTIONS, SPLITS
from fer_data.data.origin import Origin
from fer_data.data.sources.chunk import Chunks
from fer_data.errors import DataError, UsageError
from fer_data.util import parallel
from fer_data.writers import FORMATS, convert, parquet_files
from tests.conftest import MakeFolder
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.keys import fingerprint
from tests.helpers.records import write_records

ODD_NAMES = ("cat", "a b", "100%", "Ünï-😀", "[red]", "猫", "a\nb", "-x", "train", "C:")


@pytest.fixture(autouse=True)
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests a wait for all that others write to the disk."""
    monkeypatch.setattr(os, "sync", lambda: None)


class Sample(NamedTuple):
    split: str
    class_name: str | None
    name: str
    shape: tuple[int, ...]
    pixels: bytes


def layout_of(path: Path) -> str | None:
    """Return the layout by which a folder of any class folders is read, be it of one class."""
    return "class-folders" if sources.layout_of(path) == "folder" else None


def content(path: Path, *, test_apart: bool = True) -> list[Sample]:
    """Return every sample of a data set, in order."""
    dataset = fer_data.load(path, test_apart=test_apart, layout=layout_of(path))
    names = sources.names(dataset)
    found = []
    for chunk in dataset.source_chunks().chunks:
        for row, name, raw in chunk.raw_images():
            assert not isinstance(raw, DataError), raw
            label = dataset.labels[row]
            if not isinstance(raw, np.ndarray):
                with Image.open(raw if isinstance(raw, Path) else io.BytesIO(raw)) as image:
                    color = "rgb" if image.mode == "RGB" else "grey"
                    raw = decode(raw, PixelFormat(image.height, image.width, color), name).pixels
            pixels = raw[..., 0] if raw.shape[2:] == (1,) else raw
            split = dataset.splits[dataset.split_codes[row]]
            class_name = dataset.class_names[label] if label >= 0 else None
            found.append(Sample(split, class_name, names[row], pixels.shape, pixels.tobytes()))
    assert len(found) == len(dataset)
    return found


def by_split(samples: list[Sample]) -> list[Sample]:
    """Return samples split by split, the order of each kept, as parquet has them."""
    return sorted(samples, key=lambda sample: SPLITS.index(sample.split))


def files(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def write_npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def target(root: Path, to: str) -> Path:
    return root / (f"x.{to}" if to in ("csv", "npz") else to)


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
    found = {(one.split, one.class_name, one.pixels) for one in written}
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
    found = {(one.class_name, one.pixels) for one in content(target(tmp_path, to))}
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


def test_image_files_of_any_kind_keep_their_bytes_through_parquet(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for place, (name, kind) in enumerate(
        [("a.jpg", "JPEG"), ("sub/b.png", "PNG"), ("c.gif", "GIF"), ("d.webp", "WEBP")] * 2
    ):
        path = tmp_path / "data" / "train" / ODD_NAMES[place // 4] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        side = 5 + place
        path.write_bytes(encoded(random.integers(0, 256, (side, side + 1, 3), np.uint8), kind))
    (tmp_path / "data" / "train" / "empty").mkdir()
    done = convert(tmp_path / "data", tmp_path / "hub", to="parquet")
    assert done.counts == {"train": {"a b": 4, "cat": 4, "empty": 0}}
    convert(tmp_path / "hub", tmp_path / "back")
    assert files(tmp_path / "back") == files(tmp_path / "data")
    assert fer_data.load(tmp_path / "back").class_names == ("a b", "cat", "empty")


def test_parquet_has_the_layout_and_the_features_of_hugging_face(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    convert(make_folder({"train/b": 2, "train/a": 1, "val/b": 1}), tmp_path / "hub", to="parquet")
    assert sorted(files(tmp_path / "hub")) == [
        "data/train-00000-of-00001.parquet",
        "data/validation-00000-of-00001.parquet",
    ]
    table = pq.read_table(tmp_path / "hub" / "data" / "train-00000-of-00001.parquet")
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    assert table.schema.remove_metadata() == pa.schema({"image": image, "label": pa.int64()})
    assert json.loads(table.schema.metadata[b"huggingface"]) == {
        "info": {
            "features": {
                "image": {"_type": "Image"},
                "label": {"names": ["a", "b"], "_type": "ClassLabel"},
            }
        }
    }
    assert table["label"].to_pylist() == [0, 1, 1]
    assert table["image"][0].as_py()["path"] == "0000.png"


@pytest.mark.parametrize("name", ["x.parquet", "test.parquet", "test-00000-of-00001.parquet"])
def test_one_parquet_file_holds_one_split_and_knows_which(
    make_folder: MakeFolder, tmp_path: Path, name: str
) -> None:
    source = make_folder({"test/a": 2, "test/b": 1})
    convert(source, tmp_path / name)
    assert content(tmp_path / name) == content(source)
    both = make_folder({"train/a": 1, "test/a": 1, "train/zoo": 0}, name="both")
    with pytest.raises(DataError, match=r"has train, test, and y.parquet holds one split"):
        convert(both, tmp_path / "y.parquet")


def parquet_of(path: Path, columns: dict[str, pa.Array], features: dict[str, Any]) -> Path:
    table = pa.table(columns)
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(about), path)
    return path


IMAGES = [{"bytes": encoded(np.full((2, 2), value, np.uint8)), "path": None} for value in (1, 2, 3)]
LABEL = {"_type": "ClassLabel", "names": ["zebra", "ant"]}


def test_parquet_of_others_is_read_by_its_features(tmp_path: Path) -> None:
    path = parquet_of(
        tmp_path / "x.parquet",
        {"id": pa.array([7, 8, 9]), "scan": pa.array(IMAGES), "kind": pa.array([0, 1, -1])},
        {"scan": {"_type": "Image"}, "kind": LABEL},
    )
    found = content(path)
    assert [(sample.class_name, sample.pixels[0]) for sample in found] == [
        ("zebra", 1),
        ("ant", 2),
        (None, 3),
    ]
    assert fer_data.load(path).class_names == ("ant", "zebra")
    text = parquet_of(
        tmp_path / "y.parquet",
        {"image": pa.array(IMAGES), "label": pa.array(["b", None, "a"])},
        {},
    )
    assert [sample.class_name for sample in content(text)] == ["b", None, "a"]


# Refused


@pytest.mark.parametrize("to", ["npz", "csv"])
def test_the_first_image_that_does_not_fit_is_named_and_what_to_do(
    make_folder: MakeFolder, tmp_path: Path, to: str
) -> None:
    source = make_folder({"train/happy": 2, "train/sad": 1})
    Image.new("RGB", (20, 10)).save(source / "train" / "happy" / "0001.png")
    with pytest.raises(
        DataError, match=r"0001\.png: is 10x20 rgb, but .*48x48 grey \(form=\)"
    ) as caught:
        convert(source, target(tmp_path, to), to=to)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    done = convert(source, target(tmp_path, to), to=to, form=PixelFormat(48, 48, "grey"))
    changed = "1 resized (before: 20x10), 1 converted in colour (before: rgb)"
    assert done.changes == (f"3 images read as 48x48 grey: {changed}",)
    assert {sample.shape for sample in content(target(tmp_path, to))} == {(48, 48)}


FORMS = {
    "its own": (None, {(48, 48), (10, 20, 3)}),
    "size": (FormatRequest((8, 8)), {(8, 8), (8, 8, 3)}),
    "colour": (FormatRequest(color="rgb"), {(48, 48, 3), (10, 20, 3)}),
    "both": (FormatRequest((8, 9), "grey"), {(8, 9)}),
}


@pytest.mark.parametrize("to", ["folder", "parquet"])
@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_asked_for_is_each_images_own(
    make_folder: MakeFolder, tmp_path: Path, to: str, form: str
) -> None:
    source = make_folder({"train/happy": 2, "train/sad": 1})
    Image.new("RGB", (20, 10)).save(source / "train" / "happy" / "0001.png")
    asked, shapes = FORMS[form]
    convert(source, target(tmp_path, to), to=to, form=asked)
    found = load(target(tmp_path, to)).chunks()
    assert {image.shape for _, images in found for image in images} == shapes


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ({"train/cat": 1, "train/dog": 1}, "class 'cat' is none of FER2013's seven emotions"),
        (
            {"train/sad": 1, "train/happy": 1, "val/happy": 1},
            "a FER2013 csv has no validation split",
        ),
        (
            {"test/sad": 1, "private_test/fear": 1},
            "a FER2013 csv has no test split besides private",
        ),
    ],
)
def test_what_a_csv_cannot_hold_is_refused(
    make_folder: MakeFolder, tmp_path: Path, folders: dict[str, int], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        convert(make_folder(folders), tmp_path / "x.csv")
    with pytest.raises(DataError, match="holds 48x48 grey images only, not 8x8 grey"):
        convert(
            make_folder({"train/sad": 1, "train/surprise": 0}, name="ok"),
            tmp_path / "x.csv",
            form=PixelFormat(8, 8, "grey"),
        )
    assert not (tmp_path / "x.csv").exists()


def test_a_sample_without_a_label_is_refused_where_there_is_no_place_for_it(tmp_path: Path) -> None:
    source = write_npz(
        tmp_path / "x.npz",
        pixels=np.zeros((2, 48, 48), np.uint8),
        labels=[0, -1],
        class_names=np.array(["sad"]),
    )
    for to in ("folder", "csv"):
        with pytest.raises(DataError, match="row 1 has no label"):
            convert(source, target(tmp_path, to), to=to)


@pytest.mark.parametrize(
    ("dst", "to", "message"),
    [
        ("x.npz", "csv", "ends as a npz file does, not csv"),
        ("x", "npz", r"name it x\.npz"),
        ("x", "hdf5", "to is 'hdf5'; choose one of folder, csv"),
        ("x.tfrecord", None, r"\.tfrecord says no format; name one \(to='folder' or 'csv"),
    ],
)
def test_a_target_that_is_invalid_is_refused(
    make_folder: MakeFolder, tmp_path: Path, dst: str, to: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        convert(make_folder({"cat": 1, "zoo": 0}), tmp_path / dst, to=to)


def test_a_target_within_the_source_or_in_use_is_refused(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    source = make_folder({"train/cat": 2, "train/zoo": 0})
    for dst in (source, source / "train" / "x.npz"):
        with pytest.raises(DataError, match="lies in the source"):
            convert(source, dst)
    (tmp_path / "x.npz").write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        convert(source, tmp_path / "x.npz")
    assert (tmp_path / "x.npz").read_text() == "mine"


def test_a_source_within_the_target_is_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    convert(make_folder({"train/cat": 1, "train/zoo": 0}), hub / "data" / "mine.parquet")
    table = write_csv(tmp_path / "hub" / "fer.csv", [f"3,{FLAT},Training"])
    before = files(hub)
    for to in ("parquet", "folder"):
        for source in (table, hub / "data" / "mine.parquet"):
            with pytest.raises(DataError, match="holds the source; choose another place"):
                convert(source, hub, to=to)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="holds the source"):
        fer_data.convert_csv(table, hub)
    assert files(hub) == before


def test_the_root_of_the_file_system_is_refused(make_folder: MakeFolder) -> None:
    source = make_folder({"cat": 1, "zoo": 0})
    with pytest.raises(DataError, match=r"^/: the root cannot be"):
        convert(source, "/")
    with pytest.raises(DataError, match="no path can hold this"):
        convert(source, "a\0b")


def test_bad_images_stop_a_conversion_or_are_skipped_and_listed(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    source = make_folder({"train/happy": 3, "train/surprise": 0})
    (source / "train" / "happy" / "0001.png").write_bytes(b"no image")
    for to in ("folder", "npz", "parquet", "csv"):
        with pytest.raises(DataError, match=r"0001\.png: not an image .*\(skip_bad=True\)"):
            convert(source, target(tmp_path, to), to=to)
        assert not target(tmp_path, to).exists()
        done = convert(source, target(tmp_path, to), to=to, skip_bad=True)
        assert [reject.name for reject in done.rejects] == ["train/happy/0001.png"]
        assert done.num_written == len(content(target(tmp_path, to))) == 2
    listed = (tmp_path / "folder" / "rejects.csv").read_text()
    assert listed == "name,cause\ntrain/happy/0001.png,cannot be decoded\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "data", "folder", "parquet", "x.csv", "x.npz",
    ]  # fmt: skip


def test_a_source_is_read_no_more_often_for_many_shards_of_parquet(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "x.npz"
    convert(make_folder({"train/a": 5, "test/a": 3, "train/zoo": 0}), source)
    openings = []
    chunks = Origin.source_chunks

    def chunks_and_count(origin: Origin, rows: Any = None) -> Chunks:
        openings.append(origin)
        return chunks(origin, rows)

    monkeypatch.setattr(Origin, "source_chunks", chunks_and_count)
    numbers = []
    for shard_bytes in (1, 1 << 20):
        monkeypatch.setattr(parquet_files, "SHARD_BYTES", shard_bytes)
        convert(source, tmp_path / str(shard_bytes), to="parquet")
        numbers.append((len(files(tmp_path / str(shard_bytes))), len(openings)))
        openings.clear()
    (many, of_many), (few, of_few) = numbers
    assert (many, few) == (8, 2)
    assert of_many == of_few == 3  # a look at sizes, and once a split
    assert content(tmp_path / "1") == content(tmp_path / str(1 << 20))


def test_bad_images_are_skipped_of_whatever_shard(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_folder({"train/a": 7, "train/zoo": 0})
    for number in (0, 3, 4):
        (source / "train" / "a" / f"{number:04d}.png").write_bytes(b"no image")
    monkeypatch.setattr(parquet_files, "SHARD_BYTES", 5000)  # two images
    with pytest.raises(DataError, match=r"0000\.png"):
        convert(source, tmp_path / "hub", to="parquet")
    done = convert(source, tmp_path / "hub", to="parquet", skip_bad=True)
    assert len(done.rejects) == 3
    names = [sample.name for sample in content(tmp_path / "hub")]
    assert names == ["0001.png", "0002.png", "0005.png", "0006.png"]


def test_rejects_are_said_to_be_listed_only_where_they_are(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    source = make_folder({"cat": 2, "zoo": 0})
    (source / "cat" / "0001.png").write_text("no image")
    done = convert(source, tmp_path / "hub", to="parquet", skip_bad=True)
    assert done.rejects_text() == "1 skipped: cat/0001.png (cannot be decoded)"
    done = convert(source, tmp_path / "out", skip_bad=True)
    assert done.rejects_text() == f"1 skipped, see {tmp_path / 'out' / 'rejects.csv'}"


# Never trusted


TABLES = ["npz", "parquet", *(["tfrecord"] if find_spec("tensorflow") else [])]
KINDS = ["npz", "parquet", pytest.param("tfrecord", marks=pytest.mark.extra("tensorflow"))]
EVIL = ["..", ".", "", "/etc/x", "a/../../b", "../b", "a/b", "a\0b", ".hidden", "x" * 300]
PIXELS = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4)


def source_of(kind: str, root: Path, class_name: str, names: list[str]) -> Path:
    if kind == "npz":
        return write_npz(
            root / "x.npz",
            pixels=PIXELS,
            labels=[0, 0],
            class_names=np.array([class_name]),
            samples=np.array(names),
        )
    if kind == "tfrecord":
        records = [
            {"image/encoded": encoded(x), "image/filename": name}
            | {"image/class/label": 0, "image/class/text": class_name}
            for x, name in zip(PIXELS, names, strict=True)
        ]
        return write_records(root / "records.tfrecord", records)
    images = [{"bytes": encoded(x), "path": name} for x, name in zip(PIXELS, names, strict=True)]
    label = {"_type": "ClassLabel", "names": [class_name]}
    return parquet_of(
        root / "x.parquet",
        {"image": pa.array(images), "label": pa.array([0, 0])},
        {"image": {"_type": "Image"}, "label": label},
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EVIL)
def test_a_class_name_never_becomes_a_path_outside(tmp_path: Path, kind: str, name: str) -> None:
    inside = tmp_path / "a" / "b" / "c"
    inside.mkdir(parents=True)
    if kind == "tfrecord" and not name:
        pytest.skip("an empty text is no name")
    source = source_of(kind, inside, name, ["0.png", "1.png"])
    # NumPy's text cannot end in a zero, and holds one within
    with pytest.raises(DataError, match=r"class name .* cannot be a folder's; rename the class"):
        convert(source, inside / "out")
    assert [path.name for path in inside.iterdir()] == [source.name]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", [*filter(None, EVIL), "/tmp/x.png", "../../x.png", "a/../x.png", "x.png", "no"]
)
def test_a_file_name_that_leads_elsewhere_or_comes_twice_is_not_used(
    tmp_path: Path, kind: str, name: str
) -> None:
    inside = tmp_path / "a" / "b" / "c"
    inside.mkdir(parents=True)
    source = source_of(kind, inside, "cat", [name, "x.png"])
    done = convert(source, inside / "out")
    assert sorted(files(inside / "out")) == [
        "train/cat/train_00000.png",
        "train/cat/train_00001.png",
    ]
    assert done.changes == ("file names are made of split and row",)
    assert [sample.pixels for sample in content(inside / "out")] == list(map(bytes, PIXELS))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_is_another_s_folder_gets_another_name(tmp_path: Path) -> None:
    convert(source_of("npz", tmp_path, "cat", ["x.png", "x.png/y.png"]), tmp_path / "out")
    assert len(files(tmp_path / "out")) == 2


GOOD = {
    "pixels": PIXELS,
    "labels": np.array([0, 1]),
    "class_names": np.array(["a", "b"]),
    "splits": np.array(["train"]),
    "split_codes": np.array([0, 0]),
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": np.array([0, None])}, "labels|Object arrays"),
        ({"class_names": np.array(["a", None])}, "Object arrays|class_names"),
        ({"labels": np.array([0, 2])}, r"labels has 2 in row 1; expected -1 to 1"),
        ({"labels": np.array([0, -2])}, r"labels has -2 in row 1"),
        ({"labels": np.array([0.0, 1.0])}, "labels is float64"),
        ({"labels": np.zeros(9000, np.int64)}, r"int64 \[9000\]; expected integers \[2\]"),
        ({"split_codes": np.array([0, 1])}, "split_codes has 1 in row 1"),
        ({"splits": np.array(["fold1"])}, "split 'fold1' is none of train"),
        ({"class_names": np.array(["a", "a"])}, "a name twice"),
        ({"pixels": PIXELS.astype(np.float32)}, r"pixels is float32 \[2, 4, 4\]"),
        ({"pixels": PIXELS[..., None, None]}, "expected uint8"),
        ({"pixels": np.zeros((2, 4, 4, 4), np.uint8)}, "expected uint8"),
        ({"pixels": np.zeros((2, 5000, 1), np.uint8)}, "sides are 1 to 4096"),
        ({"pixels": PIXELS[:0], "labels": np.array([], int), "split_codes": np.array([], int)},
         "no image in it"),
    ],
)  # fmt: skip
def test_an_npz_that_is_not_what_it_should_be_is_one_line(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    assert len(content(write_npz(tmp_path / "good.npz", **GOOD))) == 2
    path = write_npz(tmp_path / "x.npz", **(GOOD | changed))
    with pytest.raises(DataError, match=message) as caught:
        fer_data.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["pixels", "labels", "class_names", "split_codes"])
def test_an_npz_that_lacks_an_array_says_which(tmp_path: Path, missing: str) -> None:
    arrays = {name: array for name, array in GOOD.items() if name != missing}
    with pytest.raises(DataError, match=f"no array {missing} in it"):
        fer_data.load(write_npz(tmp_path / "x.npz", **arrays))


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(TABLES), data=st.data())
def test_a_broken_file_is_one_line_or_as_good_as_whole(kind: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = source_of(kind, Path(folder), "cat", ["0.png", "1.png"])
        path = source
        whole = path.read_bytes()
        place = data.draw(st.integers(4, len(whole) - 1))
        if data.draw(st.booleans()):
            path.write_bytes(whole[:place])
        else:
            value = whole[place] ^ data.draw(st.integers(1, 255))
            path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        said = ""
        try:
            assert convert(source, Path(folder) / "out").num_written == 2
        except DataError as error:
            said = str(error)
        assert "\n" not in said
        assert bool(said) != (Path(folder) / "out").exists()


@pytest.mark.parametrize(
    ("images", "labels", "features", "message"),
    [
        (["a"], [0], {}, "no column of images"),
        ([{"path": "x.png"}], [0], {}, "no column of images"),
        (IMAGES[:1], [0], {}, "column label has no class names"),
        (IMAGES[:1], [2], {"label": LABEL}, r"row 0: label 2 of 2 classes; .*skip_bad=True"),
        (IMAGES[:1], [-2], {"label": LABEL}, r"row 0: label -2 of 2 classes"),
        (IMAGES[:1], [0.5], {}, "column label is double; expected int64 or text"),
        ([{"bytes": None, "path": "/etc/passwd"}, *IMAGES], [0] * 4, {"label": LABEL},
         r"row 0 of group 0: no bytes of an image \(a path alone is not followed\)"),
    ],
)  # fmt: skip
def test_parquet_that_is_not_what_it_should_be_is_one_line(
    tmp_path: Path, images: Any, labels: Any, features: dict[str, Any], message: str
) -> None:
    columns = {"image": pa.array(images), "label": pa.array(labels)}
    path = parquet_of(tmp_path / "x.parquet", columns, features)
    with pytest.raises(DataError, match=message):
        convert(path, tmp_path / "out")


def test_bad_rows_of_parquet_are_skipped_where_asked(tmp_path: Path) -> None:
    columns = {"image": pa.array(IMAGES), "label": pa.array([0, 5, 1])}
    path = parquet_of(tmp_path / "x.parquet", columns, {"label": LABEL})
    done = convert(path, tmp_path / "out", skip_bad=True)
    assert [(reject.name, reject.reason) for reject in done.rejects] == [("row 1", "bad label")]
    assert [sample.pixels[0] for sample in content(tmp_path / "out")] == [3, 1]


def test_files_and_links_that_are_no_part_of_a_parquet_data_set_are_skipped(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    convert(make_folder({"cat": 1, "zoo": 0}), tmp_path / "hub", to="parquet")
    shard = tmp_path / "hub" / "data" / "train-00000-of-00001.parquet"
    shard.with_name("extra-00000-of-00001.parquet").write_bytes(shard.read_bytes())
    (tmp_path / "outside.parquet").write_bytes(shard.read_bytes())
    shard.with_name("test-00000-of-00001.parquet").symlink_to(tmp_path / "outside.parquet")
    dataset = fer_data.load(tmp_path / "hub")
    assert dataset.splits == ("train",)
    assert [item.reason for item in dataset.skipped] == [
        "a parquet file of no known split",
        "a symbolic link that leads out of the data set",
    ]


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


def test_columns_of_parquet_are_named_where_several_may_be_it(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, "png")
    image = {"bytes": buffer.getvalue(), "path": None}
    table = pa.table({"img": [image] * 2, "fine": [0, 1], "coarse": [1, 1], "other": [image] * 2})
    names = {"_type": "ClassLabel", "names": ["cat", "dog"]}
    features = {"img": {"_type": "Image"}, "fine": names, "coarse": names}
    about = json.dumps({"info": {"features": features}})
    pq.write_table(
        table.replace_schema_metadata({b"huggingface": about.encode()}), tmp_path / "x.parquet"
    )
    with pytest.raises(DataError) as caught:
        fer_data.load(tmp_path / "x.parquet")
    assert caught.value.fix == {"label_column": ("fine", "coarse")}
    data = fer_data.load(tmp_path / "x.parquet", label_column="coarse", image_column="other")
    assert data.counts == {"train": {"cat": 0, "dog": 2}}
    assert data.notes == ("image from 'other', label from 'coarse'",)
    assert next(data.chunks())[1][0].shape == (4, 4)
    with pytest.raises(DataError) as caught:
        fer_data.load(tmp_path / "x.parquet", label_column="none")
    assert caught.value.fix == {"label_column": ("img", "fine", "coarse", "other")}
