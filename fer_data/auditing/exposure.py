"""Images with nothing to see: of one colour, almost so, too dark, too bright, blurred."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fer_data.analysis.measures import BRIGHT, DARK
from fer_data.auditing.finding import Finding
from fer_data.auditing.subject import Subject
from fer_data.duplicates.duplicate_groups import LEAST_CONTRAST
from fer_data.util.words import counted

KINDS = {
    "flat": "images of a single colour",
    "almost-flat": "images of almost a single colour",
    "dark": "images that are nearly all dark",
    "bright": "images that are nearly all bright",
    "blurred": "images without detail",
}
MOST_ALIKE = 0.9
"""Share of dark pixels, or of bright ones, from which an image is too dark or too bright."""

LEAST_SHARPNESS = 0.1
"""See `fer_data.analysis.measures`: of FER2013's images one in a thousand has less."""


def find(subject: Subject) -> Iterator[Finding]:
    """Find what no one could label; each image counts as the first that it is."""
    figures = subject.measures
    left = np.ones(len(subject.dataset), np.bool_)
    flat = np.zeros(len(left), np.bool_)
    flat[subject.single_colored(np.flatnonzero(figures.contrast == 0))] = True
    for kind, is_so, one, many, what in (
        ("flat", flat, "is", "are", "of a single colour"),
        (
            "almost-flat",
            figures.contrast < LEAST_CONTRAST,
            "varies",
            "vary",
            f"by less than {LEAST_CONTRAST:g} of 255 grey levels",
        ),
        ("dark", figures.dark >= MOST_ALIKE, "is", "are", f"at least 90 % darker than {DARK}"),
        (
            "bright",
            figures.bright >= MOST_ALIKE,
            "is",
            "are",
            f"at least 90 % over {BRIGHT - 1}",
        ),
        (
            "blurred",
            (figures.sharpness < LEAST_SHARPNESS) & ~_enlarged(subject),
            "has",
            "have",
            f"a sharpness below {LEAST_SHARPNESS:g}",
        ),
    ):
        rows = np.flatnonzero(is_so & left)
        left &= ~is_so
        if len(rows):
            images = counted(len(rows), f"image {one}", f"images {many}")
            yield _finding(subject, kind, rows, f"{images} {what}")


def _enlarged(subject: Subject) -> NDArray[np.bool_]:
    """Return which images are smaller than they are compared at, so that all look blurred there."""
    form = subject.store.form
    sides = ((height, width) for height, width, _ in subject.looks)
    return np.array([height < form.height or width < form.width for height, width in sides])


def _finding(subject: Subject, kind: str, rows: NDArray[np.int64], summary: str) -> Finding:
    hopeless = kind == "flat"
    return Finding(
        kind,
        "warning" if hopeless else "note",
        "",
        summary,
        "train without them" if hopeless else "look at them; some may be no images of a class",
        groups=tuple((row,) for row in rows.tolist()),
        exclude=subject.trained(rows) if hopeless else (),
    )
