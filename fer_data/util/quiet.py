"""What native code writes to the terminal, kept off it."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"

_REMARKS = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog|To enable the following instructions:"
    rb"|[IW]\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] |.*Unable to register cu"
)
"""Beginnings of lines that TensorFlow writes as it starts; the last one, though it is called an
error, of every TensorFlow 2.16 to 2.18 that knows of CUDA."""


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Keep what native code writes to standard error off the terminal; exceptions pass."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def without_remarks() -> Iterator[None]:
    """Keep TensorFlow's remarks on the machine, as it is imported, off standard error.

    Everything else that is written there passes, afterwards. Where TensorFlow is imported already,
    or ``TF_CPP_MIN_LOG_LEVEL`` asks for its remarks, nothing is done. Where it is imported here,
    that level stays 3, as TensorFlow reports a missing GPU as an error. Otherwise it is unset
    again, so that a program that imports TensorFlow later gets all that it writes.
    """
    if "tensorflow" in sys.modules or os.environ.get(_LEVEL) in ("0", "1"):
        yield
        return
    is_ours = _LEVEL not in os.environ
    os.environ.setdefault(_LEVEL, "3")
    try:
        with _without_lines(_REMARKS):
            yield
    finally:
        if is_ours and "tensorflow" not in sys.modules:
            os.environ.pop(_LEVEL, None)


@contextmanager
def _without_lines(unwanted: re.Pattern[bytes]) -> Iterator[None]:
    """Hold back what is written to standard error, and write it afterwards without some lines."""
    try:
        kept = os.dup(2)
    except OSError:  # a process without standard error
        yield
        return
    try:
        with tempfile.TemporaryFile() as written:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(written.fileno(), 2)
            try:
                yield
            finally:
                if sys.stderr is not None:
                    sys.stderr.flush()
                os.dup2(kept, 2)
                written.seek(0)
                lines = [line for line in written if not unwanted.match(line)]
                with suppress(OSError):
                    os.write(2, b"".join(lines))
    finally:
        os.close(kept)


def with_tensorflow(module: str) -> ModuleType:
    """Import a module that imports TensorFlow, without its remarks on the machine."""
    with without_remarks():
        return import_module(module)


def quietly(get: Callable[[str], object]) -> Callable[[str], object]:
    """Return what gets a package's public name, of which the first time may import TensorFlow."""
    known: set[str] = set()

    def got(name: str) -> object:
        if name in known:
            return get(name)
        with without_remarks():
            found = get(name)
        known.add(name)
        return found

    return got
