"""How many samples each class and split has."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import AsJson, DataOptions, DataPath
from fer_data.commands.program import FAILED_CHECK
from fer_data.errors import DataError, UsageError
from fer_data.terminal.cli_support import print_json, print_line, print_table, say

if TYPE_CHECKING:
    from fer_data.analysis.stats import Stats


def stats(
    path: DataPath,
    /,
    *,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, Parameter(name="--csv", help="Print csv: split,class,count,fraction.", group=OUTPUT)
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
    from fer_data.analysis.stats import Stats
    from fer_data.data.reading import load
    from fer_data.terminal import render
    from fer_data.util.words import printable

    if as_json and as_csv:
        raise UsageError("choose one of --json and --csv")
    if fail_over is not None and not fail_over >= 1:
        raise UsageError(f"--fail-over is {fail_over:g}; a ratio is a number, 1 or more")
    if fail_drift is not None and not 0 <= fail_drift <= 1:
        raise UsageError(f"--fail-drift is {fail_drift:g}; Cramér's V is a number from 0 to 1")
    counted = Stats.of(load(path, **data.given()))
    if as_json:
        print_json(counted.to_dict())
    elif as_csv:
        sys.stdout.write(counted.to_csv())
        for line in counted.notes:
            say(line)
    else:
        print_line(f"{printable(counted.path)}: {counted.layout}")
        for table in render.stats_tables(counted):
            print_table(table)
        for line in (*counted.notes, *counted.skipped):
            print_line(line)
    failed = _failed_checks(counted, fail_over, fail_drift)
    for check in failed:
        say(f"fer-data: {check}")
    return FAILED_CHECK if failed else 0


def _failed_checks(counted: Stats, fail_over: float | None, fail_drift: float | None) -> list[str]:
    """Return a line for each check that was asked for and failed."""
    from fer_data.terminal.render import number

    if fail_over is not None and math.isnan(counted.imbalance_ratio):
        raise DataError(f"{counted.path}: no sample has a label, so there is no ratio to check")
    if fail_drift is not None and not counted.drift:
        raise DataError(f"{counted.path}: to compare classes, train and another split need labels")
    failed = []
    if fail_over is not None and counted.imbalance_ratio > fail_over:
        ratio = number(counted.imbalance_ratio, 2)
        failed.append(f"imbalance ratio {ratio} is over {fail_over:g}")
    for drift in counted.drift:
        if fail_drift is not None and drift.cramers_v > fail_drift:
            of_split = f"Cramér's V of train and {drift.split}, {drift.cramers_v:.3f}"
            failed.append(f"{of_split}, is over {fail_drift:g}")
    return failed
