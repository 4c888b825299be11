"""What the logs of a training have in common: parameters, a row of figures an epoch, scores."""

from __future__ import annotations

from typing import Any

import keras

from fer_model.training.runs import Run


class EpochLog(keras.callbacks.Callback):
    """Gives an epoch's metrics and learning rate, under Keras's names, to `write`."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write what the epoch gave; epochs are counted from 1, as in ``history.csv``."""
        row = {name: float(value) for name, value in (logs or {}).items()}
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        self.write(row | {"learning_rate": float(rate)}, epoch + 1)

    def write(self, row: dict[str, float], step: int) -> None:
        """Write figures of a step."""
        raise NotImplementedError


def parameters_of(run: Run) -> dict[str, Any]:
    """Return what a run was trained with: its recipe, and the data's name and fingerprint."""
    data = run.data
    return {
        **{name: value for name, value in run.recipe.to_dict().items() if value is not None},
        "data": data["path"],
        "data_fingerprint": data.get("fingerprint", ""),
        "training_samples": sum(run.train_counts),
    }


def scores_of(run: Run) -> dict[str, float]:
    """Return the scores of a finished run as ``test/accuracy``, and the recall of each class."""
    if not run.is_finished:
        return {}
    metrics, scores = run.metrics, {}
    for split in ("validation", "test"):
        for name in ("accuracy", "balanced_accuracy", "macro_f1", "geometric_mean"):
            if split in metrics:
                scores[f"{split}/{name}"] = float(metrics[split][name])
    if "test" in metrics:
        for name, row in metrics["test"]["per_class"].items():
            if row["recall"] is not None:
                scores[f"test/recall/{name}"] = float(row["recall"])
    return scores
