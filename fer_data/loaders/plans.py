"""Plans of batches as a ``tf.data.Dataset``: small arrays, of which a device makes the pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fer_data.batching.batches import BatchPlan
from fer_data.batching.loader import Loader
from fer_data.errors import UsageError
from fer_data.loaders.tfdata import by_step


def plan_arrays(plan: BatchPlan, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return what the pictures of a whole batch are made of, by name.

    Parameters
    ----------
    plan : BatchPlan
    rows : ndarray of int64, shape [N]
        The store's row of each picture in the table, in order.

    Returns
    -------
    dict
        ``places`` int32 [B] in the table; ``flipped``, ``matrix``, ``shade``, ``box`` as in
        `fer_data.batching.augment.Parameters`, where they are not None; with a mix ``partners``
        int32 [B], places in the batch, and ``shares`` float32 [B] of the pictures themselves.
    """
    found: dict[str, NDArray[Any]] = {
        "places": np.searchsorted(rows, plan.samples).astype(np.int32),
        **{name: one for name, one in plan.parameters._asdict().items() if one is not None},
    }
    if plan.mixed is not None:
        found["partners"] = plan.mixed.places.astype(np.int32)
        found["shares"] = plan.mixed.shares
    return found


def plan_dataset(
    loader: Loader, rows: NDArray[np.int64], *, steps_per_epoch: int | None = None
) -> tf.data.Dataset:
    """Give plans of batches as `fer_data.tf_dataset` gives batches.

    Parameters
    ----------
    loader : Loader
        Of whole batches, not of a shard.
    rows
        As in `plan_arrays`.
    steps_per_epoch : int, optional
        As in `fer_data.tf_dataset`.

    Returns
    -------
    tf.data.Dataset
        Of (dict as `plan_arrays` gives it, labels float32 [B, classes]), or with weights float32
        [B] as well where the strategy weights the classes.
    """
    if loader.shard.count > 1:
        raise UsageError("a shard's batches cannot be planned for a device: take whole batches")
    num_targets = 2 if loader.strategy.weights else 1

    def arrays(step: int, stop: int) -> tuple[NDArray[Any], ...]:
        plan = loader.batch_plan(step, stop)
        targets = (plan.targets(loader.num_classes), plan.weights)[:num_targets]
        return *plan_arrays(plan, rows).values(), *targets

    names = list(plan_arrays(loader.batch_plan(0), rows))
    specs = [tf.TensorSpec((None, *one.shape[1:]), one.dtype) for one in arrays(0, 1)]
    flat = by_step(loader, arrays, specs, steps_per_epoch=steps_per_epoch)

    def structured(*found: Any) -> tuple[Any, ...]:
        num = len(names)
        return dict(zip(names, found[:num], strict=True)), *found[num:]

    return flat.map(structured)
