"""The sentence that a comparison opens with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_data.util.words import counted
from fer_model.statistics.differences import Differences
from fer_model.statistics.verdict import (
    CANNOT_TELL,
    EQUIVALENT,
    HELPS,
    HURTS,
    MARGIN,
    Verdict,
    leading,
    not_learnt,
)
from fer_model.words import figure_name


def headline(judged: Sequence[Verdict], differences: Differences, *, margin: float = MARGIN) -> str:
    """Return the largest statement that holds for all arms at once, in a line.

    Before it stands that the baseline has not begun to learn, where that is so.

    Parameters
    ----------
    judged : sequence of Verdict
        Of all arms, as `fer_model.statistics.verdict.verdicts` returns them.
    differences : Differences
        What they are of.
    margin : float
        As `verdicts` took it.
    """
    untrained = not_learnt(differences.collapsed, [judged[0].difference.baseline])
    return ". ".join(filter(None, (untrained, _largest(judged, differences, margin))))


def _largest(judged: Sequence[Verdict], differences: Differences, margin: float) -> str:
    first = leading(judged)
    one, word = first.difference, first.word
    words = figure_name(one.figure)
    if word in (HELPS, HURTS):
        least = min(map(abs, one.simultaneous)) if np.prod(one.simultaneous) > 0 else 0.0
        size = f"by at least {100 * least:.1f} pp" if least >= 0.0005 else "a little"
        verb = "raises" if word == HELPS else "lowers"
        text = f"{one.arm} {verb} {words} {size}"
        others = sum(other.word == HELPS for other in judged) - (word == HELPS)
        if word == HURTS:
            text = f"No arm is shown to help; {text}"
        cost = differences.of(one.arm, "accuracy")
        if word == HELPS and one.figure != "accuracy" and cost.high < 0:
            text += f", and lowers accuracy by {-100 * cost.high:.1f} to {-100 * cost.low:.1f}"
        if others > 0:
            text += f"; {counted(others, 'other arm helps', 'other arms help')}, too"
        return text
    if all(other.word == EQUIVALENT for other in judged):
        several = len(judged) > 1
        every = f"No arm changes {words}" if several else f"{one.arm} does not change {words}"
        return f"{every} by {100 * margin:g} pp or more"
    if one.of_images_alone:
        return f"One training of each arm: nothing is known of {words} in another"
    num = sum(other.word == CANNOT_TELL for other in judged)
    if num < len(judged):
        return f"No arm is shown to change {words}; {num} of {len(judged)} still may"
    return f"No arm is shown to change {words}"
