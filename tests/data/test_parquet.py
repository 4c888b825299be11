"""Parquet as Hugging Face lays it out, and as others write it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import fer_data
from fer_data.errors import DataError
from fer_data.writers import convert
from tests.conftest import MakeFolder
from tests.helpers.format_files import IMAGES, LABEL, ODD_NAMES, content, encoded, files, parquet_of


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


def test_parquet_of_others_is_read_by_its_features(tmp_path: Path) -> None:
    path = parquet_of(
        tmp_path / "x.parquet",
        {"id": pa.array([7, 8, 9]), "scan": pa.array(IMAGES), "kind": pa.array([0, 1, -1])},
        {"scan": {"_type": "Image"}, "kind": LABEL},
    )
    contents = content(path)
    assert [(sample.class_name, sample.pixels[0]) for sample in contents] == [
        ("zebra", 1),
        ("ant", 2),
        (None, 3),
    ]
    assert fer_data.load(path, skip_bad=True).class_names == ("ant", "zebra")
    text = parquet_of(
        tmp_path / "y.parquet",
        {"image": pa.array(IMAGES), "label": pa.array(["b", None, "a"])},
        {},
    )
    assert [sample.class_name for sample in content(text)] == ["b", None, "a"]


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
    assert data.notes[0] == "image from 'other', label from 'coarse'"
    assert next(data.chunks())[1][0].shape == (4, 4)
    with pytest.raises(DataError) as caught:
        fer_data.load(tmp_path / "x.parquet", label_column="none")
    assert caught.value.fix == {"label_column": ("img", "fine", "coarse", "other")}
