"""Conversions that a format or a target refuses, and bad images on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data import FormatRequest, PixelFormat, load
from fer_data.data.origin import Origin
from fer_data.data.sources.chunk import Chunks
from fer_data.errors import DataError, UsageError
from fer_data.writers import convert, parquet_files
from tests.conftest import MakeFolder
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.format_files import content, files, target, write_npz

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
    read_chunks = load(target(tmp_path, to)).chunks()
    assert {image.shape for _, images in read_chunks for image in images} == shapes


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
        ("x.npz", "csv", "has the suffix of a npz file, not csv"),
        ("x", "npz", r"name it x\.npz"),
        ("x", "hdf5", "to is 'hdf5'; choose one of folder, csv"),
        ("x.tfrecord", None, r"\.tfrecord is no known format; name one \(to='folder' or 'csv"),
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
