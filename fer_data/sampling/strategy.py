"""How an epoch is drawn: a small value that prints, parses, and says what it wants of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_data.sampling.quotas import SAMPLINGS
from fer_data.sampling.weights import SCHEMES, parse_scheme

CHOICES = ("none", "oversample", "undersample", "class-weights")
"""Those of what ``balance=`` takes that most people choose from."""

FORMS = (
    *(
        "none" if name == "natural" else name
        for name, one in SAMPLINGS.items()
        if not one.parameter
    ),
    *(f"{name}:{one.parameter.name}" for name, one in SAMPLINGS.items() if one.parameter),
    "class-weights",
    *(f"class-weights:{scheme}" for scheme in SCHEMES if ":" in scheme),
)
"""All that it takes, parameters by their names."""

_WEIGHTS = "class-weights"


@dataclass(frozen=True)
class Strategy:
    """How an epoch is drawn, and whether samples are weighted by class.

    Attributes
    ----------
    sampling : str
        A name in `fer_data.sampling.quotas.SAMPLINGS`, where each has its formula and paper.
    parameter : float, int or tuple of (str, int), optional
        Of the samplings that have one: a number of 0 to 1 (``power``, ``effective``,
        ``repeat-factor``), of epochs (``progressive``, ``deferred``), or names and numbers
        (``counts``).
    weights : str
        Empty, or how a sample's loss is weighted by its class: a scheme of
        `fer_data.class_weights`.

    Raises
    ------
    UsageError
        If there is no such sampling or scheme, or the parameter is missing, needless or out of
        range.
    """

    sampling: str = "natural"
    parameter: Any = None
    weights: str = ""

    def __post_init__(self) -> None:
        if self.sampling not in SAMPLINGS:
            raise UsageError(f"sampling is {self.sampling!r}; choose one of {', '.join(SAMPLINGS)}")
        if self.weights:
            parse_scheme(self.weights)
        kind = SAMPLINGS[self.sampling].parameter
        if kind is None and self.parameter is not None:
            raise UsageError(f"balance {self.sampling} takes no parameter ({self.parameter})")
        if kind is not None and not kind.accepts(self.parameter):
            raise UsageError(
                f"balance {self.sampling}:{kind.name} wants {kind.wants}, not {self.parameter}"
            )

    @classmethod
    def parse(cls, text: str) -> Strategy:
        """Parse what ``balance=`` takes.

        Weighting the classes of an epoch that is already balanced corrects twice, and is almost
        always a mistake. Whoever means it says so by name: ``oversample+class-weights``.

        Raises
        ------
        UsageError
            If the text is no strategy, or combines two corrections in another way.
        """
        sampling, plus, weights = text.partition(f"+{_WEIGHTS}")
        if text == _WEIGHTS or text.startswith(f"{_WEIGHTS}:"):
            sampling, plus, weights = "natural", "+", text.removeprefix(_WEIGHTS)
        name, colon, value = sampling.partition(":")
        name = "natural" if name == "none" else name
        if name in SAMPLINGS and (not weights or weights.startswith(":")):
            return cls(
                name,
                _parameter(text, name, value) if colon else None,
                (weights[1:] if weights else "balanced") if plus else "",
            )
        if _WEIGHTS in (part.strip() for part in text.replace("+", ",").split(",")):
            raise UsageError(
                f"balance {text!r} corrects the imbalance twice; choose one, or, if that is "
                f"meant, write oversample+{_WEIGHTS}"
            )
        raise UsageError(f"balance is {text!r}; choose one of {', '.join(FORMS)}")

    @classmethod
    def from_sampler(cls, sampler: Any, labels: ArrayLike, class_names: Sequence[str]) -> Strategy:
        """Return the strategy that draws as many samples of each class as a sampler keeps.

        How often is the sampler's to say, once; which samples are then drawn, epoch after epoch,
        is planned as for every strategy, so that all promises hold.

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
                f"balance {name}() chooses by the distance of pictures, and a loader has only "
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
        text = "none" if self.sampling == "natural" else self.sampling
        if kind := SAMPLINGS[self.sampling].parameter:
            text += f":{kind.print(self.parameter)}"
        if not self.weights:
            return text
        weights = _WEIGHTS + ("" if self.weights == "balanced" else f":{self.weights}")
        return weights if self.sampling == "natural" else f"{text}+{weights}"

    def quotas(
        self, counts: NDArray[np.int64], *, epoch: int = 0, class_names: Sequence[str] = ()
    ) -> NDArray[np.float64]:
        """Return how many samples of each class an epoch wants, not rounded.

        Parameters
        ----------
        counts : ndarray of int64, shape [C]
            Samples of each class.
        epoch : int
        class_names : sequence of str, length C
            Needed by ``counts`` alone.

        Returns
        -------
        ndarray of float64, shape [C]

        Raises
        ------
        UsageError
            If ``counts`` names a class that there is not, or leaves nothing to draw.
        """
        found = SAMPLINGS[self.sampling]
        if not counts.any():
            return np.zeros(len(counts))
        if self.sampling == "counts":
            quotas = found.quotas(counts, self._wanted(counts, class_names))
            if not quotas.any():
                raise UsageError(f"balance {self} draws nothing at all")
            return quotas
        parameter = () if self.parameter is None else (self.parameter,)
        return found.quotas(counts, *parameter, **({"epoch": epoch} if found.changes else {}))

    def _wanted(self, counts: NDArray[np.int64], class_names: Sequence[str]) -> dict[int, int]:
        labels = {name: label for label, name in enumerate(class_names)}
        for name, number in self.parameter:
            if name not in labels or (number and not counts[labels[name]]):
                present = [name for name, label in labels.items() if counts[label]]
                raise UsageError(
                    f"balance {self}: there are no samples of {name!r}, only of "
                    f"{', '.join(present)}"
                )
        return {labels[name]: number for name, number in self.parameter}


def _parameter(text: str, name: str, value: str) -> Any:
    kind = SAMPLINGS[name].parameter
    if kind is None:
        raise UsageError(f"balance {name} takes no parameter ({value})")
    parameter = kind.parse(value)
    if not kind.accepts(parameter):
        raise UsageError(f"balance is {text!r}; {name}:{kind.name} wants {kind.wants}")
    return parameter


NATURAL = Strategy()
"""Every sample once an epoch, none weighted."""
