"""Run tasks on all cores by joblib's pool of processes: results in order, few in memory.

joblib's workers, unlike those of ``multiprocessing``, do not import the caller's main module again,
so a script without ``if __name__ == "__main__"`` and a notebook can decode in parallel. They end
with the process that started them, however that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor

_FEW = 2048
"""Up to this many samples are handled in this process: workers take half a second to start."""

_TASKS_A_WORKER = 2
_WAITING_A_WORKER = 32

_SECONDS_BETWEEN_RESULTS = 0.001
_SECONDS_BETWEEN_LOOKS = 0.5

_using: set[int] = set()
"""Calls that currently use the pool."""


def in_parallel(tasks: Iterable[Any], *, size: int) -> Generator[Any, None, None]:
    """Run ``joblib.delayed`` tasks that handle `size` samples in all; yield results in order.

    When every worker has a task and another one queued, this process runs one itself: it uses its
    own core, and starts before the workers are ready. (The caller of joblib.Parallel only waits,
    and needs one more worker.)

    When results are no longer needed, as at Ctrl-C, the workers are killed, so half-written output
    of a task must do no harm. (If another call uses the workers, their tasks are awaited instead.)
    """
    workers = 0 if size <= _FEW else joblib.cpu_count() - 1
    if not workers:
        for function, arguments, options in tasks:
            yield function(*arguments, **options)
        return
    with _interrupts_later():
        pool = get_reusable_executor(workers, initializer=_end_with, initargs=(os.getpid(),))
    waiting: deque[Future[Any]] = deque()
    _using.add(call := id(waiting))
    try:
        for function, arguments, options in tasks:
            with _interrupts_later():
                delegate = sum(not task.done() for task in waiting) < workers * _TASKS_A_WORKER
                if delegate:
                    waiting.append(pool.submit(function, *arguments, **options))
            if not delegate:
                waiting.append(_done_here(function, arguments, options))
            while waiting and (len(waiting) > workers * _WAITING_A_WORKER or _is_done(waiting[0])):
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    except BaseException:  # GeneratorExit, too
        with _interrupts_later():
            if len(_using) > 1:
                wait(waiting)
            else:
                _kill_workers(pool, waiting)
        raise
    finally:
        _using.discard(call)


def _kill_workers(pool: Any, waiting: Iterable[Future[Any]]) -> None:
    """End the workers of a pool at once."""
    while not all(task.running() or task.done() for task in waiting):
        time.sleep(_SECONDS_BETWEEN_RESULTS)  # loky's thread would fail on what it has yet to send
    pool.shutdown(kill_workers=True)


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block.

    The locks of a pool and of its futures are Python's own, and would stay locked if Ctrl-C came
    while they are acquired.
    """
    kept = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(kept):
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *arguments: caught.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, kept)
        if caught:
            kept(*caught[0])


def _is_done(future: Future[Any]) -> bool:
    with _interrupts_later():
        return future.done()


def _result(future: Future[Any]) -> Any:
    while not _is_done(future):
        time.sleep(_SECONDS_BETWEEN_RESULTS)
    return future.result()


def _done_here(function: Any, arguments: Any, options: Any) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(function(*arguments, **options))
    except Exception as error:
        future.set_exception(error)
    return future


def _end_with(parent: int) -> None:
    """Make this worker process end soon after its parent, and ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        if sys.platform == "win32":  # where `getppid` does not change
            parent_process = multiprocessing.parent_process()
            assert parent_process is not None
            parent_process.join()
        else:
            while os.getppid() == parent:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
