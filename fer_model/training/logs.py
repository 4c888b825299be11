"""Logs of a training for TensorBoard, MLflow and Weights & Biases: parameters, epochs, scores.

Each is a Keras callback that is opened before the first epoch and closed once the run has its
scores. A run keeps what MLflow and Weights & Biases call it, so that resuming continues the same
log. (Offline, Weights & Biases writes another folder of the same run, and ``wandb sync`` joins
them.)
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from fer_data.errors import UsageError
from fer_data.extras import require
from fer_data.util.files import write_json

if TYPE_CHECKING:
    import keras

    from fer_model.training.epoch_log import EpochLog
    from fer_model.training.runs import Run

PACKAGES = {
    "tensorboard": ("tensorboard", "tensorflow"),
    "mlflow": ("mlflow",),
    "wandb": ("wandb",),
}
"""What a training can be logged to, with the packages that each needs."""

_LOGGER = logging.getLogger(__name__)

NAMES = "logs.json"
"""File of a run that says what other programs call it."""


def parse_logs(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return what to log to, each once, from names or a list of them with commas.

    Raises
    ------
    UsageError
        If one is unknown, or its package is not installed.
    """
    listed = names.split(",") if isinstance(names, str) else list(names)
    unique = tuple(dict.fromkeys(str(name).strip() for name in listed if str(name).strip()))
    for name in unique:
        if name not in PACKAGES:
            raise UsageError(
                f"log_to: expected {', '.join(PACKAGES)}, got {name!r}", fix={"log_to": []}
            )
        require(f"logging to {name}", *PACKAGES[name])
    return unique


@contextmanager
def opened_logs(names: Sequence[str], run: Run) -> Iterator[list[keras.callbacks.Callback]]:
    """Give the callbacks that log a run, and close the logs in the end.

    Parameters
    ----------
    names : sequence of str
        What `parse_logs` returns.
    run : Run

    Raises
    ------
    UsageError
        If a log cannot be opened.
    """
    with ExitStack() as stack:
        callbacks: list[keras.callbacks.Callback] = []
        for name in names:
            if name == "tensorboard":
                import keras

                callbacks.append(keras.callbacks.TensorBoard(run.path / "tensorboard"))
                continue
            if name == "mlflow":
                from fer_model.training.mlflow_log import MlflowLog as Log
            else:
                from fer_model.training.wandb_log import WandbLog as Log
            log = Log(run, kept_name(run, name))
            keep_name(run, name, log.id)
            stack.callback(_close, log)
            callbacks.append(log)
        yield callbacks


def _close(log: EpochLog) -> None:
    """Close a log; the run is complete without it, and an error of the run matters more."""
    try:
        log.close()
    except UsageError as error:
        _LOGGER.warning("%s; the run itself is complete", error)


def kept_name(run: Run, log: str) -> str | None:
    """Return what a log calls a run; None before it was opened."""
    name = _names(run).get(log)
    return name if isinstance(name, str) else None


def keep_name(run: Run, log: str, name: str) -> None:
    """Keep what a log calls a run."""
    write_json(run.path / NAMES, _names(run) | {log: name})


def _names(run: Run) -> dict[str, Any]:
    try:
        names = json.loads((run.path / NAMES).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return names if isinstance(names, dict) else {}
