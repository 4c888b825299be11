"""From a FER2013 csv to class folders in one pass, byte-exact."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from fer_data.data.image_format import FormatRequest
from fer_data.data.sources import source
from fer_data.data.split_names import SPLITS
from fer_data.errors import DataError, skippable
from fer_data.fer2013 import csv_blocks, csv_rows, fer_csv
from fer_data.fer2013.csv_columns import Columns
from fer_data.fer2013.emotions import EMOTIONS
from fer_data.util.files import existing, write_text
from fer_data.util.png import encode_grey
from fer_data.writers.conversion import Conversion
from fer_data.writers.folder import Place, write_parts
from fer_data.writers.target import placed, written_at

_BYTES_A_ROW = 8400


def convert_csv(
    path: str | Path,
    out: str | Path,
    *,
    test_apart: bool = False,
    skip_bad: bool = False,
) -> Conversion:
    """Write ``out/<split>/<class>/<split>_<row>.png`` for every row of a FER2013 csv.

    Rows are numbered from 0, as in the published file. The same csv gives the same bytes.

    Parameters
    ----------
    path : path
        A csv with an emotion column, gzipped or not.
    out : path
        A new or empty folder. It appears when everything is written.
    test_apart : bool
        Whether PublicTest and PrivateTest are ``public_test`` and ``private_test``, or both
        ``test``, as in Kaggle's folder.
    skip_bad : bool
        Whether bad rows are skipped and listed in ``out/rejects.csv``, or an error.

    Raises
    ------
    DataError
        If a row is bad and `skip_bad` is false (nothing appears at `out` then), the csv cannot be
        read, or `out` holds something.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.write_synthetic("fer2013.csv", num_images=21)
    >>> conversion = fer_data.convert_csv("fer2013.csv", "faces")
    >>> fer_data.stats("faces").class_names[:3]
    ('angry', 'disgust', 'fear')
    """
    path = existing(path)
    out = placed(out, path)
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name a csv such as fer2013.csv")
    with written_at(out) as folder:
        return _write_all(path, folder, out, test_apart=test_apart, skip_bad=skip_bad)


@dataclass(frozen=True)
class _BlockPart:
    """The images of a block of rows."""

    block: csv_blocks.Block
    columns: Columns
    test_apart: bool

    def read(self, form: FormatRequest | None, bad: list[Any]) -> Iterator[tuple[Place, bytes]]:
        """Yield each row's place and PNG; `bad` gets the rejects."""
        rows = csv_rows.parse(
            self.block, self.columns, merge_test=not self.test_apart, with_pixels=True
        )
        bad += rows.rejects
        for row, split, label, pixels in zip(
            rows.rows, rows.splits, rows.labels, rows.pixels, strict=True
        ):
            place = Place(split, EMOTIONS[label], source.file_name(split, row))
            yield place, encode_grey(pixels)


def _write_all(
    path: Path, folder: Path, out: Path, *, test_apart: bool, skip_bad: bool
) -> Conversion:
    counts: Counter[tuple[str, str]] = Counter()
    rejects: list[csv_rows.Reject] = []
    with csv_blocks.open_csv(path) as (columns, blocks):
        if columns.emotion is None:
            raise DataError(
                f"{path}: no emotion column, so there are no classes to make folders of"
            )
        size = path.stat().st_size
        wanted = takewhile(lambda _: skip_bad or not rejects, blocks)
        parts = (_BlockPart(block, columns, test_apart) for block in wanted)
        total = -(-size // csv_blocks.BLOCK_BYTES)
        with closing(
            write_parts(parts, folder, None, size=size // _BYTES_A_ROW, total=total)
        ) as written_parts:
            for written in written_parts:
                rejects += written.bad
                source.check_bad_rows(path, len(rejects))
                counts += written.counts
    found_labels = {EMOTIONS.index(name) for _, name in counts}
    if fer_csv.has_bad_value(rejects, columns) or fer_csv.may_be_other_codes(columns, found_labels):
        fer_csv.check_values(path)
    if rejects and not skip_bad:
        raise skippable(str(csv_rows.bad_row(path, rejects[0])))
    if not counts:
        raise DataError(f"{path}: {columns.layout}, but no usable row in it")
    present = [name for name in SPLITS if any(split == name for split, _ in counts)]
    for split in present:
        for name in EMOTIONS:  # an empty class is a class all the same
            (folder / split / name).mkdir(parents=True, exist_ok=True)
    if rejects:
        write_text(folder / "rejects.csv", _rejects_csv(rejects))
    table = {split: {name: counts[split, name] for name in EMOTIONS} for split in present}
    return Conversion(out, table, tuple(rejects), are_rejects_listed=True)


def _rejects_csv(rejects: list[csv_rows.Reject]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "line", "column", "cause"])
    for reject in rejects:
        writer.writerow([reject.row, reject.row + 2, reject.column, reject.cause])
    return text.getvalue()
