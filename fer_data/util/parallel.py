"""Tasks on all cores, results in order, few of them in memory.

joblib's workers, unlike those of ``multiprocessing``, do not import the caller's main module
again, so a script without ``if __name__ == "__main__"`` and a notebook can decode in parallel.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, wait
from functools import cache
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor

_FEW = 2048
"""Up to this many samples are handled in this process: workers take half a second to start."""

_TASKS_A_WORKER = 2
_WAITING_A_WORKER = 32


def in_parallel(tasks: Iterable[Any], *, size: int) -> Generator[Any, None, None]:
    """Run ``joblib.delayed`` tasks that handle `size` samples in all; yield results in order.

    Where every worker has a task and another to go on with, this process takes one itself: it is a
    core's worth of work, and has begun before the workers are there. Where results are no longer
    wanted, tasks that have begun are waited for, as they write files.
    """
    workers = 0 if size <= _FEW else joblib.cpu_count() - 1
    if not workers:
        for function, arguments, options in tasks:
            yield function(*arguments, **options)
        return
    _expect_early_ends()
    pool = get_reusable_executor(max_workers=workers)
    waiting: deque[Future[Any]] = deque()
    try:
        for function, arguments, options in tasks:
            if sum(not future.done() for future in waiting) < workers * _TASKS_A_WORKER:
                waiting.append(pool.submit(function, *arguments, **options))
            else:
                waiting.append(_done_here(function, arguments, options))
            while waiting and (waiting[0].done() or len(waiting) > workers * _WAITING_A_WORKER):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        wait([future for future in waiting if not future.cancel()])


def _done_here(function: Any, arguments: Any, options: Any) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(function(*arguments, **options))
    except Exception as error:
        future.set_exception(error)
    return future


@cache
def _expect_early_ends() -> None:
    """Keep off the terminal what joblib says where the results are not all wanted, as at Ctrl-C.

    Its thread prints a traceback where it misses a task that was given up while it was being
    handed on.
    """
    report = threading.excepthook

    def report_others(args: threading.ExceptHookArgs) -> None:
        of_pool = type(args.thread).__name__ == "_ExecutorManagerThread"
        if not (of_pool and issubclass(args.exc_type, KeyError)):
            report(args)

    threading.excepthook = report_others
