"""``fer-model``: train, evaluate, predict, compare. A command is a thin call of the library."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from fer_data import cli_support
from fer_data.augment import PRESETS
from fer_data.cli_support import print_json, print_table, say
from fer_data.commands.options import (
    AsJson,
    Cache,
    Contempt,
    Exclude,
    Ferplus,
    Fold,
    KeepUnusable,
    SkipBad,
    Soft,
    Splits,
    selection_of,
)
from fer_data.entry import INTERRUPTED
from fer_data.errors import UsageError
from fer_data.mixing import FORMS as MIXES
from fer_data.readers import layout_of
from fer_data.schedule import parse_epoch_size
from fer_data.strategy import FORMS
from fer_data.words import counted

if TYPE_CHECKING:
    from fer_model.recipe import Recipe
    from fer_model.runs import Run

app = cli_support.new_app(
    "Train the documented CNN on balanced or unbalanced pipelines, and compare the runs."
)

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
Rate = Annotated[float, typer.Option("--learning-rate", help="Adam's rate at the start.")]
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


@app.command(name="train", no_args_is_help=True)
def train_command(
    context: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH", readable=False, help="Folder of class folders, or a FER2013 csv."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; by default runs/DATA-NET-BALANCE.")
    ] = None,
    balance: Balance = "none",
    net: Net = "documented",
    augment: Augment = "flip",
    augment_rare: AugmentRare = None,
    mix: Mix = "none",
    epoch_size: EpochSize = "own",
    batch_size: Batch = 64,
    epochs: Epochs = 100,
    steps_per_epoch: Steps = None,
    learning_rate: Rate = 3.5e-4,
    plateau_factor: Factor = 0.1,
    plateau_patience: Patience = 2,
    min_learning_rate: MinRate = 1e-5,
    keep: Keep = "best",
    validation_fraction: Fraction = 0.1,
    subset: Subset = 1.0,
    seed: Seed = 0,
    image_size: Size = 48,
    color: Color = "grey",
    rescale: Rescale = 1.0,
    as_notebook: Annotated[
        bool,
        typer.Option(
            "--as-notebook",
            help="The notebook's own protocol: the test split, flipped at random, as validation; "
            "the last epoch's model.",
        ),
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with an interrupted run.")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write TensorBoard logs into the run folder.")
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary/--no-summary", help="Print the net's layers first.")
    ] = True,
    cache: Cache = None,
    skip_bad: SkipBad = False,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    soft: Soft = False,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
    as_json: AsJson = False,
) -> None:
    """Train a net and leave a run folder: model, history, metrics, predictions, plots.

    The defaults are the notebook's recipe. A validation part is taken from the training split
    (stratified, copies of a picture kept together) unless the data brings one; the test split is
    scored once, at the end. Ctrl-C stops after the step under way, and --resume goes on with it.

    **Examples**

      fer-model train fer2013/ --balance oversample

      fer-model train fer2013.csv --balance class-weights --epochs 30 --out runs/weights

      fer-model train fer2013.csv --splits folds.csv --fold 1 --out runs/fold-1

      fer-model train --resume runs/weights
    """
    if (path is None) == (resume is None):
        raise UsageError("give either a data PATH to train on, or --resume RUN")
    if resume is not None:
        _refuse_others(
            context,
            {"resume", "cache", "tensorboard", "summary", "as_json"},
            "--resume goes on with the run's own recipe",
        )
    recipe, selection = make_recipe(locals()), selection_of(locals())
    if path is not None:
        layout_of(path)  # what can be refused is refused before keras, which takes seconds
    _import_keras()
    from fer_model import live
    from fer_model.render import duration

    show = live.Display(
        Console(stderr=as_json, emoji=False), tensorboard=tensorboard, summary=summary
    )
    if path is None:
        assert resume is not None
        run = show.resume(resume, cache=cache)
    else:
        folder = out or _free_name(path, recipe)
        run = show.train(recipe, path, folder, cache=cache, skip_bad=skip_bad, selection=selection)
    _stop_if_interrupted(run)
    if as_json:
        print_json({"run": str(run.path), **run.metrics})
        return
    metrics = run.metrics
    split = "test" if "test" in metrics else "validation"
    console = cli_support.out()
    _print_scores(metrics[split], f"{run.name} on the {split} split")
    if split == "validation":
        say("The data brings no test split: these samples chose the model, so they flatter it.")
    training = metrics["training"]
    console.print(
        f"{counted(training['steps'], 'step')} in {duration(training['seconds'])}. "
        f"Model, metrics and plots: {run.path}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@app.command(no_args_is_help=True)
def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    path: DataPath,
    split: Annotated[str, typer.Option(help="Which split to score.")] = "test",
    as_json: AsJson = False,
    cache: Cache = None,
    skip_bad: SkipBad = False,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Score a run's model on a split of any data set with the same classes.

    **Examples**

      fer-model evaluate runs/oversample fer2013/

      fer-model evaluate runs/oversample fer2013.csv --split test --json
    """
    from fer_model.runs import Run

    Run.open(run)
    layout_of(path)
    _import_keras()
    from fer_model.evaluate import evaluate_run

    selection = selection_of(locals())
    scores = evaluate_run(
        run, path, split=split, cache=cache, skip_bad=skip_bad, selection=selection
    )
    if as_json:
        print_json(scores)
    else:
        _print_scores(scores, f"{run.name} on {path} ({split})")


