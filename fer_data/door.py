"""One way to a loader from a path: what every adapter and the command line go through."""

from __future__ import annotations

from pathlib import Path

from fer_data.batches import Loader
from fer_data.decode import Color, PixelFormat
from fer_data.errors import UsageError
from fer_data.labels import EVALUATION_SPLITS
from fer_data.store import open_store
from fer_data.strategy import NATURAL, Strategy


def open_loader(
    path: str | Path,
    *,
    split: str = "train",
    balance: str | Strategy = "natural",
    batch_size: int = 64,
    augment: str = "flip",
    seed: int = 0,
    shuffle: bool | None = None,
    drop_remainder: bool = False,
    rescale: float = 1.0,
    image_size: int | tuple[int, int] = 48,
    color: Color = "grey",
    cache: str | Path | None = None,
    skip_bad: bool = False,
) -> Loader:
    """Open a data set's split as batches.

    Only the training split is ever balanced or augmented: batches of another one come in the
    order of the data, each sample once, as it is.

    Parameters
    ----------
    path : path
        A data set that `fer_data.read` takes.
    split : str
        ``train``, ``validation``, ``test``, ``public_test`` or ``private_test``.
    balance : str or Strategy
        ``natural`` (or ``none``), ``oversample``, ``undersample``, ``class-weights``,
        ``power:ALPHA``, ``effective:BETA`` or ``repeat-factor:T``; see `fer_data.sampling`.
    batch_size : int
        Samples of a batch; the last one of an epoch may have fewer.
    augment : {"flip", "none"}
        What is done to training pictures.
    seed : int
        Everything random follows from it.
    shuffle : bool, optional
        By default the training split is shuffled and no other.
    drop_remainder : bool
        Whether all batches are whole; see `Loader`.
    rescale : float
        What pixels, 0 to 255, are multiplied by.
    image_size : int or (int, int)
        Side of a square, or height and width; pictures of another size are resized once,
        when the store is built.
    color : {"grey", "rgb"}
        Likewise.
    cache : path, optional
        Where decoded pictures are kept; see `fer_data.open_store`.
    skip_bad : bool
        Whether what cannot be decoded is left out, or an error.

    Raises
    ------
    DataError
        If the data cannot be read, or has no such split.
    UsageError
        If an argument cannot be meant, as balancing a split that is for evaluation.
    """
    strategy = balance if isinstance(balance, Strategy) else Strategy.parse(balance)
    evaluates = split in EVALUATION_SPLITS
    if evaluates and strategy != NATURAL:
        raise UsageError(f"balance {strategy} on the {split} split: only train is ever balanced")
    if evaluates and shuffle:
        raise UsageError(f"shuffle on the {split} split: evaluation takes samples in order")
    sides = (image_size, image_size) if isinstance(image_size, int) else image_size
    store = open_store(path, form=PixelFormat(*sides, color), cache=cache, skip_bad=skip_bad)
    return Loader(
        store,
        store.manifest.rows(split),
        strategy,
        augment="none" if evaluates else augment,
        batch_size=batch_size,
        seed=seed,
        shuffle=not evaluates if shuffle is None else shuffle,
        drop_remainder=drop_remainder,
        rescale=rescale,
    )
