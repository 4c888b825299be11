"""What the sources of data in memory share: parts, each a split's images with their labels."""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.missing import is_missing
from fer_data.data.origin import Origin
from fer_data.data.sources.chunk import Chunks, RawImage
from fer_data.data.sources.content import State
from fer_data.data.sources.source import made_names
from fer_data.data.sources.table import MAX_CLASSES, format_of
from fer_data.data.split_names import SPLITS, split_notes, split_of_folder
from fer_data.errors import DataError, UsageError

_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Part:
    """The images of one split, and their labels.

    Attributes
    ----------
    images : sequence
        By index: pixels, the bytes of an image file, or an error.
    labels : ndarray of int64, shape [N]
        Index into `class_names`; `UNLABELLED` (-1) where there is none.
    class_names : tuple of str
    groups : ndarray of str, shape [N], optional
    """

    images: Any
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    groups: NDArray[np.str_] | None = None


def part_of(where: str, images: Any, labels: Any, class_names: Sequence[str] = ()) -> Part:
    """Return images with labels of any form: integers, text or one-hot rows.

    Parameters
    ----------
    where : str
        What an error names.
    images : sequence
    labels : array, shape [N], [N, 1] or one-hot [N, C], or None
    class_names : sequence of str
        Of integers from 0; by default a class is called as its number.

    Raises
    ------
    DataError
        If there is not one label for each image, or an image has several.
    """
    num = len(images)
    if labels is None:
        return Part(images, np.full(num, UNLABELLED), tuple(class_names))
    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2 and array.dtype.kind in "biuf":
        array = _from_one_hot(where, array)
    if array.ndim != 1 or array.dtype.kind not in "biuUOfS":
        raise DataError(
            f"{where}: labels are {array.dtype} {list(array.shape)}; "
            "expected integers or text [N], or one-hot [N, C]"
        )
    if len(array) != num:
        raise DataError(f"{where}: {num:,} images and {len(array):,} labels")
    numbers = _numbers_of(where, array)
    if numbers is not None and (class_names or set(np.unique(numbers).tolist()) != {-1, 1}):
        labels = np.where(np.isnan(numbers), UNLABELLED, numbers).astype(np.int64)
        return _of_numbers(where, images, labels, class_names)
    values = array.tolist() if numbers is None else numbers.astype(np.int64).tolist()  # no and yes
    names, codes = np.unique(np.array(list(map(_text_of, values)), np.str_), return_inverse=True)
    if names[:1].tolist() == [""]:
        names, codes = names[1:], codes - 1
    return Part(images, codes.astype(np.int64).reshape(-1), tuple(names.tolist()))


