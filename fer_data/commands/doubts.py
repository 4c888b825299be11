"""Labels that a model doubts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_data.commands.options import (
    Apart,
    AsJson,
    DataPath,
    Exclude,
    Ferplus,
    Layout,
    SkipBad,
    load_options,
)
from fer_data.commands.outputs import check_output, written
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.words import counted


def doubts(
    path: DataPath,
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run folders, one a fold: `train --splits --fold`."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the doubted samples as csv, as for --exclude."),
    ] = None,
    most: Annotated[int, typer.Option(min=0, help="How many to show.")] = 20,
    ferplus: Ferplus = None,
    layout: Layout = None,
    exclude: Exclude = None,
    test_apart: Apart = False,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Rank samples whose label a model doubts that was not trained on them.

    By confident learning (arXiv:1911.00068). Train on folds first: each run's validation samples
    are those that it has not seen. With --ferplus the doubts are checked against FER+'s labels,
    which the runs must not have been trained on.

    **Examples**

      fer-data split fer2013.csv --folds 5 --out folds.csv

      fer-model train fer2013.csv --splits folds.csv --fold 1 --out runs/fold-1    # and so on

      fer-data doubts fer2013.csv runs/fold-* --out doubts.csv
    """
    from fer_data.analysis.doubts import check_doubts, find_doubts, read_predictions
    from fer_data.data.reading import load
    from fer_data.terminal import render

    check_output(out, locals())
    options = load_options(locals())
    dataset = load(path, **options | {"ferplus": None})
    found = find_doubts(dataset, *read_predictions(runs, dataset))
    check = None
    if ferplus is not None:
        check = check_doubts(found, load(path, **options))
    listed = found.to_dicts()
    if out is not None:
        with written(out):
            found.write(out)
    if as_json:
        print_json(
            {
                "num_predicted": len(found.rows),
                "check": vars(check) if check else None,
                "doubted": listed,
            }
        )
    else:
        print_table([render.doubts_table(listed[:most], len(listed), len(found.rows))])
        if check:
            print_table([render.check_table(check)])
    if out is not None:
        say(f"{counted(len(listed), 'doubted sample is', 'doubted samples are')} listed in {out}")
