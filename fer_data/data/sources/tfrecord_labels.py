"""The classes of records: by a list of names next to the files, by their text, or by number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.missing import EMPTY
from fer_data.data.skipped import Skipped
from fer_data.data.sources import source
from fer_data.data.sources.table import MAX_CLASSES, dataset_of
from fer_data.data.sources.tfrecord_features import Features, Kind
from fer_data.errors import DataError
from fer_data.util.words import counted, printable

LABELS = "labels.txt"
"""The file of the class names, one a line, in the order of labels."""

_MAX_BYTES = 16 << 20
_NUMBERED = re.compile(r"(\d+):(.+)")

_BAD = UNLABELLED - 1


def label_files(folder: Path) -> list[Path]:
    """Return the files of class names that lie next to records."""
    return sorted(path for path in folder.glob(f"*{LABELS}") if path.is_file())


class Labels:
    """The labels of records that are added one after another.

    Parameters
    ----------
    path : path
        The data set: a folder, or a file.
    features : Features
    """

    def __init__(self, path: Path, features: Features) -> None:
        self._path, self._features = path, features
        self._parts: list[NDArray[np.int64]] = []
        self._codes: dict[bytes, int] = {text.encode(): UNLABELLED for text in EMPTY}
        self._texts: dict[int, bytes] = {}

    @property
    def kinds(self) -> dict[str, Kind]:
        """What is to be parsed of each record."""
        kinds = {self._features.label: self._features.label_kind}
        return kinds | ({self._features.text: "bytes"} if self._features.text else {})

    def add(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Add the labels of some records.

        Raises
        ------
        DataError
            If one label has two names, or there are too many to be classes.
        """
        codes = values[self._features.label]
        if self._features.label_kind == "bytes":
            for name in set(codes.tolist()) - self._codes.keys():
                self._codes[name] = len(self._codes) - len(EMPTY)
            codes = np.array([self._codes[name] for name in codes.tolist()], np.int64)
        self._parts.append(codes)
        if self._features.text:
            texts = values[self._features.text].tolist()
            for label, text in set(zip(codes.tolist(), texts, strict=True)):
                if label >= 0 and self._texts.setdefault(label, text) != text:
                    both = ", ".join(
                        repr(_text(name_bytes)) for name_bytes in (self._texts[label], text)
                    )
                    raise DataError(f"{self._path}: label {label} has two names: {both}")
        if max(len(self._codes), len(self._texts)) > MAX_CLASSES:
            raise DataError(
                f"{self._path}: {self._features.label!r} has more than {MAX_CLASSES:,} values; "
                "it is no label. Name another feature",
                fix={"label_column": []},
            )

    def dataset(
        self,
        locations: Sequence[str],
        splits: Sequence[str],
        split_codes: NDArray[np.int64],
        skipped: list[Skipped],
    ) -> Dataset:
        """Return the dataset of all records; a label without a class is skipped as bad.

        Parameters
        ----------
        locations : sequence of str
            Of each record.
        splits : sequence of str
            Any of `fer_data.data.split_names.SPLITS`, more than once too.
        split_codes : ndarray of int64, shape [N]
            Places in `splits`.
        skipped : list of Skipped
        """
        every = np.concatenate(self._parts) if self._parts else np.zeros(0, np.int64)
        names = self._names(every)
        if len(set(names.values())) < len(names):
            raise DataError(f"{self._path}: two labels have one name among {_shown(names)}")
        values = np.unique(every)
        place = {value: code for code, value in enumerate(names)} | {UNLABELLED: UNLABELLED}
        codes = np.array([place.get(value, _BAD) for value in values.tolist()], np.int64)
        labels = codes[np.searchsorted(values, every)]
        rows, bad = np.flatnonzero(labels != _BAD), np.flatnonzero(labels == _BAD)
        source.check_bad_rows(self._path, len(bad))
        skipped += [
            Skipped(
                locations[row],
                "bad label",
                f"{self._path}: {locations[row]}: label {every[row]} of {_numbered(names)}",
            )
            for row in bad.tolist()
        ]
        return dataset_of(
            self._path,
            "TFRecord files",
            list(names.values()),
            labels[rows],
            splits,
            split_codes[rows],
            rows=np.array(locations)[rows],
            skipped=skipped,
        )

    def _names(self, every: NDArray[np.int64]) -> dict[int, str]:
        """Return the name of each label."""
        if self._features.label_kind == "bytes":
            return {code: _text(name) for name, code in self._codes.items() if code >= 0}
        if listed := self._listed():
            return dict(enumerate(listed))
        if any(self._texts.values()):
            return {label: _text(text) for label, text in self._texts.items()}
        values = np.unique(every)
        if len(values) > MAX_CLASSES:
            raise DataError(
                f"{self._path}: {self._features.label!r} has {len(values):,} values; it is no "
                "label. Name another feature",
                fix={"label_column": []},
            )
        return {value: str(value) for value in values.tolist() if value >= 0}

    def _listed(self) -> list[str]:
        """Return the class names that a file next to the records lists, none without that file."""
        folder = self._path if self._path.is_dir() else self._path.parent
        paths = {path.name: path for path in label_files(folder)}
        path = paths.get(f"{self._features.label}.{LABELS}") or paths.get(LABELS)
        if path is None:
            return []
        with source.reading(path), open(path, "rb") as file:
            data = file.read(_MAX_BYTES)
        names = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
        while names and not names[-1]:
            names.pop()
        numbered = [_NUMBERED.fullmatch(name) for name in names]
        if self._features.text is None and all(
            match and int(match[1]) == place for place, match in enumerate(numbered)
        ):  # as TF-Slim writes them
            names = [match[2] for match in numbered if match]
        if "" in names:
            raise DataError(f"{path}: line {names.index('') + 1} is empty; expected a class name")
        return names


def _numbered(names: Mapping[int, str]) -> str:
    """Return how many classes there are, and their numbers."""
    if not names:
        return "no class"
    return f"{counted(len(names), 'class', 'classes')}, {min(names)} to {max(names)}"


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _shown(names: Mapping[int, str]) -> str:
    return ", ".join(printable(name) for name in list(names.values())[:8])