@app.command(no_args_is_help=True)
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
    from fer_model.runs import Run

    Run.open(run)
    _import_keras()
    from fer_model.evaluate import predict_images
    from fer_model.render import predictions_table

    predictions, left_out = predict_images(run, images, skip_bad=skip_bad)
    if as_json:
        print_json(predictions)
    else:
        print_table([predictions_table(predictions)])
    for cause in left_out:
        say(f"left out: {cause}")


@app.command(name="compare", no_args_is_help=True)
def compare_command(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="RUN... | PATH", help="Run folders, or one data set.")
    ],
    arms: Annotated[
        str | None,
        typer.Option(help="Train and compare these on PATH, as none,oversample,class-weights."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the arms' run folders are; what is there stays.")
    ] = None,
    as_json: AsJson = False,
    net: Net = "documented",
    augment: Augment = "flip",
    augment_rare: AugmentRare = None,
    mix: Mix = "none",
    epoch_size: EpochSize = "own",
    batch_size: Batch = 64,
    epochs: Epochs = 100,
    steps_per_epoch: Steps = None,
    learning_rate: Rate = 3.5e-4,
    plateau_factor: Factor = 0.1,
    plateau_patience: Patience = 2,
    min_learning_rate: MinRate = 1e-5,
    keep: Keep = "best",
    validation_fraction: Fraction = 0.1,
    subset: Subset = 1.0,
    seed: Seed = 0,
    image_size: Size = 48,
    color: Color = "grey",
    rescale: Rescale = 1.0,
    cache: Cache = None,
    skip_bad: SkipBad = False,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    soft: Soft = False,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Put runs side by side, or train the arms that are missing first.

    Arms are given the same number of steps: that of one natural epoch, unless --steps-per-epoch
    says otherwise.

    **Examples**

      fer-model compare runs/none runs/oversample

      fer-model compare fer2013/ --arms none,oversample,class-weights --out runs/fer2013
    """
    from fer_model.compare import compare
    from fer_model.render import comparison_table

    if arms is not None:
        if len(paths) != 1:
            raise UsageError("--arms wants one data PATH")
        balance, as_notebook = "none", False
        recipe = make_recipe(locals())
        layout_of(paths[0])
        _import_keras()
        from fer_model import live
        from fer_model.arms import train_arms

        folder = out or Path("runs") / f"{_data_name(paths[0])}-{recipe.net}"
        runs = train_arms(
            recipe,
            paths[0],
            split_arms(arms),
            folder,
            display=live.Display(Console(stderr=True, emoji=False)),
            cache=cache,
            skip_bad=skip_bad,
            selection=selection_of(locals()),
        )
        _stop_if_interrupted(runs[-1])
        paths = [run.path for run in runs]
    elif len(paths) == 1:
        raise UsageError("one path alone: name two runs, or the --arms to train on a data set")
    else:
        _refuse_others(context, {"paths", "as_json"}, "finished runs are only compared")
    comparison = compare(paths)
    if as_json:
        print_json(comparison.to_dict())
        return
    console = cli_support.out()
    print_table([comparison_table(comparison)])
    for warning in comparison.warnings:
        console.print(f"[yellow]Note:[/] {warning}.", highlight=False, soft_wrap=True)


def split_arms(arms: str) -> list[str]:
    """Split what ``--arms`` takes at its commas, but not those between the numbers of counts."""
    return [arm.strip() for arm in re.split(r",(?![^,:]+=[0-9]+)", arms) if arm.strip()]


def make_recipe(options: dict[str, Any]) -> Recipe:
    """Make a recipe of a command's options."""
    from fer_model.recipe import Recipe

    names = {field.name for field in fields(Recipe)} & options.keys()
    values = {name: options[name] for name in names}
    values["image_size"] = (options["image_size"], options["image_size"])
    values["epoch_size"] = parse_epoch_size(options["epoch_size"])
    if options["as_notebook"]:
        values |= {"protocol": "notebook", "keep": "last"}
    return Recipe(**values)


def _refuse_others(context: typer.Context, known: set[str], why: str) -> None:
    """Refuse options that were given, and that would silently do nothing."""
    others = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in known
        and (source := context.get_parameter_source(name)) is not None
        and source.name == "COMMANDLINE"
    ]
    if others:
        raise UsageError(f"{', '.join(others)} cannot be given here: {why}")


def _free_name(path: Path, recipe: Recipe) -> Path:
    """Return a run folder's name that is not taken."""
    name = f"{_data_name(path)}-{recipe.net}-{recipe.balance}"
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(folder for name in names if not (folder := Path("runs") / name).exists())


def _data_name(path: Path) -> str:
    return path.absolute().name.split(".")[0] or "data"


def _stop_if_interrupted(run: Run) -> None:
    if not run.is_finished:
        best = f" The best model so far: {run.model_path}." if run.model_path.exists() else ""
        say(
            f"Stopped; {counted(len(run.history), 'epoch is', 'epochs are')} finished.{best} "
            f"Go on with: fer-model train --resume {shlex.quote(str(run.path))}"
        )
        raise typer.Exit(INTERRUPTED)


def _print_scores(scores: dict[str, Any], title: str) -> None:
    from fer_model.render import overall_line, scores_table

    print_table([scores_table(scores, title)])
    cli_support.out().print(overall_line(scores), soft_wrap=True)


def _import_keras() -> None:
    """Import keras while its backend's remarks on the machine stay off the terminal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with cli_support.silent_stderr():
        import_module("keras")


def main() -> None:
    """Run the command line."""
    cli_support.run(app, "fer-model")


if __name__ == "__main__":
    main()
