"""What a comparison found, from its folder alone: no keras."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_data.errors import DataError
from fer_data.util.files import refuse_no_file
from fer_data.util.words import printable
from fer_model.comparison.protocol import FILE, Cell, Protocol, is_finished
from fer_model.comparison.sample_table import SampleTable, load_samples
from fer_model.statistics.differences import Differences, paired_differences
from fer_model.statistics.scores import Predicted
from fer_model.training.runs import Run, is_run

FAILURES = "failures.json"


@dataclass(frozen=True, eq=False)
class Results:
    """The finished runs of a comparison.

    Attributes
    ----------
    protocol : Protocol
    out : Path
    seeds : tuple of int, length S
        Those with which every arm is finished.
    missing : tuple of Cell
        Runs that are not.
    left_out : tuple of str
        Arms with fewer than half of the baseline's seeds, which are in nothing else here.
    failures : dict
        Runs that failed, with the last error.
    runs : tuple of tuple of Run, [A][S]
    guesses : ndarray of int32, shape [A, S, N]
        The class that each run predicts for the test samples.
    confidences : ndarray of float32, shape [A, S, N]
        The probability that it gives that class.
    samples : SampleTable
        The test samples.
    """

    protocol: Protocol
    out: Path
    seeds: tuple[int, ...]
    missing: tuple[Cell, ...]
    left_out: tuple[str, ...]
    failures: dict[str, Any]
    runs: tuple[tuple[Run, ...], ...]
    guesses: NDArray[np.int32]
    confidences: NDArray[np.float32]
    samples: SampleTable

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms as texts, the baseline first."""
        return tuple(map(str, self.protocol.arms))

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of labels."""
        return tuple(self.protocol.data["class_names"])

    @cached_property
    def train_counts(self) -> tuple[int, ...]:
        """Training samples of each class; empty where they were not recorded."""
        counts = self.protocol.train_counts or self.runs[0][0].train_counts
        return counts if len(counts) == len(self.class_names) else ()

    @property
    def test_counts(self) -> NDArray[np.int64]:
        """Test samples of each class, int64 [C]."""
        return np.bincount(self.labels, minlength=len(self.class_names)).astype(np.int64)

    @property
    def rarest(self) -> int | None:
        """Label of the rarest class; see `rarest_class`."""
        return rarest_class(self.train_counts, self.test_counts)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Of the test samples, int64 [N]."""
        return self.samples.labels

    @property
    def leaked(self) -> NDArray[np.bool_]:
        """Test samples of which training has a version, bool [N]."""
        return self.samples.leaked

    @cached_property
    def predicted(self) -> Predicted:
        """What every run predicts for every test sample."""
        return self._of(np.ones(len(self.samples), np.bool_))

    @cached_property
    def differences(self) -> Differences:
        """Every arm against the baseline, on all test samples."""
        return paired_differences(self.predicted)

    @cached_property
    def clean(self) -> Predicted | None:
        """The same without leaked samples; None where there is none, or nothing else."""
        kept = ~self.leaked
        return self._of(kept) if kept.any() and not kept.all() else None

    @cached_property
    def clean_differences(self) -> Differences | None:
        """Every arm against the baseline without leaked samples."""
        return None if self.clean is None else paired_differences(self.clean)

    @cached_property
    def seconds(self) -> NDArray[np.float64]:
        """Of each training, float64 [A, S]."""
        return np.array([[run.seconds for run in of_arm] for of_arm in self.runs])

    @property
    def costs(self) -> NDArray[np.float64]:
        """Seconds of training, mean over seeds, float64 [A]."""
        costs: NDArray[np.float64] = self.seconds.mean(axis=1)
        return costs

    def _of(self, kept: NDArray[np.bool_]) -> Predicted:
        return Predicted(
            self.arms,
            tuple(map(printable, self.class_names)),
            self.labels[kept],
            self.guesses[:, :, kept],
            self.samples.groups[kept],
        )


