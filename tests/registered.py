"""Every registered strategy, with parameters, for contracts that keep no lists of their own."""

from __future__ import annotations

from collections.abc import Sequence

from fer_data.sampling.quotas import SAMPLINGS, ClassCounts, Epochs, Fraction
from fer_data.sampling.strategy import Strategy
from fer_data.sampling.weights import SCHEMES


def every_sampling(class_names: Sequence[str]) -> tuple[Strategy, ...]:
    """Return each registered sampling, those with a parameter several times, the usual one last.

    Parameters
    ----------
    class_names : sequence of str
        At least two classes that have samples.
    """
    found = []
    for name, sampling in SAMPLINGS.items():
        match sampling.parameter:
            case None:
                values: tuple[object, ...] = (None,)
            case Fraction():
                values = (0.0, 0.001, 0.3, 0.9999, 1.0, 0.5)
            case Epochs():
                values = (1, 4, 3)
            case ClassCounts():
                values = tuple(
                    ((class_names[0], number), (class_names[1], other))
                    for number, other in ((3, 0), (7, 9))
                )
            case other:
                raise NotImplementedError(f"{name}: add example values of {type(other).__name__}")
        accepts = getattr(sampling.parameter, "accepts", lambda _: True)
        found += [Strategy(name, value) for value in values if accepts(value)]
    return tuple(found)


def every_balance(class_names: Sequence[str]) -> tuple[str, ...]:
    """Return each registered sampling and each scheme of class weights, as ``balance=`` takes them.

    One value of each parameter: this is for contracts that train or open frameworks.
    """
    samplings = {one.sampling: str(one) for one in every_sampling(class_names)}
    weights = [scheme.partition(":")[0] for scheme in SCHEMES]
    return (
        *samplings.values(),
        *(f"class-weights{'' if one == 'balanced' else f':{one}:0.9'}" for one in weights),
        "oversample+class-weights:power:0.5",
    )
