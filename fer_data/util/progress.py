"""A progress bar on what may take longer than two seconds, on terminals only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

T = TypeVar("T")


def track(results: Iterable[T], *, total: int, description: str) -> Iterator[T]:
    """Yield `results` while a bar on standard error counts them up to `total`."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, emoji=False),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        yield from progress.track(results, total=total, description=description)
