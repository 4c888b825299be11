"""Options that several commands share, and what is made of them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from fer_data.errors import UsageError
from fer_data.sampling.schedule import parse_epoch_size
from fer_data.sampling.strategy import FORMS
from fer_data.transforms.augment import PRESETS
from fer_data.transforms.mixing import FORMS as MIXES
from fer_model.losses.choice import FORMS as LOSSES
from fer_model.training.recipe import Net as Nets
from fer_model.training.recipe import Recipe
from fer_model.training.recipes import RECIPES, named_recipe

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
Net = Annotated[str, typer.Option(help=f"{', '.join(get_args(Nets))}.")]
Named = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        help=f"A recipe that the others change: {', '.join(RECIPES)}.",
    ),
]
Optimizer = Annotated[str, typer.Option(help="adam, adamw or sgd.")]
Decay = Annotated[float, typer.Option("--weight-decay", help="Of the kernels, times the rate.")]
Clip = Annotated[
    float | None, typer.Option("--clip-norm", help="The longest gradient, all weights together.")
]
Smoothing = Annotated[
    float, typer.Option("--label-smoothing", help="Share of a label spread over all classes.")
]
Average = Annotated[
    float, typer.Option(help="Decay of the running average of the weights; 0 for none.")
]
Precision = Annotated[str, typer.Option(help="float32 or bfloat16.")]
TestTime = Annotated[
    str,
    typer.Option(help="Average predictions over a picture's versions: none, flips or crops."),
]
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
Rate = Annotated[float, typer.Option("--learning-rate", help="The optimizer's, at its highest.")]
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
Size = Annotated[
    int | None,
    typer.Option(
        "--image-size", help="Side of the images, in pixels.", show_default="the images' own"
    ),
]
Color = Annotated[str | None, typer.Option(help="grey or rgb.", show_default="the images' own")]
Rescale = Annotated[float, typer.Option(help="Pixels, 0 to 255, are multiplied by this.")]
OwnTestTime = Annotated[
    str | None,
    typer.Option(
        help="Average over a picture's versions: none, flips or crops.",
        show_default="as the recipe says",
    ),
]

DataOnDevice = Annotated[
    bool | None,
    typer.Option(
        "--data-on-device/--no-data-on-device",
        help="Keep pixels on the device and make pictures there; by default where they fit on an "
        "accelerator.",
        show_default=False,
    ),
]


def make_recipe(context: typer.Context, options: dict[str, Any]) -> Recipe:
    """Make a recipe of a command's options: of one that is named, changed by those given."""
    recipe = options["recipe"]
    values = {
        field.name: options[field.name]
        for field in fields(Recipe)
        if field.name in options and (recipe is None or is_given(context, field.name))
    }
    if "image_size" in values:
        values["image_size"] = values["image_size"] and (values["image_size"],) * 2
    if "epoch_size" in values:
        values["epoch_size"] = parse_epoch_size(values["epoch_size"])
    return replace(Recipe() if recipe is None else named_recipe(recipe), **values)


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
