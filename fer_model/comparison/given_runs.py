"""How many runs of each arm are compared, where somebody else made them."""

from __future__ import annotations

from collections.abc import Mapping

from fer_data.errors import UsageError
from fer_data.util.words import counted


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
