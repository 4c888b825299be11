"""`open_loader` gives a loader from a path; the adapters of loaders call it through `as_loader`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer_data.data.decode import Color, Fit
from fer_data.data.image_format import FormatRequest, sides_of
from fer_data.data.options import check_options
from fer_data.data.reading import DatasetLike, load
from fer_data.data.split_names import EVALUATION_SPLITS, split_to_take
from fer_data.data.store import PixelStore, open_store
from fer_data.errors import DataError, UsageError
from fer_data.loading.loader import Loader
from fer_data.loading.samplers import BalancedBatchSampler
from fer_data.loading.strata import any_strategy
from fer_data.sampling.schedule import EpochSize
from fer_data.sampling.shard import WHOLE, Shard
from fer_data.sampling.strategy import NATURAL, Strategy
from fer_data.transforms.choice import Augment, as_transform
from fer_data.transforms.mixing import Mixing
from fer_data.util.words import counted


def as_loader(
    source: DatasetLike | Loader, options: dict[str, Any], called: Callable[..., Any]
) -> Loader:
    """Return a loader as it is, or open one of a data set with the options of what was called."""
    check_options(options, called, open_loader)
    if not isinstance(source, Loader):
        return open_loader(source, **options)
    if options:
        raise UsageError(f"{', '.join(options)}: a loader has its settings already")
    return source


def open_loader(
    data: DatasetLike,
    *,
    split: str | None = None,
    balance: Any = "natural",
    batch_size: int = 64,
    epoch_size: EpochSize = None,
    augment: Augment = "flip",
    augment_rare: Augment | None = None,
    mix: str = "none",
    seed: int = 0,
    shuffle: bool | None = None,
    drop_remainder: bool = False,
    shard: Shard = WHOLE,
    state: dict[str, Any] | None = None,
    dtype: Literal["float32", "uint8"] = "float32",
    rescale: float = 1.0,
    image_size: int | tuple[int, int] | None = None,
    color: Color | None = None,
    fit: Fit = "stretch",
    cache: str | Path | Literal[False] | None = None,
    **options: Any,
) -> Loader:
    """Open a data set's split as batches.

    Only the training split is ever balanced or augmented: batches of another one come in the
    order of the data, each sample once, as it is.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes.
    split : str, optional
        ``train``, ``validation``, ``test``, ``public_test`` or ``private_test``, or as a folder of
        it may be named (``val``). By default train, or the only split there is, as in a dataset
        that `fer_data.split` gives.
    balance : str, Strategy or imbalanced-learn sampler
        A name in `fer_data.STRATEGIES` with its parameters, ``class-weights`` with or without a
        scheme of `fer_data.CLASS_WEIGHTS`, or what `Strategy.from_sampler` takes.
    batch_size : int
        Samples of a batch, of all shards together; the last one of an epoch may have fewer.
    epoch_size : int, "own" or "natural", optional
        Samples of an epoch: a number, the strategy's own (the default), or as many as there are.
    augment : str, Op, sequence of Op, Transform or callable
        What is done to training images: ``none``, ``flip``, ``standard``, ``color``, ``strong``,
        operations as in ``shift:0.1,rotate:15``, or ``function(image, rng) -> image``; see
        `fer_data.transforms`.
    augment_rare : as `augment`, optional
        Another one for classes with fewer than half of an average class's samples.
    mix : str
        ``none``, ``mixup:ALPHA`` or ``remix:ALPHA``; see `fer_data.transforms.mixing`.
    seed : int
        Everything random follows from it.
    shuffle : bool, optional
        By default the training split is shuffled and no other.
    drop_remainder : bool
        Whether all batches are whole. What is left of an epoch then begins the next one: nothing is
        lost, and every guarantee holds over the batches as they come.
    shard : Shard
        Which part of every batch to give; by default all of it.
    state : dict, optional
        What `Loader.state` gave, to go on from there.
    dtype : {"float32", "uint8"}
        Of the images. uint8 are a quarter of the bytes, rounded where a transform makes fractions,
        for a model that rescales them itself.
    rescale : float
        What pixels, 0 to 255, are multiplied by; with float32 only.
    image_size : int or (int, int), optional
        Side of a square, or height and width; images of another size are resized once, when the
        store is built. By default the images' own size; where they differ, it must be given.
    color : {"grey", "rgb"}, optional
        By default rgb where any image has colour, else grey.
    fit : {"stretch", "crop", "pad"}
        How images of another aspect ratio are resized; see `fer_data.PixelFormat`.
    cache : path or False, optional
        Where decoded images are kept, or False to decode them in every epoch; see
        `fer_data.open_store`.
    **options
        As in `fer_data.load`, for a path. Soft labels are for the training split alone: another
        one is judged by its labels.

    Raises
    ------
    DataError
        If the data cannot be read, or has no such split.
    UsageError
        If an argument is invalid, such as balancing an evaluation split, or if no split is named
        and there are several without train.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"]))
    >>> loader = fer_data.open_loader(data, balance="batch", batch_size=2)
    >>> batch = loader.batch(step=12_345)
    >>> batch.images.shape, sorted(batch.labels.tolist())
    ((2, 48, 48, 1), [0, 1])
    """
    check_options(options, open_loader)
    dataset = load(data, **options)
    split = split_to_take(split, dataset.splits, str(dataset.root))
    evaluates = split in EVALUATION_SPLITS
    if evaluates and shuffle:
        raise UsageError(f"shuffle on the {split} split: evaluation takes samples in order")
    form = FormatRequest(sides_of(image_size), color, fit)
    store = open_store(dataset, form=form, cache=cache)
    rows = store.dataset.indices(split)
    if evaluates:
        if not isinstance(balance, str) or Strategy.parse(balance) != NATURAL:
            raise UsageError(f"balance {balance} on the {split} split: only train is ever balanced")
        augment, augment_rare, mix, epoch_size = "none", None, "none", None
    loader = make_loader(
        store,
        rows,
        balance,
        augment=augment,
        augment_rare=augment_rare,
        mix=mix,
        soft=store.dataset.soft_labels is not None and not evaluates,
        batch_size=batch_size,
        epoch_size=epoch_size,
        seed=seed,
        shuffle=not evaluates if shuffle is None else shuffle,
        drop_remainder=drop_remainder,
        dtype=dtype,
        rescale=rescale,
        shard=shard,
    )
    return loader if state is None else loader.from_state(state)


def make_loader(
    store: PixelStore,
    rows: NDArray[np.int64],
    balance: Any = NATURAL,
    *,
    augment: Augment = "none",
    augment_rare: Augment | None = None,
    mix: str | Mixing | None = None,
    soft: bool = False,
    dtype: Literal["float32", "uint8"] = "float32",
    rescale: float = 1.0,
    drop_remainder: bool = False,
    **sampling: Any,
) -> Loader:
    """Return a loader of some rows of a store; other arguments are those of `open_loader`.

    Parameters
    ----------
    store : PixelStore
    rows : ndarray of int64, shape [N]
    soft : bool
        Whether targets are the dataset's soft labels.
    **sampling
        More of `fer_data.BalancedBatchSampler`.

    Raises
    ------
    DataError
        If there is no row, or one has no label.
    UsageError
        If an argument cannot be used.
    """
    dataset = store.dataset
    labels, names = dataset.labels[rows].astype(np.int64), dataset.class_names
    if not len(rows):
        raise DataError(f"{dataset.root}: no sample to load")
    if num := int((labels < 0).sum()):
        raise DataError(
            f"{dataset.root}: {counted(num, 'sample to load has', 'samples to load have')} no "
            "label; take the others: data.select(data.labels >= 0)"
        )
    strategy = any_strategy(balance, labels, names)
    sampler = BalancedBatchSampler(
        labels, strategy.weighted(""), class_names=names, drop_last=drop_remainder, **sampling
    )
    rare = is_rare(np.bincount(labels, minlength=len(names)))
    transform = as_transform(augment, augment_rare, rare)
    return Loader(
        store,
        rows,
        sampler,
        transform,
        weights=strategy.weights,
        mix=Mixing.parse(mix) if isinstance(mix, str) else mix,
        soft=soft,
        dtype=dtype,
        rescale=rescale,
    )


def is_rare(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which classes have fewer than half of an average class's samples, bool [C]."""
    is_rare: NDArray[np.bool_] = 2 * counts * np.count_nonzero(counts) < counts.sum()
    return is_rare


def check_labels(loader: Loader, label_mode: str) -> None:
    """Raise a UsageError if labels cannot be given as one-hot or int, as is asked for."""
    if label_mode not in ("one-hot", "int"):
        raise UsageError(f"label_mode is {label_mode!r}; choose one-hot or int")
    soft = f"mix {loader.mix} makes soft labels" if loader.mix else "soft labels"
    if label_mode == "int" and (loader.mix or loader.soft):
        raise UsageError(f"{soft}: int labels cannot hold them; take label_mode='one-hot'")
