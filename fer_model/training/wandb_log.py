"""A training as a run of Weights & Biases (extra ``wandb``), in ``wandb/`` of the run folder.

Nothing is sent unless ``WANDB_MODE=online`` says so; ``wandb sync`` sends it later, each part of a
run that was resumed after the one before.
``WANDB_PROJECT`` names the project, by default ``fer-model``.
"""

from __future__ import annotations

import os
import secrets

import wandb

from fer_data.errors import UsageError
from fer_data.util.words import printable
from fer_model.training.epoch_log import EpochLog, parameters_of, scores_of
from fer_model.training.models import first_line
from fer_model.training.runs import Run

PROJECT = "fer-model"


class WandbLog(EpochLog):
    """Logs a run to Weights & Biases.

    Parameters
    ----------
    run : Run
    name : str, optional
        The id of the run there, where it has one.

    Raises
    ------
    UsageError
        If it cannot be begun, as online without a login.
    """

    def __init__(self, run: Run, name: str | None = None) -> None:
        super().__init__()
        self._run = run
        self.id = name or secrets.token_hex(4)
        try:
            self._log = wandb.init(
                project=os.environ.get("WANDB_PROJECT") or PROJECT,
                name=run.name,
                id=self.id,
                resume="allow",
                dir=str(run.path),
                config=parameters_of(run),
                mode=os.environ.get("WANDB_MODE") or "offline",
                settings=wandb.Settings(silent=True, console="off"),
            )
        except (wandb.Error, OSError, ValueError) as error:
            line = printable(first_line(error))
            raise UsageError(f"Weights & Biases: {line:.300}") from None

    def write(self, row: dict[str, float], step: int) -> None:
        """Write figures of a step."""
        self._log.log(row, step=step)

    def close(self) -> None:
        """Write the scores of a finished run, and end it."""
        self._log.summary.update(scores_of(self._run))
        self._log.finish(exit_code=0 if self._run.is_finished else 1)