def rarest_class(train_counts: Sequence[int], test_counts: NDArray[np.int64]) -> int | None:
    """Return the label of the class with the fewest training samples that has test samples.

    Of several with equally few, the one with the fewest test samples. The test split's own counts
    say nothing of what a model learnt from: a test split is often balanced.

    Parameters
    ----------
    train_counts : sequence of int, length C
        Empty where they are unknown.
    test_counts : ndarray of int64, shape [C]

    Returns
    -------
    int or None
        None where training counts are unknown, or the same for all classes that have test samples.
    """
    tested = np.flatnonzero(test_counts).tolist()
    if not train_counts or len({train_counts[label] for label in tested}) < 2:
        return None
    return min(tested, key=lambda label: (train_counts[label], test_counts[label]))


def read_results(out: str | Path) -> Results:
    """Read a comparison's folder.

    Raises
    ------
    DataError
        If there is no comparison, no seed with which its arms are finished, or a file is broken or
        of another comparison.
    """
    out = Path(out).absolute()
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
        raise DataError(
            f"{out}: no seed yet with which the baseline and another arm are finished; "
            f"{missing[0]} is not"
        )
    left_out = tuple(str(arm) for arm in protocol.arms if arm not in arms)
    protocol = dataclasses.replace(protocol, arms=arms)
    runs = tuple(tuple(finished[arm, seed] for seed in seeds) for arm in arms)
    num_classes = len(protocol.data["class_names"])
    samples = load_samples(out, num_classes)
    shape = (len(arms), len(seeds), len(samples))
    guesses, confidences = np.empty(shape, np.int32), np.empty(shape, np.float32)
    for place, of_arm in enumerate(runs):
        for number, run in enumerate(of_arm):
            probabilities = _probabilities(run, samples, num_classes)
            guesses[place, number] = probabilities.argmax(axis=1)
            confidences[place, number] = probabilities.max(axis=1)
    failures = _failures(out, missing)
    return Results(
        protocol, out, seeds, missing, left_out, failures, runs, guesses, confidences, samples
    )


def ensemble_of(results: Results) -> Predicted:
    """Return what each arm's trainings predict together: the mean of their probabilities.

    As deep ensembles do (Lakshminarayanan et al. 2017, arXiv:1612.01474). It is one prediction of
    each arm, with no other seed to compare it with, so it has scores and no intervals over seeds.

    Returns
    -------
    Predicted
        With one seed: ``ensemble_of(results).scores[:, 0]`` are scores, float64 [A, F].

    Raises
    ------
    DataError
        If the predictions of a run are gone or broken.
    """
    num_classes = len(results.class_names)
    guesses = [
        sum(_probabilities(run, results.samples, num_classes).astype(np.float64) for run in of_arm)
        .argmax(axis=1)  # type: ignore[union-attr]
        .astype(np.int32)
        for of_arm in results.runs
    ]
    return dataclasses.replace(results.predicted, predicted=np.stack(guesses)[:, None])


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
    """Return the failures that are told of runs that are missing still."""
    refuse_no_file(out / FAILURES)
    try:
        told = json.loads((out / FAILURES).read_text("utf-8"))
        names = set(map(str, missing))
        return {
            name: {"tries": int(about["tries"]), "error": str(about["error"])}
            for name, about in told.items()
            if name in names
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{out / FAILURES}: broken ({error}); delete it") from None


def _probabilities(run: Run, samples: SampleTable, num_classes: int) -> NDArray[np.float32]:
    path = run.path / PREDICTIONS
    found = load_predictions(path).of_split("test")
    if not (
        np.array_equal(found.samples, samples.samples)
        and np.array_equal(found.labels, samples.labels)
    ):
        raise DataError(f"{path}: other test samples than the comparison's; train it anew")
    if len(found.class_names) != num_classes:
        num = len(found.class_names)
        raise DataError(f"{path}: probabilities of {num} classes, not {num_classes}; train it anew")
    return found.probabilities
