"""What of a data set is taken, and under which labels: small csv files beside it.

Pictures and the store of decoded pixels never change, so a selection costs nothing to try, and
what it took out can be read, line by line, in its files.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fer_data.data.ferplus import overlay, read_votes
from fer_data.data.labels import SPLITS, TEST_SPLITS
from fer_data.data.manifest import NO_SPLIT, LeftOut, Manifest, printable
from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_no_file


@dataclass(frozen=True)
class Selection:
    """Which samples of a data set are taken, in which split, and under which labels.

    Attributes
    ----------
    exclude : path, optional
        A csv whose first column is ``sample``: these are in no split, and so in no count and no
        batch. Further columns are for people.
    splits : path, optional
        A csv with the columns ``sample,split`` or ``sample,fold``, as ``fer-data split`` writes
        it, in place of the data's own splits. A sample that it does not name is in no split; with
        folds, the data's own test splits stay as they are.
    fold : int, optional
        Which fold of `splits` is the validation split, from 1; the others are the training split.
    ferplus : path, optional
        FER+'s ``fer2013new.csv``: its votes in place of the labels; see `fer_data.data.ferplus`.
    soft : bool
        Whether training is on shares of the votes; balancing goes by the label all the same.
    contempt : bool
        Whether FER+'s contempt is an eighth class, or excluded.
    keep_unusable : bool
        Whether what FER+ takes for no face, or unknown, stays under its own label, or is excluded.
    layout : {"class-folders"}, optional
        Takes the folders of a data set as its classes; see `fer_data.read`.

    Raises
    ------
    UsageError
        If a fold is named without `splits`, or something about FER+ without `ferplus`.
    """

    exclude: str | Path | None = None
    splits: str | Path | None = None
    fold: int | None = None
    ferplus: str | Path | None = None
    soft: bool = False
    contempt: bool = False
    keep_unusable: bool = False
    layout: str | None = None

    def __post_init__(self) -> None:
        for name in ("exclude", "splits", "ferplus"):
            path = getattr(self, name)
            object.__setattr__(self, name, None if path is None else Path(path).absolute())
        if self.fold is not None and self.splits is None:
            raise UsageError(f"fold {self.fold} of nothing: name the file of the folds (--splits)")
        for name in ("soft", "contempt", "keep_unusable"):
            if getattr(self, name) and self.ferplus is None:
                option = name.replace("_", "-")
                raise UsageError(f"{option} without FER+: name its fer2013new.csv (--ferplus)")

    def __bool__(self) -> bool:
        return self != Selection()

    def apply(self, manifest: Manifest) -> Manifest:
        """Return the manifest of what is taken; row *i* stays row *i*.

        Raises
        ------
        DataError
            If a file cannot be read, is not of this form, or names a sample that the data does
            not have.
        UsageError
            If `splits` has folds and none is named, or the other way round.
        """
        if self.exclude is not None:
            manifest = _without(manifest, Path(self.exclude))
        if self.ferplus is not None:
            manifest = overlay(
                manifest,
                read_votes(self.ferplus),
                soft=self.soft,
                contempt=self.contempt,
                keep_unusable=self.keep_unusable,
            )
        if self.splits is not None:
            manifest = _divided(manifest, Path(self.splits), self.fold)
        return manifest

    def to_dict(self) -> dict[str, Any]:
        """Return what is not as by default, as JSON holds it."""
        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(self).items()
            if value is not None and value is not False
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the selection that `to_dict` gave."""
        return cls(**values)


def _without(manifest: Manifest, path: Path) -> Manifest:
    table = _Table(path)
    if table.names[:1] != ["sample"]:
        raise DataError(f"{path}: the first column is not sample; expected one like sample,reason")
    rows = np.array([row for row, _ in table.rows_of(manifest)], np.int64)
    codes = manifest.split_codes.copy()
    codes[rows] = NO_SPLIT
    note = f"{len(set(rows.tolist())):,} excluded, by {printable(path.name)}"
    left_out = tuple(item for item in manifest.left_out if _id_of(item) not in table.left_out)
    return replace(manifest, split_codes=codes, left_out=left_out, notes=(*manifest.notes, note))


