"""How many samples of each class every epoch draws, in whole numbers, for all epochs at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.sampling.strategy import Strategy

EpochSize = int | str | None
"""``"own"`` or None: the strategy's own; ``"natural"``: as many as there are samples; a number."""


def parse_epoch_size(text: str) -> EpochSize:
    """Parse an epoch size from text; `Schedule` refuses invalid values."""
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else text


_ONE = 1 << 20
"""Quotas are whole multiples of a millionth or so, that sums over epochs are exact."""

_MOST = 1 << 32
"""Draws of an epoch: sums over epochs stay exact in 64 bits, and no memory holds a longer plan."""

_GOLDEN = 648_055
"""The golden ratio's part of `_ONE`, made odd: its multiples fall evenly on all remainders."""


class Schedule:
    """The draws of each class, epoch by epoch.

    A quota of 3.4 is met by 3 draws in some epochs and 4 in others, so that no class is neglected
    for good, however small its quota. All classes are decided at once by systematic
    sampling: the classes' quotas lie end to end on a line, and a comb of whole numbers, shifted
    each epoch by the golden ratio, counts what falls on each. So every epoch has the same
    length, each class gets its quota rounded up or down, and the draws before any epoch are a sum
    in closed form.

    Parameters
    ----------
    strategy : Strategy
    counts : ndarray of int64, shape [C]
        Samples of each class.
    epoch_size : int, "own", "natural" or None
        Samples of an epoch; None is the strategy's own.
    class_names : sequence of str
        Needed only by the strategy ``counts``.

    Attributes
    ----------
    size : int
        Samples of an epoch.

    Raises
    ------
    UsageError
        If the epoch size is invalid, or the strategy names a class that does not exist.
    """

    def __init__(
        self,
        strategy: Strategy,
        counts: NDArray[np.int64],
        *,
        epoch_size: EpochSize = None,
        class_names: Sequence[str] = (),
    ) -> None:
        self._strategy = strategy
        self._counts = counts
        self._class_names = class_names
        self.in_turn = strategy.trait("in_turn")
        self.size = self._size(epoch_size)
        if self.size > _MOST:
            raise UsageError(f"an epoch of {self.size:,} samples is more than {_MOST:,}")
        self._settles = strategy.settles
        self._sums: dict[int, NDArray[np.int64]] = {}

    def draws(self, epoch: int) -> NDArray[np.int64]:
        """Return how many samples of each class an epoch draws, int64 [C]."""
        return self.before(epoch + 1) - self.before(epoch)

    def before(self, epoch: int) -> NDArray[np.int64]:
        """Return how many samples of each class all epochs before one draw, int64 [C]."""
        if not self.size:
            return np.zeros(len(self._counts), np.int64)
        if self.in_turn:
            return self._turns(epoch * self.size)
        if epoch <= self._settles:
            return self._before_settling(epoch)
        settled = self._line(self._settles)
        rest = _comb(settled, epoch) - _comb(settled, self._settles)
        before: NDArray[np.int64] = self._before_settling(self._settles) + np.diff(rest)
        return before

    def _size(self, epoch_size: EpochSize) -> int:
        if epoch_size == "natural":
            return int(self._counts.sum())
        if epoch_size in (None, "own"):
            return int(np.rint(self._quotas(0).sum()))
        if not isinstance(epoch_size, int) or epoch_size < 1:
            raise UsageError(
                f"epoch_size is {epoch_size!r}; choose own, natural or a number, 1 or more"
            )
        return epoch_size if self._counts.any() else 0

    def _quotas(self, epoch: int) -> NDArray[np.float64]:
        return self._strategy.quotas(self._counts, epoch=epoch, class_names=self._class_names)

    def _line(self, epoch: int) -> NDArray[np.int64]:
        """Return where each class's quota ends on the line, from 0, in units of 1 / `_ONE`."""
        quotas = self._quotas(epoch)
        ends = np.cumsum(quotas * (self.size / quotas.sum()))
        ends[ends > ends[-1] - 0.5 / _ONE] = self.size  # of classes without a quota at the end too
        line: NDArray[np.int64] = np.rint(np.concatenate([[0.0], ends]) * _ONE).astype(np.int64)
        return line

    def _before_settling(self, epoch: int) -> NDArray[np.int64]:
        """Return the draws before an epoch where every epoch has quotas of its own."""
        if epoch not in self._sums:
            total = np.zeros(len(self._counts), np.int64)
            for before in range(epoch):
                line = self._line(before)
                total += np.diff(_comb(line, before + 1) - _comb(line, before))
            self._sums[epoch] = total
        return self._sums[epoch]

    def _turns(self, draws: int) -> NDArray[np.int64]:
        """Return the draws of each class among so many, classes with samples taking turns."""
        present = self._counts > 0
        turn = np.cumsum(present) - 1
        num = int(present.sum())
        turns: NDArray[np.int64] = np.where(present, (draws + num - 1 - turn) // num, 0)
        return turns


def _comb(line: NDArray[np.int64], epochs: int) -> NDArray[np.int64]:
    r"""Return, for each place x of a line, the whole numbers at or before it in so many epochs.

    .. math:: \sum_{e < E} \lfloor (x + g e) / 1 \rfloor

    less the same sum for x = 0 (differences along the line are all that is used of it), in the
    steps of Euclid's algorithm.
    """
    total = np.zeros_like(line)
    num, modulus, factor, offset = np.full_like(line, epochs), _ONE, _GOLDEN, line
    while True:
        total += (num - 1) * num // 2 * (factor // modulus) + num * (offset // modulus)
        factor %= modulus
        top = factor * num + offset % modulus
        num, offset = top // modulus, top % modulus
        if not num.any():
            return total
        modulus, factor = factor, modulus
