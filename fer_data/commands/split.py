"""Splits and folds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_data.commands.options import (
    Apart,
    AsJson,
    Cache,
    Contempt,
    DataPath,
    Exclude,
    Ferplus,
    KeepUnusable,
    Layout,
    SkipBad,
    load_options,
)
from fer_data.commands.outputs import check_output, written
from fer_data.errors import UsageError
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.words import counted


def split(
    path: DataPath,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The csv to write; by default splits.csv or folds.csv."),
    ] = None,
    validation: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Share that validates; by default 0.1.")
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Share that tests; by default 0.1, where no test split stays."
        ),
    ] = None,
    folds: Annotated[
        int | None, typer.Option(metavar="K", help="Divide into K folds instead.")
    ] = None,
    pool: Annotated[
        bool, typer.Option("--pool", help="Pool all splits and divide anew, test splits too.")
    ] = False,
    min_per_class: Annotated[
        int, typer.Option(min=0, metavar="N", help="Samples of each class on every side.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives another division.")] = 0,
    as_folders: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write DIR/SPLIT/CLASS/PICTURE too (hard links)."),
    ] = None,
    test_apart: Apart = False,
    layout: Layout = None,
    exclude: Exclude = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
    as_json: AsJson = False,
    cache: Cache = None,
    skip_bad: SkipBad = False,
) -> None:
    """Divide a data set: stratified, reproducible, copies of a picture on one side.

    Without --pool a test split that the data brings stays as it is, and the rest is divided into
    train and validation. What is written is a small csv that all commands take by --splits; with
    --folds, --fold says which fold validates. Copies of a photograph, flipped, shifted, brightened,
    resized or encoded anew, are never divided.

    **Examples**

      fer-data split fer2013.csv --validation 0.1 --out splits.csv

      fer-data split fer2013/ --folds 5 --seed 1 --out folds.csv

      fer-model train fer2013/ --splits folds.csv --fold 1

      fer-data split faces/ --pool --as-folders divided/
    """
    from fer_data.data.store import open_store
    from fer_data.duplicates.photographs import COMPARED, photograph_groups
    from fer_data.splitting.division import split_samples
    from fer_data.terminal import render
    from fer_data.writers.split_folders import write_split_folders

    if folds and as_folders:
        raise UsageError("--folds and --as-folders: every fold would be in each of the folders")
    target = out or Path("folds.csv" if folds else "splits.csv")
    check_output(target, locals())
    store = open_store(path, form=COMPARED, cache=cache, **load_options(locals()))
    division = split_samples(
        store.dataset,
        photograph_groups(store.pixels),
        validation=validation,
        test=test,
        folds=folds,
        pool=pool,
        seed=seed,
        min_per_class=min_per_class,
    )
    if as_folders is not None:
        write_split_folders(division, store, as_folders)
    if out is None and target.exists() and target.read_bytes() != division.to_csv().encode():
        raise UsageError(f"{target}: holds other ones; to replace them, name it (--out {target})")
    with written(target):
        division.write(target)
    if as_json:
        print_json({**division.to_dict(), "out": str(target), "seed": seed})
    else:
        print_table(render.division_tables(division))
    for note in store.dataset.notes:
        say(note)
    if division.num_across:
        kept = ", ".join(division.names[-division.num_kept :])
        across = counted(
            division.num_across,
            "photograph of what was divided has",
            "photographs of what was divided have",
        )
        say(f"{across} a version in {kept}, too; --pool would keep them together")
    say(f"written to {target}; use it by --splits {target}" + (" --fold 1" if folds else ""))
