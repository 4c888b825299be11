"""A grid of samples as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_data.commands.options import (
    Cache,
    Contempt,
    DataPath,
    Exclude,
    Ferplus,
    Fold,
    KeepUnusable,
    Layout,
    SkipBad,
    Splits,
    load_options,
)
from fer_data.commands.outputs import check_output
from fer_data.terminal.cli_support import say
from fer_data.util.words import counted

_SIDES = 96, 96
"""Of a sample, where images differ in size."""


def samples(
    path: DataPath,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Picture to write, as grid.png.")],
    split: Annotated[str, typer.Option(help="Which split.")] = "train",
    columns: Annotated[int, typer.Option(min=1, max=50, help="Samples of each class.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Another seed shows other samples.")] = 0,
    color: Annotated[
        str | None, typer.Option(help="grey or rgb.", show_default="the images' own")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=1, help="Side of a sample, in pixels.", show_default="the images' own"),
    ] = None,
    cache: Cache = None,
    skip_bad: SkipBad = False,
    layout: Layout = None,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Draw a labelled grid of random samples, classes as rows.

    **Examples**

      fer-data samples train/ grid.png

      fer-data samples fer2013.csv grid.pdf --split test --columns 12
    """
    from fer_data.data.image_format import FormatRequest, sides_of
    from fer_data.data.store import open_store
    from fer_data.reporting.sample_grid import draw_samples

    check_output(out, locals())
    options = load_options(locals())
    form = FormatRequest(
        sides_of(size),
        color,  # type: ignore[arg-type]  # checked there
        fit="pad",
        otherwise=_SIDES,
    )
    store = open_store(path, form=form, cache=cache, **options)
    draw_samples(store, out, split=split, columns=columns, seed=seed)
    for line in (*store.dataset.notes, *store.dataset.left_out_summary()):
        say(line)
    number = counted(store.report.num_samples, "image")
    say(f"{number} read; a grid of random ones is in {out}")
