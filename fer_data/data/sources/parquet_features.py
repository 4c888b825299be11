"""Which columns of a parquet file hold images and labels: by the schema's features, or by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from fer_data.data.options import LoadOptions
from fer_data.errors import DataError
from fer_data.util.words import printable


@dataclass(frozen=True)
class Columns:
    """The columns of a file that matter, and the class names where labels are integers."""

    image: str
    label: str | None
    class_names: tuple[str, ...] | None


def columns_of(path: Path, schema: pa.Schema, options: LoadOptions) -> Columns:
    """Return the columns of a file that matter, those that are named where some are.

    Raises
    ------
    DataError
        If there is no column of images, several could be meant, or labels have no class names.
    """
    features = _features(schema)
    image = _one(path, schema, features, _IMAGE, options.image_column)
    if image is None or not _holds_bytes(schema.field(image).type):
        raise DataError(
            f"{path}: no column of images; expected image, a struct of bytes and path, "
            "as Hugging Face's datasets write it"
        )
    label = _one(path, schema, features, _LABEL, options.label_column)
    if label is None:
        return Columns(image, None, None)
    if pa.types.is_integer(schema.field(label).type):
        names = features.get(label, {}).get("names")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DataError(
                f"{path}: column {label} has no class names; write them as a ClassLabel's, "
                "or as text"
            )
        if len(set(names)) < len(names):
            raise DataError(f"{path}: column {label} has a class name twice")
        return Columns(image, label, tuple(names))
    if is_text(schema.field(label).type):
        return Columns(image, label, None)
    raise DataError(f"{path}: column {label} is {schema.field(label).type}; expected int64 or text")


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    try:
        info = json.loads((schema.metadata or {})[b"huggingface"])["info"]
        features = info["features"]
        return {name: about for name, about in features.items() if isinstance(about, dict)}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):  # none such, or odd
        return {}


_IMAGE = "image_column", "Image", ("image", "img")
_LABEL = "label_column", "ClassLabel", ("label", "labels")


def _one(
    path: Path,
    schema: pa.Schema,
    features: dict[str, dict[str, Any]],
    wanted: tuple[str, str, tuple[str, ...]],
    named: str | None,
) -> str | None:
    """Return the column that is named, else the only one of a kind of feature, else a usual name.

    Raises
    ------
    DataError
        If there is no such column, or several of the kind and none of them has a usual name.
    """
    argument, kind, usual = wanted
    if named is not None:
        if schema.names.count(named) != 1:
            raise DataError(
                f"{path}: no column {named!r}; it has {', '.join(map(printable, schema.names))}",
                fix={argument: tuple(schema.names)},
            )
        return named
    of_kind = [name for name, about in features.items() if about.get("_type") == kind]
    there = [name for name in of_kind if schema.names.count(name) == 1]
    by_name = [name for name in usual if schema.names.count(name) == 1]
    if len(there) > 1 and not set(by_name) & set(there):
        raise DataError(
            f"{path}: several columns of {kind}: {', '.join(map(printable, there))}",
            fix={argument: tuple(there)},
        )
    preferred = [name for name in by_name if name in there]
    return next(iter((*preferred, *there, *by_name)), None)


def _holds_bytes(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind):
        return False
    place = kind.get_field_index("bytes")
    return place >= 0 and kind.field(place).type in (pa.binary(), pa.large_binary())


def is_text(kind: pa.DataType) -> bool:
    """Whether a column is text, dictionaries of it among them."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return kind in (pa.string(), pa.large_string(), pa.string_view())
