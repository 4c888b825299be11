"""What a loader's state must have in common with the loader that goes on from it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from fer_data.errors import UsageError

if TYPE_CHECKING:
    from fer_data.batching.loader import Loader

_MOST_EPOCHS = 1_000_000
"""Far beyond, the repeats of a rare sample no longer fit into the 32 bits that a plan has."""


def fingerprint(loader: Loader) -> str:
    """Return all that decides a loader's batches, in one line; shards and rescaling do not."""
    return " | ".join(f"{name} {value}" for name, value in _settings(loader).items())


def checked(state: dict[str, Any], loader: Loader) -> tuple[int, int]:
    """Return a state's epoch and step.

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
    if found == fingerprint(loader):
        if step >= loader.num_steps:
            raise UsageError(f"state has step {step}; an epoch has {loader.num_steps}")
        return epoch, step
    saved = dict(part.partition(" ")[::2] for part in str(found).split(" | "))
    changed = [
        f"{name} was {saved.get(name, 'not told')}, is {value}"
        for name, value in _settings(loader).items()
        if saved.get(name) != value
    ]
    raise UsageError(
        f"{loader.store.manifest.root}: this state cannot be gone on from, as settings differ: "
        + ("; ".join(changed) or "it is of another version")
    )


def _settings(loader: Loader) -> dict[str, str]:
    digest = hashlib.blake2b(digest_size=8)
    digest.update(loader.store.digest.encode())
    digest.update(loader.rows.tobytes())
    digest.update(loader.labels.tobytes())
    digest.update(repr(loader.store.manifest.class_names).encode())
    soft = loader.store.manifest.soft_labels
    if loader.soft and soft is not None:
        digest.update(soft[loader.rows].tobytes())
    return {
        "data": digest.hexdigest(),
        "balance": str(loader.strategy),
        "epoch_size": str(loader.num_samples),
        "batch_size": str(loader.batch_size),
        "drop_remainder": str(loader.drop_remainder),
        "augment": loader.augment,
        "augment_rare": loader.augment_rare or "as others",
        "mix": str(loader.mix or "none"),
        "soft": str(loader.soft),
        "seed": str(loader.seed),
        "shuffle": str(loader.shuffle),
    }
