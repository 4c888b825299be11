"""What a comparison says, in a word and a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fer_data.errors import UsageError
from fer_model.statistics.design import images_needed, seeds_needed
from fer_model.statistics.differences import Difference, Differences
from fer_model.statistics.evidence import WITHOUT_INTERVAL
from fer_model.statistics.power import least_discordant
from fer_model.statistics.scores import JUDGED, check_shots
from fer_model.words import figure_name, points

HELPS, HURTS, CANNOT_TELL = "helps", "hurts", "can't tell"
EQUIVALENT = "no practical difference"

MARGIN = 0.01
"""A smaller difference is of no practical importance, unless another margin is given."""


@dataclass(frozen=True)
class Verdict:
    """Whether an arm changes a figure.

    Attributes
    ----------
    difference : Difference
    word : {"helps", "hurts", "no practical difference", "can't tell"}
        The third where the interval that holds for all arms at once lies within the margin (two
        one-sided tests, Schuirmann 1987, doi:10.1007/BF01068419), even where it excludes 0. The
        last, whatever the interval, where each run of baseline and arm predicts one class only; and
        in place of the third where each run of the baseline does.
    more_seeds : int or None
        Of each arm, that a comparison would need to show a difference as large as the estimate; 0
        where it is decided. None where no number is known to do, or there is one seed, which says
        nothing of other trainings.
    text : str
        One or two plain sentences.
    """

    difference: Difference
    word: str
    more_seeds: int | None
    text: str


def verdicts(
    differences: Differences,
    *,
    figure: str | None = None,
    alpha: float = 0.05,
    margin: float = MARGIN,
) -> tuple[Verdict, ...]:
    """Judge differences, in order, by their p-values after Holm's adjustment.

    That is for the arms of one figure. Of many figures some are called by chance: name the one that
    decides before looking.

    Parameters
    ----------
    differences : Differences
    figure : str, optional
        Every figure that has intervals, where it is not named.
    alpha : float
        Accepted chance of any false alarm among the arms.
    margin : float
        The largest difference of no practical importance, in fractions; 0 for none. Choose it
        before looking.

    Raises
    ------
    UsageError
        If the margin is not from 0 to less than 1.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": [0 * labels] * 3, "own": good})
    >>> (verdict,) = fer_model.verdicts(results.differences, figure="balanced_accuracy")
    >>> verdict.word
    'helps'
    """
    check_margin(margin)
    num_arms = len(differences.arms) + 1
    rows = [
        row
        for row in differences.rows
        if figure in (None, row.figure) and row.figure not in WITHOUT_INTERVAL
    ]
    return tuple(_verdict(row, num_arms, alpha, margin, differences.collapsed) for row in rows)


def not_learnt(collapsed: Mapping[str, Sequence[str]], arms: Sequence[str]) -> str:
    """Return, in words, which arms have not learnt; "" where none of them has collapsed.

    Parameters
    ----------
    collapsed : mapping of str to sequence of str
        As `Differences` has it.
    arms : sequence of str
    """
    named = [
        f"{arm} predicts only {' or only '.join(collapsed[arm])}"
        for arm in arms
        if arm in collapsed
    ]
    if not named:
        return ""
    have = "it has" if len(named) == 1 else "they have"
    return f"{' and '.join(named)}, so {have} not learnt to tell classes apart"


def leading(judged: Sequence[Verdict]) -> Verdict:
    """Return the verdict with most to say: the surest gain, else the surest loss, else the best."""

    def certain(one: Verdict) -> tuple[bool, bool, float, float]:
        low, high = one.difference.simultaneous
        sign = 1 if one.difference.estimate > 0 else -1
        decided = one.word in (HELPS, HURTS)
        least = min(sign * low, sign * high) if decided else one.difference.estimate
        return one.word == HELPS, decided, least, abs(one.difference.estimate)

    return max(judged, key=certain)


def check_margin(margin: float) -> None:
    """Refuse a margin that `verdicts` does not take."""
    if not 0 <= margin < 1:
        raise UsageError(f"expected a margin from 0 to less than 1, got {margin:g}")


def check_question(figure: str, margin: float | None, shots: tuple[int, int] | None) -> None:
    """Refuse what a comparison cannot be judged by; None is not given."""
    if figure not in JUDGED:
        raise UsageError(f"figure: expected one of {', '.join(JUDGED)}, got {figure!r}")
    check_borders(margin, shots)


def check_borders(margin: float | None, shots: tuple[int, int] | None) -> None:
    """Refuse a margin, and borders of shot groups, that cannot be; None is not given."""
    if margin is not None:
        check_margin(margin)
    if shots is not None:
        check_shots(shots)


def _verdict(
    difference: Difference,
    num_arms: int,
    alpha: float,
    margin: float,
    collapsed: Mapping[str, Sequence[str]],
) -> Verdict:
    word = _word(difference, alpha, margin)
    untrained = ""
    if difference.baseline in collapsed:
        untrained = not_learnt(collapsed, [difference.baseline, difference.arm])
        if difference.arm in collapsed or word == EQUIVALENT:
            word = CANNOT_TELL
    decided = word != CANNOT_TELL
    more_seeds = 0 if decided else None
    if not (decided or untrained or difference.of_images_alone):
        more_seeds = seeds_needed(difference, num_arms=num_arms, alpha=alpha)
    figure = figure_name(difference.figure)
    adjusted = (
        f", {difference.p_holm:.2g} adjusted for {num_arms - 1} comparisons" if num_arms > 2 else ""
    )
    spread = (
        "no interval"
        if difference.is_open
        else f"{100 * difference.level:g} % interval {points(difference.low)} to "
        f"{points(difference.high)}; p = {difference.p_value:.2g}{adjusted}"
    )
    numbers = f"{points(difference.estimate)} points against {difference.baseline} ({spread})"
    subject = f"{difference.arm} {word} {figure}"
    if word == EQUIVALENT:
        subject = f"{difference.arm} changes {figure} by less than {100 * margin:g} pp"
    elif not decided:
        subject = f"can't tell whether {difference.arm} changes {figure}"
    text = f"{subject}: {numbers}."
    if untrained:
        text += f" But {untrained}: train longer, or check the net."
    elif difference.of_images_alone:
        text += (
            " The interval is of these two trainings on other images; another training may differ. "
            "Train three seeds or more of each arm."
        )
    elif not decided:
        text += f" {_advice(difference, more_seeds, num_arms, alpha)}"
    return Verdict(difference, word, more_seeds, text)


def _word(difference: Difference, alpha: float, margin: float) -> str:
    if difference.of_images_alone:
        return CANNOT_TELL
    low, high = difference.simultaneous
    if -margin < low and high < margin:
        return EQUIVALENT
    if difference.p_holm > alpha:
        return CANNOT_TELL
    return HELPS if difference.estimate > 0 else HURTS


def _advice(difference: Difference, more: int | None, num_arms: int, alpha: float) -> str:
    if difference.num_discordant < least_discordant(num_arms, alpha):
        return (
            f"Over their seeds, the arms differ on {difference.num_discordant} test images, too "
            "few to tell."
        )
    if difference.least_p_value == 1:
        return "A run gets no image of a class right, so this figure cannot show a difference."
    if difference.estimate == 0:
        return "There is no difference to show."
    if more is not None:
        total = difference.components.num_seeds + more
        return (
            f"A comparison with {total:,} seeds of each arm would show a difference of that size, "
            "if it is the true one."
        )
    if difference.least_p_value * (num_arms - 1) > alpha:
        return "The bootstrap has too few draws for so many arms."
    times = images_needed(difference, num_arms=num_arms, alpha=alpha)
    return (
        "More seeds alone would not show a difference of that size; that would take at least "
        f"{max(2, math.ceil(times)):,} times as many test images."
    )
