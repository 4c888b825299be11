"""What a loader's state must have in common with the loader that goes on from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_data.errors import UsageError

_MOST_EPOCHS = 1_000_000
"""Far beyond, the repeats of a rare sample no longer fit into the 32 bits that a plan has."""


def fingerprint(settings: Mapping[str, str]) -> str:
    """Return all that decides a loader's batches, in one line."""
    return " | ".join(f"{name} {value}" for name, value in settings.items())


def checked(
    state: dict[str, Any], settings: Mapping[str, str], *, num_steps: int, name: str
) -> tuple[int, int]:
    """Return a state's epoch and step.

    Parameters
    ----------
    state : dict
        What `fer_data.Loader.state` gave.
    settings : mapping of str to str
        All that decides the batches of the loader that is to go on.
    num_steps : int
        Batches of an epoch.
    name : str
        What errors call the data.

    Raises
    ------
    UsageError
        If the state is of other data or settings, and which; or no state.
    """
    try:
        epoch, step, found = state["epoch"], state["step"], state["fingerprint"]
    except (KeyError, TypeError):
        raise UsageError(
            "state is not what Loader.state() gives: epoch, step, fingerprint"
        ) from None
    if not (isinstance(epoch, int) and isinstance(step, int) and epoch >= 0 and step >= 0):
        raise UsageError(f"state has epoch {epoch!r} and step {step!r}; they must be 0 or more")
    if epoch > _MOST_EPOCHS:
        raise UsageError(f"state has epoch {epoch}; a training has at most {_MOST_EPOCHS:,}")
    if found == fingerprint(settings):
        if step >= num_steps:
            raise UsageError(f"state has step {step}; an epoch has {num_steps}")
        return epoch, step
    saved = dict(part.partition(" ")[::2] for part in str(found).split(" | "))
    changed = [
        f"{name} was {saved.get(name, 'not told')}, is {value}"
        for name, value in settings.items()
        if saved.get(name) != value
    ]
    raise UsageError(
        f"{name}: this state cannot be gone on from, as settings differ: "
        + ("; ".join(changed) or "it is of another version")
    )