def _numbers_of(where: str, labels: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return labels that are numbers, NaN where one is missing; None where they are text."""
    if labels.dtype.kind in "OUS":
        values = labels.tolist()
        if not all(is_missing(value) or isinstance(value, Real) for value in values):
            return None
        labels = np.array([np.nan if is_missing(value) else value for value in values], np.float64)
        if np.isnan(labels).all():
            return None
    numbers = labels.astype(np.float64)
    known = numbers[~np.isnan(numbers)]
    if not np.isfinite(known).all() or (known != np.floor(known)).any():
        raise DataError(f"{where}: labels are {labels.dtype} with fractions; expected integers")
    return numbers


def _text_of(label: Any) -> str:
    """Return a label as text, ``""`` where there is none."""
    if is_missing(label):
        return ""
    return label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label)


def _of_numbers(
    where: str, images: Any, labels: NDArray[np.int64], class_names: Sequence[str]
) -> Part:
    low, high = (int(labels.min()), int(labels.max())) if len(labels) else (0, -1)
    if low < UNLABELLED or high >= MAX_CLASSES:
        raise DataError(
            f"{where}: labels are {low:,} to {high:,}; expected 0 to {MAX_CLASSES - 1:,}, or "
            f"{UNLABELLED} where there is none"
        )
    if class_names:
        if high >= len(class_names):
            raise DataError(f"{where}: label {high}, and {len(class_names)} class names")
        return Part(images, labels, tuple(map(str, class_names)))
    return Part(images, labels, tuple(str(number) for number in range(high + 1)))


def _from_one_hot(where: str, values: NDArray[Any]) -> NDArray[np.int64]:
    if not np.isin(values, (0, 1)).all():
        raise DataError(f"{where}: labels are {values.dtype} {list(values.shape)}, and not one-hot")
    chosen = values.sum(axis=1)
    if (chosen > 1).any():
        raise DataError(
            f"{where}: {int((chosen > 1).sum()):,} images have several labels, and balancing needs "
            "one for each"
        )
    labels = np.where(chosen == 1, values.argmax(axis=1), UNLABELLED)
    return labels.astype(np.int64)


def dataset_of(name: str, layout: str, parts: Mapping[str, Part]) -> Dataset:
    """Return the dataset of parts by their splits.

    Raises
    ------
    DataError
        If a name is no split's, two are one split's, or parts number other classes.
    """
    splits: dict[str, Part] = {}
    notes: list[str] = []
    for given, part in parts.items():
        split = split_of_folder(given) or ""
        if split not in SPLITS or split in splits:
            raise DataError(
                f"{name}: {given!r} is {'named twice' if split else 'no split'}; "
                f"choose from {', '.join(SPLITS)}"
            )
        splits[split] = part
        notes += split_notes([(given, split)])
    present = [split for split in SPLITS if split in splits and len(splits[split].images)]
    if not present:
        raise DataError(f"{name}: {layout}, but no image in it")
    chosen = [splits[split] for split in present]
    longest = max((part.class_names for part in chosen), key=len)
    names = list(longest)
    if any(part.class_names != longest[: len(part.class_names)] for part in chosen):
        names = sorted({class_name for part in chosen for class_name in part.class_names})
    labels = []
    for part in chosen:
        place = np.array(
            [*(names.index(class_name) for class_name in part.class_names), UNLABELLED]
        )
        labels.append(place[part.labels])
    sizes = [len(part.images) for part in chosen]
    are_arrays = all(isinstance(part.images, np.ndarray) for part in chosen)
    image_format = format_of([part.images.shape for part in chosen]) if are_arrays else None
    groups, group_names = None, np.zeros(0, np.str_)
    if all(part.groups is not None for part in chosen):
        group_names, groups = np.unique(
            np.concatenate([part.groups for part in chosen if part.groups is not None]),
            return_inverse=True,
        )
    return Dataset(
        Origin(
            Path(name),
            layout,
            tuple(names),
            np.arange(sum(sizes)),
            arrays=tuple(part.images for part in chosen),
            image_format=image_format,
        ),
        class_names=tuple(names),
        splits=tuple(present),
        split_codes=np.repeat(np.arange(len(present)), sizes).astype(np.int8),
        labels=np.concatenate(labels).astype(np.int32),
        groups=groups,
        group_names=group_names,
        notes=tuple(notes),
    )


def checked_images(where: str, images: Any, *, from_float: bool) -> NDArray[np.uint8]:
    """Return an array of images that are uint8 [N, H, W] or [N, H, W, 1 or 3], not copied.

    With `from_float`, one of floats from 0 to 1 is brought to 0 to 255.

    Raises
    ------
    DataError
        If they are nothing of the kind.
    """
    pixels = np.asarray(images)
    shape = list(pixels.shape)
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] not in (1, 3)):
        advice = ""
        if pixels.ndim == 4 and pixels.shape[1] in (1, 3):
            advice = ". Channels come last: images.transpose(0, 2, 3, 1)"
        raise DataError(
            f"{where}: images are {pixels.dtype} {shape}; expected uint8 [N, H, W] or "
            f"[N, H, W, 1 or 3]{advice}"
        )
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "f" and len(pixels) and pixels.min() >= 0 and pixels.max() <= 1:
        if from_float:
            scaled: NDArray[np.uint8] = np.rint(pixels * 255).astype(np.uint8)
            return scaled
        raise DataError(
            f"{where}: images are {pixels.dtype} from {pixels.min():g} to {pixels.max():g}; "
            "expected uint8, or from 0 to 1 where that is said",
            fix={"from_float": ("true",)},
        )
    range_ = f" from {pixels.min():g} to {pixels.max():g}" if pixels.size else ""
    raise DataError(
        f"{where}: images are {pixels.dtype}{range_}; expected uint8 from 0 to 255, or floats from "
        "0 to 1 with from_float=True. Bring them to one of these"
    )


def without_transform(dataset: Any) -> tuple[Any, bool]:
    """Return a dataset of objects without its transform, and whether it had one."""
    names = [name for name in ("transform", "transforms") if getattr(dataset, name, None)]
    if not names:
        return dataset, False
    plain = copy.copy(dataset)
    for name in names:
        setattr(plain, name, None)
    return plain, True


def raw_of(value: Any, name: str) -> NDArray[np.uint8] | bytes | DataError:
    """Return the pixels or the bytes of what a dataset of objects gives for an image."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return bytes(value["bytes"])
    if hasattr(value, "convert"):  # Pillow's
        if value.mode.startswith("I;16"):
            file = io.BytesIO()
            value.save(file, "PNG")
            return file.getvalue()
        grey = value.mode in ("1", "L", "LA")
        return np.asarray(value.convert("L" if grey else "RGB"), np.uint8)
    pixels = np.asarray(value)
    if pixels.dtype == np.uint8 and pixels.ndim in (2, 3):
        if pixels.ndim == 3 and pixels.shape[0] in (1, 3) and pixels.shape[2] not in (1, 3):
            return np.moveaxis(pixels, 0, 2)  # a tensor's channels stand first
        return pixels
    return DataError(
        f"{name}: is {type(value).__name__} {pixels.dtype} {list(pixels.shape)}; expected an "
        "image of Pillow's, or pixels uint8. Take the dataset without its transform"
    )


@dataclass(frozen=True, eq=False)
class Slice:
    """Some images of one array; the first is that of index `start`."""

    name: str
    images: Any
    rows: NDArray[np.int64]
    start: int

    def __len__(self) -> int:
        return len(self.rows)

    def raw_images(self) -> Iterator[RawImage]:
        """Yield the images."""
        for index, row in enumerate(self.rows.tolist(), self.start):
            name = f"{self.name}: image {row}"
            try:
                raw = raw_of(self.images[row], name)
            except Exception as error:  # a stranger's dataset
                raw = DataError(f"{name}: {type(error).__name__}: {error}")
            yield RawImage(index, name, raw)


def chunks(origin: Origin, rows: NDArray[np.int64]) -> Chunks:
    """Return the images, a few hundred a chunk."""
    return Chunks(_slices(origin, rows), -(-len(rows) // _AT_ONCE) + len(origin.arrays))


def _slices(origin: Origin, rows: NDArray[np.int64]) -> Iterator[Slice]:
    first = 0
    for images in origin.arrays:
        start, stop = np.searchsorted(rows, [first, first + len(images)]).tolist()
        for at in range(start, stop, _AT_ONCE):
            some = rows[at : min(at + _AT_ONCE, stop)] - first
            if isinstance(images, np.ndarray):  # only what is needed goes to another process
                yield Slice(str(origin.root), images[some], np.arange(len(some)), at)
            else:
                yield Slice(str(origin.root), images, some, at)
        first += len(images)


def state(origin: Origin) -> State:
    """Refuse: there are no files."""
    raise UsageError(f"{origin.root}: data in memory has no files")


def fingerprint(arrays: Sequence[NDArray[np.uint8]]) -> str:
    """Return a key of the pixels of all images."""
    digest = hashlib.blake2b(digest_size=16)
    for images in arrays:
        digest.update(repr(images.shape).encode())
        for start in range(0, len(images), _AT_ONCE):
            digest.update(images[start : start + _AT_ONCE].tobytes())
    return digest.hexdigest()


names = made_names
