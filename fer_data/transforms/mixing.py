"""Mixing images in pairs, with soft labels: mixup, and remix for imbalanced classes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fer_data.parameters import Number
from fer_data.registry import Choice, Registry
from fer_data.util.keyed import MIX, generator

MIXES = Registry("mix", of_labels=None, balances=False)
"""Mixes: functions from a generator and parameters to λ, the first image's fraction of a batch.

Traits: ``of_labels``, where it is another one for labels, is a function from λ [B], counts [C],
and the labels [B] of the two images of each pair, to the first label's fractions [B]; ``balances``
says that rare classes are favoured, so that a comparison can say where an arm does so twice.

Examples
--------
>>> import fer_data
>>> fer_data.MIXES.names()[:3]
('none', 'mixup', 'remix')
"""

_KAPPA, _TAU = 3.0, 0.5
"""Remix's thresholds, as its paper sets them."""


def _to_rarer(
    lam: NDArray[np.float32],
    counts: NDArray[np.int64],
    labels: NDArray[np.int64],
    partners: NDArray[np.int64],
) -> NDArray[np.float32]:
    adjusted = lam.copy()
    ratio = counts[labels] / counts[partners]
    adjusted[(ratio >= _KAPPA) & (lam < _TAU)] = 0.0
    adjusted[(ratio <= 1 / _KAPPA) & (1 - lam < _TAU)] = 1.0
    return adjusted


@MIXES.register("none")
def unmixed(rng: np.random.Generator) -> float:
    """Mix nothing."""
    return 1.0


_ALPHA = Number("ALPHA", 0, excluding=0)


@MIXES.register("remix", _ALPHA, of_labels=_to_rarer, balances=True)
@MIXES.register("mixup", _ALPHA)
def beta(rng: np.random.Generator, alpha: float) -> float:
    """Draw λ from Beta(ALPHA, ALPHA). Small: most images nearly pure; 1: all λ equally likely."""
    return rng.beta(alpha, alpha)


class Mixing(Choice):
    r"""How the images of a batch are mixed.

    Each is mixed with another of the same batch, the partners being a permutation of the batch,
    and all with the same λ, drawn for the step:

    .. math::
        x = \lambda x_i + (1 - \lambda) x_j, \quad y = \lambda y_i + (1 - \lambda) y_j,
        \quad \lambda \sim \mathrm{Beta}(\alpha, \alpha)

    (mixup: Zhang et al. 2018, arXiv:1710.09412). So a batch's soft labels sum to what its labels
    did, and a balanced batch stays balanced. Remix (Chou et al. 2020, arXiv:2007.03943) gives a
    pair's whole label to its rarer class where that has a third of the other's samples or fewer
    and more than half of the image; see `label_lam`. ``none`` is false.
    """

    registry = MIXES

    def __bool__(self) -> bool:
        return self.name != "none"

    def draw(
        self, seed: int, steps: Iterable[int], sizes: Iterable[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Draw how the images of some steps are mixed.

        Parameters
        ----------
        seed : int
        steps, sizes : iterable of int
            Numbers of the steps, and how many images each has; B in all.

        Returns
        -------
        partners : ndarray of int64, shape [B]
            Place of each image's partner, which is of the same step, among the B.
        lam : ndarray of float32, shape [B]
            λ of each, the same for all of a step.
        """
        partners, lambdas = [], []
        start = 0
        for step, size in zip(steps, sizes, strict=True):
            rng = generator(seed, MIX, step)
            partners.append(start + rng.permutation(size))
            lam = self.entry.function(rng, *self.parameters)
            lambdas.append(np.full(size, lam, np.float32))
            start += size
        return np.concatenate(partners), np.concatenate(lambdas)

    def label_lam(
        self,
        lam: NDArray[np.float32],
        counts: NDArray[np.int64],
        labels: NDArray[np.int64],
        partners: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        r"""Return the weight of the first label of each pair.

        For mixup the image's λ. For remix, with κ = 3 and τ = 0.5,

        .. math::
            \lambda_y = 0 \text{ if } n_i / n_j \ge \kappa, \lambda < \tau; \quad
            1 \text{ if } n_i / n_j \le 1 / \kappa, 1 - \lambda < \tau; \quad
            \lambda \text{ otherwise}

        Parameters
        ----------
        lam : ndarray of float32, shape [B]
            λ of each pair.
        counts : ndarray of int64, shape [C]
            Samples of each class.
        labels, partners : ndarray of int64, shape [B]
            Labels of the two images of each pair.

        Returns
        -------
        ndarray of float32, shape [B]
        """
        of_labels = self.trait("of_labels")
        return of_labels(lam, counts, labels, partners) if of_labels else lam
