"""Read a labels table from a file: csv, tsv, jsonl, json, a list of paths, parquet.

Every cell is text, so one value reads alike whatever format it came in; what it means is decided
where images and labels are matched (`fer_data.data.sources.labels_table`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fer_data.data.sources.json_tables import read_json, read_jsonl
from fer_data.data.sources.named_content import head_of, refuse_other_content
from fer_data.data.sources.parquet_columns import read_parquet
from fer_data.data.sources.table_columns import Table, table_of_frame
from fer_data.data.sources.text_tables import read_delimited, read_list
from fer_data.data.sources.tree_paths import unpacked_ending
from fer_data.errors import DataError

__all__ = ["TABLE_SUFFIXES", "Table", "read_table", "table_of_frame"]

_READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_list,
    ".lst": read_list,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".parquet": read_parquet,
    ".pq": read_parquet,
}

TABLE_SUFFIXES = frozenset(_READERS)
"""Endings of the files that are read, in lower case; all but parquet may be gzipped (``.gz``)."""

_SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".ods"})


def read_table(path: str | Path) -> Table:
    """Read a table.

    Parameters
    ----------
    path : path
        A csv (commas, semicolons or tabs; UTF-8), jsonl, json (a list of objects, file names with
        labels, or the annotations of COCO or iNaturalist), a list of lines ``path label``, or
        parquet; by its ending.

    Raises
    ------
    DataError
        If it is none of these, or broken, too large or not text.
    """
    path = Path(path)
    ending = unpacked_ending(path)
    if ending in _SPREADSHEETS:
        raise DataError(f"{path}: a spreadsheet; save it as csv")
    reader = _READERS.get(ending)
    if reader is None or (reader is read_parquet and path.suffix.lower() == ".gz"):
        raise DataError(
            f"{path}: no table by its ending; expected one of {', '.join(sorted(_READERS))}"
        )
    refuse_other_content(path, head_of(path))
    table = reader(path)
    if not table.num_rows:
        raise DataError(f"{path}: a table without rows; expected one for each image")
    return table
