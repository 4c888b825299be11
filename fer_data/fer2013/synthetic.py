"""The drawn data set as the files that users have: class folders, or a csv as FER2013's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_data.errors import DataError, UsageError
from fer_data.fer2013 import faces
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE, USAGES, split_of_usage
from fer_data.util.files import atomic_file
from fer_data.util.folders import atomic_folder
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track

_AT_ONCE = 128


def write_synthetic(
    out: str | Path, *, num_images: int = 35_887, size: int = 48, seed: int = 0
) -> None:
    """Draw the synthetic data set to files.

    Parameters
    ----------
    out : path
        A folder that does not exist or is empty, which gets
        ``<split>/<class>/<split>_<row>.png`` with the splits ``train`` and ``test``; or a name
        that ends in ``.csv``, which becomes a file with the columns of ``fer2013.csv``. A folder
        that has these images already stays as it is.
    num_images : int
        In all splits together, in FER2013's proportions; 21 or more.
    size : int
        Side of the images, in pixels; 48 for a csv.
    seed : int
        The same seed gives the same bytes.

    Raises
    ------
    UsageError
        If a number is out of range.
    DataError
        If `out` holds anything else already, or cannot be written.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.write_synthetic("faces", num_images=70)
    >>> fer_data.load("faces").splits
    ('train', 'test')
    """
    out = Path(out).absolute()
    rows = faces.plan(num_images, seed)
    as_csv = out.suffix == ".csv"
    if as_csv and size != 48:
        raise UsageError(f"size is {size}; a csv as FER2013's holds images of 48x48")
    if not as_csv and out.is_dir() and _is_written(out, rows, size, seed):
        return
    if out.exists() and (as_csv or not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is there already; choose another name")
    try:
        (_write_csv if as_csv else _write_folder)(out, rows, size, seed)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None


def _write_folder(out: Path, rows: tuple[tuple[str, str], ...], size: int, seed: int) -> None:
    targets = _targets(rows)
    with atomic_folder(out) as temporary:
        for split in ("train", "test"):
            for name in EMOTIONS:
                (temporary / split / name).mkdir(parents=True)
        row = 0
        for images in _drawn(rows, size, seed):
            for image in images:
                Image.fromarray(image).save(temporary / targets[row], format="PNG")
                row += 1


def _targets(rows: tuple[tuple[str, str], ...]) -> list[Path]:
    """Return the file of each image in a folder."""
    splits = ["train" if source == "train" else "test" for source, _ in rows]
    return [
        Path(split, name, f"{split}_{row:05d}.png")
        for row, (split, (_, name)) in enumerate(zip(splits, rows, strict=True))
    ]


def _is_written(out: Path, rows: tuple[tuple[str, str], ...], size: int, seed: int) -> bool:
    """Whether a folder has the files of a data set, and no other; of the images the first is read.

    Another number of images gives other files, another seed or size another first image.
    """
    targets = _targets(rows)
    if {path.relative_to(out) for path in out.rglob("*") if path.is_file()} != set(targets):
        return False
    try:
        with Image.open(out / targets[0]) as image:
            first = faces.draw(0, rows[0][1], seed=seed, size=size)
            return np.array_equal(np.asarray(image), first)
    except OSError:
        return False


def _write_csv(out: Path, rows: tuple[tuple[str, str], ...], size: int, seed: int) -> None:
    usages = {split_of_usage(usage, merge_test=False): usage for usage in USAGES}
    codes = {name: code for code, name in enumerate(EMOTIONS_BY_CODE)}
    with (
        atomic_file(out) as temporary,
        open(temporary, "w", encoding="ascii", newline="\n") as file,
    ):
        file.write("emotion,pixels,Usage\n")
        row = 0
        for images in _drawn(rows, size, seed):
            for image in images:
                split, name = rows[row]
                pixels = " ".join(map(str, image.ravel().tolist()))
                file.write(f"{codes[name]},{pixels},{usages[split]}\n")
                row += 1


def _drawn(
    rows: tuple[tuple[str, str], ...], size: int, seed: int
) -> Iterator[list[NDArray[np.uint8]]]:
    starts = range(0, len(rows), _AT_ONCE)
    tasks = (
        joblib.delayed(_draw)(
            start, [name for _, name in rows[start : start + _AT_ONCE]], size, seed
        )
        for start in starts
    )
    parts = in_parallel(tasks, size=len(rows))
    return track(parts, total=len(starts), description="Drawing faces")


def _draw(start: int, class_names: list[str], size: int, seed: int) -> list[NDArray[np.uint8]]:
    return [
        faces.draw(row, name, seed=seed, size=size) for row, name in enumerate(class_names, start)
    ]
