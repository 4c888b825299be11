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
