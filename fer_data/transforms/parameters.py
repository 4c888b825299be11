"""What a transform does to images, as numbers: drawn by its operations, applied to pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Parameters(NamedTuple):
    """What is done to each of B images, in this order. What no operation in use does is None.

    Attributes
    ----------
    flipped : ndarray of bool, shape [B]
        Whether the image is mirrored left to right.
    matrix : ndarray of float32, shape [B, 2, 3]
        The pixel (y, x) is taken from ``matrix @ (y, x, 1)``, counted from the image's center;
        bilinear, edges repeated.
    color : ndarray of float32, shape [B, 3, 3]
        RGB images only: each pixel's (r, g, b) is multiplied by it (saturation, hue).
    shade : ndarray of float32, shape [B, 2]
        Contrast and brightness: ``value * contrast + (mean * (1 - contrast) + brightness)``, then
        clipped to 0 to 255.
    box : ndarray of int32, shape [B, 4]
        First row, end row, first column, end column filled with the mean (end row 0: none).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_data.transforms import Ops, Parameters
    >>> drawn = Parameters(flipped=np.array([True]))
    >>> Ops([]).apply(np, np.array([[[[1], [2]]]], np.uint8), drawn).ravel().tolist()
    [2.0, 1.0]
    """

    flipped: NDArray[np.bool_] | None = None
    matrix: NDArray[np.float32] | None = None
    color: NDArray[np.float32] | None = None
    shade: NDArray[np.float32] | None = None
    box: NDArray[np.int32] | None = None
