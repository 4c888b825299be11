"""Drawn faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_data.terminal.cli_support import say
from fer_data.util.words import counted


def synthetic(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Folder to make, or a name that ends in .csv.")
    ],
    num_images: Annotated[
        int, typer.Option(min=21, help="Pictures in all splits together.")
    ] = 35_887,
    size: Annotated[int, typer.Option(min=8, max=1024, help="Side of the pictures.")] = 48,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same bytes.")] = 0,
) -> None:
    """Draw a data set of cartoon faces with FER2013's classes, splits and imbalance.

    **Examples**

      fer-data synthetic faces/ --num-images 6000

      fer-data synthetic faces.csv --seed 7
    """
    from fer_data.fer2013.synthetic import write_synthetic

    write_synthetic(out, num_images=num_images, size=size, seed=seed)
    say(f"{counted(num_images, 'drawn face')} in {out}")
