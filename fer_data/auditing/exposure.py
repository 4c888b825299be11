"""Images that show nothing: of one colour, low contrast, too dark, too bright, blurred."""

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
    "low-contrast": "images of nearly one grey level",
    "dark": "images that are nearly all dark",
    "bright": "images that are nearly all bright",
    "blurred": "images without detail",
}
MOST_ALIKE = 0.9
"""Fraction of dark or bright pixels from which an image is too dark or too bright."""

LEAST_SHARPNESS = 0.1
"""See `fer_data.analysis.measures`: of FER2013's images one in a thousand has less."""


def find(subject: Subject) -> Iterator[Finding]:
    """Find images that cannot be labelled; each counts once, by the first test that it fails."""
    figures = subject.measures
    remaining = np.ones(len(subject.dataset), np.bool_)
    flat = np.zeros(len(remaining), np.bool_)
    flat[subject.single_colored(np.flatnonzero(figures.contrast == 0))] = True
    for kind, mask, singular, plural, what in (
        ("flat", flat, "is", "are", "of a single colour"),
        (
            "low-contrast",
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
        rows = np.flatnonzero(mask & remaining)
        remaining &= ~mask
        if len(rows):
            images = counted(len(rows), f"image {singular}", f"images {plural}")
            yield _finding(subject, kind, rows, f"{images} {what}")


def _enlarged(subject: Subject) -> NDArray[np.bool_]:
    """Return which images were enlarged for the comparison, so that they look blurred."""
    form = subject.store.form
    sides = ((height, width) for height, width, _ in subject.looks)
    return np.array([height < form.height or width < form.width for height, width in sides])


def _finding(subject: Subject, kind: str, rows: NDArray[np.int64], summary: str) -> Finding:
    uninformative = kind == "flat"
    return Finding(
        kind,
        "warning" if uninformative else "note",
        "",
        summary,
        "train without them" if uninformative else "look at them: some may show no class",
        groups=tuple((row,) for row in rows.tolist()),
        exclude=subject.trained(rows) if uninformative else (),
    )
