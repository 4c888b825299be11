"""What is balanced: classes from labels of any form, and combinations of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.missing import is_missing
from fer_data.errors import UsageError
from fer_data.sampling.strategy import Strategy
from fer_data.util.words import counted, named_class

Codes = tuple[NDArray[np.int64], tuple[str, ...]]
"""The class of each sample, int64 [N], and the names of the classes."""

_MOST_CLASSES = 1 << 20


def class_codes(labels: Any, class_names: Sequence[str] = ()) -> Codes:
    """Return the class of each sample.

    Parameters
    ----------
    labels : array_like of int or str, shape [N], or what `fer_data.load` takes
        Integers are the classes themselves. A dataset of PyTorch's has labels in ``targets``,
        ``labels`` or ``samples``.
    class_names : sequence of str
        Of labels that are integers.

    Raises
    ------
    UsageError
        If these are no labels, or a sample has none.
    """
    if isinstance(labels, str | os.PathLike):
        from fer_data.data.reading import load  # pandas and more, which arrays do not need

        labels = load(labels)
    names = class_names
    if hasattr(labels, "class_names") and hasattr(labels, "split_codes"):
        if len(labels.splits) > 1:
            raise UsageError(
                f"labels: a Dataset of several splits ({', '.join(labels.splits)}); take one, as "
                'data["train"]'
            )
        labels, names = labels.labels, labels.class_names
    elif not _is_array_like(labels):
        from fer_data.data.sources.torch_dataset import labels_of, recognises

        if not recognises(labels):
            raise UsageError(
                f"labels: expected a label for each sample, got {type(labels).__name__}. If a "
                "framework creates this sampler again with a sampler of its own, as Lightning does "
                "on several processes, take fer_data.BalancedDistributedSampler, as sampler="
            )
        labels, names = labels_of(labels)
    array = np.asarray(labels)
    if array.ndim != 1:
        raise UsageError(
            f"labels: expected one for each sample, [N], got {array.dtype} {list(array.shape)}"
        )
    if not len(array):
        raise UsageError("labels: there are none")
    return _of_array(array, tuple(map(str, names)))


def combined(labels: Any, by: Sequence[Any]) -> Codes:
    """Return the combination of several classes of each sample, as ``a x b``.

    Raises
    ------
    UsageError
        If they are not of one length.
    """
    num = len(labels)
    parts = [class_codes(values) for values in by]
    if not parts or any(len(codes) != num for codes, _ in parts):
        raise UsageError(
            f"by: expected arrays of {num:,}, one value a sample, got "
            f"{', '.join(f'{len(codes):,}' for codes, _ in parts) or 'none'}"
        )
    rows, codes = np.unique(np.stack([codes for codes, _ in parts]), axis=1, return_inverse=True)
    names = tuple(
        " x ".join(names[code] for (_, names), code in zip(parts, column, strict=True))
        for column in rows.T.tolist()
    )
    return codes.reshape(-1).astype(np.int64), names


def strategy_of(balance: Any, codes: NDArray[np.int64], names: Sequence[str]) -> Strategy:
    """Return the strategy that `balance` means for these classes.

    Raises
    ------
    UsageError
        If there is none, or it weights classes in the loss, which is no sampler's.
    """
    strategy = any_strategy(balance, codes, names)
    if strategy.weights:
        raise UsageError(
            f"balance {strategy}: a sampler does not weight the loss; take "
            "fer_data.class_weights(np.bincount(labels)) to the loss, and balance='none' here"
        )
    return strategy


def any_strategy(balance: Any, codes: NDArray[np.int64], names: Sequence[str]) -> Strategy:
    """Return the strategy that `balance` means, class weights included.

    Raises
    ------
    UsageError
        If there is none, or it balances and there is one class only.
    """
    if isinstance(balance, str):
        balance = Strategy.parse(balance)
    elif isinstance(balance, Mapping):
        balance = Strategy("counts", balance)
    elif callable(balance) and not hasattr(balance, "fit_resample"):
        counts = np.bincount(codes, minlength=len(names))
        draws = np.asarray(balance(counts))
        if draws.shape != counts.shape or draws.dtype.kind not in "iuf" or (draws < 0).any():
            raise UsageError(
                f"balance: expected a function from counts [{len(counts)}] to draws of the same "
                f"shape, 0 or more, got {draws.dtype} {list(draws.shape)}"
            )
        numbers = np.rint(draws).astype(np.int64).tolist()
        balance = Strategy(
            "counts",
            tuple((names[label], numbers[label]) for label in np.flatnonzero(counts).tolist()),
        )
    elif not isinstance(balance, Strategy):
        balance = Strategy.from_sampler(balance, codes, names)
    strategy: Strategy = balance
    if (
        len(present := np.unique(codes)) == 1
        and str(strategy) != "none"
        and strategy.name != "counts"
    ):
        raise UsageError(
            f"balance {strategy}: one class only, {named_class(names[present[0]])}, so there is "
            "nothing to balance; give samples of all classes, or balance='none'"
        )
    return strategy


def _is_array_like(labels: Any) -> bool:
    return isinstance(labels, list | tuple | np.ndarray) or (
        hasattr(labels, "__array__") and hasattr(labels, "shape")
    )


def _of_array(array: NDArray[Any], names: tuple[str, ...]) -> Codes:
    if array.dtype.kind in "USO":
        lacking = np.flatnonzero([is_missing(label) for label in array.tolist()])
        if len(lacking):
            raise UsageError(
                f"labels: {counted(len(lacking), 'sample')} of {len(array):,} without a label, the "
                f"first at {lacking[0]}; leave them out"
            )
        texts = np.char.strip(array.astype(np.str_))  # as `load` reads them
        unique, codes = np.unique(texts, return_inverse=True)
        return codes.reshape(-1).astype(np.int64), tuple(unique.tolist())
    if array.dtype.kind not in "iub":
        raise UsageError(f"labels: expected integers or text, got {array.dtype}")
    low, high = int(array.min()), int(array.max())
    if low < 0:
        raise UsageError(
            f"labels: label {low} of sample {int(array.argmin())}, and {int((array < 0).sum()):,} "
            "below 0 in all; expected 0 or more, and no sample without a label"
        )
    if high >= max(len(names), _MOST_CLASSES):
        raise UsageError(f"labels: label {high:,}; number the classes from 0")
    return array.astype(np.int64), names or tuple(map(str, range(high + 1)))
