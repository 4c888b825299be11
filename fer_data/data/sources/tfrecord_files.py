"""The TFRecord files of a data set, the splits that their names tell, and if they are whole."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

from fer_data.data.first_bytes import BINARY, HEAD_BYTES, kind_of
from fer_data.data.skipped import Skipped
from fer_data.data.sources import source
from fer_data.data.split_names import split_of_folder, splits_in
from fer_data.errors import DataError

_FILE = re.compile(r"(?P<stem>.*?)(-\d+-of-\d+)?\.(tfrecords?|tfrec)(-\d+-of-\d+)?", re.IGNORECASE)

_HEAD, _AROUND = 8, 16
"""Bytes of a record's length; and of that, its checksum and the data's."""


def is_record_file(path: Path) -> bool:
    """Whether a file's name is a TFRecord file's."""
    return _FILE.fullmatch(path.name) is not None and not path.name.startswith(".")


def listed(path: Path) -> list[Path]:
    """Return the TFRecord files of a folder, and of the folders in it that are named as splits."""
    files = []
    with source.reading(path), os.scandir(path) as entries:
        for entry in entries:
            if is_record_file(Path(entry.name)):
                files.append(Path(entry.path))
            elif split_of_folder(entry.name) and entry.is_dir():
                files += [file for file in Path(entry.path).iterdir() if is_record_file(file)]
    return sorted(files)


def split_files(path: Path) -> tuple[list[tuple[str | None, Path]], list[Skipped]]:
    """Return the files by split and name, each with its split, and what is none of them.

    Splits are None where no name tells any.
    """
    if path.is_file():
        return [(_split_of(path), path)], []
    files, skipped = source.inside(
        path, "TFRecord", ((_split_in(path, file), file) for file in listed(path))
    )
    if not files:
        raise DataError(f"{path}: no regular TFRecord file in it")
    return files, skipped


def _split_in(root: Path, file: Path) -> str | None:
    """Return the split that a file's name tells, or that of the folder in the data set."""
    return _split_of(file) or (split_of_folder(file.parent.name) if file.parent != root else None)


def check_records(path: Path) -> int:
    """Return the number of records of a file.

    TensorFlow takes memory for as many bytes as a record says that it has, and the process ends
    where there are none so many. So their lengths are looked at first, which reads 8 bytes each.

    Raises
    ------
    DataError
        If a record is longer than what is left of the file.
    """
    number = place = 0
    with source.reading(path), open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        while place < size:
            file.seek(place)
            head = file.read(_HEAD)
            length = struct.unpack("<Q", head)[0] if len(head) == _HEAD else size
            if length + _AROUND > size - place:
                file.seek(0)
                kind = kind_of(file.read(HEAD_BYTES))
                if not number and kind not in (None, BINARY):
                    raise DataError(f"{path}: expected a TFRecord file, got {kind}")
                raise broken(path, f"record {number} is not whole")
            place += length + _AROUND
            number += 1
    return number


def broken(path: Path, cause: str) -> DataError:
    """Return the error that a file is no TFRecord file, or one no longer."""
    return DataError(f"{path}: broken TFRecord file ({cause}); write or fetch it again")


def _split_of(file: Path) -> str | None:
    match = _FILE.fullmatch(file.name)
    stem = match["stem"] if match else ""
    for start in (0, *(match.end() for match in re.finditer(r"[-_.]", stem))):
        if split := split_of_folder(stem[start:]):  # mnist-train, fer_public_test
            return split
    splits = splits_in(stem)
    return splits.pop() if len(splits) == 1 else None
