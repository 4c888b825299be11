"""FER2013 itself, where the environment variable FER2013_DIR names a folder that has it.

The folder holds train.npz and public_test.npz, each with the arrays ``pixels`` (uint8
[N, 48, 48]), ``emotion`` (csv code) and ``row`` (number in the published csv).
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import fer_data
from fer_data.analysis.stats import stats
from fer_data.auditing import audit
from fer_data.data.dataset import Dataset
from fer_data.data.sources.table import build
from fer_data.data.store import open_store
from fer_data.fer2013.csv_to_folder import convert_csv
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE
from fer_data.fer2013.ferplus import ferplus_labels
from tests.helpers.csv_files import cell, write_csv

FOLDER = os.environ.get("FER2013_DIR", "")

pytestmark = pytest.mark.skipif(not FOLDER, reason="FER2013_DIR is not set: no FER2013 here")

TRAIN_COUNTS = {
    "surprise": 3171,
    "happy": 7215,
    "neutral": 4965,
    "angry": 3995,
    "sad": 4830,
    "disgust": 436,
    "fear": 4097,
}


class Part(NamedTuple):
    pixels: NDArray[np.uint8]
    codes: list[int]


def load(name: str, number: int | None = None) -> Part:
    with np.load(Path(FOLDER) / f"{name}.npz", allow_pickle=False) as arrays:
        return Part(arrays["pixels"][:number], arrays["emotion"][:number].tolist())


def as_csv(path: Path, train: Part, test: Part) -> Path:
    return write_csv(
        path,
        (
            f"{code},{cell(image)},{usage}"
            for part, usage in ((train, "Training"), (test, "PublicTest"))
            for image, code in zip(part.pixels, part.codes, strict=True)
        ),
    )


def test_folder_and_csv_of_real_faces_hold_the_same(tmp_path: Path) -> None:
    train, test = load("train", 400), load("public_test", 200)
    table = as_csv(tmp_path / "fer2013.csv", train, test)
    convert_csv(table, tmp_path / "faces")
    from_csv, from_folder = open_store(table), open_store(tmp_path / "faces")
    np.testing.assert_array_equal(
        from_csv.pixels[..., 0], np.concatenate([train.pixels, test.pixels])
    )
    codes = train.codes + test.codes
    names = [EMOTIONS_BY_CODE[code] for code in codes]
    assert [EMOTIONS[label] for label in from_csv.dataset.labels] == names
    assert from_csv.dataset.splits == from_folder.dataset.splits == ("train", "test")
    for split in ("train", "test"):
        counts = from_csv.dataset.class_counts(split).tolist()
        assert counts == from_folder.dataset.class_counts(split).tolist()
    rows = [int(Path(str(path)).stem[-5:]) for path in from_folder.dataset.locations]
    assert sorted(rows) == list(range(600))
    np.testing.assert_array_equal(from_folder.pixels, from_csv.pixels[rows])
    np.testing.assert_array_equal(from_folder.dataset.labels, from_csv.dataset.labels[rows])


@pytest.mark.slow
def test_the_whole_training_split_has_its_known_counts(tmp_path: Path) -> None:
    train, test = load("train"), load("public_test", 1)
    table = as_csv(tmp_path / "fer2013.csv", train, test)
    convert_csv(table, tmp_path / "faces")
    for path in (table, tmp_path / "faces"):
        shown = stats(fer_data.load(path))
        counts = dict(zip(shown.class_names, shown.splits["train"].counts, strict=True))
        assert counts == TRAIN_COUNTS
        assert shown.imbalance_ratio == 7215 / 436
        assert shown.splits["train"].num_samples == 28_709


@pytest.mark.slow
def test_the_audit_finds_the_copies_and_leaks_that_hashing_finds(tmp_path: Path) -> None:
    train, test = load("train"), load("public_test")
    inside, outside = (
        Counter(hashlib.sha256(image.tobytes()).digest() for image in part.pixels)
        for part in (train, test)
    )
    redundant = sum(count - 1 for count in inside.values())
    leaked = sum(count for key, count in outside.items() if key in inside)
    assert (redundant, leaked) == (1233, 279)
    audited = audit(as_csv(tmp_path / "fer2013.csv", train, test))
    summaries = {(finding.kind, finding.where): finding.summary for finding in audited.findings}
    assert summaries["exact-duplicates", "train"].startswith("1,233 redundant duplicates")
    assert summaries["leaked-duplicates", "train, test"].startswith(
        "279 of 3,589 test images (7.8%)"
    )
    assert summaries["flat", ""].startswith("10 images")
    (near,) = audited.of_kinds(("leaked-near-duplicates",))
    leaks = {row for group in near.groups for row in group} & set(
        audited.dataset.indices("test").tolist()
    )
    assert 450 <= len(leaks) <= 540
    assert not audited.of_kinds(("oversampled-on-disk",))


def of_rows() -> Dataset:
    """Return the dataset that fer2013.csv would give, by its row numbers."""
    samples = []
    for name, split in (("train", "train"), ("public_test", "test")):
        with np.load(Path(FOLDER) / f"{name}.npz", allow_pickle=False) as arrays:
            codes, rows = arrays["emotion"].tolist(), arrays["row"].tolist()
        samples += [
            (split, EMOTIONS_BY_CODE[code], row) for code, row in zip(codes, rows, strict=True)
        ]
    return build(Path("/fer2013.csv"), "FER2013 csv", EMOTIONS, samples)


def test_the_classes_of_both_splits_are_alike() -> None:
    (drift,) = stats(of_rows()).drift
    assert drift.cramers_v < 0.1
    assert drift.size == "negligible"


def test_ferplus_agrees_with_the_labels_where_rows_are_joined_in_order(tmp_path: Path) -> None:
    file = Path(FOLDER) / "fer2013new.csv"
    if not file.exists():
        pytest.skip("no fer2013new.csv in FER2013_DIR")
    dataset = of_rows()
    counts = ferplus_labels(dataset, file, tmp_path / "labels.csv")
    assert (counts.num_labels, counts.num_tied, counts.num_unusable) == (31_204, 1_054, 356)
    assert (counts.num_undecided, counts.num_contempt) == (552, 186)
    found = stats(dataset, relabel=tmp_path / "labels.csv").agreement
    assert found is not None
    assert found.num_samples == 31_204
    assert (found.proportion, found.kappa) == (
        pytest.approx(0.668728, abs=1e-6),
        pytest.approx(0.594734, abs=1e-6),
    )
    shifted = replace(dataset, labels=np.roll(dataset.labels, 1))
    ferplus_labels(shifted, file, tmp_path / "shifted.csv")
    off = stats(shifted, relabel=tmp_path / "shifted.csv").agreement
    assert off is not None
    assert off.kappa < 0.05
