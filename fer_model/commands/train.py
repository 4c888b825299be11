"""A training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from fer_data.commands.options import (
    AsJson,
    Cache,
    Contempt,
    Exclude,
    Ferplus,
    Fold,
    KeepUnusable,
    Layout,
    SkipBad,
    Soft,
    Splits,
    load_options,
)
from fer_data.data.reading import load
from fer_data.errors import UsageError
from fer_data.extras import require, require_keras
from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import print_json, say
from fer_data.util.words import counted
from fer_model.commands.options import (
    Augment,
    AugmentRare,
    Average,
    Balance,
    Batch,
    Clip,
    Color,
    DataOnDevice,
    Decay,
    Epochs,
    EpochSize,
    Factor,
    Fraction,
    Keep,
    Loss,
    MinRate,
    Mix,
    Named,
    Net,
    Optimizer,
    Patience,
    Precision,
    Rate,
    Rescale,
    Schedule,
    Seed,
    Size,
    Smoothing,
    Steps,
    Subset,
    TestTime,
    make_recipe,
    refuse_others,
)
from fer_model.commands.session import (
    free_name,
    import_keras,
    print_scores,
    stop_if_interrupted,
)


def train(
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
    recipe: Named = None,
    balance: Balance = "none",
    loss: Loss = "cross-entropy",
    net: Net = "documented",
    augment: Augment = "flip",
    augment_rare: AugmentRare = None,
    mix: Mix = "none",
    epoch_size: EpochSize = "own",
    batch_size: Batch = 64,
    epochs: Epochs = 100,
    steps_per_epoch: Steps = None,
    optimizer: Optimizer = "adam",
    weight_decay: Decay = 0.0,
    clip_norm: Clip = None,
    label_smoothing: Smoothing = 0.0,
    average: Average = 0.0,
    precision: Precision = "float32",
    learning_rate: Rate = 3.5e-4,
    schedule: Schedule = "plateau",
    plateau_factor: Factor = 0.1,
    plateau_patience: Patience = 2,
    min_learning_rate: MinRate = 1e-5,
    keep: Keep = "best",
    validation_fraction: Fraction = 0.1,
    subset: Subset = 1.0,
    seed: Seed = 0,
    image_size: Size = None,
    color: Color = None,
    rescale: Rescale = 1.0,
    test_time: TestTime = "none",
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with an interrupted run.")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write TensorBoard logs into the run folder.")
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary/--no-summary", help="Print the net's layers first.")
    ] = True,
    data_on_device: DataOnDevice = None,
    devices: Annotated[
        int, typer.Option(min=1, help="Devices that share each batch (KERAS_BACKEND=jax).")
    ] = 1,
    cache: Cache = None,
    skip_bad: SkipBad = False,
    layout: Layout = None,
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

    The defaults are the notebook's net and rates; --recipe notebook has its protocol, too: the test
    split, flipped at random, as validation, and the last epoch's model. Else a validation part is
    taken from the training split (stratified, copies of a picture kept together) unless the data
    brings one; the test split is scored once, at the end. Ctrl-C stops after the step under way,
    and --resume goes on with it.

    **Examples**

      fer-model train fer2013/ --balance oversample

      fer-model train fer2013.csv --balance class-weights --epochs 30 --out runs/weights

      fer-model train fer2013.csv --splits folds.csv --fold 1 --out runs/fold-1

      fer-model train fer2013/ --recipe quick --balance oversample

      fer-model train --resume runs/weights
    """
    if (path is None) == (resume is None):
        raise UsageError("give either a data PATH to train on, or --resume RUN")
    if resume is not None:
        refuse_others(
            context,
            {
                *("resume", "cache", "tensorboard", "summary", "as_json"),
                *("data_on_device", "devices"),
            },
            "--resume goes on with the run's own recipe",
        )
    options = locals()
    made = make_recipe(context, options)
    if tensorboard:
        require("--tensorboard", "tensorboard", "tensorflow")
    require_keras()
    # What can be refused is refused before keras, which takes seconds.
    data = None if path is None else load(path, **load_options(options))
    import_keras()
    from fer_model.training import live
    from fer_model.words import duration

    show = live.Display(
        Console(stderr=as_json, emoji=False), tensorboard=tensorboard, summary=summary
    )
    where: dict[str, Any] = {"data_on_device": data_on_device, "num_devices": devices}
    if data is None:
        assert resume is not None
        run = show.resume(resume, cache=cache, **where)
    else:
        folder = out or free_name(data.root, made)
        run = show.train(made, data, folder, cache=cache, **where)
    stop_if_interrupted(run)
    if as_json:
        print_json({"run": str(run.path), **run.metrics})
        return
    metrics = run.metrics
    split = "test" if "test" in metrics else "validation"
    console = cli_support.out()
    print_scores(metrics[split], f"{run.name} on the {split} split")
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
