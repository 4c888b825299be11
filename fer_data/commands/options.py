"""Options that several commands share, of both command lines."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

DataPath = Annotated[
    Path,
    typer.Argument(  # the library says in one line what cannot be read
        metavar="PATH",
        readable=False,
        help="Folder of class folders, FER2013 csv, .npz, parquet or TFRecord.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Cache = Annotated[
    Path | None, typer.Option(help="Where decoded pictures are kept.", envvar="FER_DATA_CACHE")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave bad rows and pictures out instead of stopping.")
]
Apart = Annotated[
    bool,
    typer.Option(
        "--test-apart",
        help="Keep a csv's PublicTest and PrivateTest apart, as public_test and private_test.",
    ),
]
SkipBadRows = Annotated[
    bool, typer.Option("--skip-bad", help="Leave bad csv rows out instead of stopping.")
]
Layout = Annotated[
    str | None,
    typer.Option(
        metavar="class-folders",
        help="Take folders as classes where they may be splits or else: class-folders.",
        show_default=False,
    ),
]
Exclude = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="A csv whose first column is sample: leave these samples out."
    ),
]
Splits = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A csv of sample,split or sample,fold, as `fer-data split` writes it, "
        "in place of the data's own splits.",
    ),
]
Fold = Annotated[
    int | None,
    typer.Option(metavar="K", help="With --splits of folds: fold K, from 1, validates."),
]
Ferplus = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="FER+'s fer2013new.csv: labels by most votes, joined by row order."
    ),
]
Soft = Annotated[bool, typer.Option("--soft", help="With --ferplus: train on shares of the votes.")]
Contempt = Annotated[
    bool, typer.Option("--contempt", help="With --ferplus: contempt is an eighth class.")
]
KeepUnusable = Annotated[
    bool,
    typer.Option(
        "--keep-unusable",
        help="With --ferplus: keep what is no face or unknown, under its own label.",
    ),
]


def load_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return those of a command's options that `fer_data.load` takes."""
    from fer_data.data.options import LoadOptions

    names = {field.name for field in fields(LoadOptions)} & options.keys()
    return {name: options[name] for name in names}
