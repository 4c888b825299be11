"""A page of html on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_data.commands.options import (
    Apart,
    Cache,
    Contempt,
    DataPath,
    Exclude,
    Ferplus,
    Fold,
    KeepUnusable,
    Layout,
    Splits,
    load_options,
)
from fer_data.commands.outputs import check_output
from fer_data.terminal.cli_support import say


def report(
    path: DataPath,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write index.html to.")],
    test_apart: Apart = False,
    cache: Cache = None,
    layout: Layout = None,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Write a page of html on a data set: what it holds, and all that the audit finds.

    Counts by class and split, samples, the mean picture of each class, findings with their
    pictures, what each --balance would draw. The page needs nothing beside it: send it, print it.

    **Examples**

      fer-data report fer2013/ --out report/

      fer-data report fer2013.csv --out report/ --exclude exclusions.csv --splits splits.csv
    """
    from fer_data.reporting import write_report

    check_output(out / "index.html", locals())
    page = write_report(path, out, cache=cache, **load_options(locals()))
    say(f"The report is {page}")
