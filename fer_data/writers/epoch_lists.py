"""What each epoch draws, as lists in files, for loaders that read their order from those."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from fer_data.data.options import check_options
from fer_data.data.reading import DatasetLike, load
from fer_data.errors import DataError
from fer_data.loading.samplers import BalancedBatchSampler
from fer_data.sampling.schedule import EpochSize
from fer_data.util.checks import whole_number
from fer_data.writers.target import placed, written_at


def write_epoch_lists(
    data: DatasetLike,
    out: str | Path,
    *,
    balance: Any = "oversample",
    num_epochs: int = 1,
    epoch_size: EpochSize = None,
    seed: int = 0,
    **options: Any,
) -> list[Path]:
    """Write the draws of each epoch of the training split, in order.

    For epoch 7 there is ``epoch-0007.npy``, int64 indices into the training split, in the order of
    ``data["train"]``: what FFCV's ``Loader(indices=…, order=OrderOption.SEQUENTIAL)`` takes. Where
    samples are files there is also ``epoch-0007.txt``, a line ``path label`` for each, with paths
    below the data's root: ``file_list`` and ``file_root`` of DALI's ``fn.readers.file``.

    Parameters
    ----------
    data : path, Dataset, ...
        What `fer_data.load` takes.
    out : path
        A new folder, or an empty one.
    balance, epoch_size, seed
        As in `BalancedBatchSampler`; the same draws as its.
    num_epochs : int
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    list of Path
        The files, by epoch.

    Raises
    ------
    DataError
        If there is no labelled training split, or `out` cannot be written.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"])
    >>> (file,) = fer_data.write_epoch_lists(data, "lists", balance="oversample")
    >>> sorted(np.load(file).tolist())
    [0, 1, 2, 3, 3, 3]
    """
    whole_number("num_epochs", num_epochs, 1)
    check_options(options, write_epoch_lists)
    dataset = load(data, **options)
    if "train" not in dataset.splits or not dataset.class_counts("train").any():
        raise DataError(f"{dataset.root}: no labelled training split to draw from")
    train = dataset["train"]
    labelled = np.flatnonzero(train.labels >= 0)
    drawn_from = train if len(labelled) == len(train) else train.select(train.labels >= 0)
    sampler = BalancedBatchSampler(
        drawn_from, balance, batch_size=1, epoch_size=epoch_size, seed=seed
    )
    is_files = dataset.root.is_dir() and not dataset.in_table
    target = placed(out, dataset.root if dataset.root.exists() else None)
    names: list[str] = []
    with written_at(target) as folder:
        for epoch in range(num_epochs):
            indices = labelled[sampler.plan(epoch).samples]
            names.append(f"epoch-{epoch:04d}.npy")
            np.save(folder / names[-1], indices)
            if is_files:
                names.append(f"epoch-{epoch:04d}.txt")
                lines = _lines(train.locations[indices].tolist(), train.labels[indices].tolist())
                (folder / names[-1]).write_bytes(os.fsencode("".join(lines)))
    return [target / name for name in names]


def _lines(paths: list[str], labels: list[int]) -> list[str]:
    for path in paths:
        if "\n" in path or "\r" in path:
            raise DataError(f"{path!r}: a list cannot hold a file name with a line break")
    return [f"{path} {label}\n" for path, label in zip(paths, labels, strict=True)]
