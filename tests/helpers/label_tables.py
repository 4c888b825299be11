"""Labels tables from columns, for tests."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fer_data.data.sources.labels_table import match_table
from fer_data.data.sources.tables import Table
from fer_data.errors import DataError

Columns = Mapping[str, Sequence[Any]]


def table_of(columns: Columns, name: str = "labels.csv") -> Table:
    text = {key: [str(value) for value in values] for key, values in columns.items()}
    return Table(Path(name), "csv", text, first_row=2)


def write_csv(path: Path, columns: Columns, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with open(path, "w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def refusal(columns: Columns, files: Sequence[str], **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        match_table(table_of(columns), files, **options)
    said = str(caught.value)
    assert said.startswith("labels.csv")
    assert "\n" not in said
    assert "--" not in said  # the command line names its own options
    return caught.value
