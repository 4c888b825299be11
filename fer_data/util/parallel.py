"""Tasks on all cores, results in order, few of them in memory, by joblib's pool of processes.

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
"""The calls that use the pool now."""


def in_parallel(tasks: Iterable[Any], *, size: int) -> Generator[Any, None, None]:
    """Run ``joblib.delayed`` tasks that handle `size` samples in all; yield results in order.

    Where every worker has a task and another to go on with, this process takes one itself: it is a
    core's worth of work, and has begun before the workers are there. (The caller of
    joblib.Parallel only waits, and one worker more has to start.)

    Where results are no longer wanted, as at Ctrl-C, the workers are killed, so what a task writes
    must be such that half of it does no harm. (Where another call uses them, their tasks are waited
    for instead.)
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
                hands_on = sum(not task.done() for task in waiting) < workers * _TASKS_A_WORKER
                if hands_on:
                    waiting.append(pool.submit(function, *arguments, **options))
            if not hands_on:
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
    """Let Ctrl-C wait for the end of the block.

    The locks of a pool and of its futures are Python's own, and would stay locked where Ctrl-C
    comes as they are taken.
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
    """Let this process, a worker, end soon after its parent, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        if sys.platform == "win32":  # where `getppid` stays as it is
            there = multiprocessing.parent_process()
            assert there is not None
            there.join()
        else:
            while os.getppid() == parent:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
