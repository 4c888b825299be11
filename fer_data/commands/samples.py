"""A grid of samples as an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import Cache, DataOptions, DataPath
from fer_data.commands.outputs import check_output
from fer_data.terminal.cli_support import say
from fer_data.util.words import counted

_SIDES = 96, 96
"""Of a sample, where images differ in size."""


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True)
class Grid:
    """What the grid shows."""

    split: Annotated[
        str | None,
        Parameter(metavar="NAME", help="Which split; by default train, or the only one."),
    ] = None
    columns: Annotated[
        int, Parameter(metavar="N", help="Samples of each class.", validator=Number(gte=1, lte=50))
    ] = 8
    seed: Annotated[
        int,
        Parameter(metavar="N", help="Another seed shows other samples.", validator=Number(gte=0)),
    ] = 0
    color: Annotated[
        str | None, Parameter(metavar="COLOR", help="grey or rgb; by default the images' own.")
    ] = None
    size: Annotated[
        int | None,
        Parameter(
            metavar="PIXELS",
            help="Side of a sample; by default the images' own.",
            validator=Number(gte=1),
        ),
    ] = None


def samples(
    path: DataPath,
    out: Annotated[Path, Parameter(help="Image to write, as grid.png.")],
    /,
    *,
    grid: Grid = Grid(),
    cache: Cache = None,
    data: DataOptions = DataOptions(),
) -> None:
    """Draw a labelled grid of random samples, classes as rows.

    Examples::

        fer-data samples train/ grid.png
        fer-data samples fer2013.csv grid.pdf --split test --columns 12
    """
    from fer_data.data.image_format import FormatRequest, sides_of
    from fer_data.data.store import open_store
    from fer_data.reporting.sample_grid import draw_samples

    check_output(out, [path], data)
    form = FormatRequest(
        sides_of(grid.size),
        grid.color,  # type: ignore[arg-type]  # checked there
        fit="pad",
        otherwise=_SIDES,
    )
    store = open_store(path, form=form, cache=cache, **data.given())
    draw_samples(store, out, split=grid.split, columns=grid.columns, seed=grid.seed)
    for line in (*store.dataset.notes, *store.dataset.skipped_summary()):
        say(line)
    number = counted(store.report.num_samples, "image")
    say(f"{number} read; a grid of random ones is in {out}")
