"""Options of a recipe and of a machine, and the recipe that is made of them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.fields import DATA, MACHINE, TRAINING, Given, fields_of
from fer_data.commands.options import LIBRARY_ONLY
from fer_data.commands.options import WORDS as DATA_WORDS
from fer_data.data.options import LoadOptions
from fer_data.sampling.schedule import parse_epoch_size
from fer_data.sampling.strategy import Strategy
from fer_data.transforms.choice import FORMS as OPERATIONS
from fer_data.transforms.mixing import Mixing
from fer_data.transforms.presets import PRESETS
from fer_model.losses.choice import LossChoice
from fer_model.training.nets import NetChoice
from fer_model.training.optimizers import OptimizerChoice
from fer_model.training.recipe import Recipe, TestTime
from fer_model.training.recipes import COMPARED, RECIPES, named_recipe

RunPath = Annotated[Path, Parameter(help="A run folder.")]
Named = Annotated[
    str | None,
    Parameter(
        name="--recipe",
        metavar="NAME",
        help=f"The recipe that other options change: {', '.join(RECIPES)}.",
        group=TRAINING,
    ),
]
OwnTestTime = Annotated[
    TestTime | None,
    Parameter(
        help="Average predictions over flips or shifts of an image (TTA); by default the recipe's."
    ),
]

WORDS = {
    "net": Parameter(
        metavar="NET",
        help=f"Which net: {', '.join(NetChoice.forms())}, keras.applications:NAME, or your own, "
        "package.module:function.",
    ),
    "balance": Parameter(
        metavar="STRATEGY",
        help=f"How an epoch is drawn or weighted: {', '.join(Strategy.forms())}.",
    ),
    "loss": Parameter(metavar="LOSS", help=f"What is minimised: {', '.join(LossChoice.forms())}."),
    "augment": Parameter(
        metavar="TRANSFORM",
        help=f"Augmentation of training images: {', '.join(PRESETS)}, or operations in a list: "
        f"{', '.join(OPERATIONS)}, joined by commas; or package.module:function.",
    ),
    "augment_rare": Parameter(
        metavar="TRANSFORM",
        help="Another augmentation for classes with less than half the average number of samples.",
    ),
    "mix": Parameter(metavar="MIX", help=f"Mix images in pairs: {', '.join(Mixing.forms())}."),
    "epoch_size": Parameter(
        metavar="SIZE", help="Samples of an epoch: own (the strategy's), natural or a number."
    ),
    "batch_size": Parameter(metavar="N", help="Images in a step."),
    "epochs": Parameter(metavar="N", help="How many epochs."),
    "steps_per_epoch": Parameter(
        metavar="N", help="Steps between two validations; by default one pass of the data."
    ),
    "optimizer": Parameter(
        metavar="NAME",
        help=f"Which optimizer: {', '.join(OptimizerChoice.forms())}, or package.module:function.",
    ),
    "weight_decay": Parameter(
        metavar="X", help="Weight decay of the kernels, multiplied by the learning rate."
    ),
    "sam_radius": Parameter(
        metavar="X", help="Radius of sharpness-aware minimisation (SAM); 0 for none."
    ),
    "clip_norm": Parameter(
        metavar="X", help="Gradient clipping: largest norm over all weights together."
    ),
    "label_smoothing": Parameter(metavar="X", help="Fraction of a label spread over all classes."),
    "average": Parameter(
        metavar="X", help="Decay of the exponential moving average (EMA) of weights; 0 for none."
    ),
    "precision": Parameter(help="Number format in which layers compute."),
    "learning_rate": Parameter(metavar="X", help="Highest rate of the schedule."),
    "schedule": Parameter(
        metavar="NAME",
        help="How the rate falls: by validation loss (plateau), by step (cosine), or by your own "
        "package.module:function, from a step to a rate.",
    ),
    "plateau_factor": Parameter(metavar="X", help="The rate's factor on a plateau."),
    "plateau_patience": Parameter(metavar="N", help="Epochs without a better validation loss."),
    "min_learning_rate": Parameter(metavar="X", help="The rate's floor."),
    "keep": Parameter(help="Which epoch's model: by validation accuracy, or the last."),
    "validation_fraction": Parameter(metavar="X", help="Fraction of the training split held out."),
    "subset": Parameter(metavar="X", help="Train on this stratified fraction of the data."),
    "seed": Parameter(metavar="N", help="Seed of all random numbers."),
    "image_size": Parameter(
        metavar="PIXELS", help="Side of the images, or HEIGHTxWIDTH; by default their own."
    ),
    "color": Parameter(help="Colours of the images; by default their own."),
    "fit": Parameter(help="How images of another aspect ratio are resized."),
    "rescale": Parameter(metavar="X", help="The net multiplies pixels, 0 to 255, by this."),
    "test_time": Parameter(help="Average predictions over flips or shifts of an image."),
}
"""What only the command line says of `Recipe`."""

NAMED_ONLY = ("protocol",)
"""Fields that only a named recipe has."""


@fields_of(Recipe, WORDS, group=TRAINING, without=NAMED_ONLY)
class RecipeOptions(Given):
    """What of a recipe stands on the command line."""


@fields_of(
    Recipe,
    WORDS,
    group=TRAINING,
    without=(*NAMED_ONLY, "balance", "loss", "mix"),
    shown=COMPARED,
)
class ComparedRecipeOptions(Given):
    """What of a recipe stands on the command line where arms say the rest."""


@fields_of(
    LoadOptions,
    DATA_WORDS,
    group=DATA,
    without=("test_apart", *LIBRARY_ONLY, *(field.name for field in fields(Recipe))),
)
class TrainingData(Given):
    """How a data set is read that is trained on; size and colour are the recipe's."""


@Parameter(name="*", group=MACHINE)
@dataclass(frozen=True)
class Machine(Given):
    """Where a model is trained, which changes nothing of what comes of it."""

    cache: Annotated[
        Path | None,
        Parameter(
            metavar="DIR",
            help="Where decoded images are kept; by default FER_DATA_CACHE, or the user's cache.",
        ),
    ] = None
    data_on_device: Annotated[
        bool | None,
        Parameter(
            negative="--no-data-on-device",
            help="Keep pixels on the device and make batches there; by default where they fit on "
            "an accelerator.",
        ),
    ] = None


def make_recipe(name: str | None, changes: Given, base: Recipe | None = None) -> Recipe:
    """Make a recipe: the one that is named, or else the base, changed by what was given.

    Parameters
    ----------
    name : str, optional
        Of `RECIPES`.
    changes : Given
        Fields of a recipe.
    base : Recipe, optional
        What is changed where no recipe is named; by default the defaults.

    Returns
    -------
    Recipe
    """
    values = changes.given()
    if "epoch_size" in values:
        values["epoch_size"] = parse_epoch_size(values["epoch_size"])
    return replace(named_recipe(name) if name is not None else base or Recipe(), **values)
