"""What an operation on images is, and what all of them share."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.transforms.parameters import Parameters
from fer_data.util.checks import finite_number

Random = NDArray[np.float64]
Shape = tuple[int, int, int]


@runtime_checkable
class Op(Protocol):
    """An operation; a frozen dataclass of numbers, whose repr reads back.

    Examples
    --------
    >>> from fer_data.transforms import Flip, Op
    >>> isinstance(Flip(), Op)
    True
    """

    uniforms: ClassVar[int]

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """Return what is done to each of B images.

        Parameters
        ----------
        random : ndarray of float64, shape [uniforms, B]
            In [0, 1).
        shape : (int, int, int)
            Height, width and channels.
        """


def set_amount(op: Any, name: str, most: float, *, below: bool = False) -> None:
    """Replace an amount by the same as a float, or refuse it."""
    amount = finite_number(f"{type(op).__name__}.{name}", getattr(op, name))
    if amount < 0 or amount > most or (below and amount == most):
        raise UsageError(
            f"{type(op).__name__}.{name}: expected 0 to {'below ' if below else ''}{most:g}, "
            f"got {amount!r}"
        )
    object.__setattr__(op, name, amount)


def signed(random: Random) -> Random:
    """Return numbers in [0, 1) spread over [-1, 1)."""
    return 2 * random - 1
