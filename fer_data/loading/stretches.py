"""How many steps of a loader an iteration gives, and how many are prepared at once."""

from __future__ import annotations

from fer_data.errors import UsageError
from fer_data.loading.loader import Loader

_STEPS_TOGETHER = 16
_BYTES_TOGETHER = 16 << 20


def steps_of_iteration(loader: Loader, steps_per_epoch: int | None) -> int:
    """Return how many steps each iteration of an adapter gives: always as many.

    Keras takes the length of the first iteration for all. So an iteration that begins within an
    epoch of the loader ends within the next one.

    Raises
    ------
    UsageError
        If `steps_per_epoch` is not 1 or more.
    """
    if steps_per_epoch is None:
        return loader.num_steps
    if isinstance(steps_per_epoch, bool) or not isinstance(steps_per_epoch, int):
        raise UsageError(f"steps_per_epoch: expected a whole number, got {steps_per_epoch!r}")
    if steps_per_epoch < 1:
        raise UsageError(f"steps_per_epoch is {steps_per_epoch}; it must be 1 or more")
    return steps_per_epoch


def steps_together(loader: Loader, *, with_pictures: bool = True) -> int:
    """Return how many steps are prepared at once: 16, and less where pictures are large."""
    if not with_pictures:
        return _STEPS_TOGETHER
    return min(_STEPS_TOGETHER, loader.steps_within(_BYTES_TOGETHER))


def stretch_end(loader: Loader, step: int, num_together: int) -> int:
    """Return the step to stop before, so that all batches from `step` on are of one size.

    The last batch of a loader's epoch may be smaller than the others: it stands alone.
    """
    last = step - step % loader.num_steps + loader.num_steps - 1
    return min(step + num_together, last) if step < last else last + 1
