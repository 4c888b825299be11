"""How an epoch is drawn: a small value that prints, parses, and says how often a class is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.sampling import SAMPLINGS

CHOICES = ("none", "oversample", "undersample", "class-weights")
"""The plain ones of what ``--balance`` and ``balance=`` take; ``natural`` is ``none``."""

FORMS = (
    *CHOICES,
    *(f"{name}:{found.parameter}" for name, found in SAMPLINGS.items() if found.parameter),
)
"""All that they take, parameters by their names."""


@dataclass(frozen=True)
class Strategy:
    """How an epoch is drawn, and whether samples are weighted by class.

    Attributes
    ----------
    sampling : str
        A name in `fer_data.sampling.SAMPLINGS`, where each has its formula and paper: ``natural``,
        ``oversample``, ``undersample``, ``power``, ``effective``, ``repeat-factor``.
    parameter : float, optional
        Of ``power``, ``effective`` and ``repeat-factor``, 0 to 1.
    class_weights : bool
        Whether a sample's loss is weighted by its class; see `fer_data.class_weights`.

    Raises
    ------
    UsageError
        If there is no such sampling, or its parameter is missing, needless or out of range.
    """

    sampling: str = "natural"
    parameter: float | None = None
    class_weights: bool = False

    def __post_init__(self) -> None:
        if self.sampling not in SAMPLINGS:
            raise UsageError(f"sampling is {self.sampling!r}; choose one of {', '.join(SAMPLINGS)}")
        found = SAMPLINGS[self.sampling]
        if found.accepts(self.parameter):
            return
        if not found.parameter:
            raise UsageError(f"balance {self.sampling} takes no parameter ({self.parameter})")
        end = {None: "0 to 1", 0.0: "above 0 and at most 1", 1.0: "0 or more and below 1"}
        raise UsageError(
            f"balance {self.sampling}:{found.parameter} wants a number, {end[found.without]}, "
            f"not {self.parameter}"
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
        if text == "class-weights":
            return cls(class_weights=True)
        sampling, plus, weights = text.partition("+")
        name, colon, value = sampling.partition(":")
        name = "natural" if name == "none" else name
        if name in SAMPLINGS and (not plus or weights == "class-weights"):
            return cls(name, _number(text, value) if colon else None, class_weights=bool(plus))
        parts = {part.strip() for part in text.replace("+", ",").split(",")}
        if len(parts) > 1 and "class-weights" in parts:
            raise UsageError(
                f"balance {text!r} corrects the imbalance twice; choose one, or, if that is "
                "meant, write oversample+class-weights"
            )
        raise UsageError(f"balance is {text!r}; choose one of {', '.join(FORMS)}")

    def __str__(self) -> str:
        name = "none" if self.sampling == "natural" else self.sampling
        if self.parameter is not None:
            name += f":{self.parameter!r}"
        if not self.class_weights:
            return name
        return "class-weights" if self.sampling == "natural" else f"{name}+class-weights"

    def draws(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many samples of each class an epoch draws.

        Parameters
        ----------
        counts : ndarray of int64, shape [C]
            Samples of each class; a class without any is never drawn, and any other is.

        Returns
        -------
        ndarray of int64, shape [C]
        """
        if not counts.any():
            return counts.copy()
        parameter = () if self.parameter is None else (self.parameter,)
        return SAMPLINGS[self.sampling].draws(counts, *parameter)


def _number(text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(f"balance is {text!r}; {value!r} is not a number") from None


NATURAL = Strategy()
"""Every sample once an epoch, none weighted."""
