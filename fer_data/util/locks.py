"""A lock on a file or folder, which the system drops with the last process that holds it open.

By `filelock`'s calls on descriptors: what its `FileLock` opens itself it truncates, in 3.30.
"""

from __future__ import annotations

import os
from pathlib import Path

from fer_data.util.files import refuse_special

_NO_WAITING = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # Windows has neither


def opened(path: Path) -> int:
    """Return a descriptor of a lock file, which is made where there is none.

    Links are not followed, and what is in the file stays in it.

    Raises
    ------
    DataError
        If something that is no regular file is there.
    OSError
        If it cannot be opened.
    """
    refuse_special(path)
    return os.open(path, os.O_RDWR | os.O_CREAT | _NO_WAITING, 0o666)


def is_taken(descriptor: int, *, wait: bool = False) -> bool:
    """Lock a file or folder, unless another process has locked it.

    Returns
    -------
    bool
        Whether another process has it; never with `wait`, which waits for its end.

    Raises
    ------
    OSError
        If the file system has no locks.
    """
    from filelock import lock_descriptor  # takes 0.1 s to import; few starts lock

    return not lock_descriptor(descriptor, blocking=wait)
