"""What a training will draw, computed in advance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import AsJson, DataOptions, DataPath
from fer_data.commands.outputs import check_output
from fer_data.errors import DataError
from fer_data.sampling.schedule import parse_epoch_size
from fer_data.sampling.strategy import Strategy
from fer_data.terminal.cli_support import print_json, print_table, say


def plan(
    path: DataPath,
    /,
    *,
    balance: Annotated[
        str,
        Parameter(
            metavar="STRATEGY", help=f"How an epoch is drawn: {', '.join(Strategy.forms())}."
        ),
    ] = "none",
    epochs: Annotated[
        int, Parameter(metavar="N", help="How many epochs.", validator=Number(gte=1))
    ] = 1,
    batch_size: Annotated[
        int, Parameter(metavar="N", help="Samples of a step.", validator=Number(gte=1))
    ] = 64,
    epoch_size: Annotated[
        str,
        Parameter(
            metavar="SIZE", help="Samples of an epoch: own (the strategy's), natural or a number."
        ),
    ] = "own",
    plot: Annotated[
        Path | None, Parameter(metavar="FILE", help="Also plot it, as plan.png.", group=OUTPUT)
    ] = None,
    write_lists: Annotated[
        Path | None,
        Parameter(
            metavar="DIR",
            help="Write what each epoch draws, for DALI (path label) and FFCV (indices).",
            group=OUTPUT,
        ),
    ] = None,
    seed: Annotated[
        int, Parameter(metavar="N", help="With --write-lists.", validator=Number(gte=0))
    ] = 0,
    as_json: AsJson = False,
    data: DataOptions = DataOptions(),
) -> None:
    """Show what a training will draw: the ledger of the training split.

    Examples::

        fer-data plan fer2013/ --balance oversample --epochs 10
        fer-data plan fer2013.csv --balance progressive:20 --epochs 30 --plot p.png
        fer-data plan train/ --balance counts:disgust=2000,happy=4000 --json
        fer-data plan train/ --balance batch --epochs 10 --write-lists lists/

    For each class: its draws, how often its samples are used (two samples of a class differ by one
    at most), the fraction of them that is never seen, and the fraction that as many draws with
    replacement would be expected to miss. A run writes the same table to its ledger.json.
    """
    from fer_data.analysis.ledger import plan_ledger
    from fer_data.data.reading import load
    from fer_data.terminal import render

    check_output(plot, [path], data)
    dataset = load(path, **data.given())
    if "train" not in dataset.splits or not dataset.class_counts("train").any():
        raise DataError(f"{path}: no labelled training split to plan")
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
    if write_lists is not None:
        from fer_data.writers.epoch_lists import write_epoch_lists

        files = write_epoch_lists(
            dataset,
            write_lists,
            balance=balance,
            num_epochs=epochs,
            epoch_size=parse_epoch_size(epoch_size),
            seed=seed,
        )
        say(f"{write_lists}: {len(files)} lists, indices and paths below {dataset.root}")
    if as_json:
        print_json(ledger.to_dict())
    else:
        print_table([render.ledger_table(ledger)])
