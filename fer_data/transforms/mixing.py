"""Mixing pictures in pairs, with soft labels: mixup, and remix for imbalanced classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.util.keyed import MIX, generator

FORMS = ("none", "mixup:ALPHA", "remix:ALPHA")
"""What ``mix=`` takes."""

_KAPPA, _TAU = 3.0, 0.5
"""Remix's thresholds, as its paper sets them."""


@dataclass(frozen=True)
class Mixing:
    r"""How the pictures of a batch are mixed.

    Each is mixed with another of the same batch, the partners being a permutation of the batch,
    and all with the same share, drawn for the step:

    .. math::
        x = \lambda x_i + (1 - \lambda) x_j, \quad y = \lambda y_i + (1 - \lambda) y_j,
        \quad \lambda \sim \mathrm{Beta}(\alpha, \alpha)

    (mixup: Zhang et al. 2018, arXiv:1710.09412). So a batch's soft labels sum to what its labels
    did, and a balanced batch stays balanced. Remix (Chou et al. 2020, arXiv:2007.03943) gives a
    pair's whole label to its rarer class where that has a third of the other's samples or fewer
    and more than half of the picture; see `label_shares`.

    Attributes
    ----------
    alpha : float
        Above 0. Small: most pictures nearly pure; 1: all shares equally likely.
    remix : bool
        Whether labels lean to rare classes.
    """

    alpha: float
    remix: bool = False

    @classmethod
    def parse(cls, text: str) -> Mixing | None:
        """Parse what ``mix=`` takes; None for ``none``.

        Raises
        ------
        UsageError
            If the text is none of `FORMS`.
        """
        if text == "none":
            return None
        name, _, value = text.partition(":")
        try:
            alpha = float(value)
        except ValueError:
            alpha = 0.0
        if name not in ("mixup", "remix") or not 0 < alpha < float("inf"):
            raise UsageError(
                f"mix is {text!r}; choose one of {', '.join(FORMS)}, ALPHA a number above 0, as 0.2"
            )
        return cls(alpha, remix=name == "remix")

    def __str__(self) -> str:
        return f"{'remix' if self.remix else 'mixup'}:{self.alpha!r}"

    def draw(
        self, seed: int, steps: Iterable[int], sizes: Iterable[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Draw how the pictures of some steps are mixed.

        Parameters
        ----------
        seed : int
        steps, sizes : iterable of int
            Numbers of the steps, and how many pictures each has; B in all.

        Returns
        -------
        partners : ndarray of int64, shape [B]
            Place of each picture's partner, which is of the same step, among the B.
        shares : ndarray of float32, shape [B]
            λ of each, the same for all of a step.
        """
        partners, shares = [], []
        start = 0
        for step, size in zip(steps, sizes, strict=True):
            rng = generator(seed, MIX, step)
            partners.append(start + rng.permutation(size))
            shares.append(np.full(size, rng.beta(self.alpha, self.alpha), np.float32))
            start += size
        return np.concatenate(partners), np.concatenate(shares)

    def label_shares(
        self,
        shares: NDArray[np.float32],
        counts: NDArray[np.int64],
        labels: NDArray[np.int64],
        partners: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        r"""Return the first label's share of each pair.

        For mixup the picture's share. For remix, with κ = 3 and τ = 0.5,

        .. math::
            \lambda_y = 0 \text{ if } n_i / n_j \ge \kappa, \lambda < \tau; \quad
            1 \text{ if } n_i / n_j \le 1 / \kappa, 1 - \lambda < \tau; \quad
            \lambda \text{ otherwise}

        Parameters
        ----------
        shares : ndarray of float32, shape [B]
            λ of each pair.
        counts : ndarray of int64, shape [C]
            Samples of each class.
        labels, partners : ndarray of int64, shape [B]
            Labels of the two pictures of each pair.

        Returns
        -------
        ndarray of float32, shape [B]
        """
        found = shares.copy()
        if self.remix:
            ratio = counts[labels] / counts[partners]
            found[(ratio >= _KAPPA) & (shares < _TAU)] = 0.0
            found[(ratio <= 1 / _KAPPA) & (1 - shares < _TAU)] = 1.0
        return found
