"""How many steps of a loader are prepared at once."""

from __future__ import annotations

from fer_data.batching.loader import Loader

_STEPS_TOGETHER = 16
_BYTES_TOGETHER = 16 << 20


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
