"""Splits and folds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import AsJson, Cache, DataPath, UndividedData
from fer_data.commands.outputs import check_output, written
from fer_data.errors import UsageError
from fer_data.terminal.cli_support import print_json, print_table, say


@Parameter(name="*")
@dataclass(frozen=True)
class SplitOptions:
    """How a data set is divided: arguments of `fer_data.split`."""

    validation: Annotated[
        float | None, Parameter(metavar="FRACTION", help="Fraction for validation; by default 0.1.")
    ] = None
    test: Annotated[
        float | None,
        Parameter(
            metavar="FRACTION",
            help="Fraction for test; by default 0.1, unless a test split is kept.",
        ),
    ] = None
    folds: Annotated[int | None, Parameter(metavar="K", help="Divide into K folds instead.")] = None
    pool: Annotated[bool, Parameter(help="Pool all splits, test splits too, and divide again.")] = (
        False
    )
    min_per_class: Annotated[
        int,
        Parameter(
            metavar="N", help="Samples of each class in every split.", validator=Number(gte=0)
        ),
    ] = 1
    seed: Annotated[
        int,
        Parameter(metavar="N", help="Another seed gives another split.", validator=Number(gte=0)),
    ] = 0


def split(
    path: DataPath,
    /,
    *,
    how: SplitOptions = SplitOptions(),
    out: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            help="The csv to write; by default splits.csv or folds.csv.",
            group=OUTPUT,
        ),
    ] = None,
    as_folders: Annotated[
        Path | None,
        Parameter(
            metavar="DIR", help="Write DIR/SPLIT/CLASS/IMAGE too (hard links).", group=OUTPUT
        ),
    ] = None,
    as_json: AsJson = False,
    cache: Cache = None,
    data: UndividedData = UndividedData(),
) -> None:
    """Divide a data set: stratified, reproducible, groups and near-duplicates kept together.

    Examples::

        fer-data split fer2013.csv --validation 0.1 --out splits.csv
        fer-data split fer2013/ --folds 5 --seed 1 --out folds.csv
        fer-model train fer2013/ --splits folds.csv --fold 1
        fer-data split faces/ --pool --as-folders divided/

    Without --pool, an existing test split is kept, and the rest is divided into train and
    validation. The output is a small csv that all commands take as --splits; with --folds, --fold
    chooses the validation fold. Groups of the data are never divided, and neither are
    near-duplicates: one image flipped, shifted, brightened, resized or encoded again.
    """
    from fer_data.splitting import dividing
    from fer_data.terminal import render
    from fer_data.writers.split_folders import write_split_folders

    if how.folds and as_folders:
        raise UsageError("--folds and --as-folders: every fold would be in each of the folders")
    target = out or Path("folds.csv" if how.folds else "splits.csv")
    check_output(target, [path], data)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # it is said below
        result = dividing.split(path, cache=cache, **vars(how), **data.given())
    if as_folders is not None:
        write_split_folders(result, as_folders)
    if out is None and target.exists() and target.read_bytes() != result.to_csv().encode():
        raise UsageError(
            f"{target}: holds a different split; name the file to replace it",
            fix={"out": [str(target)]},
        )
    with written(target):
        result.write(target)
    if as_json:
        print_json({**result.to_dict(), "out": str(target), "seed": how.seed})
    else:
        print_table(render.split_tables(result))
    for note in result.source.notes:
        say(note)
    say(result.together)
    if result.across:
        say(f"{result.across}; --pool would keep them together")
    say(f"written to {target}; use it with --splits {target}" + (" --fold 1" if how.folds else ""))
