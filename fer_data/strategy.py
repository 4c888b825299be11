"""How an epoch is drawn: a small value that prints, parses, and says how often a class is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError

Sampling = Literal["natural", "oversample", "undersample"]

CHOICES = ("none", "oversample", "undersample", "class-weights")
"""What ``--balance`` and ``balance=`` take; ``natural`` is another word for ``none``."""


@dataclass(frozen=True)
class Strategy:
    """How an epoch is drawn, and whether samples are weighted by class.

    Attributes
    ----------
    sampling : {"natural", "oversample", "undersample"}
        ``natural``: every sample once an epoch. ``oversample``: each class as often as the
        largest has samples, so rare ones several times. ``undersample``: each class as often as
        the smallest has samples, other samples in the next epoch, so that all are seen.
    class_weights : bool
        Whether a sample's loss is weighted by its class; see `fer_data.class_weights`.
    """

    sampling: Sampling = "natural"
    class_weights: bool = False

    def __post_init__(self) -> None:
        if self.sampling not in get_args(Sampling):
            raise UsageError(
                f"sampling is {self.sampling!r}; choose one of {', '.join(get_args(Sampling))}"
            )

    @classmethod
    def parse(cls, text: str) -> Strategy:
        """Parse what ``--balance`` takes.

        Weighting the classes of an epoch that is already balanced corrects twice, and is almost
        always a mistake. Whoever means it says so by name: ``oversample+class-weights``.

        Raises
        ------
        UsageError
            If the text is no strategy, or combines two corrections in another way.
        """
        sampling, plus, weights = text.partition("+")
        if text == "class-weights":
            return cls(class_weights=True)
        if sampling == "none":
            sampling = "natural"
        if sampling in get_args(Sampling) and (not plus or weights == "class-weights"):
            return cls(sampling, class_weights=bool(plus))  # type: ignore[arg-type]
        parts = {part.strip() for part in text.replace("+", ",").split(",")}
        if len(parts) > 1 and "class-weights" in parts:
            raise UsageError(
                f"balance {text!r} corrects the imbalance twice; choose one, or, if that is "
                "meant, write oversample+class-weights"
            )
        raise UsageError(f"balance is {text!r}; choose one of {', '.join(CHOICES)}")

    def __str__(self) -> str:
        if not self.class_weights:
            return "none" if self.sampling == "natural" else self.sampling
        return "class-weights" if self.sampling == "natural" else f"{self.sampling}+class-weights"

    def draws(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many samples of each class an epoch draws.

        Parameters
        ----------
        counts : ndarray of int64, shape [C]
            Samples of each class; a class without any is never drawn.

        Returns
        -------
        ndarray of int64, shape [C]
        """
        present = counts > 0
        if self.sampling == "natural" or not present.any():
            return counts.copy()
        each = counts.max() if self.sampling == "oversample" else counts[present].min()
        return np.where(present, each, 0)


NATURAL = Strategy()
"""Every sample once an epoch, none weighted."""
