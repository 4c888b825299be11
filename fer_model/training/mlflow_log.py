"""A training as a run of MLflow (extra ``mlflow``): where MLflow's own settings say.

``MLFLOW_TRACKING_URI`` names a server or a database, by default ``mlflow.db`` in the working
directory; ``MLFLOW_EXPERIMENT_NAME`` the experiment, by default ``fer-model``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow
from mlflow.entities import Metric, Param, RunStatus
from mlflow.exceptions import MlflowException

from fer_data.errors import UsageError
from fer_data.util.words import printable
from fer_model.training.epoch_log import EpochLog, parameters_of, scores_of
from fer_model.training.models import first_line
from fer_model.training.runs import Run

EXPERIMENT = "fer-model"

_MOST_METRICS, _LONGEST_NAME = 1000, 250
"""What MLflow takes at once, and of a metric's name."""


class MlflowLog(EpochLog):
    """Logs a run to MLflow.

    Parameters
    ----------
    run : Run
    name : str, optional
        MLflow's name of the run, where it has one.

    Raises
    ------
    UsageError
        If MLflow refuses it.
    """

    def __init__(self, run: Run, name: str | None = None) -> None:
        super().__init__()
        self._run = run
        with _explained():
            self._client = mlflow.MlflowClient()
            self.id = self._reopened(name) if name else self._created()

    def write(self, row: dict[str, float], step: int) -> None:
        """Write figures of a step."""
        at = int(1000 * time.time())
        metrics = [Metric(_allowed(name), value, at, step) for name, value in row.items()]
        with _explained():
            for start in range(0, len(metrics), _MOST_METRICS):
                self._client.log_batch(self.id, metrics=metrics[start : start + _MOST_METRICS])

    def close(self) -> None:
        """Write the scores of a finished run, and end MLflow's."""
        scores = scores_of(self._run)
        if scores:
            self.write(scores, len(self._run.history))
        status = RunStatus.FINISHED if self._run.is_finished else RunStatus.KILLED
        with _explained():
            self._client.set_terminated(self.id, RunStatus.to_string(status))

    def _created(self) -> str:
        client = self._client
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
        known = client.get_experiment_by_name(experiment)
        where = known.experiment_id if known else client.create_experiment(experiment)
        run = client.create_run(where, run_name=self._run.name)
        params = [Param(name, str(value)) for name, value in parameters_of(self._run).items()]
        client.log_batch(run.info.run_id, params=params)
        return str(run.info.run_id)

    def _reopened(self, name: str) -> str:
        self._client.update_run(name, status=RunStatus.to_string(RunStatus.RUNNING))
        return name


def _allowed(name: str) -> str:
    """Return a metric's name as MLflow takes it, which may hold a class name of any kind.

    It must be a path in its shortest form, of letters, digits and a few other characters.
    """
    letters = (letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)
    parts = "".join(letters)[:_LONGEST_NAME].split("/")
    return "/".join(part if part.strip(".") else "_" for part in parts)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except MlflowException as error:
        line = printable(first_line(error))
        raise UsageError(f"MLflow at {mlflow.get_tracking_uri()}: {line:.300}") from None
