"""An embedded stand-in for FER2013: cartoon faces drawn from parameters, with no download.

Expression parameters spread about a mean for each class, and overlap as people confuse them (fear
and surprise, angry and disgust, sad and neutral). All else is drawn independently of the class.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFilter

from fer_data.errors import UsageError
from fer_data.fer2013.emotions import EMOTIONS
from fer_data.util.keyed import FACE_ROWS, FACES, generator

COUNTS: dict[str, dict[str, int]] = {
    split: dict(zip(EMOTIONS, numbers, strict=True))
    for split, numbers in (
        ("train", (3995, 436, 4097, 7215, 4965, 4830, 3171)),
        ("public_test", (467, 56, 496, 895, 607, 653, 415)),
        ("private_test", (491, 55, 528, 879, 626, 594, 416)),
    )
}
"""FER2013's published number of images: split -> class name -> number (35,887 in total)."""

_SCALE = 4  # supersampling
_SPREAD = 0.27  # standard deviation of each expression parameter among people
_MAX_BLEND = 0.45  # largest fraction of the look-alike class that is mixed in
_STRENGTH = (0.55, 1.25)  # from a weak showing, close to neutral, to an exaggerated one

_Array = NDArray[np.float64]
_T = np.linspace(-1, 1, 15)
_ARCH = 1 - _T**2
_COS, _SIN = (wave(np.linspace(0, 2 * math.pi, 33)) for wave in (np.cos, np.sin))


class _Mood(NamedTuple):
    """Facial action strengths: 0 is at rest, +1 and -1 are strong."""

    brows: float  # > 0: raised
    frown: float  # > 0: inner brow ends down and together; < 0: up
    lids: float  # > 0: eyes wide; < 0: narrowed
    cheeks: float  # > 0: raised, which pushes the lower lids up
    curve: float  # > 0: mouth corners up
    gape: float  # > 0: jaw dropped
    width: float  # > 0: mouth stretched; < 0: rounded
    nose: float  # > 0: bridge wrinkled, nostrils raised
    sneer: float  # > 0: upper lip raised


