"""Files that are named by their first bytes: archives, pointers, pages."""

from __future__ import annotations

import gzip
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

import fer_data
from fer_data.errors import DataError
from tests.conftest import MakeFolder, Run
from tests.helpers.layout_folders import CLASSES

# First bytes

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ef' * 32}\nsize 301\n"


def tarred(path: Path, mode: str, kind: int = tarfile.GNU_FORMAT) -> None:
    (path.parent / "in.csv").write_text("emotion,pixels\n")
    with tarfile.open(path, mode, format=kind) as archive:  # type: ignore[call-overload]
        archive.add(path.parent / "in.csv", "fer2013/fer2013.csv")


STRANGERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "tar": ("tar", lambda path: tarred(path, "w")),
    "ustar": ("tar", lambda path: tarred(path, "w", tarfile.USTAR_FORMAT)),
    "tar.gz": ("tar", lambda path: tarred(path, "w:gz")),
    "gzip of a pointer": ("LFS", lambda path: path.write_bytes(gzip.compress(POINTER.encode()))),
    "gzip of gzip": ("gzip", lambda path: path.write_bytes(gzip.compress(gzip.compress(b"x")))),
    "pointer": ("git lfs pull", lambda path: path.write_text(POINTER)),
    "page": ("HTML", lambda path: path.write_text("\n<!DOCTYPE html>\n<html>Sign in</html>")),
    "page in capitals": ("HTML", lambda path: path.write_text("<HTML><BODY>404")),
    "HDF5": ("HDF5", lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))),
    "RAR": ("RAR", lambda path: path.write_bytes(b"Rar!\x1a\x07\x01\0" + bytes(99))),
    "7z": ("7z", lambda path: path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(99))),
    "xz": ("xz", lambda path: path.write_bytes(b"\xfd7zXZ\0" + bytes(99))),
    "PDF": ("PDF", lambda path: path.write_bytes(b"%PDF-1.7\n" + bytes(99))),
    "pickle": ("pickle", lambda path: path.write_bytes(pickle.dumps({"x": [1]}, protocol=4))),
    "npy": ("NumPy", lambda path: path.write_bytes(b"\x93NUMPY\1\0" + bytes(99))),
    "link as text": ("link", lambda path: path.write_text("/cache/datasets/fer2013.csv")),
}


@pytest.mark.parametrize("ending", ["csv", "npz", "parquet", "data"])
@pytest.mark.parametrize("kind", STRANGERS)
def test_a_file_is_named_as_what_its_first_bytes_say(
    run: Run, tmp_path: Path, kind: str, ending: str
) -> None:
    path = tmp_path / f"fer2013.{ending}"
    word, make = STRANGERS[kind]
    make(path)
    for command in (["stats", path], ["audit", path], ["convert", path, tmp_path / "out"]):
        ended = run(*command)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert word in ended.err
        assert "--skip-bad" not in ended.err
    assert not (tmp_path / "out").exists()


# Names that promise something else

TEXT = b"Access denied: no such file\n"
TABLE = b"file,label\n0.png,cat\n1.png,dog\n"
OTHERS: dict[str, dict[str, bytes]] = {
    "a zip archive": {"x.zip": TEXT, "y.zip": TABLE, "z.zip": b"PK"},
    "parquet": {"x.parquet": TEXT, "y.parquet": b"{}", "x.pq": TABLE},
    "a .npz of NumPy's": {"x.npz": TEXT, "y.npz": TABLE},
    "JSON": {"x.json": TEXT, "y.json": TABLE, "x.jsonl": TEXT, "x.json.gz": gzip.compress(TABLE)},
    "a csv": {"x.csv": b'{"error": "not found"}\n', "x.csv.gz": gzip.compress(b'[{"a": 1}]')},
}
STRANGE = {"page": b"<!DOCTYPE html><html>", "empty file": b"", "binary": bytes(range(40)) * 20}


@pytest.mark.parametrize(
    ("expected", "name", "content"),
    [
        (expected, name, content)
        for expected, files in OTHERS.items()
        for name, content in files.items()
    ],
)
def test_a_file_that_is_not_what_its_name_promises_is_refused(
    tmp_path: Path, expected: str, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=r"text that begins|binary") as refused:
        fer_data.load(tmp_path / name)
    assert str(refused.value).startswith(f"{tmp_path / name}: expected {expected}")


TABLES = ["x.csv", "x.tsv", "x.txt", "x.json", "x.jsonl", "x.parquet"]


@pytest.mark.parametrize(
    ("name", "as_labels"),
    [*((name, True) for name in TABLES), *((name, False) for name in [*TABLES, "x.zip", "x.npz"])],
)
@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_data_is_named_under_every_name(
    make_folder: MakeFolder, name: str, kind: str, as_labels: bool
) -> None:
    images = make_folder({"images": 2})
    (images / name).write_bytes(STRANGE[kind])
    with pytest.raises(DataError, match=kind) as refused:
        fer_data.load(images, labels=images / name) if as_labels else fer_data.load(images / name)
    assert str(refused.value).startswith(f"{images / name}: expected ")


def test_a_table_is_unpacked_where_it_is_gzipped_whatever_its_name(make_folder: MakeFolder) -> None:
    images = make_folder({".": 4})
    rows = "".join(f"{number:04d}.png,{'cat' if number % 2 else 'dog'}\n" for number in range(4))
    for name, content in {
        "x.csv": gzip.compress(f"file,label\n{rows}".encode()),
        "x.csv.gz": f"file,label\n{rows}".encode(),
    }.items():
        (images / name).write_bytes(content)
        assert fer_data.load(images / name).counts == {"train": {"cat": 2, "dog": 2}}
        (images / name).unlink()


def test_images_that_are_pointers_are_named(run: Run, make_folder: MakeFolder) -> None:
    root = make_folder(CLASSES)
    for path in root.glob("*/*.png"):
        path.write_text(POINTER)
    for command in ("stats", "audit", "plan"):
        ended = run(command, root)
        assert ended.code == 2
        assert "git lfs pull" in ended.err
        assert "--skip-bad" not in ended.err


def test_one_pointer_among_images_is_named(make_folder: MakeFolder) -> None:
    root = make_folder(CLASSES)
    (root / "cat" / "0001.png").write_text(POINTER)
    with pytest.raises(DataError, match="git lfs pull"):
        fer_data.open_store(root)