def _divided(manifest: Manifest, path: Path, fold: int | None) -> Manifest:
    table = _Table(path)
    column = next((name for name in ("split", "fold") if name in table.names), None)
    if "sample" not in table.names or column is None:
        raise DataError(f"{path}: no columns sample,split or sample,fold, as fer-data split writes")
    if column == "fold" and fold is None:
        raise UsageError(f"{path}: holds folds; name the one that validates (--fold 1)")
    if column == "split" and fold is not None:
        raise UsageError(f"{path}: holds splits, no folds; leave --fold away")
    named = _values(table, manifest, column)
    found = np.full(len(manifest), "", "U16")
    if column == "split":
        for row, (line, value) in named.items():
            if value not in SPLITS:
                raise DataError(
                    f"{path}: line {line}: {value!r} is no split; choose one of {', '.join(SPLITS)}"
                )
            found[row] = value
    else:
        for code, split in enumerate(manifest.splits):
            if split in TEST_SPLITS:
                found[manifest.split_codes == code] = split
        for row, number in _fold_numbers(path, named, fold).items():
            found[row] = "validation" if number == fold else "train"
    found[manifest.split_codes == NO_SPLIT] = ""
    return _with_splits(manifest, found, path, fold)


def _with_splits(
    manifest: Manifest, found: NDArray[np.str_], path: Path, fold: int | None
) -> Manifest:
    splits = tuple(split for split in SPLITS if (found == split).any())
    codes = np.full(len(found), NO_SPLIT, np.int8)
    for code, split in enumerate(splits):
        codes[found == split] = code
    counts = ", ".join(f"{split} {(found == split).sum():,}" for split in splits)
    unnamed = int((codes == NO_SPLIT).sum()) - manifest.num_excluded
    note = (
        f"splits by {printable(path.name)}"
        + (f", fold {fold}" if fold is not None else "")
        + f": {counts or 'no sample'}"
        + (f"; {unnamed:,} that it does not name are in none" if unnamed else "")
    )
    return replace(manifest, splits=splits, split_codes=codes, notes=(*manifest.notes, note))


def _values(table: _Table, manifest: Manifest, column: str) -> dict[int, tuple[int, str]]:
    """Return the line and value of each row of the manifest that a table names."""
    found: dict[int, tuple[int, str]] = {}
    for row, (line, cells) in table.rows_of(manifest):
        value = cells[column]
        if found.setdefault(row, (line, value))[1] != value:
            raise DataError(
                f"{table.path}: line {line}: {cells['sample']} is in {column} {value} here and in "
                f"{column} {found[row][1]} on line {found[row][0]}"
            )
    return found


def _fold_numbers(
    path: Path, named: dict[int, tuple[int, str]], fold: int | None
) -> dict[int, int]:
    numbers = {}
    for row, (line, value) in named.items():
        if not value.isdecimal() or int(value) < 1:
            raise DataError(f"{path}: line {line}: {value!r} is no fold; they count from 1")
        numbers[row] = int(value)
    present = sorted(set(numbers.values()))
    if fold not in present:
        raise DataError(f"{path}: there is no fold {fold}, only {', '.join(map(str, present))}")
    return numbers


def _id_of(item: LeftOut) -> str:
    return printable(item.name).partition(" (line ")[0]


class _Table:
    """A csv with a header and a column ``sample``.

    Attributes
    ----------
    path : Path
    names : list of str
        Of the columns.
    left_out : set of str
        Samples that were named and had been left out of the manifest; filled by `rows_of`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = self._read()
        _, self.names = next(self._lines, (0, []))
        self.left_out: set[str] = set()

    def rows_of(self, manifest: Manifest) -> Iterable[tuple[int, tuple[int, dict[str, str]]]]:
        """Return row number, line and cells of each sample that is named, in the file's order.

        Pictures that cannot be decoded are known too, where they were left out of the manifest.
        """
        places = {sample: row for row, sample in enumerate(manifest.sample_ids())}
        known = set(map(_id_of, manifest.left_out))
        found, strangers = [], []
        for line, fields in self._lines:
            if len(fields) != len(self.names):
                raise DataError(
                    f"{self.path}: line {line}: {len(fields)} fields where the header has "
                    f"{len(self.names)}"
                )
            cells = dict(zip(self.names, fields, strict=True))
            if cells["sample"] in places:
                found.append((places[cells["sample"]], (line, cells)))
            elif cells["sample"] in known:
                self.left_out.add(cells["sample"])
            else:
                strangers.append(cells["sample"])
        if strangers:
            raise DataError(
                f"{self.path}: {len(strangers):,} of its samples are not in {manifest.root}; "
                f"the first: {printable(strangers[0])} (a csv's samples are rows, a folder's are "
                "files: each needs a list of its own)"
            )
        return found

    def _read(self) -> Iterator[tuple[int, list[str]]]:
        refuse_no_file(self.path)
        try:
            with open(self.path, encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, strict=True)
                for fields in reader:
                    if fields:
                        yield reader.line_num, fields
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read ({error.strerror or error})") from None
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{self.path}: no csv of samples ({error})") from None
