"""Memory that is used again, for what is needed only within a call.

Fresh memory of a batch's size comes from the kernel page by page, which takes longer than what is
done with it: a gather of 64 images into fresh memory takes 18 microseconds, into used 4.
(``threading.local`` would not do: TensorFlow's threads are new ones to Python at every call.)
"""

from __future__ import annotations

import math
import sys
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_ALIGNMENT = 64


class Scratch:
    """Borrows arrays of anything for a ``with`` block; any number of threads may."""

    _kept: list[dict[str, NDArray[Any]]] = []  # noqa: RUF012  # shared by all: that is its use

    def __enter__(self) -> Scratch:
        self._arrays = self._kept.pop() if self._kept else {}
        return self

    def __exit__(self, *error: object) -> None:
        self._kept.append(self._arrays)

    def array(
        self, name: str, num: int, shape: tuple[int, ...], dtype: DTypeLike = np.uint8
    ) -> NDArray[Any]:
        """Return an array [num, *shape] of anything."""
        array = self._arrays.get(name)
        if array is None or len(array) < num or array.shape[1:] != shape or array.dtype != dtype:
            array = self._arrays[name] = np.empty((num, *shape), dtype)
        return array[:num]


class ArrayPool:
    """Give arrays as `numpy.empty` does, in memory of earlier arrays without references.

    Memory is given again only when Python counts no reference to it but the one kept here: no array
    in it, no view of one, no tensor that uses it. Any number of threads may ask. Arrays begin at
    multiples of 64 bytes, as frameworks need for using them without a copy.

    Parameters
    ----------
    most : int
        Chunks of memory that are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: deque[NDArray[np.uint8]] = deque([np.empty(0, np.uint8)])
        self._references_of_one_kept = self._next()[1]
        self._kept.clear()

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of anything."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        memory = self._memory(size + _ALIGNMENT)
        begin = -memory.ctypes.data % _ALIGNMENT
        array: NDArray[Any] = memory[begin : begin + size].view(dtype).reshape(shape)
        return array

    def _memory(self, size: int) -> NDArray[np.uint8]:
        for _ in range(len(self._kept)):
            memory, references = self._next()
            if references > self._references_of_one_kept:
                self._kept.append(memory)
            elif len(memory) == size:
                self._kept.append(memory)
                return memory
        memory = np.empty(size, np.uint8)
        if len(self._kept) < self._most:
            self._kept.append(memory)
        return memory

    def _next(self) -> tuple[NDArray[np.uint8], int]:
        """Take out one that is kept, and count the references to it."""
        try:
            memory = self._kept.popleft()
        except IndexError:  # another thread has it
            memory = np.empty(0, np.uint8)
        return memory, sys.getrefcount(memory)
