"""What a comparison found, read from its folder: no keras."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_no_file
from fer_model.comparison.kept import is_kept, load_kept
from fer_model.comparison.probabilities import Output, outputs_of
from fer_model.comparison.protocol import FILE, Cell, Protocol, is_finished
from fer_model.comparison.results import Results, Training
from fer_model.comparison.sample_table import SampleTable, load_samples
from fer_model.statistics.scores import SHOTS
from fer_model.statistics.verdict import MARGIN, check_borders
from fer_model.training.runs import Run, is_run

FAILURES = "failures.json"


def is_comparison(out: Path) -> bool:
    """Whether a folder holds a comparison."""
    return (out / FILE).exists() or is_kept(out)


def read_results(
    out: str | Path, *, margin: float | None = None, shots: tuple[int, int] | None = None
) -> Results:
    """Read a comparison's folder.

    Parameters
    ----------
    out : path
        Where `compare` trained, or where `compare_predictions` and `compare_features` kept what
        they compared.
    margin, shots : float, tuple of int, optional
        As in `compare_predictions`; by default those that the comparison was trained or kept with,
        which stay in its folder.

    Raises
    ------
    UsageError
        If margin or shots cannot be, the training samples of each class are unknown, or there is
        no such group of classes as the verdict goes by.
    DataError
        If there is no comparison, no seed with which its arms are finished, or a file is broken or
        of another comparison.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> arms = {"none": [0 * labels] * 3, "own": [labels] * 3}
    >>> compared = fer_model.compare_predictions(labels, arms, out="kept")
    >>> fer_model.read_results("kept").arms
    ('none', 'own')
    >>> fer_model.read_results("kept", margin=0.02).margin
    0.02
    """
    out = Path(out).absolute()
    check_borders(margin, shots)
    asked = {"margin": margin, "shots": None if shots is None else tuple(shots)}
    others: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    results = load_kept(out) if is_kept(out) else _of_trainings(out)
    if shots is not None and not results.train_counts:
        raise UsageError(
            f"shots: {out} does not have the training samples of each class, without which no "
            "class is few-shot or many-shot",
            fix={"shots": []},
        )
    return dataclasses.replace(results, **others)


def _of_trainings(out: Path) -> Results:
    """Return the results of a comparison's own trainings."""
    protocol = Protocol.read(out)
    cells = protocol.cells(out)
    check_runs(protocol, out)
    finished = {(cell.arm, cell.seed): Run(cell.folder) for cell in cells if is_finished(cell)}
    missing = tuple(cell for cell in cells if (cell.arm, cell.seed) not in finished)
    seeds_of = {
        arm: {seed for seed in protocol.seeds if (arm, seed) in finished} for arm in protocol.arms
    }
    enough = max(1, len(seeds_of[protocol.arms[0]]) / 2)
    arms = tuple(arm for arm in protocol.arms if len(seeds_of[arm]) >= enough)
    seeds = tuple(seed for seed in protocol.seeds if all(seed in seeds_of[arm] for arm in arms))
    if len(arms) < 2 or protocol.arms[0] not in arms or not seeds:
        failed = next(iter(_failures(out, missing).items()), None)
        why = f"missing: {missing[0]}"
        if failed is not None:
            why = f"the first run that failed is {failed[0]}: {failed[1]['error']}"
        raise DataError(
            f"{out}: the baseline and another arm have no finished seed in common; {why}"
        )
    skipped = tuple(str(arm) for arm in protocol.arms if arm not in arms)
    protocol = dataclasses.replace(protocol, arms=arms)
    runs = tuple(tuple(finished[arm, seed] for seed in seeds) for arm in arms)
    num_classes = len(protocol.data["class_names"])
    samples = load_samples(out, num_classes)
    outputs = outputs_of(
        ((_output(run, samples, num_classes) for run in of_arm) for of_arm in runs), samples.labels
    )
    counts = protocol.train_counts or runs[0][0].train_counts
    return Results(
        arms=tuple(map(str, arms)),
        seeds=seeds,
        class_names=tuple(protocol.data["class_names"]),
        figure=protocol.figure,
        **outputs._asdict(),
        samples=samples,
        train_counts=counts if len(counts) == num_classes else (),
        seconds=np.array([[run.seconds for run in of_arm] for of_arm in runs]),
        source=protocol.data.get("name", protocol.data["path"]),
        training=Training(protocol, runs, missing, skipped, _failures(out, missing)),
        out=out,
        shots=protocol.shots or SHOTS,
        margin=MARGIN if protocol.margin is None else protocol.margin,
    )


def check_runs(protocol: Protocol, out: Path) -> None:
    """Refuse runs of other settings or other data, which an older comparison may have left.

    Raises
    ------
    DataError
        If there is one, and which.
    """
    for cell in protocol.needed(out):
        if not is_run(cell.folder):
            continue
        run = Run(cell.folder)
        wanted = {name: protocol.data.get(name) for name in ("fingerprint", "selected")}
        if run.recipe != protocol.recipe_of(cell) or any(
            run.data.get(name) != value for name, value in wanted.items()
        ):
            raise DataError(
                f"{cell.folder}: a run of other settings or other data than {FILE} says; "
                "delete it, or choose another folder",
                fix={"out": []},
            )


def _failures(out: Path, missing: tuple[Cell, ...]) -> dict[str, Any]:
    """Return the failures of runs that are still missing."""
    refuse_no_file(out / FAILURES)
    try:
        failures = json.loads((out / FAILURES).read_text("utf-8"))
        names = set(map(str, missing))
        return {
            name: {"tries": int(about["tries"]), "error": str(about["error"])}
            for name, about in failures.items()
            if name in names
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{out / FAILURES}: broken ({error}); delete it") from None


def _output(run: Run, samples: SampleTable, num_classes: int) -> Output:
    path = run.path / PREDICTIONS
    every = load_predictions(path)
    test, validation = every.of_split("test"), every.of_split("validation")
    if not (
        np.array_equal(test.samples, samples.samples)
        and np.array_equal(test.labels, samples.labels)
    ):
        raise DataError(f"{path}: other test samples than the comparison's; train it again")
    if len(test.class_names) != num_classes:
        num = len(test.class_names)
        raise DataError(
            f"{path}: probabilities of {num} classes, not {num_classes}; train it again"
        )
    return Output(test.probabilities, (validation.probabilities, validation.labels))
