"""Options that several commands share, and what is made of them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fer_data.batching.augment import PRESETS
from fer_data.batching.mixing import FORMS as MIXES
from fer_data.epochs.schedule import parse_epoch_size
from fer_data.epochs.strategy import FORMS
from fer_data.errors import UsageError
from fer_model.losses.choice import FORMS as LOSSES

if TYPE_CHECKING:
    from fer_model.training.recipe import Recipe

DataPath = Annotated[
    Path,
    typer.Argument(  # the library says in one line what cannot be read
        metavar="PATH", readable=False, help="Folder of class folders, or a FER2013 csv."
    ),
]
Balance = Annotated[
    str,
    typer.Option(
        help=f"How an epoch is drawn or weighted: {', '.join(FORMS)}.",
        metavar="STRATEGY",
    ),
]
Loss = Annotated[str, typer.Option(metavar="LOSS", help=f"What is lessened: {', '.join(LOSSES)}.")]
Net = Annotated[str, typer.Option(help="documented or small.")]
Augment = Annotated[str, typer.Option(help=f"Of training pictures: {', '.join(PRESETS)}.")]
AugmentRare = Annotated[
    str | None,
    typer.Option(help="Another one for classes with fewer than half of an average class."),
]
Mix = Annotated[str, typer.Option(help=f"Mix pictures in pairs: {', '.join(MIXES)}.")]
EpochSize = Annotated[
    str, typer.Option(help="Samples of an epoch: own (the strategy's), natural or a number.")
]
Batch = Annotated[int, typer.Option("--batch-size", help="Pictures of a step.")]
Epochs = Annotated[int, typer.Option(help="How many epochs.")]
Steps = Annotated[
    int | None,
    typer.Option(help="Steps between two validations; by default one pass of the balanced data."),
]
Rate = Annotated[float, typer.Option("--learning-rate", help="Adam's rate, at its highest.")]
Schedule = Annotated[
    str, typer.Option(help="How the rate falls: plateau (by validation loss) or cosine (by step).")
]
Factor = Annotated[float, typer.Option(help="The rate's factor on a plateau.")]
Patience = Annotated[int, typer.Option(help="Epochs without a better validation loss.")]
MinRate = Annotated[float, typer.Option("--min-learning-rate", help="The rate's floor.")]
Keep = Annotated[str, typer.Option(help="best (validation accuracy) or last epoch's model.")]
Fraction = Annotated[float, typer.Option(help="Share of training that is held out.")]
Subset = Annotated[float, typer.Option(help="Train on this stratified share of the data.")]
Seed = Annotated[int, typer.Option(help="Everything random follows from it.")]
Size = Annotated[int, typer.Option("--image-size", help="Side of the pictures, in pixels.")]
Color = Annotated[str, typer.Option(help="grey or rgb.")]
Rescale = Annotated[float, typer.Option(help="Pixels, 0 to 255, are multiplied by this.")]

DataOnDevice = Annotated[
    bool | None,
    typer.Option(
        "--data-on-device/--no-data-on-device",
        help="Keep pixels on the device and make pictures there; by default where they fit on an "
        "accelerator.",
        show_default=False,
    ),
]


def make_recipe(options: dict[str, Any]) -> Recipe:
    """Make a recipe of a command's options."""
    from fer_model.training.recipe import Recipe

    names = {field.name for field in fields(Recipe)} & options.keys()
    values = {name: options[name] for name in names}
    values["image_size"] = (options["image_size"], options["image_size"])
    values["epoch_size"] = parse_epoch_size(options["epoch_size"])
    if options["as_notebook"]:
        values |= {"protocol": "notebook", "keep": "last"}
    return Recipe(**values)


def is_given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_others(context: typer.Context, known: set[str], why: str) -> None:
    """Refuse options that were given, and that would silently do nothing."""
    others = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in known and is_given(context, name)
    ]
    if others:
        raise UsageError(f"{', '.join(others)} cannot be given here: {why}")
