"""Splits that were processed otherwise than training are found; other proportions are no reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fer_data
from fer_data.auditing import Finding
from fer_data.auditing.processing import within_classes


def found(change: Any, counts: dict[str, tuple[int, int]]) -> list[Finding]:
    random = np.random.default_rng(0)

    def images(split: int) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
        parts, names = [], []
        for place, (name, sizes) in enumerate(counts.items()):
            noise = random.normal(90 + 40 * place, 25, (sizes[split], 48, 48))
            parts.append(noise.clip(0, 255))
            names += [name] * sizes[split]
        return np.concatenate(parts).astype(np.uint8), np.array(names)

    x, y = images(1)
    data = {"train": images(0), "test": (change(x).astype(np.uint8), y)}
    return [finding for finding in fer_data.audit(data).findings if finding.kind == "image-drift"]


def blurred(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (
        images + np.roll(images, 1, 1) * 1.0 + np.roll(images, 1, 2) + np.roll(images, 2, 2)
    ) / 4


@pytest.mark.parametrize(
    ("change", "severity", "word"),
    [
        (blurred, "error", "sharpness"),
        (lambda images: images * 0.6, "error", "brightness"),
        (lambda images: images, "", ""),
    ],
)
def test_a_split_that_was_processed_is_found(change: Any, severity: str, word: str) -> None:
    findings = found(change, {"cat": (40, 20), "dog": (30, 20)})
    assert [finding.severity for finding in findings] == [severity] * bool(severity)
    assert all(word in finding.summary for finding in findings)


def test_other_proportions_of_the_classes_are_no_reason() -> None:
    assert found(lambda images: images, {"cat": (95, 10), "dog": (10, 95)}) == []


def test_images_of_another_size_or_colour_are_found(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    big = random.integers(0, 256, (24, 60, 60, 3), np.uint8)
    small = random.integers(0, 256, (24, 48, 48), np.uint8)
    names = np.repeat(["a", "b"], 12)
    audit = fer_data.audit({"train": (big, names), "test": (small, names)})
    (finding,) = [finding for finding in audit.findings if finding.kind == "image-drift"]
    assert "48x48 instead of 60x60" in finding.summary
    assert "grey instead of rgb" in finding.summary


def test_the_difference_is_in_standard_deviations_within_classes() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 0, 1], 5000).astype(np.int32)
    values = random.normal(0, 2, 20000) + 100 * labels
    values[10000:] += 3
    one, other = np.arange(10000), np.arange(10000, 20000)
    assert within_classes(values, labels, one, other) == pytest.approx(1.5, abs=0.05)
    assert within_classes(values, labels, one, one) == 0
    assert within_classes(values, labels, one[:1], other) == 0
