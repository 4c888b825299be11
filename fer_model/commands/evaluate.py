"""Scores of a run."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.options import AsJson, Cache, DataOptions, DataPath
from fer_data.extras import require_keras
from fer_data.terminal.cli_support import print_json
from fer_model.commands.options import OwnTestTime, RunPath
from fer_model.commands.session import import_keras, print_scores


def evaluate(
    run: RunPath,
    path: DataPath,
    /,
    *,
    split: Annotated[
        str | None,
        Parameter(metavar="NAME", help="Which split to score; by default test, or the only one."),
    ] = None,
    test_time: OwnTestTime = None,
    as_json: AsJson = False,
    cache: Cache = None,
    data: DataOptions = DataOptions(),
) -> None:
    """Score a run's model on a split of any data set with the same classes.

    Examples::

        fer-model evaluate runs/oversample fer2013/
        fer-model evaluate runs/oversample fer2013.csv --split test --json
    """
    from fer_data.data.reading import load
    from fer_data.data.split_names import TEST_SPLITS, split_to_take
    from fer_model.training.runs import Run

    Run.open(run)
    require_keras()
    dataset = load(path, **data.given())
    split = split_to_take(split, dataset.splits, str(dataset.root), TEST_SPLITS)
    import_keras()
    from fer_model.training.evaluate import evaluate_run

    scores = evaluate_run(
        run,
        dataset,
        split=split,
        test_time=test_time,
        cache=cache,
    )
    if as_json:
        print_json(scores)
    else:
        print_scores(scores, f"{run.name} on {path} ({split})")
