"""How an epoch is drawn: a value that prints, parses, and computes the quotas of classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_data.parameters import ClassCounts
from fer_data.registry import Choice
from fer_data.sampling.quotas import STRATEGIES
from fer_data.sampling.weights import Scheme

CHOICES = ("none", "oversample", "undersample", "class-weights")
"""The most common values of ``balance=``."""

_WEIGHTS = "class-weights"


@dataclass(frozen=True, init=False, repr=False)
class Strategy(Choice):
    """How an epoch is drawn, and whether samples are weighted by class.

    Parameters
    ----------
    name : str
        A name in `fer_data.STRATEGIES`, where each has its formula and paper.
    *parameters
        A number (``power``, ``effective``, ``repeat-factor``), epochs (``progressive``,
        ``deferred``), or class names and numbers (``counts``).
    weights : str
        Empty, or how a sample's loss is weighted by its class: a scheme of
        `fer_data.class_weights`.

    Raises
    ------
    UsageError
        If there is no such strategy or scheme, or a parameter is missing, needless or out of
        range.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.Strategy("power", 0.5) == fer_data.Strategy.parse("power:0.5")
    True
    """

    registry = STRATEGIES
    weights: str

    def __init__(self, name: str = "none", *parameters: Any, weights: str = "") -> None:
        super().__init__(name, *parameters)
        object.__setattr__(self, "weights", weights and str(Scheme.parse(weights)))

    @classmethod
    def parse(cls, text: str) -> Strategy:
        """Parse what ``balance=`` takes.

        Class weights on an epoch that is already balanced correct twice, which is almost always a
        mistake. If it is intended, name both: ``oversample+class-weights``.

        Raises
        ------
        UsageError
            If the text is no strategy, or combines two corrections in another way.
        """
        sampling, plus, weights = text.partition(f"+{_WEIGHTS}")
        if text == _WEIGHTS or text.startswith(f"{_WEIGHTS}:"):
            sampling, plus, weights = "none", "+", text.removeprefix(_WEIGHTS)
        if plus and (not weights or weights.startswith(":")):
            chosen = super().parse(sampling)
            return chosen.weighted(weights[1:] or "balanced")
        if _WEIGHTS in (part.strip() for part in text.replace("+", ",").split(",")):
            raise UsageError(
                f"balance {text!r} corrects the imbalance twice; choose one, or, if that is "
                f"meant, write oversample+{_WEIGHTS}"
            )
        return super().parse(text)

    @classmethod
    def forms(cls, *, explained: bool = False) -> tuple[str, ...]:
        """Return all that `parse` reads, parameters by their names."""
        _, *schemes = Scheme.forms(explained=explained)
        weights = (_WEIGHTS, *(f"{_WEIGHTS}:{scheme}" for scheme in schemes))
        return (*super().forms(explained=explained), *weights)

    def weighted(self, weights: str) -> Strategy:
        """Return the same draws with other class weights, or without any."""
        return Strategy(self.name, *self.parameters, weights=weights)

    def by_label(self, class_names: Sequence[str]) -> Strategy:
        """Return the same draws with classes named by their labels, ascending."""
        labels = {name: label for label, name in enumerate(class_names)}
        values = [
            tuple((str(label), n) for label, n in sorted((labels[name], n) for name, n in value))
            if isinstance(parameter, ClassCounts)
            else value
            for parameter, value in zip(self.entry.parameters, self.parameters, strict=True)
        ]
        return Strategy(self.name, *values, weights=self.weights)

    @property
    def settles(self) -> int:
        """The epoch from which on quotas stay the same; 0 where they never change."""
        until = self.trait("until")
        return int(until(*self.parameters)) if until else 0

    @classmethod
    def from_sampler(cls, sampler: Any, labels: ArrayLike, class_names: Sequence[str]) -> Strategy:
        """Return the strategy that draws as many samples of each class as a sampler keeps.

        The sampler decides once how often each class is drawn; the samples of every epoch are then
        planned as for every strategy, so that all guarantees hold.

        Parameters
        ----------
        sampler : object
            One of imbalanced-learn's that choose samples: after ``fit_resample`` it has
            ``sample_indices_``. It is given sample numbers instead of pixels.
        labels : array_like of int, shape [N]
        class_names : sequence of str, length C

        Raises
        ------
        UsageError
            If the object is no such sampler, or cannot resample these labels.
        """
        name = type(sampler).__name__
        if not hasattr(sampler, "fit_resample"):
            raise UsageError(f"balance is a {name}; give a Strategy, a text or a sampler")
        if getattr(sampler, "_sampling_type", "") == "clean-sampling":
            raise UsageError(
                f"balance {name}() chooses by the distance of images, and a loader has only "
                "their numbers; exclude samples from the data instead"
            )
        from sklearn.base import clone

        labels = np.asarray(labels, np.int64)
        sampler = clone(sampler)
        if "random_state" in sampler.get_params():
            sampler.set_params(random_state=0)
        try:
            sampler.fit_resample(np.arange(len(labels))[:, None], labels)
        except ValueError as error:
            raise UsageError(f"balance {name}() cannot resample these classes: {error}") from None
        if not hasattr(sampler, "sample_indices_"):
            raise UsageError(
                f"balance {name}() makes new samples; a loader draws those that there are: "
                "choose a sampler that has sample_indices_, as RandomOverSampler"
            )
        counts = np.bincount(labels[sampler.sample_indices_], minlength=len(class_names))
        present = np.bincount(labels, minlength=len(class_names)) > 0
        return cls(
            "counts",
            tuple((class_names[c], int(counts[c])) for c in np.flatnonzero(present).tolist()),
        )

    def __str__(self) -> str:
        text = super().__str__()
        if not self.weights:
            return text
        weights = _WEIGHTS + ("" if self.weights == "balanced" else f":{self.weights}")
        return weights if text == "none" else f"{text}+{weights}"

    def quotas(
        self, counts: NDArray[np.int64], *, epoch: int = 0, class_names: Sequence[str] = ()
    ) -> NDArray[np.float64]:
        """Return the number of samples of each class in an epoch, not rounded.

        Parameters
        ----------
        counts : ndarray of int64, shape [C]
            Samples of each class.
        epoch : int
        class_names : sequence of str, length C
            Needed only by a strategy with numbers of classes.

        Returns
        -------
        ndarray of float64, shape [C]

        Raises
        ------
        UsageError
            If the strategy names a class that there is not, or leaves nothing to draw.
        """
        if not counts.any():
            return np.zeros(len(counts))
        parameters = [
            self._by_label(value, counts, class_names)
            if isinstance(parameter, ClassCounts)
            else value
            for parameter, value in zip(self.entry.parameters, self.parameters, strict=True)
        ]
        more = {"epoch": epoch} if self.trait("until") else {}
        quotas = np.asarray(self.entry.function(counts, *parameters, **more), np.float64)
        if quotas.shape != counts.shape or not (quotas >= 0).all() or quotas[counts == 0].any():
            raise UsageError(
                f"balance {self}: expected a number of draws for each of {len(counts)} classes, 0 "
                f"for those without samples, got {quotas}"
            )
        if not quotas.any():
            raise UsageError(f"balance {self} draws nothing at all")
        return quotas

    def _by_label(
        self,
        wanted: tuple[tuple[str, int], ...],
        counts: NDArray[np.int64],
        class_names: Sequence[str],
    ) -> dict[int, int]:
        labels = {name: label for label, name in enumerate(class_names)}
        for name, number in wanted:
            if name not in labels or (number and not counts[labels[name]]):
                present = [name for name, label in labels.items() if counts[label]]
                raise UsageError(
                    f"balance {self}: there are no samples of {name!r}, only of "
                    f"{', '.join(present)}"
                )
        return {labels[name]: number for name, number in wanted}


NATURAL = Strategy()
"""Every sample once an epoch, none weighted."""
