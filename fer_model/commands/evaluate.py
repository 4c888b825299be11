"""Scores of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    Splits,
    load_options,
)
from fer_data.data.reading import load
from fer_data.extras import require_keras
from fer_data.terminal.cli_support import print_json
from fer_model.commands.options import DataPath, OwnTestTime
from fer_model.commands.session import import_keras, print_scores


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    path: DataPath,
    split: Annotated[str, typer.Option(help="Which split to score.")] = "test",
    test_time: OwnTestTime = None,
    as_json: AsJson = False,
    cache: Cache = None,
    skip_bad: SkipBad = False,
    layout: Layout = None,
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
    from fer_model.training.runs import Run

    Run.open(run)
    require_keras()
    data = load(path, **load_options(locals()))
    import_keras()
    from fer_model.training.evaluate import evaluate_run

    scores = evaluate_run(
        run,
        data,
        split=split,
        test_time=test_time,
        cache=cache,
    )
    if as_json:
        print_json(scores)
    else:
        print_scores(scores, f"{run.name} on {path} ({split})")
