"""Where a sampler's iteration stands, and states of it at another batch size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_data.errors import UsageError
from fer_data.loading import resume
from fer_data.sampling.steps import Steps


class Position:
    """Where an iteration stands."""

    def __init__(
        self, step: int, *, end: int = 0, goes_on: bool = False, is_under_way: bool = False
    ) -> None:
        self.step, self.end = step, end
        self.next = end
        """Where the iteration after this one begins, even if this one is left before its end."""
        self.goes_on, self.is_under_way = goes_on, is_under_way


def at_batch_size(
    state: dict[str, Any], settings: Mapping[str, str], steps: Steps
) -> dict[str, Any]:
    """Return a state of another batch size as one of this, where it is a whole number of batches.

    Raises
    ------
    UsageError
        If it is none.
    """
    saved = dict(part.partition(" ")[::2] for part in str(state.get("fingerprint")).split(" | "))
    if saved.get("batch_size", "") == settings["batch_size"] or saved != {
        **settings,
        "batch_size": saved.get("batch_size", ""),
    }:
        return state
    samples = state.get("samples")
    if not isinstance(samples, int) or samples < 0:
        return state
    epoch = samples // steps.epoch_size
    guess = samples // steps.batch_size if steps.drop_last else epoch * steps.per_epoch
    while steps.window(guess)[0] < samples:
        guess += 1
    if steps.window(guess)[0] != samples:
        raise UsageError(
            f"batch_size: {samples:,} samples were trained with batches of {saved['batch_size']}, "
            f"and they are no whole number of batches of {settings['batch_size']}"
        )
    found_epoch, place = divmod(guess, steps.per_epoch)
    fitting = {"epoch": found_epoch, "step": place, "fingerprint": resume.fingerprint(settings)}
    return state | fitting
