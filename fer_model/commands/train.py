"""A training."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from fer_data.commands.fields import OUTPUT, Given, refuse_others
from fer_data.errors import Interrupted, UsageError
from fer_data.extras import require_keras
from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import print_json, say
from fer_data.util.words import counted
from fer_model.commands.options import (
    Machine,
    Named,
    RecipeOptions,
    TrainingData,
    make_recipe,
)
from fer_model.commands.session import (
    free_name,
    import_keras,
    print_scores,
)
from fer_model.training.logs import parse_logs
from fer_model.training.own_settings import OWN


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True)
class RunOutput(Given):
    """Where a run goes, and what is said of it."""

    out: Annotated[
        Path | None,
        Parameter(metavar="DIR", help="Run folder; by default runs/DATA-NET-BALANCE."),
    ] = None
    log_to: Annotated[
        str | None,
        Parameter(
            metavar="LOGS",
            help="Log to tensorboard, mlflow, wandb, or several of them, joined by commas.",
        ),
    ] = None
    summary: Annotated[
        bool | None,
        Parameter(negative="--no-summary", help="Print the net's layers first, as by default."),
    ] = None
    as_json: Annotated[bool | None, Parameter(name="--json", help="Print JSON.")] = None


def train(
    path: Annotated[
        Path | None,
        Parameter(help="Folder of class folders, FER2013 csv, .npz, parquet or TFRecord."),
    ] = None,
    /,
    *,
    resume: Annotated[
        Path | None, Parameter(metavar="RUN", help="Continue an interrupted run.")
    ] = None,
    recipe: Named = None,
    changes: RecipeOptions = RecipeOptions(),
    data: TrainingData = TrainingData(),
    output: RunOutput = RunOutput(),
    machine: Machine = Machine(),
) -> None:
    """Train a net and leave a run folder: model, history, metrics, predictions, plots.

    Examples::

        fer-model train fer2013/ --balance oversample
        fer-model train fer2013/ --balance class-weights --out runs/weights
        fer-model train fer2013.csv --splits folds.csv --fold 1 --out runs/fold-1
        fer-model train fer2013/ --recipe quick --balance oversample
        fer-model train fer2013/ --recipe quick --log-to mlflow,wandb
        fer-model train --resume runs/weights

    The defaults are the notebook's net and rates; --recipe notebook has its protocol, too: the test
    split, flipped at random, as validation, and the last epoch's model. Else a validation part is
    taken from the training split (stratified, duplicates of an image kept together) unless the
    data brings one; the test split is scored once, at the end. Ctrl-C stops after the step under
    way, and --resume goes on with it.
    """
    from fer_data.data.reading import load

    if (path is None) == (resume is None):
        raise UsageError("give either a data PATH to train on, or --resume RUN")
    if resume is not None:
        why = "--resume uses the run's own recipe"
        if recipe is not None:
            raise UsageError(f"--recipe cannot be given here: {why}")
        but = (*OWN, "log_to", "summary", "as_json")  # code of the user's is given again
        refuse_others(why, changes, data, output, but=but)
    logs = parse_logs(output.log_to or ())
    require_keras()
    if resume is None:
        make_recipe(recipe, changes)
    # What can be refused is refused before keras, which takes seconds.
    dataset = None if path is None else load(path, **data.given())
    import_keras()
    from fer_model.training.live import shown, stopped, tell_begun
    from fer_model.training.runs import Run, is_run
    from fer_model.training.train import resume as resume_run
    from fer_model.training.train import train as train_run
    from fer_model.words import duration

    where = machine.given()
    begun = Run.open(resume) if resume is not None else None
    made = make_recipe(recipe, changes) if begun is None else begun.recipe
    folder = resume or output.out or free_name(dataset.root if dataset else Path(), made)
    was_finished = resume is None and is_run(folder) and Run.open(folder).is_finished
    with shown(
        Console(stderr=bool(output.as_json), emoji=False),
        folder,
        made.epochs,
        summary=output.summary is not False,
    ) as callbacks:
        where |= {"callbacks": callbacks, "log_to": logs, "verbose": 0}  # they show it
        try:
            if dataset is None:
                run = resume_run(folder, **where, **changes.given())
            else:
                run = train_run(made, dataset, folder, **where)
        except Interrupted:
            how = f"fer-model train --resume {shlex.quote(str(folder))}"
            raise stopped(Run.open(folder), how) from None
    if was_finished:
        tell_begun(run)
    if output.as_json:
        print_json({"run": str(run.path), **run.metrics})
        return
    metrics = run.metrics
    split = "test" if "test" in metrics else "validation"
    console = cli_support.out()
    print_scores(metrics[split], f"{run.name} on the {split} split")
    if split == "validation":
        say(
            "The data has no test split: these samples selected the model, so its scores are "
            "optimistic."
        )
    training = metrics["training"]
    console.print(
        f"{counted(training['steps'], 'step')} in {duration(training['seconds'])}. "
        f"Model, metrics and plots: {run.path}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
