"""Tasks on all cores, results in order, few of them in memory.

joblib's workers, unlike those of ``multiprocessing``, do not import the caller's main module
again, so a script without ``if __name__ == "__main__"`` and a notebook can decode in parallel.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import joblib

_FEW = 2048
"""Up to this many samples are handled in this process: workers take half a second to start."""


def in_parallel(tasks: Iterable[Any], *, size: int) -> Iterator[Any]:
    """Run ``joblib.delayed`` tasks that handle `size` samples in all; yield results in order."""
    workers = 1 if size <= _FEW else joblib.cpu_count()
    _expect_early_ends()
    with joblib.Parallel(
        n_jobs=workers, return_as="generator", pre_dispatch="2*n_jobs", max_nbytes=None
    ) as pool:
        yield from pool(tasks)


@cache
def _expect_early_ends() -> None:
    """Keep off the terminal what joblib says where the results are not all wanted, as at Ctrl-C.

    It warns of the tasks that it gives up, and its thread prints a traceback where it misses one
    that was given up while it was being handed on.
    """
    warnings.filterwarnings("ignore", r"\d+ tasks (have been|which were still)", UserWarning)
    report = threading.excepthook

    def report_others(args: threading.ExceptHookArgs) -> None:
        of_pool = type(args.thread).__name__ == "_ExecutorManagerThread"
        if not (of_pool and issubclass(args.exc_type, KeyError)):
            report(args)

    threading.excepthook = report_others
