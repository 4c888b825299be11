"""A list of operations as one transform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from fer_data.errors import UsageError
from fer_data.transforms.op import Op, Random
from fer_data.transforms.ops import Erase, Flip
from fer_data.transforms.parameters import Parameters
from fer_data.transforms.pixels import apply
from fer_data.transforms.transform import Keys
from fer_data.util import keyed

IDENTITY: Any = Parameters(
    np.zeros((), np.bool_),
    np.eye(2, 3, dtype=np.float32),
    np.eye(3, dtype=np.float32),
    np.array([1, 0], np.float32),
    np.zeros(4, np.int32),
)
"""What changes nothing, for one image."""


class Ops:
    """Operations on images, with random numbers of their own for each.

    Whatever their order in the list, images are flipped first, then moved (in the list's order),
    colored, shaded and erased. An operation that is added changes nothing of what is drawn for the
    others: the key of its random numbers is its name, and its place among those of that name.

    Parameters
    ----------
    ops : iterable of Op
        At most one `Flip` and one `Erase`.

    Raises
    ------
    UsageError
        If one is no operation, or there is one too many.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_data.transforms import Flip, Keys, Ops, Shift
    >>> transform = Ops([Flip(), Shift(0.1)])
    >>> keys = Keys(0, np.array([7, 7]), np.array([0, 1]), np.array([2, 2]))
    >>> drawn = transform.draw(keys, (48, 48, 1))
    >>> drawn.flipped
    array([ True, False])
    >>> transform.apply(np, np.zeros((2, 48, 48, 1), np.uint8), drawn).shape
    (2, 48, 48, 1)
    """

    def __init__(self, ops: Iterable[Op]) -> None:
        self.ops = tuple(ops)
        for op in self.ops:
            if isinstance(op, type) or not isinstance(op, Op):
                raise UsageError(f"expected operations, as Shift(0.1), got {op!r}")
        for single in (Flip, Erase):
            if sum(isinstance(op, single) for op in self.ops) > 1:
                raise UsageError(f"expected at most one {single.__name__}, got {self!r}")
        seen: Counter[str] = Counter()
        columns = [np.zeros(0, np.uint64)]
        for op in self.ops:
            name = type(op).__name__
            columns.append(keyed.columns(f"{name}:{seen[name]}", op.uniforms))
            seen[name] += 1
        self._columns = np.concatenate(columns)
        self._flips = any(isinstance(op, Flip) for op in self.ops)

    def __repr__(self) -> str:
        return f"Ops([{', '.join(map(repr, self.ops))}])"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ops) and self.ops == other.ops

    def __hash__(self) -> int:
        return hash(self.ops)

    @property
    def fingerprint(self) -> str:
        """Its operations, as Python writes them."""
        return repr(list(self.ops))

    def draw(self, keys: Keys, shape: tuple[int, int, int]) -> Parameters:
        """See `Transform.draw`."""
        seed, samples, repeats, _ = keys
        drawn = Parameters()
        if self._flips:
            first = keyed.bits(seed, keyed.FLIP, samples)
            drawn = Parameters(first ^ (repeats & 1).astype(np.bool_))
        if not len(self._columns):
            return drawn
        random = keyed.uniforms(seed, keyed.AUGMENT, samples, repeats, self._columns)
        start = 0
        for op in self.ops:
            own = random[start : start + op.uniforms]
            drawn = _followed(drawn, op.parameters(own, shape))
            start += op.uniforms
        return Parameters(
            *(
                None if field is None else np.array(field, identity.dtype, order="C")
                for field, identity in zip(drawn, IDENTITY, strict=True)
            )
        )

    def apply(self, xp: Any, images: Any, drawn: Parameters) -> Any:
        """See `Transform.apply`."""
        return apply(xp, images, drawn)


def _followed(first: Parameters, then: Parameters) -> Parameters:
    """Return what an operation after others makes of them all."""
    fields: list[Any] = list(first)
    new: Any
    for place, new in enumerate(then):
        if new is not None:
            old = fields[place]
            fields[place] = new if old is None else _COMBINED[place](old, new)
    return Parameters(*fields)


def _matrices(first: Random, then: Random) -> Random:
    """Return the matrix of two moves: a pixel's place goes through the later one first.

    Written out: how a matrix product rounds can follow the processor.
    """
    product: Random = (
        first[:, :, 0, None] * then[:, None, 0] + first[:, :, 1, None] * then[:, None, 1]
    )
    product[:, :, 2] += first[:, :, 2]
    return product


def _colors(first: Random, then: Random) -> Random:
    """Return the product of two color matrices, the later one on the left."""
    products: Iterator[Random] = (
        then[:, :, channel, None] * first[:, None, channel] for channel in range(3)
    )
    return next(products) + next(products) + next(products)


def _shades(first: Random, then: Random) -> Random:
    """Return both contrasts and brightnesses as one.

    With v' = c v + m (1 - c) + b the mean becomes m + b; so a second (c', b') after it is
    (c c', b + b'), and their order does not matter.
    """
    product: Random = first * then
    product[:, 1] = first[:, 1] + then[:, 1]
    return product


_COMBINED = (np.logical_xor, _matrices, _colors, _shades, lambda first, then: then)
"""How each field of `Parameters` is made of two."""
