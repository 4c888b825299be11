"""What a run sees in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_data.cli_support import print_json, print_table, say
from fer_data.commands.options import (
    AsJson,
    SkipBad,
)
from fer_model.commands.session import (
    import_keras,
)


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures of faces.")],
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Say what a run's model sees in pictures: class names and probabilities.

    **Examples**

      fer-model predict runs/oversample me.jpg

      fer-model predict runs/oversample *.png --skip-bad --json
    """
    from fer_model.training.runs import Run

    Run.open(run)
    import_keras()
    from fer_model.render import predictions_table
    from fer_model.training.evaluate import predict_images

    predictions, left_out = predict_images(run, images, skip_bad=skip_bad)
    if as_json:
        print_json(predictions)
    else:
        print_table([predictions_table(predictions)])
    for cause in left_out:
        say(f"left out: {cause}")
