"""Comparisons on several data sets in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.files import refuse_special, write_text


def compare_table(
    *comparisons: Annotated[Path, Parameter(required=True, help="Folders of comparisons.")],
    margin: Annotated[
        float | None,
        Parameter(
            metavar="POINTS",
            help="Largest difference of no practical importance, in percentage points; by "
            "default each comparison's own.",
            validator=Number(gte=0, lt=100),
        ),
    ] = None,
    markdown: Annotated[
        Path | None, Parameter(metavar="FILE", help="Write the table as markdown, too.")
    ] = None,
    csv: Annotated[
        Path | None, Parameter(metavar="FILE", help="Write the numbers as csv, too.")
    ] = None,
    as_json: Annotated[bool, Parameter(name="--json", help="Print JSON.")] = False,
) -> None:
    """Put finished comparisons on several data sets in one table, with the mean over them.

    Examples::

        fer-model compare-table fer2013 rafdb ham10000
        fer-model compare-table fer2013 rafdb --markdown table.md --csv table.csv

    All must have the same baseline and be judged by the same figure.
    """
    from fer_model import render
    from fer_model.comparison.across import across_data_sets
    from fer_model.comparison.reading import read_results
    from fer_model.reporting.table import table_as_markdown

    for file in (markdown, csv):
        if file is not None:
            refuse_special(file)
    table = across_data_sets(
        [read_results(path) for path in comparisons],
        margin=None if margin is None else margin / 100,
    )
    if markdown is not None:
        write_text(markdown, table_as_markdown(table.table()))
    if csv is not None:
        write_text(csv, table.to_frame().to_csv(index=False, float_format="%.6g"))
    if as_json:
        rows = table.to_frame().astype(object)
        rows = rows.where(rows.notna(), None)
        about = {"figure": table.figure, "baseline": table.baseline}
        print_json({**about, "differences": rows.to_dict("records")})
        return
    print_table([render.across_table(table)])
    say(
        "mean: every data set counts the same; its 95 % interval is of these data sets with other "
        "test images and seeds, and not adjusted for the number of arms"
    )
