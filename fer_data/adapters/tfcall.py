"""Python functions in ``tf.data`` pipelines that let the interpreter end.

A pipeline's threads prepare batches ahead. One that waits for Python's lock when the interpreter
has begun to end never gets it, and the end of the pipeline waits for the thread: the process would
hang. So the interpreter's end waits here until buffers are full and no thread is in Python.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import tensorflow as tf

_QUIET_S = 0.1
_PATIENCE_S = 20.0


class _Calls:
    """How many calls are under way, and when the last one ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running = 0
        self._ended = 0.0

    def __enter__(self) -> None:
        with self._lock:
            self._running += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._running -= 1
            self._ended = time.monotonic()

    def wait(self) -> None:
        """Return when no call has been under way for a moment."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            if not self._running and time.monotonic() > self._ended + _QUIET_S:
                return
            time.sleep(_QUIET_S / 10)


_calls = _Calls()
atexit.register(_calls.wait)


def call_python(
    function: Callable[..., Any], inputs: Sequence[tf.Tensor], specs: Sequence[tf.TensorSpec]
) -> tuple[tf.Tensor, ...]:
    """Call a function of NumPy arrays in a graph.

    Parameters
    ----------
    function : callable
        Gives a tuple of arrays.
    inputs : sequence of tf.Tensor
    specs : sequence of tf.TensorSpec
        Of what the function gives.

    Returns
    -------
    tuple of tf.Tensor
    """

    def counted(*arrays: Any) -> Any:
        with _calls:
            return function(*arrays)

    results = tf.numpy_function(counted, list(inputs), [spec.dtype for spec in specs])
    return tuple(tf.ensure_shape(x, spec.shape) for x, spec in zip(results, specs, strict=True))
