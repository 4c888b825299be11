"""Csv files that say something of samples, each named in a column ``sample``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fer_data.data.dataset import Dataset
from fer_data.data.sources.text_tables import open_lines
from fer_data.errors import DataError
from fer_data.util.files import refuse_no_file
from fer_data.util.words import printable


class Row(NamedTuple):
    """What a table says of a sample: the line in the file, and its cells by column."""

    line: int
    cells: dict[str, str]


class SampleTable:
    """A csv, gzipped or not, with a header and a column ``sample``.

    Attributes
    ----------
    path : Path
    names : list of str
        Of the columns.
    skipped : dict of str to Row
        Samples that are named and that reading has skipped already; filled by `rows_of`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = self._read()
        _, self.names = next(self._lines, (0, []))
        if len(set(self.names)) < len(self.names):
            raise DataError(f"{path}: line 1: two columns of one name")
        self.skipped: dict[str, Row] = {}

    def rows_of(self, dataset: Dataset) -> list[tuple[int, Row]]:
        """Return the index of each sample that is named, with its row, in the file's order.

        Images that cannot be decoded are known too, where they were skipped.

        Raises
        ------
        DataError
            If a row is not as long as the header, or names a sample that the data does not have.
        """
        places = {sample: index for index, sample in enumerate(dataset.sample_ids())}
        known = {item.sample_id for item in dataset.skipped}
        if len(dataset) < len(dataset.origin):
            known.update(dataset.origin.ids())
        indices, strangers = [], []
        for line, fields in self._lines:
            if len(fields) != len(self.names):
                raise self.error(
                    line, f"{len(fields)} fields where the header has {len(self.names)}"
                )
            row = Row(line, dict(zip(self.names, fields, strict=True)))
            sample = row.cells["sample"]
            if sample in places:
                indices.append((places[sample], row))
            elif sample in known:
                self.skipped[sample] = row
            else:
                strangers.append(sample)
        if strangers:
            raise DataError(
                f"{self.path}: {len(strangers):,} of its samples are not in {dataset.root}; "
                f"the first: {printable(strangers[0])} (a csv's samples are rows, a folder's are "
                "files: each needs a list of its own)"
            )
        return indices

    def error(self, line: int, cause: str) -> DataError:
        """Return an error that names the file and a line."""
        return DataError(f"{self.path}: line {line}: {cause}")

    def _read(self) -> Iterator[tuple[int, list[str]]]:
        refuse_no_file(self.path)
        with open_lines(self.path) as lines:
            try:
                for fields in csv.reader(lines, strict=True):
                    lines.row_bytes = 0
                    if fields:
                        yield lines.number, fields
            except csv.Error as error:
                raise self.error(lines.number, f"no csv of samples ({error})") from None
