"""Tasks on all cores, results in order, few of them in memory.

joblib's workers, unlike those of ``multiprocessing``, do not import the caller's main module
again, so a script without ``if __name__ == "__main__"`` and a notebook can decode in parallel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import joblib

_FEW = 2048
"""Up to this many samples are handled in this process: workers take half a second to start."""


def in_parallel(tasks: Iterable[Any], *, size: int) -> Iterator[Any]:
    """Run ``joblib.delayed`` tasks that handle `size` samples in all; yield results in order."""
    workers = 1 if size <= _FEW else joblib.cpu_count()
    with joblib.Parallel(
        n_jobs=workers, return_as="generator", pre_dispatch="2*n_jobs", max_nbytes=None
    ) as pool:
        yield from pool(tasks)
