"""What a comparison found, from its folder alone: no keras."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.manifest import printable
from fer_model.protocol import Cell, Protocol
from fer_model.runs import Run, is_run
from fer_model.scores import Predicted
from fer_model.statistics import Differences, paired_differences

SAMPLES = "samples.parquet"
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
    failures : dict
        Runs that failed, with the last error.
    runs : tuple of tuple of Run, [A][S]
    probabilities : ndarray of float32, shape [A, S, N, C]
        What each run says of the test samples.
    samples : DataFrame
        ``sample``, ``label``, ``photograph``, ``leaked``; a row a test sample.
    """

    protocol: Protocol
    out: Path
    seeds: tuple[int, ...]
    missing: tuple[Cell, ...]
    failures: dict[str, Any]
    runs: tuple[tuple[Run, ...], ...]
    probabilities: NDArray[np.float32]
    samples: pd.DataFrame

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms as texts, the baseline first."""
        return tuple(map(str, self.protocol.arms))

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of labels."""
        return tuple(self.protocol.data["class_names"])

    @property
    def labels(self) -> NDArray[np.int64]:
        """Of the test samples, int64 [N]."""
        labels: NDArray[np.int64] = self.samples["label"].to_numpy(np.int64)
        return labels

    @property
    def leaked(self) -> NDArray[np.bool_]:
        """Test samples of which training has a version, bool [N]."""
        leaked: NDArray[np.bool_] = self.samples["leaked"].to_numpy(np.bool_)
        return leaked

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

    def costs(self) -> NDArray[np.float64]:
        """Return seconds of training, mean over seeds, float64 [A]."""
        return np.array(
            [np.mean([run.metrics["training"]["seconds"] for run in runs]) for runs in self.runs]
        )

    def _of(self, kept: NDArray[np.bool_]) -> Predicted:
        return Predicted(
            self.arms,
            tuple(map(printable, self.class_names)),
            self.labels[kept],
            self.probabilities.argmax(axis=3)[:, :, kept],
            self.samples["photograph"].to_numpy(np.int64)[kept],
        )


def read_results(out: str | Path) -> Results:
    """Read a comparison's folder.

    Raises
    ------
    DataError
        If there is no comparison, no seed with which all arms are finished, or a file is broken.
    """
    out = Path(out).absolute()
    protocol = Protocol.read(out)
    cells = protocol.cells(out)
    finished = {cell: Run(cell.folder) for cell in cells if is_finished(cell)}
    missing = tuple(cell for cell in cells if cell not in finished)
    behind = {cell.seed for cell in missing}
    seeds = tuple(seed for seed in protocol.seeds if seed not in behind)
    if not seeds:
        raise DataError(f"{out}: no seed yet with which every arm is finished; {missing[0]} is not")
    by_place = {(cell.arm, cell.seed): run for cell, run in finished.items()}
    runs = tuple(tuple(by_place[arm, seed] for seed in seeds) for arm in protocol.arms)
    samples = read_samples(out)
    probabilities = np.stack(
        [np.stack([_probabilities(run, samples, protocol) for run in row]) for row in runs]
    )
    failures: dict[str, Any] = {}
    if (out / FAILURES).exists():
        failures = json.loads((out / FAILURES).read_text("utf-8"))
    return Results(protocol, out, seeds, missing, failures, runs, probabilities, samples)


def read_samples(out: Path) -> pd.DataFrame:
    """Read the test samples of a comparison; see `Results`.

    Raises
    ------
    DataError
        If they are not there, or broken.
    """
    return _read(out / SAMPLES)


def is_finished(cell: Cell) -> bool:
    """Whether a run of a comparison is there, with its metrics."""
    return is_run(cell.folder) and Run(cell.folder).is_finished


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except Exception as error:  # pyarrow raises nearly anything for broken files
        raise DataError(f"{path}: cannot be read ({error}); compare again") from None


def _probabilities(run: Run, samples: pd.DataFrame, protocol: Protocol) -> NDArray[np.float32]:
    path = run.path / "predictions.parquet"
    table = _read(path)
    table = table[table["split"] == "test"]
    if table["sample"].tolist() != samples["sample"].tolist():
        raise DataError(f"{path}: other test samples than the comparison's; train this run anew")
    size = len(protocol.data["class_names"])
    found: NDArray[np.float32] = table.iloc[:, -size:].to_numpy(np.float32)
    return found
