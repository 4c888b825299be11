"""Names and arrays of npz, parquet and TFRecord files that are not trusted."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fer_data
from fer_data.errors import DataError
from fer_data.writers import convert
from tests.helpers.format_files import (
    GOOD,
    IMAGES,
    KINDS,
    LABEL,
    PIXELS,
    content,
    files,
    parquet_of,
    source_of,
    write_npz,
)

# Never trusted


TABLES = ["npz", "parquet", *(["tfrecord"] if find_spec("tensorflow") else [])]


EVIL = ["..", ".", "", "/etc/x", "a/../../b", "../b", "a/b", "a\0b", ".hidden", "x" * 300]


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
            # cut between two records, a TFRecord file is whole
            assume(kind != "tfrecord" or place != 16 + int.from_bytes(whole[:8], "little"))
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
