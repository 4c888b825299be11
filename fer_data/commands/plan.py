"""What a training will draw, before any training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_data.commands.options import (
    AsJson,
    Contempt,
    DataPath,
    Exclude,
    Ferplus,
    Fold,
    KeepUnusable,
    Layout,
    SkipBadRows,
    Splits,
    load_options,
)
from fer_data.commands.outputs import check_output
from fer_data.errors import DataError
from fer_data.sampling.schedule import parse_epoch_size
from fer_data.sampling.strategy import FORMS
from fer_data.terminal.cli_support import print_json, print_table, say


def plan(
    path: DataPath,
    balance: Annotated[
        str, typer.Option(metavar="STRATEGY", help=f"How an epoch is drawn: {', '.join(FORMS)}.")
    ] = "none",
    epochs: Annotated[int, typer.Option(min=1, help="How many epochs.")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="Samples of a step.")] = 64,
    epoch_size: Annotated[
        str, typer.Option(help="Samples of an epoch: own (the strategy's), natural or a number.")
    ] = "own",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it too, as plan.png.")
    ] = None,
    as_json: AsJson = False,
    skip_bad: SkipBadRows = False,
    layout: Layout = None,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Say what a training will use, before any training: the ledger of the training split.

    For each class its draws, how often its samples are used (two samples of a class differ by one
    at most), and the share of them that is never seen; beside it, what as many draws with
    replacement would be expected to miss. A training writes the same to its run's ledger.json.

    **Examples**

      fer-data plan fer2013/ --balance oversample --epochs 10

      fer-data plan fer2013.csv --balance progressive:20 --epochs 30 --plot plan.png

      fer-data plan train/ --balance counts:disgust=2000,happy=4000 --json
    """
    from fer_data.analysis.ledger import plan_ledger
    from fer_data.data.reading import load
    from fer_data.terminal import render

    check_output(plot, locals())
    dataset = load(path, **load_options(locals()))
    if "train" not in dataset.splits or not dataset.class_counts("train").any():
        raise DataError(f"{path}: no labelled training split to plan")
    if missing := dataset.without_samples("train"):
        say(f"no training samples of {', '.join(missing)}")
    for note in dataset.notes:
        say(note)
    ledger = plan_ledger(
        dataset.class_counts("train"),
        dataset.class_names,
        balance,
        epochs=epochs,
        batch_size=batch_size,
        epoch_size=parse_epoch_size(epoch_size),
    )
    if plot is not None:
        from fer_data.reporting.ledger_plot import draw_ledger

        draw_ledger(ledger, plot)
    if as_json:
        print_json(ledger.to_dict())
    else:
        print_table([render.ledger_table(ledger)])
