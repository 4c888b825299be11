"""Data that resumes where the training of a Keras model stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras

from fer_data.adapters.iterations import Iterations
from fer_data.errors import UsageError
from fer_data.util.files import write_text

_NAME = "data.json"


class ResumeData(keras.callbacks.Callback):
    """Let ``fit`` train exactly the batches that an uninterrupted training would have.

    Keras restores a model, not its data. When the first epoch begins, this moves the data to where
    the model stands: the steps that its optimizer counts since the training began. So it goes with
    ``keras.callbacks.BackupAndRestore``, at any ``save_freq``, and with a model of
    ``keras.models.load_model``. Restored within an epoch, each later epoch begins as many batches
    later, and the training ends with the batch that it would have ended with. Batches that Keras
    draws before the training, to build a model or within ``MirroredStrategy``, count for nothing.

    Parameters
    ----------
    dataset
        What `tf_dataset`, `keras_dataset` or `tf_indices` gave; ``fit`` may be given what was made
        of it (``dataset.map(...)``).
    folder : path
        Where to note where the training began: the ``backup_dir`` of `BackupAndRestore`, which it
        removes when a training ends, or another folder for each training.

    Raises
    ------
    UsageError
        If the dataset is none of these; when a training begins, if ``fit`` was given
        ``steps_per_epoch``, or the folder is of a training with other data or settings.

    Examples
    --------
    >>> import keras, numpy as np, fer_data
    >>> data = (np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"])
    >>> train = fer_data.keras_dataset(data, balance="batch", batch_size=2)
    >>> model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    >>> model.build((None, 48, 48, 1))
    >>> model.compile(loss="categorical_crossentropy")
    >>> both = [keras.callbacks.BackupAndRestore("backup"), fer_data.ResumeData(train, "backup")]
    >>> fitted = model.fit(train, epochs=2, verbose=0, callbacks=both)
    >>> fitted.epoch
    [0, 1]
    """

    def __init__(self, dataset: Any, folder: str | Path) -> None:
        super().__init__()
        iterations = getattr(dataset, "iterations", None)
        if not isinstance(iterations, Iterations):
            raise UsageError(
                "dataset: expected the unchanged result of fer_data.tf_dataset, keras_dataset or "
                f"tf_indices, got {type(dataset).__name__}"
            )
        self._iterations = iterations
        self._first = iterations.step  # here, as Keras draws batches before the training
        self._file = Path(folder) / _NAME
        self._started = False
        self._epoch_start = self._end = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Note that the data is yet to be moved, when all callbacks have begun."""
        self._started = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Move the data to where the model stands, once a training."""
        if not self._started:
            self._started = True
            self._start(epoch)
        self._epoch_start = self._iterations.step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """End the training where it would have ended without an interruption."""
        if self._epoch_start + batch + 1 >= self._end:
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Note where a training that follows begins."""
        self._first = self._iterations.step

    def _start(self, epoch: int) -> None:
        num_steps = self._iterations.num_steps
        if self.params.get("steps") not in (None, num_steps):
            raise UsageError(
                f"steps_per_epoch: fit was given {self.params['steps']}, and the dataset has "
                f"{num_steps}; give it to fer_data.tf_dataset or keras_dataset instead"
            )
        trained = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
        begun = self._begun(epoch, trained)
        self._iterations.step = begun["step"] + trained - begun["trained"]
        self._end = begun["step"] + (self.params["epochs"] - begun["epoch"]) * num_steps

    def _begun(self, epoch: int, trained: int) -> dict[str, int]:
        """Return where the training began, which is noted in the folder, or is now."""
        fingerprint = self._iterations.fingerprint
        if not self._file.exists():
            begun = {
                "step": self._first,
                "trained": trained,
                "epoch": epoch,
                "fingerprint": fingerprint,
            }
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._file, json.dumps(begun))
        try:
            saved = json.loads(self._file.read_text("utf-8"))
            known = saved.pop("fingerprint")
            if not all(isinstance(saved[name], int) for name in ("step", "trained", "epoch")):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(f"{self._file}: expected what ResumeData wrote; remove it") from None
        if known != fingerprint:
            raise UsageError(
                f"{self._file}: the training in this folder is of other data or settings: it has "
                f"{known}, this has {fingerprint}"
            )
        return dict(saved)
