"""Any Python function of an image and a random generator as a transform."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.transforms.transform import Keys
from fer_data.util import keyed

ImageFunction = Callable[[NDArray[np.uint8], np.random.Generator], Any]


@dataclass(frozen=True)
class PerImage:
    """Calls a function for each image, by one thread at a time.

    Parameters
    ----------
    function : callable
        ``function(image, rng)`` takes an image, uint8 [H, W, C], which it may change, and a
        generator that follows from seed, sample and repeat. It returns an image, 0 to 255, uint8 or
        float, [H, W, C] or of another shape that is the same for all.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_data.transforms import Keys, PerImage
    >>> def noisy(image, rng):
    ...     return np.clip(image + rng.normal(0, 5, image.shape), 0, 255)
    >>> keys = Keys(0, np.array([3, 4]), np.array([0, 0]), np.array([1, 1]))
    >>> PerImage(noisy).apply(np, np.full((2, 8, 8, 1), 128, np.uint8), keys).dtype
    dtype('float32')
    """

    function: ImageFunction
    _lock: Any = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __reduce__(self) -> Any:
        return PerImage, (self.function,)

    @property
    def fingerprint(self) -> str | None:
        """``module:name`` from where the function can be imported; None for a lambda or closure."""
        module = getattr(self.function, "__module__", None)
        name = getattr(self.function, "__qualname__", "")
        value: Any = sys.modules.get(module or "")
        for part in name.split("."):
            value = getattr(value, part, None)
        return f"{module}:{name}" if value is self.function else None

    def draw(self, keys: Keys, shape: tuple[int, int, int]) -> Keys:
        """Return the keys: the function draws when it is called."""
        return keys

    def apply(self, xp: Any, images: NDArray[np.uint8], drawn: Keys) -> NDArray[np.float32]:
        """See `Transform.apply`.

        Raises
        ------
        UsageError
            If the function gives no image, or images of several shapes; or the images are not
            NumPy's.
        """
        if xp is not np:
            raise UsageError(f"{self!r} runs in Python: images on a device cannot go through it")
        results: NDArray[np.float32] | None = None
        for place, image in enumerate(images):
            sample, repeat = int(drawn.samples[place]), int(drawn.repeats[place])
            rng = keyed.generator(drawn.seed, keyed.FUNCTION, sample, repeat)
            try:
                with self._lock:
                    result = np.asarray(self.function(image.copy(), rng))
            except Exception as error:
                error.add_note(f"in the transform {self.function!r} of sample {sample}")
                raise
            if result.ndim == 2:  # OpenCV drops the axis of a single channel
                result = result[..., None]
            if results is None:
                self._check(sample, result, None)
                results = np.empty((len(images), *result.shape), np.float32)
            self._check(sample, result, results.shape[1:])
            results[place] = result
        return images.astype(np.float32) if results is None else results

    def _check(self, sample: int, result: NDArray[Any], shape: tuple[int, ...] | None) -> None:
        is_image = result.dtype == np.uint8 or result.dtype.kind == "f"
        if not is_image or result.ndim != 3 or (shape is not None and result.shape != shape):
            wanted = "[H, W, C]" if shape is None else f"{list(shape)}, as of the first image"
            raise UsageError(
                f"the transform {self.function!r} of sample {sample}: expected uint8 or float "
                f"{wanted}, got {result.dtype} {list(result.shape)}"
            )
