"""How many steps of a loader an iteration gives, and how many are prepared at once."""

from __future__ import annotations

from fer_data.loading.loader import Loader
from fer_data.util.checks import whole_number

_STEPS_AT_ONCE = 16
_BYTES_AT_ONCE = 16 << 20


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
    return whole_number("steps_per_epoch", steps_per_epoch, 1)


def steps_at_once(loader: Loader, *, with_images: bool = True) -> int:
    """Return how many steps are prepared at once: 16, and less where images are large."""
    if not with_images:
        return _STEPS_AT_ONCE
    return min(_STEPS_AT_ONCE, loader.steps_within(_BYTES_AT_ONCE))


def chunk_end(loader: Loader, step: int, at_once: int) -> int:
    """Return the step to stop before, so that all batches from `step` on are of one size.

    The last batch of a loader's epoch may be smaller than the others: it stands alone.
    """
    last = step - step % loader.num_steps + loader.num_steps - 1
    return min(step + at_once, last) if step < last else last + 1
