"""Ctrl-C that asks first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_asks(ask: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C call a function, and the second one interrupt at once.

    Outside the main thread, where signals are not heard, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(signum: int, frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        ask()

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
