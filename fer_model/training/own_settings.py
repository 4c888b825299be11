"""Nets, optimizers, schedules and transforms given as objects, as a recipe records them in text.

Keras's own optimizers and schedules become their configuration in JSON, from which they are built
for each run, so nothing of the object that was given is trained. A function of the user's becomes
its import name and a digest of its source; a process that trains with it has to be given it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from fer_data.errors import UsageError
from fer_data.registry import Registry
from fer_data.transforms.choice import FORMS, as_transform
from fer_data.transforms.op import Op
from fer_data.transforms.ops import OPS
from fer_data.transforms.ops_list import Ops
from fer_data.transforms.per_image import PerImage
from fer_data.transforms.presets import PRESETS
from fer_model.training.nets import NETS
from fer_model.training.optimizers import OPTIMIZERS
from fer_model.training.own_code import OwnCode, is_import_name, keep, own_code

OWN = ("net", "optimizer", "schedule", "augment", "augment_rare")
"""Settings of a recipe that take objects."""

SCHEDULES = ("plateau", "cosine")

_REGISTRIES: dict[str, Registry] = {"net": NETS, "optimizer": OPTIMIZERS}

_TRANSFORMS = {*PRESETS, *(form.partition(":")[0] for form in FORMS)}

_OF_OPTIMIZERS, _OF_SCHEDULES = "keras.optimizers", "keras.optimizers.schedules"


def is_own(name: str, text: str | None) -> bool:
    """Whether a setting's text names code of the user's, rather than what is registered here."""
    if text is None or not is_import_name(text):
        return False
    first = text.partition(":")[0]
    if name in _REGISTRIES:
        return _REGISTRIES[name].get(first) is None
    return name == "schedule" or first not in _TRANSFORMS


def as_settings(name: str, given: Any) -> dict[str, Any]:
    """Return the settings of a recipe that an object stands for, all of them text or numbers.

    Parameters
    ----------
    name : str
        One of `OWN`.
    given : object
        What is given for it.

    Raises
    ------
    UsageError
        If it is no such setting, or cannot be recorded.
    """
    if isinstance(given, OwnCode):
        return {name: keep(given)}
    if isinstance(given, Mapping):
        return {name: json.dumps(_checked(name, given), sort_keys=True)}
    if name in ("optimizer", "schedule") and _is_of_keras(given):
        import keras

        if isinstance(given, keras.optimizers.Optimizer):
            return _of_optimizer(given)
        if isinstance(given, type):
            record = {"module": _OF_OPTIMIZERS, "class_name": given.__name__, "config": {}}
        else:
            record = keras.saving.serialize_keras_object(given)
        return as_settings(name, record)
    if name.startswith("augment"):
        if (text := _operations(as_transform(given, name=name))) is not None:
            return {name: text}
        given = Ops(given) if isinstance(given, Sequence) else given
        given = given.function if isinstance(given, PerImage) else given
    elif name == "optimizer" and hasattr(given, "apply_gradients") and not isinstance(given, type):
        raise UsageError(
            f"optimizer: {given!r:.80} is none of Keras's own; give its class, or a function that "
            "makes one of learning_rate= and further options"
        )
    return {name: keep(own_code(name, given))}


def _is_of_keras(given: Any) -> bool:
    kind = given if isinstance(given, type) else type(given)
    return kind.__module__.startswith("keras.src.optimizers")


def _of_optimizer(given: Any) -> dict[str, Any]:
    """Return an optimizer's configuration, and by themselves the parts that a recipe has, too."""
    import keras

    record = keras.saving.serialize_keras_object(given)
    config = record["config"]
    if "learning_rate" not in config:
        raise UsageError(f"optimizer: {record['class_name']} has no learning rate of its own")
    rate, has_average = config.pop("learning_rate"), config.pop("use_ema")
    decay, momentum = config.pop("weight_decay"), config.pop("ema_momentum")
    settings = {
        "weight_decay": float(decay or 0),
        "clip_norm": config.pop("global_clipnorm"),
        "average": momentum if has_average else 0.0,
        **as_settings("optimizer", record),
    }
    if isinstance(rate, dict):
        return settings | as_settings("schedule", rate)
    return settings | {"learning_rate": float(f"{rate:.7g}")}  # it was kept as a float32


def _checked(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of one of Keras's own optimizers or schedules.

    Raises
    ------
    UsageError
        If it is of something else: a file does not say which code to run.
    """
    expected = _OF_OPTIMIZERS if name == "optimizer" else _OF_SCHEDULES
    try:
        module, kind, config = (record[key] for key in ("module", "class_name", "config"))
        if name not in ("optimizer", "schedule") or module != expected or not kind.isidentifier():
            raise ValueError(f"{module}.{kind}")
        if any(isinstance(value, dict) for value in config.values()):
            raise ValueError(f"an object within {kind}")
        json.dumps(config)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{name}: expected the configuration of a {expected}, got {error}"
        ) from None
    return {"module": module, "class_name": kind, "config": dict(config)}


def _operations(transform: Any) -> str | None:
    """Return the text of a transform of this package's operations; None for another one."""
    if not isinstance(transform, Ops) or not transform.ops:
        return "none" if isinstance(transform, Ops) else None
    if any(type(op) not in OPS for op in transform.ops):
        return None
    return ",".join(map(_operation, transform.ops))


def _operation(op: Op) -> str:
    names = {kind: form.partition(":")[0] for kind, form in zip(OPS, FORMS, strict=True)}
    amounts = [repr(getattr(op, field.name)) for field in fields(op)]  # type: ignore[arg-type]
    return ":".join([names[type(op)], *amounts])


def in_words(name: str, text: Any) -> str:
    """Return a setting as a sentence has it: a function of the user's by its name alone."""
    return name_alone(str(shown(text))) if is_own(name, text) else str(shown(text))


def name_alone(import_name: str) -> str:
    """Return a function's name without that of its module."""
    return import_name.rpartition(":")[2]


def shown(text: Any) -> Any:
    """Return a setting as people read it: code without its digest, a configuration as a call."""
    if not isinstance(text, str):
        return text
    if text.startswith("{"):
        record = json.loads(text)
        amounts = (
            f"{key}={value!r}"
            for key, value in record["config"].items()
            if key != "name" and value is not None
        )
        return f"{record['class_name']}({', '.join(amounts)})"
    return text.partition("#")[0]
