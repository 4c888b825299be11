"""The columns of a parquet file that are text or numbers: a labels table, not images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fer_data.data.sources.files import open_file
from fer_data.data.sources.table_columns import (
    MAX_TEXT_BYTES,
    ROWS_AT_ONCE,
    Table,
    cell_text,
    check_cells,
    column_names,
)
from fer_data.errors import DataError
from fer_data.extras import require

LIST = "[…]"
"""What a cell with a list in it reads as: lists are seen, not read."""


def read_parquet(path: Path) -> Table:
    """Read the columns of a parquet file; lists and bytes are not read.

    Raises
    ------
    DataError
        If the file is broken or too large.
    UsageError
        If pyarrow is not installed.
    """
    require(f"{path}: parquet", "pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open_file(path) as opened, pq.ParquetFile(opened) as file:
            schema = file.schema_arrow
            check_cells(path, file.metadata.num_rows, len(schema.names))
        column_names(path, schema.names)
        # As dictionaries each text is stored once, however often a small file repeats it.
        texts = [item.name for item in schema if _is_text(pa, item.type)]
        with open_file(path) as opened, pq.ParquetFile(opened, read_dictionary=texts) as file:
            columns = _columns(path, file, schema, pa)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        cause = " ".join(str(error).split())
        raise DataError(f"{path}: broken parquet ({cause}); fetch or write it again") from None
    return Table(path, "parquet", columns)


def _columns(path: Path, file: Any, schema: Any, pa: Any) -> dict[str, list[str]]:
    flat = [item.name for item in schema if not pa.types.is_nested(item.type)]
    flat = [name for name in flat if not _is_bytes(pa, schema.field(name).type)]
    columns: dict[str, list[str]] = {name: [] for name in flat}
    num_rows = num_characters = 0
    for batch in file.iter_batches(ROWS_AT_ONCE, columns=flat):
        num_rows += batch.num_rows
        check_cells(path, num_rows, len(schema.names))
        for name, values in zip(flat, batch.columns, strict=True):
            texts, size = _texts(pa, values)
            num_characters += size
            if size > MAX_TEXT_BYTES or num_characters > MAX_TEXT_BYTES:
                raise DataError(f"{path}: row {num_rows:,}: more than {MAX_TEXT_BYTES:,} bytes")
            columns[name] += texts
    for item in schema:
        if pa.types.is_list(item.type) or pa.types.is_large_list(item.type):
            columns[item.name] = [LIST] * num_rows
    in_order = [item.name for item in schema if item.name in columns]
    own = zip(column_names(path, in_order), in_order, strict=True)
    return {name: columns[own_name] for name, own_name in own}


def _texts(pa: Any, values: Any) -> tuple[list[str], int]:
    """Return the cells, and how many characters their different values have."""
    if pa.types.is_dictionary(values.type):
        used = values.indices.unique()
        known, size = _texts(pa, values.dictionary.take(used))
        of_place = dict(zip(used.to_pylist(), known, strict=True))
        return [of_place[place] for place in values.indices.to_pylist()], size
    texts = [cell_text(value) for value in values.to_pylist()]
    return texts, sum(map(len, texts))


def _is_text(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind)) or (
        kind == pa.string_view()
    )


def _is_bytes(pa: Any, kind: Any) -> bool:
    of_one_length = pa.types.is_fixed_size_binary(kind)
    return of_one_length or kind in (pa.binary(), pa.large_binary(), pa.binary_view())
