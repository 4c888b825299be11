"""Label issues."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import AsJson, DataPath, UndividedData
from fer_data.commands.outputs import check_output, written
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.words import counted


def label_issues(
    path: DataPath,
    /,
    *runs: Annotated[
        Path,
        Parameter(required=True, help="Run folders, one a fold: `train --splits --fold`."),
    ],
    out: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            help="Write the flagged samples as csv, for --exclude or --relabel.",
            group=OUTPUT,
        ),
    ] = None,
    most: Annotated[
        int,
        Parameter(metavar="N", help="How many to show.", validator=Number(gte=0), group=OUTPUT),
    ] = 20,
    as_json: AsJson = False,
    data: UndividedData = UndividedData(),
) -> None:
    """Rank samples by how likely their label is wrong, with models not trained on them.

    Examples::

        fer-data split fer2013.csv --folds 5 --out folds.csv
        fer-model train fer2013.csv --splits folds.csv --fold 1 --out runs/fold-1
        fer-data label-issues fer2013.csv runs/fold-* --out issues.csv

    By confident learning (arXiv:1911.00068). Train on every fold first: a run has not seen its
    validation samples. With --relabel the label issues are compared with other labels, on which
    the runs must not have been trained. The file of --out has the suggested labels: --relabel
    applies them, and --exclude excludes these samples.
    """
    from fer_data.analysis.label_issues import (
        check_label_issues,
        find_label_issues,
        read_predictions,
    )
    from fer_data.data.reading import load
    from fer_data.terminal import render

    check_output(out, [path, *runs], data)
    options = data.given()
    own = {name: value for name, value in options.items() if name != "relabel"}
    dataset = load(path, **own)
    issues = find_label_issues(dataset, *read_predictions(runs, dataset))
    check = None
    if len(own) < len(options):
        check = check_label_issues(issues, load(path, **options))
    listed = issues.to_dicts()
    if out is not None:
        with written(out):
            issues.write(out)
    if as_json:
        print_json(
            {
                "num_predicted": len(issues.rows),
                "check": vars(check) if check else None,
                "flagged": listed,
            }
        )
    else:
        print_table([render.label_issues_table(listed[:most], len(listed), len(issues.rows))])
        if check:
            print_table([render.check_table(check)])
    if out is not None:
        say(f"{counted(len(listed), 'label issue is', 'label issues are')} listed in {out}")
