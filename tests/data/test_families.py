"""Names that tools give to derived files are families; other names are none."""

from __future__ import annotations

import pytest

from fer_data.duplicates.families import file_families


@pytest.mark.parametrize(
    "derived",
    [
        "1_flip.png",
        "1_aug.png",
        "1_aug_12.png",
        "1-rot90.png",
        "1 (1).png",
        "1(2).png",
        "1 - Copy.png",
        "1 - Copy (2).png",
        "1_Copy.png",
        "1.png0.jpg",
        "1.png_7.png",
        "1_flip_bright.jpg",
    ],
)
def test_a_derived_file_is_of_the_family_of_its_source(derived: str) -> None:
    files = ["train/a/0.png", "train/a/1.png", f"train/a/{derived}", f"train/b/{derived}"]
    assert file_families(files).tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize(
    "other",
    ["11.png", "1_2.png", "1a.png", "12.png", "1_happy.png", "1_flipper.png", "1_001.png"],
)
def test_other_names_are_no_family(other: str) -> None:
    assert len(set(file_families(["a/1.png", f"a/{other}"]).tolist())) == 2


def test_a_word_without_its_source_is_no_family() -> None:
    assert len(set(file_families(["a/1_flip.png", "a/2_flip.png"]).tolist())) == 2


def test_roboflow_names_are_one_family_in_every_split() -> None:
    one, other = "9f" * 16, "0a" * 16
    files = [
        f"train/a/x1_jpg.rf.{one}.jpg",
        f"valid/a/x1_jpg.rf.{other}.jpg",
        f"train/b/x1_jpg.rf.{one}.jpg",
        f"train/a/x2_jpg.rf.{one}.jpg",
    ]
    assert file_families(files).tolist() == [0, 0, 1, 2]


def test_files_of_one_stem_are_no_family() -> None:
    assert file_families(["a/1.jpg", "a/1.png", "a/2.jpg"]).tolist() == [0, 1, 2]
    records = [f"train-00000-of-00001.tfrecord:{row}" for row in range(3)]
    assert len(set(file_families(records).tolist())) == 3
