"""A split as folders that any program can read: ``SPLIT/CLASS/IMAGE``."""

from __future__ import annotations

from pathlib import Path

from fer_data.data.chosen import UNLABELLED
from fer_data.errors import UsageError
from fer_data.splitting.result import Split
from fer_data.writers.folder import write_folder
from fer_data.writers.target import placed, written_at


def write_split_folders(split: Split, out: str | Path) -> None:
    """Write the labelled samples of a split as split folders with class folders in them.

    Image files are hard links, or copies where the file system has none; do not edit them. Rows of
    a table become PNG files, named by split and row. A name that comes twice in a folder gets its
    path before it.

    Parameters
    ----------
    split : Split
        Not of folds.
    out : path
        A folder that does not exist, or is empty. It appears when all is written.

    Raises
    ------
    UsageError
        If these are folds.
    DataError
        If `out` holds something, or cannot be written, or a class name cannot be a folder's.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 48, 48), np.uint8)
    >>> split = fer_data.split((images, ["cat", "dog"] * 20), validation=0.1, test=0.2)
    >>> fer_data.write_split_folders(split, "pets")
    >>> fer_data.load("pets").splits
    ('train', 'validation', 'test')
    """
    if split.num_folds:
        raise UsageError("folds cannot be folders: every fold would be in each of them")
    dataset = split.dataset
    out = placed(out, None if dataset.origin.arrays else dataset.root)
    with written_at(out) as folder:
        labelled = dataset.select(dataset.labels != UNLABELLED)
        write_folder(labelled, folder, out, form=None, links=True)
