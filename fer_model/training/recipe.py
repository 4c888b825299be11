"""All that decides a training, as one frozen value that is written into the run."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from fer_data.data.decode import Color, Fit, PixelFormat
from fer_data.data.image_format import FormatRequest, sides_of
from fer_data.errors import UsageError
from fer_data.registry import Choice
from fer_data.sampling.schedule import EpochSize
from fer_data.sampling.strategy import Strategy
from fer_data.transforms.choice import Augment, as_transform
from fer_data.transforms.mixing import Mixing
from fer_data.util import notebook
from fer_data.util.checks import finite_number, whole_number
from fer_data.util.words import counted
from fer_model.losses.choice import LossChoice
from fer_model.training.nets import NetChoice, Precision
from fer_model.training.optimizers import OptimizerChoice
from fer_model.training.own_code import code_of, keep, own_code
from fer_model.training.own_settings import OWN, SCHEDULES, as_settings, is_own, shown

Protocol = Literal["standard", "notebook"]
Keep = Literal["best", "last"]
TestTime = Literal["none", "flips", "crops"]


_NUMBERS = (
    *("learning_rate", "weight_decay", "sam_radius", "clip_norm", "label_smoothing", "average"),
    *("plateau_factor", "min_learning_rate", "validation_fraction", "subset", "rescale"),
)

_CHOICES: dict[str, type[Choice]] = {
    "net": NetChoice,
    "balance": Strategy,
    "loss": LossChoice,
    "mix": Mixing,
    "optimizer": OptimizerChoice,
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is trained, on what, and how. The defaults are the notebook's.

    Attributes
    ----------
    net : str or callable
        A name in `fer_model.NETS`: ``documented``, ``fast``, ``fast-wide``, ``fast-32``,
        ``fast-32-wide``, ``small``; a function of your own, ``build(input_shape, num_classes) ->
        keras.Model``, or its import name, ``package.module:function``; ``keras.applications:NAME``
        for one of Keras's, with first weights drawn at random.
    balance : str
        What `fer_data.Strategy.parse` takes.
    loss : str
        A name in `fer_model.LOSSES` with its parameters.
    augment : str, Op, sequence of Op, Transform or callable
        A name in `fer_data.transforms.PRESETS`, operations as in ``shift:0.1,rotate:15`` or as
        objects, or ``function(image, rng) -> image``; see `fer_data.open_loader`.
    augment_rare : as `augment`, optional
        Another one for rare classes; see `fer_data.Loader`.
    mix : str
        A name in `fer_data.MIXES` with its parameters.
    epoch_size : int, "own" or "natural"
        Samples of an epoch; see `fer_data.Loader`.
    batch_size, epochs : int
    steps_per_epoch : int, optional
        Batches between two validations; by default one epoch of the loader.
    optimizer : str, keras.optimizers.Optimizer or callable
        A name in `fer_model.OPTIMIZERS`: ``adam``, ``adamw``, ``sgd`` (momentum 0.9, Nesterov's).
        An optimizer of Keras is copied by its configuration; its learning rate or schedule, weight
        decay, ``global_clipnorm`` and EMA of weights take the place of the recipe's. A class,
        or a function of your own, is called with ``learning_rate``, ``weight_decay``,
        ``global_clipnorm``, ``use_ema`` and ``ema_momentum``, and returns an optimizer.
    weight_decay : float
        Fraction of the kernels that is taken off in a step, times the rate (decoupled: Loshchilov
        and Hutter 2019, arXiv:1711.05101); of biases and normalisations nothing.
    sam_radius : float
        How far each step looks for a higher loss, as sharpness-aware minimisation does (Foret et
        al. 2021, arXiv:2010.01412), with two gradients a step, on TensorFlow; 0 for none.
    clip_norm : float, optional
        The longest that the gradient of all weights together may be.
    label_smoothing : float
        Fraction of a training label that is spread over all classes (arXiv:1512.00567).
    average : float
        Decay of the exponential moving average (EMA) of weights, a step (Polyak and Juditsky 1992,
        doi:10.1137/0330046), which then are what is validated and kept; 0 for none.
    precision : {"float32", "bfloat16"}
        What layers compute in; weights and the last layer stay float32.
    learning_rate : float
        At the start, or, with ``cosine``, at its highest.
    schedule : {"plateau", "cosine"}, keras.optimizers.schedules.LearningRateSchedule or callable
        How the rate goes on: by the validation loss, or by the step alone, so that it is the same
        for every loss and strategy: up from 0 in the first twentieth of the steps, then down to 0
        by half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts). A
        schedule of Keras, or a function of your own from a step (int, from 0) to a rate, gives the
        rate itself, and `learning_rate` does not count.
    plateau_factor, plateau_patience, min_learning_rate : float, int, float
        Of ``plateau``: the rate is multiplied by the factor after so many epochs without a better
        validation loss, down to the least rate.
    keep : {"best", "last"}
        Which epoch's weights are the run's model: those with the best validation accuracy, or
        the last.
    validation_fraction : float
        Fraction of the training split that is held out, where the data brings no validation split.
    subset : float
        Fraction of the training split that is used, stratified by class; 1 for all of it.
    seed : int
    image_size : int or (int, int), optional
        Side, or height and width; by default that of the images.
    color : {"grey", "rgb"}, optional
        By default that of the images.
    fit : {"stretch", "crop", "pad"}
        How images of another aspect ratio are resized; see `fer_data.PixelFormat`.
    rescale : float
        What pixels, 0 to 255, are multiplied by, in a first layer of the net where it is not 1.
    test_time : {"none", "flips", "crops"}
        Over which flips or shifts of an image predictions are averaged, once trained; see
        `fer_model.training.test_time`.
    protocol : {"standard", "notebook"}
        ``notebook`` takes the test split as validation and flips its images at random.

    Examples
    --------
    >>> import fer_model
    >>> recipe = fer_model.Recipe(net="small", epochs=5, balance="oversample")
    >>> recipe.balance, recipe.batch_size
    ('oversample', 64)
    """

    net: Any = "documented"
    balance: str = "none"
    loss: str = "cross-entropy"
    augment: Any = "flip"
    augment_rare: Any = None
    mix: str = "none"
    epoch_size: EpochSize = "own"
    batch_size: int = 64
    epochs: int = 100
    steps_per_epoch: int | None = None
    optimizer: Any = "adam"
    weight_decay: float = 0.0
    sam_radius: float = 0.0
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    average: float = 0.0
    precision: Precision = "float32"
    learning_rate: float = 3.5e-4
    schedule: Any = "plateau"
    plateau_factor: float = 0.1
    plateau_patience: int = 2
    min_learning_rate: float = 1e-5
    keep: Keep = "best"
    validation_fraction: float = 0.1
    subset: float = 1.0
    seed: int = 0
    image_size: tuple[int, int] | None = None
    color: Color | None = None
    fit: Fit = "stretch"
    rescale: float = 1.0
    test_time: TestTime = "none"
    protocol: Protocol = "standard"

    def __post_init__(self) -> None:
        for name in OWN:
            if not isinstance(getattr(self, name), str | None):
                for setting, value in as_settings(name, getattr(self, name)).items():
                    object.__setattr__(self, setting, value)
        for name in ("batch_size", "epochs", "plateau_patience", "seed"):
            whole_number(name, getattr(self, name))
        if self.steps_per_epoch is not None:
            whole_number("steps_per_epoch", self.steps_per_epoch)
        for name in _NUMBERS:
            if getattr(self, name) is not None:
                finite_number(name, getattr(self, name))
        for name, kind in _CHOICES.items():
            if not self._is_object(name):
                object.__setattr__(self, name, str(kind.parse(getattr(self, name))))
        object.__setattr__(self, "image_size", sides_of(self.image_size))
        for name in ("augment", "augment_rare"):
            if getattr(self, name) is not None and name not in self.own:
                as_transform(getattr(self, name), name=name)
        FormatRequest(self.image_size, self.color, self.fit)  # which refuses what is none
        for name, choices in (
            ("keep", get_args(Keep)),
            ("schedule", (self.schedule,) if self._is_object("schedule") else SCHEDULES),
            ("precision", get_args(Precision)),
            ("test_time", get_args(TestTime)),
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
            ("weight_decay", 0 <= self.weight_decay < 1, "0 or more, below 1"),
            ("sam_radius", self.sam_radius >= 0, "0 or more"),
            ("clip_norm", self.clip_norm is None or self.clip_norm > 0, "above 0"),
            ("label_smoothing", 0 <= self.label_smoothing < 1, "0 or more, below 1"),
            ("average", 0 <= self.average < 1, "0 or more, below 1"),
            ("plateau_factor", 0 < self.plateau_factor < 1, "between 0 and 1"),
            ("plateau_patience", self.plateau_patience >= 0, "0 or more"),
            ("min_learning_rate", self.min_learning_rate >= 0, "0 or more"),
            ("validation_fraction", 0 < self.validation_fraction < 1, "between 0 and 1"),
            ("subset", 0 < self.subset <= 1, "above 0 and at most 1"),
            ("seed", 0 <= self.seed < 2**32, "0 to 4294967295, as Keras expects it"),
            ("rescale", self.rescale > 0, "above 0"),
        ):
            if not holds:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be {must}")
        if "net" in self.own and self.rescale != 1.0:
            raise UsageError(
                f"rescale is {self.rescale}, but the net is your own: begin it with "
                f"keras.layers.Rescaling({self.rescale})"
            )

    def __repr__(self) -> str:
        changed = (f"{name}={shown(value)!r}" for name, value in self.changed().items())
        return f"Recipe({', '.join(changed)})"

    def _repr_html_(self) -> str:
        changed = self.changed()
        fields = dataclasses.fields(self)
        rows = [
            (field.name, str(shown(changed[field.name])), str(field.default))
            for field in fields
            if field.name in changed
        ]
        return notebook.page(
            "Recipe",
            f"{counted(len(changed), 'setting')} of {len(fields)} other than by default",
            notebook.table(("setting", "value", "default"), rows, most=len(fields)) if rows else "",
            notebook.folded(
                "all settings",
                notebook.settings(self.shown()),
            ),
        )

    def shown(self) -> dict[str, Any]:
        """Return the settings as people read them, by name: an object as a call, or its name."""
        return {field.name: shown(getattr(self, field.name)) for field in dataclasses.fields(self)}

    def changed(self) -> dict[str, Any]:
        """Return the settings that are not as by default, by name."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What is chosen by a registered name: net, strategy, loss and so on."""
        return tuple(
            kind.parse(getattr(self, name))
            for name, kind in _CHOICES.items()
            if not self._is_object(name)
        )

    @property
    def own(self) -> dict[str, str]:
        """Settings that are code of the user's, and what names it; see `resolved`."""
        return {name: getattr(self, name) for name in OWN if is_own(name, getattr(self, name))}

    def _is_object(self, name: str) -> bool:
        return name in self.own or str(getattr(self, name)).startswith("{")

    def resolved(self) -> Self:
        """Return the recipe with its import names looked up, and a digest of their code added.

        Raises
        ------
        UsageError
            If there is no such module or function, or a digest is of code that was not given.
        """
        code: dict[str, Any] = {
            name: code_of(name, text).key if "#" in text else keep(own_code(name, text))
            for name, text in self.own.items()
        }
        return dataclasses.replace(self, **code)

    def transform(self, name: Literal["augment", "augment_rare"]) -> Augment | None:
        """Return an augmentation as loaders take it."""
        augment: Augment | None = getattr(self, name)
        return code_of(name, self.own[name]).function if name in self.own else augment

    @property
    def requested(self) -> FormatRequest:
        """What size and colour are asked for."""
        return FormatRequest(self.image_size, self.color, self.fit)

    @property
    def form(self) -> PixelFormat:
        """Size and colour of the images, once they are known; see `with_form`."""
        if self.image_size is None or self.color is None:
            raise UsageError("recipe: image_size and color are the data's; name both")
        return PixelFormat(*self.image_size, self.color, self.fit)

    def with_form(self, form: PixelFormat) -> Self:
        """Return the recipe with the size and the colour that its data came to."""
        return dataclasses.replace(
            self, image_size=(form.height, form.width), color=form.color, fit=form.fit
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON holds it."""
        values = dataclasses.asdict(self)
        objects = [name for name in ("optimizer", "schedule") if values[name].startswith("{")]
        return values | {name: json.loads(values[name]) for name in objects}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the recipe that `to_dict` gave."""
        return cls(**values)
