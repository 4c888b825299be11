"""A run's model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import AsJson
from fer_data.terminal.cli_support import print_json, say
from fer_data.util.files import write_text
from fer_data.util.markdown import refuse_card
from fer_data.util.words import counted
from fer_model.commands.options import RunPath
from fer_model.commands.session import import_keras
from fer_model.inference.forms import FORMS


def export(
    run: RunPath,
    /,
    *,
    form: Annotated[
        str,
        Parameter(name="--to", metavar="FORM", help=f"{', '.join(FORMS)}.", group=OUTPUT),
    ] = "onnx",
    out: Annotated[
        Path | None,
        Parameter(
            metavar="PATH",
            help="File or folder to make; by default model.onnx, saved_model or model.tflite in "
            "RUN.",
            group=OUTPUT,
        ),
    ] = None,
    card: Annotated[
        bool,
        Parameter(
            negative="",
            help="Write README.md next to it, too: a model card as the Hugging Face Hub reads it.",
            group=OUTPUT,
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Export a run's model to ONNX, TensorFlow's SavedModel or TFLite.

    Examples::

        fer-model export runs/oversample
        fer-model export runs/oversample --to tflite --out phone/face.tflite
        fer-model export runs/oversample --to saved-model --out served/1 --json
        fer-model export runs/oversample --out hub/model.onnx --card

    The export takes pixels as they are, float32 from 0 to 255 in the run's size and colour, any
    number of images at a time, and gives probabilities; class names travel with it. It is loaded
    again and compared with Keras on the same images before it appears.
    """
    from fer_model.inference.forms import export_path
    from fer_model.reporting.model_card import model_card
    from fer_model.training.runs import Run

    path = export_path(Run.open(run).path, out, form)  # type: ignore[arg-type]  # checked there
    readme = path.parent / "README.md"
    if card:
        refuse_card(readme)
    text = model_card(run, export=path) if card else ""
    import_keras()
    from fer_model.inference.export import export_run

    done = export_run(run, out, form=form)  # type: ignore[arg-type]
    if card:
        write_text(readme, text)
    if as_json:
        print_json(done.to_dict())
        return
    say(
        f"{done.path}: {counted(len(done.class_names), 'class', 'classes')}; within "
        f"{done.largest_difference:.1e} of Keras' probabilities on "
        f"{counted(done.num_checked, 'image')} ({done.checked_on})"
    )
