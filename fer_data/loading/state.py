"""The position of an iteration, as a plain dict from which a later process resumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fer_data.errors import UsageError
from fer_data.sampling.steps import Steps
from fer_data.util.words import counted

_CONTENT = {
    "labels": ("the labels differ", "were", "are"),
    "data": ("the data differs", "was", "is"),
}
"""Settings as `content_of` gives them, and how an error says that they changed."""

_MOST_EPOCHS = 1_000_000
"""Far beyond, the repeats of a rare sample no longer fit into the 32 bits that a plan has."""


@dataclass
class Position:
    """The one position of a sampler or loader.

    Attributes
    ----------
    step : int
        The next step, counted from 0 through all epochs.
    end : int
        The step before which the iteration under way ends; 0 where none has begun.
    goes_on : bool
        Whether a state within an epoch was loaded.
    again : int, optional
        Where the next iteration begins, if that was set during this one.
    """

    step: int
    end: int = 0
    goes_on: bool = False
    again: int | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether an iteration has begun here."""
        return self.end > 0

    def next(self, per_epoch: int) -> Position:
        """Return where an iteration that begins now stands: one that was left is not gone on."""
        step = max(self.step, self.end) if self.again is None else self.again
        return Position(step, end=(step // per_epoch + 1) * per_epoch)

    def at_epoch(self, epoch: int, per_epoch: int) -> Position:
        """Return the position at an epoch's beginning, or this where it is within that epoch.

        Raises
        ------
        UsageError
            If a state was loaded that is within another epoch.
        """
        first = epoch * per_epoch
        if self.is_under_way and self.end - per_epoch == first:
            self.again = first
            return self
        if not self.goes_on:
            return Position(first)
        if self.step // per_epoch != epoch:
            raise UsageError(
                f"epoch {epoch} was asked for, and a state was loaded that is within epoch "
                f"{self.step // per_epoch}, the rest of which would not be trained; begin there"
            )
        return self


def state_of(step: int, steps: Steps, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the state before a step.

    Returns
    -------
    dict
        ``epoch`` and ``step`` in it; ``samples``, the draws before it; ``goes_on``, whether the
        next iteration goes on within an epoch; and ``fingerprint``, the settings in one line.
    """
    epoch, place = divmod(step, steps.per_epoch)
    return {
        "epoch": epoch,
        "step": place,
        "samples": steps.window(step)[0],
        "goes_on": place > 0,
        "fingerprint": line_of(settings),
    }


def position_of(
    state: Mapping[str, Any], steps: Steps, settings: Mapping[str, str], name: str
) -> Position:
    """Return where a state stands.

    Parameters
    ----------
    state : mapping
        What `state_of` gave.
    steps : Steps
    settings : mapping of str to str
        All that decides the batches. Another ``batch_size`` is fine where the samples that were
        trained are a whole number of batches.
    name : str
        What errors call the data.

    Raises
    ------
    UsageError
        If the state is of other data or settings, and which; or no state.
    """
    try:
        epoch, step, samples = state["epoch"], state["step"], state["samples"]
        fingerprint = str(state["fingerprint"])
    except (KeyError, TypeError):
        raise UsageError(
            "state: expected what state() or state_dict() gives: epoch, step, samples, fingerprint"
        ) from None
    if not all(isinstance(number, int) and number >= 0 for number in (epoch, step, samples)):
        raise UsageError(
            f"state: expected whole numbers, got epoch {epoch!r}, step {step!r}, samples "
            f"{samples!r}"
        )
    if epoch > _MOST_EPOCHS:
        raise UsageError(f"state: epoch {epoch}; a training has at most {_MOST_EPOCHS:,}")
    saved = dict(part.partition(" ")[::2] for part in fingerprint.split(" | "))
    if saved == settings:
        if step >= steps.per_epoch:
            raise UsageError(f"state: step {step}; an epoch has {steps.per_epoch}")
        return Position(epoch * steps.per_epoch + step, goes_on=step > 0)
    if {**saved, "batch_size": ""} == {**settings, "batch_size": ""}:
        whole = _step_after(samples, steps, saved["batch_size"])
        return Position(whole, goes_on=whole % steps.per_epoch > 0)
    changed = [
        _difference(key, saved.get(key, "not set"), value)
        for key, value in settings.items()
        if saved.get(key) != value
    ]
    raise UsageError(
        f"{name}: the state is of other settings: "
        + ("; ".join(changed) or "it is of another version")
    )


def content_of(num_samples: int, num_classes: int, digest: str) -> str:
    """Return labels or data as settings have them: their size, for people, and their digest."""
    classes = counted(num_classes, "class", "classes")
    return f"{counted(num_samples, 'sample')} in {classes} {digest}"


def line_of(settings: Mapping[str, str]) -> str:
    """Return settings in one line, as a state has them."""
    return " | ".join(f"{name} {value}" for name, value in settings.items())


def _difference(name: str, before: str, value: str) -> str:
    """Return how a setting changed, in words."""
    if name not in _CONTENT or before == "not set":
        return f"{name} was {before}, is {value}"
    differ, was, are = _CONTENT[name]
    (size_before, _, _), (size, _, _) = before.rpartition(" "), value.rpartition(" ")
    if size_before == size:
        return f"{differ}: {size} in both, but other ones or in another order"
    return f"{differ}: {was} {size_before}, {are} {size}"


def _step_after(samples: int, steps: Steps, batch_size: str) -> int:
    """Return the step before which so many samples were drawn.

    Raises
    ------
    UsageError
        If that is within a batch.
    """
    epoch = samples // steps.epoch_size
    step = samples // steps.batch_size if steps.drop_last else epoch * steps.per_epoch
    while steps.window(step)[0] < samples:
        step += 1
    if steps.window(step)[0] != samples:
        raise UsageError(
            f"batch_size: {samples:,} samples were trained with batches of {batch_size}, which is "
            f"no whole number of batches of {steps.batch_size}"
        )
    return step
