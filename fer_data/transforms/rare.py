"""Another transform for rare classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.transforms.ops_list import IDENTITY
from fer_data.transforms.parameters import Parameters
from fer_data.transforms.pixels import apply
from fer_data.transforms.transform import Drawn, Keys, Transform, taken


@dataclass(frozen=True, eq=False)
class ForRare:
    """Two transforms, the second for images of rare classes.

    Parameters
    ----------
    transform, rare : Transform
    is_rare : ndarray of bool, shape [classes]
        Which classes the second is for.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_data.transforms import Contrast, Flip, ForRare, Keys, Ops
    >>> transform = ForRare(Ops([Flip()]), Ops([Contrast(0.5)]), np.array([False, True]))
    >>> keys = Keys(0, np.arange(3), np.zeros(3, np.int64), np.array([0, 1, 0]))
    >>> transform.draw(keys, (8, 8, 1)).shade[:, 0] != 1
    array([False,  True, False])
    """

    transform: Transform
    rare: Transform
    is_rare: NDArray[np.bool_]

    @property
    def fingerprint(self) -> str | None:
        """Both, and which classes are rare."""
        common, rare = self.transform.fingerprint, self.rare.fingerprint
        if common is None or rare is None:
            return None
        return f"{common}; classes {np.flatnonzero(self.is_rare).tolist()}: {rare}"

    def draw(self, keys: Keys, shape: tuple[int, int, int]) -> Drawn:
        """Return `Parameters` where both transforms do, else the keys as they are."""
        wheres = self._parts(keys)
        drawn = [
            transform.draw(taken(keys, where), shape)
            for transform, where in zip((self.transform, self.rare), wheres, strict=True)
        ]
        parts = [part for part in drawn if isinstance(part, Parameters)]
        return _merged(parts, wheres) if len(parts) == len(drawn) else keys

    def apply(self, xp: Any, images: Any, drawn: Drawn) -> Any:
        """See `Transform.apply`."""
        if isinstance(drawn, Parameters):
            return apply(xp, images, drawn)
        results = []
        for transform, where in zip((self.transform, self.rare), self._parts(drawn), strict=True):
            if where.any():
                keys = taken(drawn, where)
                own = transform.draw(keys, images.shape[1:])
                results.append((where, transform.apply(xp, images[where], own)))
        shapes = {result.shape[1:] for _, result in results}
        if len(shapes) > 1:
            raise UsageError(f"expected images of one shape for all classes, got {shapes}")
        transformed = np.empty((len(images), *(shapes or {images.shape[1:]}).pop()), np.float32)
        for where, result in results:
            transformed[where] = result
        return transformed

    def _parts(self, keys: Keys) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which images are not of rare classes, and which are."""
        rare = self.is_rare[keys.labels]
        return ~rare, rare


def _merged(drawn: list[Parameters], wheres: tuple[NDArray[np.bool_], ...]) -> Parameters:
    """Return what was drawn for parts of a batch as one, with nothing done where none was."""
    fields: list[Any] = []
    for identity, *parts in zip(IDENTITY, *drawn, strict=True):
        field = None
        if any(part is not None for part in parts):
            field = np.empty((len(wheres[0]), *identity.shape), identity.dtype)
            field[:] = identity
            for where, part in zip(wheres, parts, strict=True):
                if part is not None:
                    field[where] = part
        fields.append(field)
    return Parameters(*fields)
