"""Plans of batches as a ``tf.data.Dataset``."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fer_data.adapters.plans import planned_arrays
from fer_data.adapters.tfdata import by_step
from fer_data.loading.chunks import steps_at_once
from fer_data.loading.loader import Loader


def plan_dataset(
    loader: Loader, rows: NDArray[np.int64], *, steps_per_epoch: int | None = None
) -> tf.data.Dataset:
    """Give plans of batches as `fer_data.tf_dataset` gives batches.

    Parameters
    ----------
    loader : Loader
        Of whole batches, not of a shard.
    rows
        As in `fer_data.adapters.plans.plan_arrays`.
    steps_per_epoch : int, optional
        As in `fer_data.tf_dataset`.

    Returns
    -------
    tf.data.Dataset
        Of (dict as `plan_arrays` gives it, labels float32 [B, classes]), or with weights float32
        [B] as well where the strategy weights the classes.
    """
    names = list(planned_arrays(loader, rows, 0, 1)[0])

    def arrays(step: int, stop: int) -> tuple[NDArray[Any], ...]:
        plan, *targets = planned_arrays(loader, rows, step, stop)
        return *plan.values(), *targets

    specs = [tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays(0, 1)]
    at_once = steps_at_once(loader, with_images=False)
    flat = by_step(loader, arrays, specs, at_once=at_once, steps_per_epoch=steps_per_epoch)

    def structured(*values: Any) -> tuple[Any, ...]:
        num = len(names)
        return dict(zip(names, values[:num], strict=True)), *values[num:]

    return flat.map(structured)
