"""Drawn faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.terminal.cli_support import say
from fer_data.util.words import counted


def synthetic(
    out: Annotated[Path, Parameter(help="Folder to make, or a name that ends in .csv.")],
    /,
    *,
    num_images: Annotated[
        int,
        Parameter(metavar="N", help="Images in all splits together.", validator=Number(gte=21)),
    ] = 35_887,
    size: Annotated[
        int,
        Parameter(metavar="PIXELS", help="Side of the images.", validator=Number(gte=8, lte=1024)),
    ] = 48,
    seed: Annotated[
        int,
        Parameter(metavar="N", help="The same seed draws the same bytes.", validator=Number(gte=0)),
    ] = 0,
) -> None:
    """Draw a data set of cartoon faces with FER2013's classes, splits and imbalance.

    Examples::

        fer-data synthetic faces/ --num-images 6000
        fer-data synthetic faces.csv --seed 7
    """
    from fer_data.fer2013.synthetic import write_synthetic

    write_synthetic(out, num_images=num_images, size=size, seed=seed)
    say(f"{counted(num_images, 'drawn face')} in {out}")
