"""Which features of a ``tf.train.Example`` are the image, its label and their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fer_data.data.options import LoadOptions
from fer_data.data.sources.column_values import STANDARD_NAMES, plain
from fer_data.errors import DataError

Kind = Literal["bytes", "int64", "float", "empty"]

_IMAGES = frozenset(
    {"image", "encoded", "image_encoded", "image_raw", "raw_image", "image_bytes", "image_data"}
    | {"jpeg", "jpg", "png", "img", "picture", "encoded_image", "image_jpeg", "image_png"}
)
_TEXTS = frozenset(
    {"text", "class_text", "label_text", "class_name", "label_name", "classname", "label_names"}
)
_FILE_NAMES = frozenset({"filename", "file_name", "image_name", "image_filename"})


@dataclass(frozen=True)
class Features:
    """The features that are read.

    Attributes
    ----------
    image : str
    label : str
    label_kind : {"bytes", "int64"}
    text : str or None
        The class's name, next to a label that is a number.
    """

    image: str
    label: str
    label_kind: Kind
    text: str | None


def choose_features(path: Path, kinds: Mapping[str, Kind], options: LoadOptions) -> Features:
    """Return the features to read.

    Parameters
    ----------
    path : path
        Named in messages.
    kinds : mapping of str to Kind
        Every feature of a record.
    options : LoadOptions
        Its `image_column` and `label_column`.

    Raises
    ------
    DataError
        If no feature can be the image or the label, several can, or there is none of a name.
    """
    in_bytes = [name for name, kind in kinds.items() if kind == "bytes"]
    image = _one(
        path, "image_column", options.image_column, _named(in_bytes, _IMAGES), others=in_bytes
    )
    numbers = [name for name, kind in kinds.items() if kind == "int64"]
    texts = [name for name in in_bytes if name != image and _plain(name) in _TEXTS]
    labels = _named([*numbers, *in_bytes], STANDARD_NAMES - _TEXTS)
    labels = [name for name in labels if name != image]
    label = _one(
        path,
        "label_column",
        options.label_column,
        labels or texts,
        others=[name for name in (*numbers, *in_bytes) if name != image],
    )
    is_class = kinds[label] == "int64" and label in labels
    text = texts[0] if is_class and len(texts) == 1 else None
    return Features(image, label, kinds[label], text)


def file_name_feature(kinds: Mapping[str, Kind]) -> str | None:
    """Return the feature that is the image's file name, where one is."""
    in_bytes = [name for name, kind in kinds.items() if kind == "bytes"]
    return next((name for name in in_bytes if _plain(name) in _FILE_NAMES), None)


def _named(names: Iterable[str], words: frozenset[str]) -> list[str]:
    return [name for name in names if _plain(name) in words]


def _plain(name: str) -> str:
    """Return a feature's name without the ``image/`` that many begin with, in lower case."""
    short = name.lower().removeprefix("image/") or name
    return plain(short.replace("/", "_"))


def _one(
    path: Path, argument: str, named: str | None, candidates: list[str], *, others: list[str]
) -> str:
    what = argument.removesuffix("_column")
    if named is not None:
        if named in others:
            return named
        raise DataError(
            f"{path}: no feature {named!r} that can be the {what}; choose another",
            fix={argument: others},
        )
    if len(candidates) == 1:
        return candidates[0]
    raise DataError(
        f"{path}: {'several features' if candidates else 'no feature'} can be the {what}"
        f"{'' if candidates else ' by its name'}; name it",
        fix={argument: candidates or others},
    )
