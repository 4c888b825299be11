"""Compare predictions that other programs made."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fer_data.analysis.predictions import PREDICTIONS
from fer_data.errors import DataError, UsageError
from fer_data.terminal.cli_support import say
from fer_data.util.words import counted, printable
from fer_model.commands.compared import ComparisonOutput, VerdictFigure, show_results
from fer_model.comparison.prediction_tables import SUFFIXES

_BASELINES = ("none", "baseline")


def compare_predictions(
    folder: Annotated[Path, Parameter(help="A folder with a folder for each arm.")],
    /,
    *,
    baseline: Annotated[
        str | None,
        Parameter(metavar="ARM", help="The baseline; by default the arm none or baseline."),
    ] = None,
    labels: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            help="True labels; by default labels.csv (.parquet, .npz, .npy) in FOLDER, if any.",
        ),
    ] = None,
    clusters_column: Annotated[
        str | None,
        Parameter(
            metavar="NAME",
            help="Column of the labels that groups samples which belong together.",
        ),
    ] = None,
    train_counts: Annotated[
        Path | None,
        Parameter(metavar="FILE", help="A csv with the columns class and count, of training."),
    ] = None,
    class_names: Annotated[
        str | None,
        Parameter(metavar="NAME,...", help="Classes in order; by default as columns are named."),
    ] = None,
    figure: VerdictFigure = "balanced_accuracy",
    output: ComparisonOutput = ComparisonOutput(),
) -> None:
    """Compare predictions of any models, with intervals; nothing is trained.

    Examples::

        fer-model compare-predictions results/ --out comparison
        fer-model compare-predictions results/ --baseline plain --clusters-column id
        fer-model compare-predictions results/ --train-counts counts.csv --json

    FOLDER holds a folder for each arm, and in it a file for each run (seed), csv, parquet, npz
    or npy:

        results/labels.csv       sample,label      (perhaps leaked: true, false)
        results/none/seed-0.csv  sample,cat,dog    (probabilities)
        results/none/seed-1.csv
        results/own/seed-0.csv   sample,predicted  (or labels)
        results/own/seed-1.csv

    Rows are matched by the column sample where files have it, else by order. Without labels.csv
    every file needs a column label. Runs of one name are compared with each other; where the arms
    have no name in common, the first with the first. An npz file has the arrays probabilities
    [N, C] or predicted [N], and perhaps label, sample and class_names; an npy file, or an npz file
    with one array, has probabilities or predicted labels alone; a run folder of fer-model counts as
    one. Rows whose column split says validation serve temperature scaling alone.
    --out keeps the results and writes the page.
    """
    from fer_model.comparison.given import compare_predictions

    output.check()
    if output.out is not None and output.out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"--out {output.out}: lies in {folder}; choose another folder")
    arms, remark = _paired(_arms(folder, baseline))
    if remark and output.as_json:  # else the notes below the tables say it
        say(remark)
    if labels is None:
        files = (folder / f"labels{ending}" for ending in SUFFIXES)
        labels = next((file for file in files if file.exists()), None)
    results = compare_predictions(
        labels,
        arms,
        clusters=clusters_column,
        train_counts=train_counts,
        class_names=None if class_names is None else class_names.split(","),
        figure=figure,
        remarks=[remark] if remark else (),
        out=output.out,
        **output.judged_by(),
    )
    show_results(results, output)


def _arms(path: Path, baseline: str | None) -> dict[str, list[Path]]:
    """Return the files of each arm, the baseline first."""
    try:
        folders = sorted(
            folder for folder in path.iterdir() if folder.is_dir() and folder.name[0] != "."
        )
        runs_by_arm = {folder.name: _runs(folder) for folder in folders}
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    arms = {name: runs for name, runs in runs_by_arm.items() if runs}
    if without := [printable(name) for name, runs in runs_by_arm.items() if not runs]:
        say(f"skipped, without predictions: {', '.join(without)}")
    if len(arms) < 2:
        raise DataError(
            f"{path}: expected a folder with {', '.join(SUFFIXES)} files for each of two arms or "
            f"more, found {', '.join(map(printable, arms)) or 'none'}"
        )
    first = baseline or next((name for name in _BASELINES if name in arms), None)
    if first not in arms:
        problem = "no arm is called none or baseline" if first is None else f"no arm {first}"
        names = ", ".join(map(printable, arms))
        raise UsageError(f"{path}: {problem}; name the baseline with --baseline: {names}")
    return {first: arms[first], **arms}


def _runs(folder: Path) -> list[Path]:
    """Return the files of an arm's runs, numbers in their names in order."""
    files = []
    for path in folder.iterdir():
        if path.name[0] != "." and path.suffix.lower() in SUFFIXES:
            files.append(path)
        elif (path / PREDICTIONS).is_file():
            files.append(path / PREDICTIONS)
        elif path.name[0] != ".":
            say(f"skipped, not named like predictions: {printable(str(path))}")
    files.sort(key=lambda file: _in_order(_name(file)))
    for path, next_path in pairwise(files):
        if _name(path) == _name(next_path):
            raise DataError(f"{folder}: two runs have one name, {path.name} and {next_path.name}")
    return files


def _name(file: Path) -> str:
    return file.parent.name if file.name == PREDICTIONS else file.stem


def _in_order(name: str) -> list[tuple[int, str]]:
    parts = re.split("([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _paired(arms: dict[str, list[Path]]) -> tuple[dict[str, list[Path]], str]:
    """Return the runs that are compared, and what is to be said of the others.

    These are the runs whose names all arms have; where there is no such name, the first ones.

    Raises
    ------
    UsageError
        If they are fewer than half of an arm's runs.
    """
    from fer_model.comparison.given_runs import num_compared, unequal_runs

    numbers = {arm: len(files) for arm, files in arms.items()}
    least, remark = num_compared(numbers), unequal_runs(numbers)
    common = set.intersection(*({_name(file) for file in files} for files in arms.values()))
    if not common:
        return {arm: files[:least] for arm, files in arms.items()}, remark
    others = [
        printable(f"{arm}/{_name(file)}")
        for arm, files in arms.items()
        for file in files
        if _name(file) not in common
    ]
    if 2 * len(common) < max(numbers.values()):
        raise UsageError(
            f"all arms have {counted(len(common), 'run')} of the same name, so most would not be "
            f"compared: {', '.join(others[:5])}, ... Give the runs of a seed one name in every arm"
        )
    if others:
        more = f" and {len(others) - 20} more" if len(others) > 20 else ""
        remark = (
            "these runs are in no figure, as another arm has none of the same name: "
            f"{', '.join(others[:20])}{more}"
        )
    kept = {arm: [path for path in files if _name(path) in common] for arm, files in arms.items()}
    return kept, remark
