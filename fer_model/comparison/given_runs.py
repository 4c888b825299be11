"""The runs of each arm, and how many are compared, where somebody else made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_data.errors import UsageError
from fer_data.util.words import counted, meant, printable


def runs_of(arms: Mapping[str, Sequence[Any]], baseline: str | None = None) -> dict[str, list[Any]]:
    """Return the runs of each arm, of which there are two arms or more, the baseline's first.

    Raises
    ------
    UsageError
        If there are not, an arm has no list of runs, or the baseline is no arm.
    """
    if not isinstance(arms, Mapping) or len(arms) < 2:
        raise UsageError(
            f"arms: expected a dict of two or more, {{name: [run, …]}}, got {arms!r:.80}"
        )
    read = {}
    for arm, runs in arms.items():
        if isinstance(runs, str | Path | Mapping) or hasattr(runs, "columns"):
            raise UsageError(
                f"arm {arm!r}: expected a list of runs, got one {type(runs).__name__}; of one run "
                "alone, give [run]"
            )
        every = list(runs)
        if not every:
            raise UsageError(f"arm {arm!r}: expected one run or more, got none")
        if _are_samples(every):
            raise UsageError(
                f"arm {arm!r}: expected a list of runs, got the predictions of one run of "
                f"{counted(len(every), 'sample')}; of one run alone, give [predictions]"
            )
        read[printable(str(arm))] = every
    if baseline is None:
        return read
    first = printable(str(baseline))
    if first not in read:
        raise UsageError(
            f"baseline: expected one of {', '.join(read)}, got {baseline!r}{meant(first, read)}"
        )
    return {first: read[first], **read}


def _are_samples(runs: Sequence[Any]) -> bool:
    """Whether they are the labels, or rows of probabilities, of one run."""
    if any(isinstance(run, str | Path) or hasattr(run, "columns") for run in runs):
        return False
    rows = [np.asarray(run) for run in runs]
    if any(row.ndim == 0 for row in rows):
        return True
    are_floats = all(row.ndim == 1 and row.dtype.kind == "f" for row in rows)
    return are_floats and any((row % 1 != 0).any() for row in rows)


def num_compared(numbers: Mapping[str, int]) -> int:
    """Return how many runs of each arm are compared: as many as the arm with the fewest has.

    Raises
    ------
    UsageError
        If another arm has more than twice as many, most of which would not be used.
    """
    fewest, most = (choose(numbers, key=numbers.__getitem__) for choose in (min, max))
    if 2 * numbers[fewest] < numbers[most]:
        raise UsageError(
            f"arm {fewest!r} has {counted(numbers[fewest], 'run')}, and {most!r} has "
            f"{numbers[most]}: as many of each are compared, so most of these would not be used. "
            f"Give more runs of {fewest!r}, leave it out, or give as few of the others"
        )
    return numbers[fewest]


def unequal_runs(numbers: Mapping[str, int]) -> str:
    """Say which runs are compared where arms have different numbers of them; else nothing."""
    least = min(numbers.values())
    if least == max(numbers.values()):
        return ""
    each = ", ".join(f"{arm} {number}" for arm, number in numbers.items())
    first = "the first run" if least == 1 else f"the first {least} runs"
    return (
        f"the arms have different numbers of runs ({each}): {first} of each arm "
        f"{'is' if least == 1 else 'are'} compared, and the others are in no figure"
    )
