"""Plans of batches as small arrays, from which a device makes the images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.loading.batches import BatchPlan
from fer_data.loading.loader import Loader
from fer_data.transforms.parameters import Parameters


def plan_arrays(plan: BatchPlan, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return what the images of a whole batch are made of, by name.

    Parameters
    ----------
    plan : BatchPlan
    rows : ndarray of int64, shape [N]
        The store's row of each image in the table, in order.

    Returns
    -------
    dict
        ``places`` int32 [B] in the table; the fields of `fer_data.transforms.Parameters` that are
        not None; with a mix ``partners``
        int32 [B], places in the batch, and ``lam`` float32 [B] of the images themselves.
    """
    if not isinstance(plan.parameters, Parameters):
        raise UsageError("a Python function cannot transform images on a device: use operations")
    arrays: dict[str, NDArray[Any]] = {
        "places": np.searchsorted(rows, plan.samples).astype(np.int32),
        **{
            name: values for name, values in plan.parameters._asdict().items() if values is not None
        },
    }
    if plan.mixed is not None:
        arrays["partners"] = plan.mixed.places.astype(np.int32)
        arrays["lam"] = plan.mixed.lam
    return arrays


def planned_arrays(
    loader: Loader, rows: NDArray[np.int64], step: int, stop: int
) -> tuple[dict[str, NDArray[Any]], *tuple[NDArray[Any], ...]]:
    """Return what `fer_data.Loader.arrays` returns, with plans in place of the images.

    Parameters
    ----------
    loader : Loader
        Of whole batches, not of a shard.
    rows
        As in `plan_arrays`.
    step, stop : int
        The first step and the one to stop before.

    Returns
    -------
    tuple
        The dict of `plan_arrays`, labels float32 [B, classes], and weights float32 [B] where the
        strategy weights the classes; B images of all the steps.

    Raises
    ------
    UsageError
        If the loader is of a shard.
    """
    refuse_shard(loader)
    plan = loader.batch_plan(step, stop)
    targets = (plan.targets(loader.num_classes), plan.weights)
    return plan_arrays(plan, rows), *targets[: 2 if loader.weights else 1]


def refuse_shard(loader: Loader) -> None:
    """Raise a `UsageError` if a loader is of a shard, whose batches are no whole ones."""
    if loader.sampler.shard.count > 1:
        raise UsageError("a shard's batches cannot be planned for a device: take whole batches")
