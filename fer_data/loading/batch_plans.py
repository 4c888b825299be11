"""Plans of a loader's batches, before any pixel is touched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.loading.batches import BatchPlan, Mixed
from fer_data.transforms.transform import Drawn, Keys
from fer_data.util.checks import whole_number


def plan_batches(loader: Any, steps: range) -> BatchPlan:
    """Return the plans of the batches of some steps of a `Loader`, concatenated."""
    whole_number("step", steps[0])
    shard = loader.sampler.shard
    windows = [loader.sampler.steps.window(step) for step in steps]
    begin, end = windows[0][0], windows[-1][1]
    here: Any = slice(None)
    if shard.count > 1:
        parts = [np.arange(*window)[shard.of(window[1] - window[0])] for window in windows]
        here = np.concatenate(parts) - begin
    indices, repeats = loader.sampler.between(begin, end)
    labels, rows = loader.labels[indices], loader.rows[indices]
    plan = BatchPlan(
        labels[here],
        loader.class_weights[labels[here]],
        rows[here],
        repeats[here],
        drawn_for(loader, rows[here], repeats[here], labels[here]),
    )
    if loader.mix:
        sizes = [stop - start for start, stop in windows]
        partners, lam = loader.mix.draw(loader.sampler.seed, steps, sizes)
        firsts = np.repeat([start - begin for start, _ in windows], sizes)
        partners, lam, firsts = partners[here], lam[here], firsts[here]
        labels = labels[partners]
        of_labels = loader.mix.label_lam(lam, loader.counts, plan.labels, labels)
        plan.weights = plan.weights * of_labels + loader.class_weights[labels] * (1 - of_labels)
        places = partners - firsts
        plan.mixed = Mixed(rows[partners], repeats[partners], labels, lam, of_labels, places)
    soft = loader.store.dataset.soft_labels
    if loader.soft and soft is not None:
        plan.soft = soft[plan.samples]
        if plan.mixed is not None:
            of_labels = plan.mixed.label_lam[:, None]
            plan.soft = plan.soft * of_labels + soft[plan.mixed.samples] * (1 - of_labels)
        if loader.weights:  # no matrix product: its rounding can follow the batch's size
            plan.weights = (plan.soft * loader.class_weights).sum(axis=1)
    return plan


def drawn_for(
    loader: Any,
    samples: NDArray[np.int64],
    repeats: NDArray[np.int64],
    labels: NDArray[np.int64],
) -> Drawn:
    """Return what the transform does to each use of a sample; all arrays are [B]."""
    keys = Keys(loader.sampler.seed, samples, repeats, labels)
    drawn: Drawn = loader.transform.draw(keys, loader.store.form.shape)
    return drawn
