"""Tables in JSON: lines of objects, a list of objects, file name to label, COCO and iNaturalist."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_data.data.sources import source
from fer_data.data.sources.named_content import open_unpacked
from fer_data.data.sources.table_columns import (
    Table,
    cell_text,
    check_cells,
    columns_of_records,
    quoted,
)
from fer_data.data.sources.text_tables import Lines, open_lines
from fer_data.errors import DataError

MAX_JSON_BYTES = 1 << 29
"""Of one JSON value; it takes some ten times the memory."""

_EXPECTED = "expected a list of objects, file names with labels, or COCO's images and annotations"


def read_jsonl(path: Path) -> Table:
    """Read a file of one JSON object a line, as Hugging Face's ``metadata.jsonl``."""
    with open_lines(path) as lines:
        columns = columns_of_records(path, _records(lines), 1)
    return Table(path, "jsonl", columns)


def read_json(path: Path) -> Table:
    """Read a list of objects, a mapping of file names to labels, or COCO's annotations."""
    with source.reading(path), open_unpacked(path) as file:
        data = file.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        raise DataError(f"{path}: more than {MAX_JSON_BYTES:,} bytes of JSON; save it as csv")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8; save it as UTF-8") from None
    value = _parsed(text, str(path))
    if isinstance(value, list):
        return Table(path, "json", columns_of_records(path, value, 1))
    if not isinstance(value, dict):
        raise DataError(f"{path}: a JSON {type(value).__name__}; {_EXPECTED}")
    if isinstance(value.get("images"), list) and isinstance(value.get("annotations"), list):
        return Table(path, "COCO json", _coco(path, value))
    if any(isinstance(label, list) and len(label) > 1 for label in value.values()):
        key = next(key for key, label in value.items() if isinstance(label, list))
        raise DataError(f"{path}: {quoted(key)} holds a list; {_EXPECTED}, one label each")
    if any(isinstance(label, list | dict) for label in value.values()):
        raise DataError(f"{path}: holds {', '.join(map(quoted, list(value)[:5]))}; {_EXPECTED}")
    check_cells(path, len(value), 2)
    names, labels = map(cell_text, value), map(cell_text, value.values())
    return Table(path, "json", {"file_name": list(names), "label": list(labels)})


def _records(lines: Lines) -> Iterator[Any]:
    for line in lines:
        lines.row_bytes = 0
        if line.strip():
            yield _parsed(line, f"{lines.path}: row {lines.number:,}")


def _parsed(text: str, where: str) -> Any:
    """Return a JSON value, its numbers as they are written."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)
    except RecursionError:
        raise DataError(f"{where}: JSON too deep to be a table; {_EXPECTED}") from None
    except ValueError as error:
        raise DataError(f"{where}: broken JSON ({error}); fetch or write it again") from None


def _coco(path: Path, value: dict[str, Any]) -> dict[str, list[str]]:
    """Return the columns ``file_name`` and ``category`` of COCO's three lists."""
    categories: dict[str, str] = {}
    names: set[str] = set()
    for _, item in _objects(path, value.get("categories", []), "categories", ("id", "name")):
        if item["name"] in names:
            raise DataError(f"{path}: two categories are {quoted(item['name'])}; rename one")
        names.add(item["name"])
        categories[item["id"]] = item["name"]
    chosen: dict[str, str] = {}
    for row, item in _objects(
        path, value["annotations"], "annotations", ("image_id", "category_id")
    ):
        if (name := categories.get(item["category_id"])) is None:
            raise DataError(
                f"{path}: row {row} of annotations: no category {quoted(item['category_id'])}"
            )
        if chosen.setdefault(item["image_id"], name) != name:
            raise DataError(
                f"{path}: multi-label: image {quoted(item['image_id'])} is {quoted(name)} and "
                f"{quoted(chosen[item['image_id']])}; expected one category for each image"
            )
    files: list[str] = []
    labels: list[str] = []
    for _, item in _objects(path, value["images"], "images", ("id", "file_name")):
        files.append(item["file_name"])
        labels.append(chosen.get(item["id"], ""))
    check_cells(path, len(files), 2)
    return {"file_name": files, "category": labels}


def _objects(
    path: Path, values: Any, what: str, names: tuple[str, str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield row and the two named values of each object, all as text."""
    for row, value in enumerate(values if isinstance(values, list) else [values], 1):
        cells = {name: value.get(name) for name in names} if isinstance(value, dict) else {}
        texts = {name: text for name, text in cells.items() if isinstance(text, str)}
        if len(texts) < len(names):  # numbers are text here
            raise DataError(f"{path}: row {row:,} of {what}: expected {names[0]} and {names[1]}")
        yield row, texts
