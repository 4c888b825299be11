"""All that decides a training, as one frozen value that is written into the run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from fer_data.batching.augment import checked
from fer_data.batching.mixing import Mixing
from fer_data.epochs.schedule import EpochSize
from fer_data.epochs.strategy import Strategy
from fer_data.errors import UsageError
from fer_data.pixels.decode import Color, PixelFormat
from fer_model.losses.choice import LossChoice

Protocol = Literal["standard", "notebook"]
Keep = Literal["best", "last"]
Net = Literal["documented", "small"]
Schedule = Literal["plateau", "cosine"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is trained, on what, and how. The defaults are the notebook's.

    Attributes
    ----------
    net : {"documented", "small"}
        See `fer_model.training.nets`.
    balance : str
        What `fer_data.Strategy.parse` takes.
    loss : str
        What `fer_model.losses.choice.LossChoice.parse` takes.
    augment : str
        A name in `fer_data.batching.augment.PRESETS`.
    augment_rare : str, optional
        Another one for rare classes; see `fer_data.Loader`.
    mix : str
        What `fer_data.batching.mixing.Mixing.parse` takes.
    epoch_size : int, "own" or "natural"
        Samples of an epoch; see `fer_data.Loader`.
    batch_size, epochs : int
    steps_per_epoch : int, optional
        Batches between two validations; by default one epoch of the loader.
    learning_rate : float
        Adam's; at the start, or, with ``cosine``, at its highest.
    schedule : {"plateau", "cosine"}
        How the rate goes on: by the validation loss, or by the step alone, so that it is the same
        for every loss and strategy: up from 0 in the first twentieth of the steps, then down to 0
        by half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts).
    plateau_factor, plateau_patience, min_learning_rate : float, int, float
        Of ``plateau``: the rate is multiplied by the factor after so many epochs without a better
        validation loss, down to the least rate.
    keep : {"best", "last"}
        Which epoch's weights are the run's model: those with the best validation accuracy, or
        the last.
    validation_fraction : float
        Share of the training split that is held out, where the data brings no validation split.
    subset : float
        Share of the training split that is used, stratified by class; 1 for all of it.
    seed : int
    image_size : (int, int)
        Height, width.
    color : {"grey", "rgb"}
    rescale : float
        What pixels, 0 to 255, are multiplied by.
    protocol : {"standard", "notebook"}
        ``notebook`` takes the test split as validation and flips its pictures at random.
    """

    net: Net = "documented"
    balance: str = "none"
    loss: str = "cross-entropy"
    augment: str = "flip"
    augment_rare: str | None = None
    mix: str = "none"
    epoch_size: EpochSize = "own"
    batch_size: int = 64
    epochs: int = 100
    steps_per_epoch: int | None = None
    learning_rate: float = 3.5e-4
    schedule: Schedule = "plateau"
    plateau_factor: float = 0.1
    plateau_patience: int = 2
    min_learning_rate: float = 1e-5
    keep: Keep = "best"
    validation_fraction: float = 0.1
    subset: float = 1.0
    seed: int = 0
    image_size: tuple[int, int] = (48, 48)
    color: Color = "grey"
    rescale: float = 1.0
    protocol: Protocol = "standard"

    def __post_init__(self) -> None:
        object.__setattr__(self, "balance", str(Strategy.parse(self.balance)))
        object.__setattr__(self, "loss", str(LossChoice.parse(self.loss)))
        object.__setattr__(self, "image_size", tuple(self.image_size))
        checked(self.augment)
        checked(self.augment_rare or self.augment)
        object.__setattr__(self, "mix", str(Mixing.parse(self.mix) or "none"))
        PixelFormat(*self.image_size, self.color)
        for name, choices in (
            ("net", get_args(Net)),
            ("keep", get_args(Keep)),
            ("schedule", get_args(Schedule)),
            ("protocol", get_args(Protocol)),
        ):
            if getattr(self, name) not in choices:
                raise UsageError(
                    f"{name} is {getattr(self, name)!r}; choose one of {', '.join(choices)}"
                )
        for name, holds, must in (
            ("batch_size", self.batch_size >= 1, "1 or more"),
            ("epochs", self.epochs >= 1, "1 or more"),
            (
                "steps_per_epoch",
                self.steps_per_epoch is None or self.steps_per_epoch >= 1,
                "1 or more",
            ),
            ("learning_rate", self.learning_rate > 0, "above 0"),
            ("plateau_factor", 0 < self.plateau_factor < 1, "between 0 and 1"),
            ("plateau_patience", self.plateau_patience >= 0, "0 or more"),
            ("min_learning_rate", self.min_learning_rate >= 0, "0 or more"),
            ("validation_fraction", 0 < self.validation_fraction < 1, "between 0 and 1"),
            ("subset", 0 < self.subset <= 1, "above 0 and at most 1"),
            ("seed", 0 <= self.seed < 2**32, "0 to 4294967295, as Keras wants it"),
            ("rescale", self.rescale > 0, "above 0"),
        ):
            if not holds:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be {must}")

    @property
    def form(self) -> PixelFormat:
        """Size and colour of the pictures."""
        return PixelFormat(*self.image_size, self.color)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON holds it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the recipe that `to_dict` gave."""
        return cls(**values)
