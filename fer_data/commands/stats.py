"""How many samples each class and split has."""

from __future__ import annotations

import math
import sys
from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import AsJson, DataOptions, DataPath
from fer_data.commands.program import FAILED_CHECK
from fer_data.errors import DataError, UsageError
from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import print_json, print_table, say


def stats(
    path: DataPath,
    /,
    *,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, Parameter(name="--csv", help="Print csv: split,class,count,share.", group=OUTPUT)
    ] = False,
    fail_over: Annotated[
        float | None,
        Parameter(
            metavar="RATIO", help="Exit 1 if the imbalance ratio of the training split is greater."
        ),
    ] = None,
    fail_drift: Annotated[
        float | None,
        Parameter(
            metavar="V", help="Exit 1 if any split's classes differ from train's by more (0 to 1)."
        ),
    ] = None,
    data: DataOptions = DataOptions(),
) -> int:
    """Count the samples of each class and split, and show the imbalance.

    Examples::

        fer-data stats train/
        fer-data stats fer2013.csv --json
        fer-data stats dataset/ --fail-over 10 --fail-drift 0.1
        fer-data stats images/ --labels labels.csv --label-column diagnosis
        fer-data stats fer2013.csv --exclude audit.csv --splits folds.csv --fold 1
        fer-data stats fer2013.csv --relabel labels.csv

    The imbalance ratio is the largest class over the smallest; the effective number of classes
    is the exponential of the entropy of their proportions. Cramér's V says how far the classes of
    another split are from train's: below 0.1 negligible, from 0.1 small, from 0.3 medium, from 0.5
    large. Images are counted, not decoded.
    """
    from fer_data.analysis.stats import stats as compute
    from fer_data.terminal import render
    from fer_data.util.words import printable

    if as_json and as_csv:
        raise UsageError("choose one of --json and --csv")
    if fail_over is not None and not fail_over >= 1:
        raise UsageError(f"--fail-over is {fail_over:g}; a ratio is a number, 1 or more")
    if fail_drift is not None and not 0 <= fail_drift <= 1:
        raise UsageError(f"--fail-drift is {fail_drift:g}; Cramér's V is a number from 0 to 1")
    found = compute(path, **data.given())
    if as_json:
        print_json(found.to_dict())
    elif as_csv:
        sys.stdout.write(render.counts_csv(found))
        for line in found.notes:
            say(line)
    else:
        console = cli_support.out()
        console.print(
            f"{printable(found.path)}: {found.layout}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        print_table(render.counts_tables(found))
        if found.balances:
            print_table([render.balance_table(found)])
        if found.drift:
            print_table([render.drift_table(found.drift)])
        if found.agreement and found.agreement.num_samples:
            print_table([render.agreement_table(found.agreement)])
        for line in (*found.notes, *found.skipped):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if fail_over is not None and math.isnan(found.imbalance_ratio):
        raise DataError(f"{path}: no sample has a label, so there is no ratio to check")
    if fail_drift is not None and not found.drift:
        raise DataError(f"{path}: no two splits with labels, train and another, to compare")
    failed = []
    if fail_over is not None and found.imbalance_ratio > fail_over:
        ratio = render.number(found.imbalance_ratio, 2)
        failed.append(f"imbalance ratio {ratio} is over {fail_over:g}")
    for one in found.drift:
        if fail_drift is not None and one.cramers_v > fail_drift:
            v = render.number(one.cramers_v, 3)
            failed.append(f"Cramér's V of train and {one.split}, {v}, is over {fail_drift:g}")
    for check in failed:
        say(f"fer-data: {check}")
    if failed:
        return FAILED_CHECK
    return 0