_LOOKS: dict[str, tuple[str, _Mood]] = {  # the class it is mistaken for, and its mean
    "angry": ("disgust", _Mood(-0.5, 0.9, 0.1, 0.0, -0.5, 0.1, 0.1, 0.2, 0.0)),
    "disgust": ("angry", _Mood(-0.3, 0.4, -0.7, 0.7, -0.3, 0.3, -0.1, 1.3, 1.2)),
    "fear": ("surprise", _Mood(0.6, -0.7, 0.7, 0.0, -0.4, 0.4, 0.4, 0.0, 0.0)),
    "happy": ("neutral", _Mood(0.1, -0.1, -0.2, 0.8, 0.9, 0.35, 0.5, 0.1, 0.2)),
    "neutral": ("sad", _Mood(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
    "sad": ("neutral", _Mood(-0.1, -0.7, -0.4, 0.0, -0.7, 0.0, -0.1, 0.0, 0.0)),
    "surprise": ("fear", _Mood(0.9, -0.1, 0.8, 0.0, 0.0, 0.9, -0.5, 0.0, 0.0)),
}


class _Face:
    """A person on a canvas: x and y from -1 to 1 over the head (y down), widths in image sides."""

    def __init__(self, mood: _Mood, rng: np.random.Generator, side: int) -> None:
        self._mood, self._rng, self._side = mood, rng, side
        greys = rng.uniform((110, 5, 8, 5), (220, 245, 120, 245)).tolist()
        self._skin, backdrop, self._hair, self._cloth = greys
        self._centre, self._yaw = rng.uniform(0.47, 0.53, 2) * side, rng.uniform(-0.12, 0.12)
        self._radii = rng.uniform((0.39, 0.45), (0.46, 0.52)) * side
        cos, sin = math.cos(tilt := math.radians(rng.normal(0, 6))), math.sin(tilt)
        self._turn = np.array([[cos, sin], [-sin, cos]])
        self._image = Image.new("L", (side, side), round(backdrop))
        self._pen = ImageDraw.Draw(self._image)

    def _place(self, x: ArrayLike, y: ArrayLike) -> list[float]:
        """Yaw (the middle of the head moves most), scale, tilt and shift points."""
        across = np.asarray(x, dtype=np.float64)
        points = np.array((across + self._yaw * np.maximum(0, 1 - across * across), y)).T
        return list((points * self._radii @ self._turn + self._centre).ravel().tolist())

    def _shade(self, strength: float) -> float:
        """Give the skin's grey, darkened by a strength from 0 (not) to 1 (nearly black)."""
        return float(self._skin * (1 - 0.85 * min(1.0, max(0.0, strength))))

    def _line(self, x: ArrayLike, y: ArrayLike, grey: float, width: float) -> None:
        self._pen.line(self._place(x, y), round(grey), max(1, round(width * self._side)), "curve")

    def _fill(self, x: ArrayLike, y: ArrayLike, grey: float) -> None:
        self._pen.polygon(self._place(x, y), fill=round(min(255, grey)))

    def _band(self, x: _Array, upper: _Array, lower: _Array, grey: float) -> None:
        self._fill(np.append(x, x[::-1]), np.append(upper, lower[::-1]), grey)

    def draw_head(self) -> None:
        bounds = (0, -0.9, -0.3, 0), (1, -0.5, 0.3, 0.25)
        style, fringe, parting, jaw = self._rng.uniform(*bounds).tolist()
        self._fill([-0.5, 0.5, 1.4, -1.4], [0.7, 0.7, 1.5, 1.5], self._cloth)
        if style < 0.35:  # long hair hangs behind the head
            self._fill(1.2 * _COS, 0.05 + 1.15 * _SIN, self._hair)
        for side in (-1, 1):
            self._fill(side + 0.12 * _COS, 0.17 * _SIN - 0.05, self._shade(0.15))
        self._fill(_COS * (1 - jaw * np.maximum(0, _SIN) ** 2), _SIN, self._skin)
        if style < 0.85:  # the others are bald
            top, lock = -0.35 - 0.75 * np.sqrt(_ARCH), 0.2 * np.cos(4 * (_T - parting)) * _ARCH
            self._band(1.02 * _T, top, np.maximum(top, fringe - lock), self._hair)

    def draw_eye(self, side: int, brow_width: float) -> None:
        mood, middle = self._mood, side * 0.42
        x, y, brow = middle + 0.25 * _T, -0.13, -0.4 - 0.13 * mood.brows
        upper = y - _ARCH * max(0.02, 0.11 + 0.085 * mood.lids)
        lower = y + _ARCH * max(0.01, 0.08 + 0.04 * mood.lids - 0.06 * max(0.0, mood.cheeks))
        self._band(x, upper, lower, 0.5 * self._skin + 130)
        for radius, grey in ((0.12, 60), (0.05, 10)):  # iris and pupil, cut off by the lids
            across, height = middle + radius * _T, 0.85 * radius * np.sqrt(_ARCH)
            top = np.maximum(np.interp(across, x, upper), y - height)
            self._band(across, top, np.minimum(np.interp(across, x, lower), y + height), grey)
        self._line(x, upper, self._shade(0.85), 0.018)
        self._line(x, lower + 0.05 + 0.04 * _ARCH, self._shade(0.5 * mood.cheeks), 0.014)
        across = side * np.array([0.18 - 0.05 * max(0.0, mood.frown), 0.45, 0.7])
        heights = brow + np.array([0.13, 0.0, -0.07]) * mood.frown + (0.0, -0.05, 0.03)
        self._line(across, heights, min(self._hair, 0.6 * self._skin), brow_width)
        self._line([side * 0.06] * 2, [brow, brow + 0.17], self._shade(0.5 * mood.frown), 0.014)

    def draw_nose(self) -> None:
        mood, lift = self._mood, 0.06 * self._mood.nose
        wing, wrinkle = self._shade(0.3 + 0.3 * mood.nose), self._shade(0.8 * mood.nose)
        fold = self._shade(0.35 * mood.cheeks + 0.2 * mood.sneer)
        self._line([0.05, 0.12], [-0.05, 0.18 - lift], self._shade(0.2), 0.014)
        for side in (-1, 1):
            self._fill(side * 0.09 + 0.05 * _COS, 0.25 - lift + 0.03 * _SIN, self._shade(0.6))
            across = side * np.array([[0.17, 0.2, 0.15], [0.24, 0.4, 0.48]])
            self._line(across[0], [0.15 - lift, 0.22 - lift, 0.27 - lift], wing, 0.014)
            self._line(across[1], [0.2 - lift, 0.36, 0.52], fold, 0.016)
        for y in (-0.17, -0.07, 0.03):  # across the bridge
            self._line([-0.16, 0, 0.16], [y + 0.03, y - 0.03, y + 0.03], wrinkle, 0.018)

    def draw_mouth(self) -> None:
        mood, gape, sneer = self._mood, max(0.0, self._mood.gape), max(0.0, self._mood.sneer)
        x = (0.4 + 0.11 * mood.width) * _T
        middle = 0.56 + 0.04 * gape + 0.14 * mood.curve * (2 * _ARCH - 1)
        upper = middle - (0.02 + 0.05 * gape) * _ARCH - 0.16 * sneer * np.sqrt(_ARCH)
        lower = middle + (0.02 + 0.26 * gape + 0.03 * sneer) * _ARCH
        self._band(x, upper, lower, self._shade(0.9))
        if gape + sneer > 0.15:  # the teeth show
            self._band(x, upper, np.minimum(upper + 0.09 * _ARCH, lower), 0.4 * self._skin + 150)
        for lip in (upper, lower):
            self._line(x, lip, self._shade(0.55), 0.026)

    def draw_extras(self) -> None:
        """Put on glasses, or something in front of the face, for some people of every class."""
        bounds = (0, 0, -0.9, -0.6, 10), (1, 1, 0.5, 0.8, 240)
        glasses, cover, x, y, grey = self._rng.uniform(*bounds).tolist()
        if glasses < 0.15:
            for side in (-1, 1):
                self._line(side * 0.42 + 0.3 * _COS, -0.12 + 0.22 * _SIN, 30, 0.014)
            self._line([-0.12, 0.12], [-0.14, -0.14], 30, 0.014)
        if cover < 0.05:  # a bar or scarf
            self._line([-1.6, 1.6], [y - 0.4 * x, y + 0.4 * x], grey, 0.13)
        elif cover < 0.15:  # four fingers from below, with dark edges
            for finger in range(4):
                across, tip = [x + 0.17 * finger, 1.3 * x + 0.15 * finger], abs(finger - 1.5)
                for dark, width in ((0.5, 0.075), (0.1, 0.06)):
                    self._line(across, [y + 0.1 * tip, 1.8], self._shade(dark), width)

    def develop(self) -> NDArray[np.uint8]:
        """Reduce, blur, light and add sensor noise."""
        bounds = (0.2, 1, 0.8, -0.25, -0.25), (0.7, 7, 1.15, 0.25, 0.25)
        blur, noise, gain, across, down = self._rng.uniform(*bounds).tolist()
        small, ramp = self._image.reduce(_SCALE), np.linspace(-1, 1, self._side // _SCALE)
        blurred = np.asarray(small.filter(ImageFilter.GaussianBlur(blur * ramp.size / 48)))
        lit = blurred * gain * (1 + across * ramp + down * ramp[:, None])
        noisy = np.rint(lit + self._rng.normal(0, noise, lit.shape))
        return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


def draw_face(class_name: str, rng: np.random.Generator, *, size: int = 48) -> NDArray[np.uint8]:
    """Draw one person with one expression: grey 0 (black) to 255 (white), uint8 [size, size].

    From the same state of ``rng``, two of the ``EMOTIONS`` give the same person, pose and light
    with two expressions. Another class name raises ``UsageError``.
    """
    if class_name not in _LOOKS:
        raise UsageError(f"unknown class {class_name!r}; expected one of {', '.join(EMOTIONS)}")
    look_alike, own = _LOOKS[class_name]
    blend, strength = rng.uniform(0, _MAX_BLEND), rng.uniform(*_STRENGTH)
    mean = strength * ((1 - blend) * np.array(own) + blend * np.array(_LOOKS[look_alike][1]))
    mood = _Mood(*np.clip(rng.normal(mean, _SPREAD), -1.4, 1.4).tolist())
    face, brow_width = _Face(mood, rng, size * _SCALE), rng.uniform(0.03, 0.05)
    face.draw_head()
    for side in (-1, 1):
        face.draw_eye(side, brow_width)
    face.draw_nose()
    face.draw_mouth()
    face.draw_extras()
    return face.develop()


def counts_for(num_images: int) -> dict[str, dict[str, int]]:
    """Scale ``COUNTS`` to a total (``UsageError`` below 21), every number being at least 1."""
    published = np.array([list(numbers.values()) for numbers in COUNTS.values()])
    if num_images < published.size:
        raise UsageError(f"num_images must be at least {published.size}, got {num_images}")
    # The largest remainder; in integers, as no machine may round one differently.
    fractions, total = published * num_images, int(published.sum())
    numbers = np.maximum(1, fractions // total)
    while (missing := num_images - int(numbers.sum())) != 0:
        step = 1 if missing > 0 else -1
        owed = np.where(numbers + step > 0, step * (fractions - numbers * total), -np.inf)
        numbers.flat[owed.argmax()] += step
    rows = zip(COUNTS, numbers.tolist(), strict=True)
    return {split: dict(zip(EMOTIONS, row, strict=True)) for split, row in rows}


def plan(num_images: int = 35_887, seed: int = 0) -> tuple[tuple[str, str], ...]:
    """List (split, class_name) of each row: splits in order, classes shuffled inside a split."""
    rng = generator(seed, FACE_ROWS)
    rows: list[tuple[str, str]] = []
    for split, numbers in counts_for(num_images).items():
        names = [name for name, number in numbers.items() for _ in range(number)]
        rows.extend((split, names[index]) for index in rng.permutation(len(names)))
    return tuple(rows)


def draw(row: int, class_name: str, *, seed: int = 0, size: int = 48) -> NDArray[np.uint8]:
    """Draw one row of ``plan`` on its own, in any process: uint8 grey [size, size]."""
    return draw_face(class_name, generator(seed, FACES, row), size=size)
