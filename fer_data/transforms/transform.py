"""What every transform can do, and what its random numbers follow from."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.transforms.parameters import Parameters


class Keys(NamedTuple):
    """What the random numbers of a batch of B images follow from.

    Attributes
    ----------
    seed : int
    samples, repeats, labels : ndarray of int64, shape [B]
        Which sample each image is of, how often that was used before, and its class.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_data.transforms import Keys
    >>> keys = Keys(0, samples=np.array([7, 7]), repeats=np.array([0, 1]), labels=np.array([2, 2]))
    >>> len(keys.samples)
    2
    """

    seed: int
    samples: NDArray[np.int64]
    repeats: NDArray[np.int64]
    labels: NDArray[np.int64]


Drawn = Parameters | Keys
"""What is drawn for a batch: numbers, which any device can apply, or the keys as they are, of which
a Python function draws when it is called."""

_D = TypeVar("_D", bound=Drawn)


def taken(drawn: _D, which: slice | NDArray[Any]) -> _D:
    """Return what was drawn for some images of a batch, by a slice, a mask or places."""
    make: Any = type(drawn)
    part: _D = make(*(field[which] if isinstance(field, np.ndarray) else field for field in drawn))
    return part


@runtime_checkable
class Transform(Protocol):
    """Draws for a batch what is done to each image, and does it.

    What is drawn for an image is a function of its own keys alone, whatever else is in the batch.

    Examples
    --------
    >>> from fer_data.transforms import Transform, as_transform
    >>> isinstance(as_transform("standard"), Transform)
    True
    """

    @property
    def fingerprint(self) -> str | None:
        """All that decides what the transform does, in a line; None if it cannot be written."""

    def draw(self, keys: Keys, shape: tuple[int, int, int]) -> Drawn:
        """Return what is done to each of B images of a shape (height, width, channels)."""

    def apply(self, xp: Any, images: Any, drawn: Any) -> Any:
        """Return the images [B, H, W, C], 0 to 255, after what was drawn; `xp` is their library."""


def checked_fingerprint(transform: Transform) -> str:
    """Return a transform's fingerprint.

    Raises
    ------
    UsageError
        If it has none, so that nobody could tell whether two are the same.
    """
    if transform.fingerprint is None:
        raise UsageError(
            f"{transform!r} has no name, so a state cannot say which transform it is of: "
            "give a function that can be imported, defined by def at the top of a module"
        )
    return transform.fingerprint
