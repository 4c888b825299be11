"""What ``augment=`` takes, as a transform."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.transforms.op import Op
from fer_data.transforms.ops import OPS
from fer_data.transforms.ops_list import Ops
from fer_data.transforms.per_image import ImageFunction, PerImage
from fer_data.transforms.presets import PRESETS
from fer_data.transforms.rare import ForRare
from fer_data.transforms.transform import Transform
from fer_data.util.words import meant

Augment = str | Op | Sequence[Op] | Transform | ImageFunction
"""A preset or operations as text (``shift:0.1,rotate:15``), an operation or a list of them, a
transform, or a function ``(image, rng) -> image``."""

_NAMES = {re.sub(r"(?<=.)(?=[A-Z])", "-", op.__name__).lower(): op for op in OPS}

FORMS = tuple(
    ":".join([name, *(field.name.upper() for field in fields(op))]) for name, op in _NAMES.items()
)
"""Operations as text."""


def as_transform(
    augment: Augment,
    rare: Augment | None = None,
    is_rare: NDArray[np.bool_] | None = None,
    *,
    name: str = "augment",
) -> Transform:
    """Return what ``augment=`` takes as a transform.

    Parameters
    ----------
    augment : str, Op, sequence of Op, Transform or callable
        A preset's name; operations, or their names as in ``shift:0.1,rotate:15``, presets among
        them; or ``function(image, rng) -> image``, as `PerImage` takes it.
    rare : as `augment`, optional
        Another one for rare classes.
    is_rare : ndarray of bool, shape [classes], optional
        Which classes these are.
    name : str
        What errors call the argument.

    Returns
    -------
    Transform

    Raises
    ------
    UsageError
        If it is none of these, or an amount is out of range.

    Examples
    --------
    >>> from fer_data.transforms import as_transform
    >>> as_transform("shift:0.1,rotate:15")
    Ops([Shift(fraction=0.1), Rotate(degrees=15.0)])
    """
    if rare is not None and is_rare is not None:
        return ForRare(
            as_transform(augment, name=name), as_transform(rare, name=f"{name}_rare"), is_rare
        )
    if isinstance(augment, str):
        return Ops(_parsed(augment, name))
    if isinstance(augment, type):
        raise UsageError(f"{name}: expected {augment.__name__}(...), got the class itself")
    if isinstance(augment, Transform):
        return augment
    if isinstance(augment, Op):
        return Ops([augment])
    if isinstance(augment, Sequence):
        ops: Any = augment
        return Ops(ops)
    if callable(augment):
        return PerImage(augment)
    raise UsageError(
        f"{name}: expected a preset ({', '.join(PRESETS)}), operations, a transform or a function "
        f"(image, rng) -> image, got {augment!r}"
    )


def _parsed(text: str, name: str) -> list[Op]:
    """Return the operations that a text names."""
    ops: list[Op] = []
    for item in text.split(","):
        key, *values = item.strip().split(":")
        if not values and key in PRESETS:
            ops.extend(PRESETS[key])
        elif key in _NAMES:
            ops.append(_op(key, values, f"{name} {item.strip()!r}"))
        else:
            raise UsageError(
                f"{name}: got {text!r}{meant(key, [*PRESETS, *_NAMES]) or '.'} Expected a preset "
                f"({', '.join(PRESETS)}) or operations ({','.join(FORMS)})"
            )
    return ops


def _op(key: str, values: list[str], name: str) -> Op:
    """Return an operation by its name and amounts as text."""
    amounts = fields(_NAMES[key])
    needed = sum(amount.default is MISSING for amount in amounts)
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        numbers = []
    if len(numbers) != len(values) or not needed <= len(numbers) <= len(amounts):
        form = FORMS[list(_NAMES).index(key)]
        raise UsageError(f"{name}: expected {form}, in numbers")
    op: Op = _NAMES[key](*numbers)
    return op
