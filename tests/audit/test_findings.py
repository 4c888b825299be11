"""Findings on classes, files and sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_data.auditing import (
    audit,
)
from tests.helpers.audited_folders import only, plain, write
from tests.helpers.drawn_images import drawn_images, shifted
from tests.helpers.programs import DATA, call


def test_findings_on_classes_count_samples(tmp_path: Path) -> None:
    every = list(drawn_images(80))
    root = write(
        tmp_path / "data",
        {
            "train/cat": every[:30],
            "train/dog": every[30:37],
            "train/Dog": every[37:40],
            "test/cat": every[40:70],
            "test/dog": every[70:],
        },
    )
    audited = audit(root)
    counts = {(finding.kind, finding.where): finding.num_samples for finding in audited.findings}
    assert counts == {
        ("missing-class", "test"): 0,
        ("few-samples", "train"): 10,
        ("few-samples", "test"): 10,
        ("similar-class-names", ""): 20,
    }


def test_unreadable_files_are_counted_and_the_first_named(tmp_path: Path) -> None:
    root = plain(tmp_path / "data")
    for number in range(5):
        (root / f"train/cat/broken{number}.png").write_bytes(b"not an image")
    finding = only(audit(root), "unreadable")
    assert finding.num_samples == 5
    assert "train/cat/broken2.png and 2 more)" in finding.summary


def test_a_conflict_among_test_images_is_no_error_of_training(tmp_path: Path) -> None:
    every = drawn_images(120)
    conflicting, judged = every[3], every[90]
    root = plain(tmp_path / "data", dog=[conflicting], test_cat=[conflicting], test_dog=[judged])
    out = tmp_path / "out.csv"
    before, after = audit(root).of_kinds(("conflicting-labels",))
    assert (before.severity, before.where) == ("error", "train, test")
    assert "1 image appears under more than one label, 3 samples in all" in before.summary
    assert (after.severity, after.where, after.exclude) == ("warning", "test", ())
    assert "score" in after.advice
    assert "train" not in after.advice
    assert call(DATA, "audit", root, "--write-exclusions", out).code == 0
    again = call(DATA, "audit", root, "--exclude", out, "--fail-on", "error")
    assert again.code == 0, again.err
    assert "conflicting-labels" in again.out


def sized(root: Path, *sides: int) -> Path:
    """Write images of one class, of these sides, and an empty class."""
    for name in ("cat", "dog"):
        (root / "train" / name).mkdir(parents=True)
    for number, (side, image) in enumerate(zip(sides, drawn_images(len(sides)), strict=True)):
        Image.fromarray(image).resize((side, side)).save(root / f"train/cat/{number}.png")
    return root


@pytest.mark.parametrize(
    ("sides", "summary", "number"),
    [
        ((50, 50, 50, 60), "3 images are 50x50, 1 is not: 60x60 (1) (pixels)", 1),
        ((50, 50, 60, 60), "2 sizes among 4 images: 50x50 (2), 60x60 (2) (pixels)", 4),
        ((50, 50, 60, 70), "3 sizes among 4 images: 50x50 (2), 60x60 (1), 70x70 (1) (pixels)", 4),
        (
            tuple(range(50, 57)),
            "7 sizes among 7 images: "
            "50x50 (1), 51x51 (1), 52x52 (1), 53x53 (1), 54x54 (1) and 2 more (pixels)",
            7,
        ),
    ],
)
def test_a_size_is_usual_only_if_most_images_have_it(
    sides: tuple[int, ...], summary: str, number: int, tmp_path: Path
) -> None:
    finding = only(audit(sized(tmp_path / "data", *sides)), "odd-size")
    assert (finding.summary, finding.num_samples) == (summary, number)


def test_one_of_a_kind_is_named_in_the_singular(tmp_path: Path) -> None:
    every = drawn_images(120)
    flat = np.full((48, 48), 9, np.uint8)
    root = plain(
        tmp_path / "data", cat=[every[3], shifted(every[5], 0, 1), flat], test_cat=[every[50]]
    )
    found = {finding.kind: finding.summary for finding in audit(root).findings}
    assert found["exact-duplicates"] == "1 redundant duplicate: 1 image appears twice"
    assert found["near-duplicates"] == "1 group of near-duplicates, 2 different images"
    assert found["flat"] == "1 image is of a single colour"
    assert "1 of 41 test images (2.4%) is equal to an image of train" in found["leaked-duplicates"]


def test_that_images_are_too_similar_for_near_duplicates_is_a_finding() -> None:
    random = np.random.default_rng(0)
    waves = np.sin(np.arange(48) * 1.2 + random.uniform(0, 6.28, (600, 1, 1)))
    images = np.clip(128 + 60 * waves + random.normal(0, 3, (600, 48, 48)), 0, 255)
    images = images.astype(np.uint8)
    labels = np.arange(600) % 2
    found = audit({"train": (images, labels), "test": (images[:30, :, ::-1], labels[:30])})
    leaked, similar = (
        finding
        for finding in found.findings
        if finding.kind in ("leaked-near-duplicates", "similar-images")
    )
    assert leaked.summary.startswith("30 of 30 test images")
    assert (similar.severity, similar.num_samples) == ("note", 630)
    assert "may be missed" in similar.summary
    few = audit((drawn_images(60), np.arange(60) % 2))
    assert not few.of_kinds(("similar-images",))
