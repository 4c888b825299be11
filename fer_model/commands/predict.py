"""What a run sees in images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fer_data.commands.fields import DATA, OUTPUT, Given, fields_of
from fer_data.commands.options import WORDS, AsJson
from fer_data.commands.outputs import check_output, written
from fer_data.data.options import LoadOptions
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.words import counted
from fer_model.commands.options import OwnTestTime, RunPath
from fer_model.commands.session import import_keras

if TYPE_CHECKING:
    from fer_model.inference.predict import Predictions

_SHOWN = 20
"""Rows of the table that is printed."""


@fields_of(LoadOptions, WORDS, group=DATA, only=("skip_bad", "layout"))
class ImageOptions(Given):
    """How images, folders and data sets are read that need no labels."""


def predict(
    run: RunPath,
    /,
    *paths: Annotated[
        Path,
        Parameter(
            required=True,
            help="Images, folders of them, or data sets (csv, .npz, parquet, TFRecord).",
        ),
    ],
    split: Annotated[
        str | None,
        Parameter(metavar="NAME", help="Only this split of data sets; by default all."),
    ] = None,
    test_time: OwnTestTime = None,
    out: Annotated[
        Path | None,
        Parameter(
            metavar="CSV", help="Write a row for each image, with all probabilities.", group=OUTPUT
        ),
    ] = None,
    as_json: AsJson = False,
    data: ImageOptions = ImageOptions(),
) -> None:
    """Say what a run's model sees in images: class names and probabilities.

    Examples::

        fer-model predict runs/oversample me.jpg
        fer-model predict runs/oversample photos/ --out probabilities.csv --skip-bad
        fer-model predict runs/oversample fer2013.csv --split test --out p.csv
        fer-model predict runs/oversample *.png --json

    Images of any size and colour are brought to the run's, as in training. In a folder with
    class folders of the model's, labels come along; in any other one every image is taken.
    """
    from fer_model.training.runs import Run

    Run.open(run)
    check_output(out, paths)
    import_keras()
    from fer_model.inference.predict import predict_paths

    predictions = predict_paths(run, paths, split=split, test_time=test_time, **data.given())
    if out is not None:
        with written(out):
            predictions.write_csv(out)
    _show(predictions, out, as_json=as_json)
    for note in predictions.notes:
        say(note)
    for cause in predictions.skipped:
        say(f"skipped: {cause}")
    if len(predictions.skipped) > 1:
        say(f"{counted(len(predictions.skipped), 'image')} skipped")


def _show(predictions: Predictions, out: Path | None, *, as_json: bool) -> None:
    from fer_data.util.words import shown_class
    from fer_model.render import predictions_table

    if out is None and as_json:
        print_json(predictions.to_dicts())
    elif out is None:
        print_table([predictions_table(predictions.to_dicts(_SHOWN))])
        if len(predictions) > _SHOWN:
            say(f"and {counted(len(predictions) - _SHOWN, 'image')} more; --out CSV writes all")
    elif as_json:
        print_json(
            {
                "out": str(out),
                "num_samples": len(predictions),
                "predicted": predictions.counts,
                "skipped": predictions.skipped,
            }
        )
    else:
        counts = ", ".join(
            f"{number:,} {shown_class(name)}" for name, number in predictions.counts.items()
        )
        say(f"{counted(len(predictions), 'image')} in {out}: {counts}")
