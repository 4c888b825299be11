"""Lists of operations with names."""

from __future__ import annotations

from fer_data.transforms.op import Op
from fer_data.transforms.ops import (
    Brightness,
    ColorJitter,
    Contrast,
    Crop,
    Erase,
    Flip,
    Rotate,
    Scale,
    Shift,
)

_STANDARD: tuple[Op, ...] = (
    Flip(),
    Shift(0.08),
    Rotate(10),
    Scale(0.1),
    Brightness(0.1),
    Contrast(0.15),
)

PRESETS: dict[str, tuple[Op, ...]] = {
    "none": (),
    "flip": (Flip(),),
    "standard": _STANDARD,
    "color": (*_STANDARD, ColorJitter(saturation=0.3, hue=0.03)),
    "strong": (
        Flip(),
        Shift(0.12),
        Crop(0.15),
        Rotate(20),
        Scale(0.2),
        Brightness(0.2),
        Contrast(0.35),
        Erase(0.5),
    ),
}
"""``color`` is for RGB images only.

Examples
--------
>>> from fer_data.transforms import PRESETS
>>> list(PRESETS), PRESETS["flip"]
(['none', 'flip', 'standard', 'color', 'strong'], (Flip(),))
"""
