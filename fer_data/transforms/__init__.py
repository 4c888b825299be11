"""Augmentation and mixing of batches of images.

``augment=`` takes a preset, a list of operations, or any function ``(image, rng) -> image``; a
`Transform` of your own can do both steps itself.
"""

from fer_data.transforms.choice import as_transform
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
from fer_data.transforms.ops_list import Ops
from fer_data.transforms.parameters import Parameters
from fer_data.transforms.per_image import PerImage
from fer_data.transforms.presets import PRESETS
from fer_data.transforms.rare import ForRare
from fer_data.transforms.transform import Keys, Transform

__all__ = [
    "PRESETS",
    "Brightness",
    "ColorJitter",
    "Contrast",
    "Crop",
    "Erase",
    "Flip",
    "ForRare",
    "Keys",
    "Op",
    "Ops",
    "Parameters",
    "PerImage",
    "Rotate",
    "Scale",
    "Shift",
    "Transform",
    "as_transform",
]
