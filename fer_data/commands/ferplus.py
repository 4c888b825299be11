"""FER+'s labels for FER2013."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.fields import DATA, OUTPUT, Given, fields_of
from fer_data.commands.options import LIBRARY_ONLY, TRAINING_ONLY, WORDS, AsJson, DataPath
from fer_data.commands.outputs import check_output, written
from fer_data.data.options import LoadOptions
from fer_data.terminal.cli_support import print_json, say

_OF_LABELS = ("relabel", "splits", "fold", *TRAINING_ONLY, *LIBRARY_ONLY)


@fields_of(LoadOptions, WORDS, group=DATA, without=_OF_LABELS)
class OwnData(Given):
    """How a data set is read under its own labels and splits."""


def ferplus(
    path: DataPath,
    votes: Annotated[Path, Parameter(help="FER+'s fer2013new.csv.")],
    /,
    *,
    out: Annotated[Path, Parameter(metavar="FILE", help="The csv to write.", group=OUTPUT)],
    contempt: Annotated[bool, Parameter(help="Contempt is an eighth class, not excluded.")] = False,
    keep_unusable: Annotated[
        bool, Parameter(help="Images voted unknown or no face keep their own label.")
    ] = False,
    as_json: AsJson = False,
    data: OwnData = OwnData(),
) -> None:
    """Write the labels that FER+'s votes give to FER2013, as a csv for --relabel.

    Examples::

        fer-data ferplus fer2013.csv fer2013new.csv --out labels.csv
        fer-data stats fer2013.csv --relabel labels.csv
        fer-model train fer2013.csv --relabel labels.csv --soft --out runs/soft

    The emotion with most votes is the label; a tie goes to the data's own label where that is among
    the tied. Votes are joined by the order of rows, or by the number at the end of a file's name,
    as convert-csv writes them. The csv has the votes, too, so --soft trains on their proportions.
    """
    from fer_data.fer2013.ferplus import ferplus_labels

    check_output(out, [path, votes], data)
    with written(out):
        labels = ferplus_labels(
            path, votes, out, contempt=contempt, keep_unusable=keep_unusable, **data.given()
        )
    if as_json:
        print_json({**asdict(labels), "out": str(out)})
        return
    for line in labels.lines():
        say(line)
    say(f"written to {out}; use it with --relabel {out}")
