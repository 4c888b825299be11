"""The html report on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import AuditedData, Cache, DataPath
from fer_data.commands.outputs import check_output
from fer_data.terminal.cli_support import say


def report(
    path: DataPath,
    /,
    *,
    out: Annotated[
        Path, Parameter(metavar="DIR", help="Folder to write index.html to.", group=OUTPUT)
    ],
    cache: Cache = None,
    data: AuditedData = AuditedData(),
) -> None:
    """Write an html page on a data set: its contents, and everything that the audit finds.

    Examples::

        fer-data report fer2013/ --out report/
        fer-data report fer2013.csv --out report/ --exclude exclusions.csv

    Counts by class and split, samples, the mean image of each class, findings with their images,
    what each --balance would draw. The page is self-contained: send it, print it.
    """
    from fer_data.reporting import report as write

    check_output(out / "index.html", [path], data)
    page = write(path, out, cache=cache, **data.given())
    say(f"The report is {page}")
