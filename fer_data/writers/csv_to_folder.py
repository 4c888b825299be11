"""From a FER2013 csv to class folders in one pass, byte-exact."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from fer_data.data import sources
from fer_data.data.decode import PixelFormat
from fer_data.data.labels import EMOTIONS, SPLITS
from fer_data.data.png import encode_grey
from fer_data.data.sources import fer_csv, source
from fer_data.data.sources.content import State
from fer_data.data.sources.csv_columns import Columns
from fer_data.data.sources.folder_listing import RECORD
from fer_data.errors import DataError, skippable
from fer_data.util.files import write_json, write_text
from fer_data.writers.conversion import Conversion, rejects_csv
from fer_data.writers.folder import Place, write_parts
from fer_data.writers.staging import lock_path, locked, publish, staging
from fer_data.writers.target import checked, placed

_BYTES_A_ROW = 8400


def convert_csv(
    path: str | Path,
    out: str | Path,
    *,
    test_apart: bool = False,
    skip_bad: bool = False,
    force: bool = False,
) -> Conversion:
    """Write ``out/<split>/<class>/<split>_<row>.png`` for every row of a FER2013 csv.

    Rows are numbered from 0, as in the published file. Killed at any moment and called again, it
    ends in the same bytes.

    Parameters
    ----------
    path : path
        A csv with an emotion column, gzipped or not.
    out : path
        Appears when all is written.
    test_apart : bool
        Whether PublicTest and PrivateTest are ``public_test`` and ``private_test``, or both
        ``test``, as in Kaggle's folder.
    skip_bad : bool
        Whether bad rows are left out and listed in ``out/rejects.csv``, or an error.
    force : bool
        Whether to write into a folder that holds other files. Those of the same name are
        replaced, all others stay.

    Raises
    ------
    DataError
        If a row is bad and `skip_bad` is false (nothing appears at `out` then), the csv cannot be
        read, or `out` holds other files and `force` is false.
    """
    path = sources.existing(path)
    out = placed(out, path)
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name a csv such as fer2013.csv")
    state = source.state_of_file(path)
    settings = {"source": state.key(), "test_apart": test_apart, "skip_bad": skip_bad}
    done = _done_before(out, settings, path, state)
    if done and not lock_path(out).exists():  # else a killed one may have left it
        return done
    with locked(out):
        done = _done_before(out, settings, path, state)  # of a conversion that ended meanwhile
        if done:
            return done
        changes = state.changes()
        begun = {**settings, "changes": changes}  # what is half done is begun anew where in doubt
        with checked(out, to="folder", force=force), staging(out, begun) as folder:
            content = state.content(path)
            done = _write_all(path, folder, out, test_apart=test_apart, skip_bad=skip_bad)
            rejects = [vars(reject) for reject in done.rejects]
            record = {
                "settings": settings,
                "changes": changes,
                "content": content,
                "counts": done.counts,
                "rejects": rejects,
            }
            write_json(folder / RECORD, record)  # the same command again has nothing to do
            publish(folder, out, single=False)
    return done


@dataclass(frozen=True)
class _BlockPart:
    """The pictures of a block of rows."""

    block: fer_csv.Block
    columns: Columns
    test_apart: bool

    @property
    def name(self) -> str:
        return str(self.block.first_row)

    def read(self, form: PixelFormat | None, bad: list[Any]) -> Iterator[tuple[Place, bytes]]:
        """Yield each row's place and PNG; `bad` gets the rejects."""
        found = fer_csv.parse(
            self.block, self.columns, merge_test=not self.test_apart, with_pixels=True
        )
        bad += [vars(reject) for reject in found.rejects]
        for row, split, label, pixels in zip(
            found.rows, found.splits, found.labels, found.pixels, strict=True
        ):
            place = Place(split, EMOTIONS[label], source.file_name(split, row))
            yield place, encode_grey(pixels)


def _write_all(
    path: Path, folder: Path, out: Path, *, test_apart: bool, skip_bad: bool
) -> Conversion:
    counts: Counter[tuple[str, str]] = Counter()
    rejects: list[fer_csv.Reject] = []
    num_reused = 0
    with fer_csv.open_csv(path) as (columns, blocks):
        if columns.emotion is None:
            raise DataError(
                f"{path}: no emotion column, so there are no classes to make folders of"
            )
        size = path.stat().st_size
        wanted = takewhile(lambda _: skip_bad or not rejects, blocks)
        parts = (_BlockPart(block, columns, test_apart) for block in wanted)
        total = -(-size // fer_csv.BLOCK_BYTES)
        for mark in write_parts(parts, folder, None, size=size // _BYTES_A_ROW, total=total):
            rejects += [fer_csv.Reject(**reject) for reject in mark["bad"]]
            source.check_bad_rows(path, len(rejects))
            found = Counter({(split, name): number for split, name, number in mark["counts"]})
            counts += found
            num_reused += mark["reused"] * found.total()
    found_labels = {EMOTIONS.index(name) for _, name in counts}
    if fer_csv.has_bad_value(rejects, columns) or fer_csv.may_be_other_codes(columns, found_labels):
        fer_csv.check_values(path)
    if rejects and not skip_bad:
        raise skippable(str(fer_csv.bad_row(path, rejects[0])))
    if not counts:
        raise DataError(f"{path}: {columns.layout}, but no usable row in it")
    present = [name for name in SPLITS if any(split == name for split, _ in counts)]
    for split in present:
        for name in EMOTIONS:  # an empty class is a class all the same
            (folder / split / name).mkdir(parents=True, exist_ok=True)
    if rejects or (out / "rejects.csv").exists():  # of a conversion before
        write_text(folder / "rejects.csv", rejects_csv(tuple(rejects)))
    table = {split: {name: counts[split, name] for name in EMOTIONS} for split in present}
    return Conversion(out, table, tuple(rejects), num_reused, are_rejects_listed=True)


def _done_before(
    out: Path, settings: dict[str, Any], path: Path, state: State
) -> Conversion | None:
    """Return the conversion that stands at `out` if it is this one and its files are all there."""
    try:
        record = json.loads((out / RECORD).read_text("utf-8"))
        if record["settings"] != settings:
            return None
        if record["changes"] != state.changes() and record["content"] != state.content(path):
            return None
        for split, classes in record["counts"].items():
            for name, number in classes.items():
                files = (out / split / name).glob(f"{split}_*.png")
                if sum(1 for _ in files) != number:
                    return None
        rejects = tuple(fer_csv.Reject(**reject) for reject in record["rejects"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none, or another's
        return None
    done = Conversion(out, record["counts"], rejects, are_rejects_listed=True)
    return replace(done, num_reused=done.num_written)
