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
    card: Annotated[
        bool,
        Parameter(
            negative="",
            help="Write DIR/README.md, too: a data card as the Hugging Face Hub reads it.",
            group=OUTPUT,
        ),
    ] = False,
    cache: Cache = None,
    data: AuditedData = AuditedData(),
) -> None:
    """Write an html page on a data set: its contents, and everything that the audit finds.

    Examples::

        fer-data report fer2013/ --out report/
        fer-data report fer2013.csv --out report/ --exclude exclusions.csv
        fer-data report fer2013/ --out report/ --card

    Counts by class and split, samples, the mean image of each class, findings with their images,
    what each --balance would draw. The page is self-contained: send it, print it.
    """
    from fer_data.reporting import report as write

    for name in ("index.html", "README.md")[: 1 + card]:
        check_output(out / name, [path], data)
    page = write(path, out, card=card, cache=cache, **data.given())
    say(f"The report is {page}" + (f", the card {page.parent / 'README.md'}" if card else ""))
