from typing import Any

import numpy as np
from numpy.typing import NDArray

def transform_rows(
    store: NDArray[np.uint8],
    rows: NDArray[np.int64],
    out: NDArray[Any],
    scale: float,
    flipped: NDArray[np.bool_] | None,
    matrix: NDArray[np.float32] | None,
    color: NDArray[np.float32] | None,
    shade: NDArray[np.float32] | None,
    box: NDArray[np.int32] | None,
    /,
) -> None: ...
