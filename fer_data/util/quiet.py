"""What native code writes to the terminal, kept off it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from types import ModuleType


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


def with_tensorflow(module: str) -> ModuleType:
    """Import a module that imports TensorFlow, without its remarks on the machine."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with nullcontext() if "tensorflow" in sys.modules else silent_stderr():
        return import_module(module)
