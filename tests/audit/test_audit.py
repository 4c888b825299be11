from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import fer_data
from fer_data.auditing import (
    KINDS,
    Audit,
    Finding,
    audit,
    nearly_emptied,
    parse_kinds,
    write_exclusions,
)
from fer_data.data.dataset import Dataset
from fer_data.data.reading import load
from fer_data.errors import UsageError
from tests.conftest import Run
from tests.helpers.csv_files import FLAT, cell, write_csv
from tests.helpers.drawn_images import brightened, drawn_images, shifted
from tests.helpers.programs import DATA, call

Pixels = NDArray[np.uint8]


def write(root: Path, images: dict[str, list[Pixels]], prefix: str = "") -> Path:
    """Write images as PNG files: {"train/cat": [...]}, numbered from 0."""
    for folder, found in images.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(found):
            Image.fromarray(image).save(root / folder / f"{prefix}{number:03d}.png")
    return root


def plain(root: Path, **more: list[Pixels]) -> Path:
    """Write two splits of two classes with nothing wrong in them, and `more` after those."""
    every = list(drawn_images(120))
    return write(
        root,
        {
            "train/cat": every[:40] + more.get("cat", []),
            "train/dog": every[40:80] + more.get("dog", []),
            "test/cat": every[80:100] + more.get("test_cat", []),
            "test/dog": every[100:] + more.get("test_dog", []),
        },
    )


def only(found: Audit, kind: str) -> Finding:
    (finding,) = found.of_kinds((kind,))
    return finding


def samples(found: Audit, finding: Finding) -> list[list[str]]:
    names = found.dataset.sample_ids()
    return [[names[row] for row in group] for group in finding.groups]


def test_in_good_data_nothing_is_found(tmp_path: Path) -> None:
    found = audit(plain(tmp_path / "data"))
    assert found.findings == ()
    assert found.num_distinct == {"train": (40, 40), "test": (20, 20)}


def test_redundant_copies_are_counted_and_all_but_one_are_for_exclusion(tmp_path: Path) -> None:
    again = drawn_images(120)[3]
    found = audit(plain(tmp_path / "data", cat=[again, again]))
    finding = only(found, "exact-duplicates")
    assert finding.where == "train"
    assert samples(found, finding) == [[f"train/cat/{n:03d}.png" for n in (3, 40, 41)]]
    names = found.dataset.sample_ids()
    assert [names[row] for row in finding.exclude] == ["train/cat/040.png", "train/cat/041.png"]
    assert found.num_distinct["train"] == (40, 40)


def test_one_image_under_two_labels_is_skipped_of_training_under_both(tmp_path: Path) -> None:
    found = audit(plain(tmp_path / "data", dog=[drawn_images(120)[3]]))
    finding = only(found, "conflicting-labels")
    assert samples(found, finding) == [["train/cat/003.png", "train/dog/040.png"]]
    assert finding.exclude == finding.groups[0]
    assert finding.severity == "error"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda image: image, "leaked-duplicates"),
        (lambda image: image[:, ::-1], "leaked-near-duplicates"),
        (lambda image: shifted(brightened(image, 20), 1, -1), "leaked-near-duplicates"),
    ],
)
def test_a_test_image_that_training_has_is_a_leak(
    tmp_path: Path, change: Callable[[Pixels], Pixels], kind: str
) -> None:
    found = audit(plain(tmp_path / "data", test_dog=[change(drawn_images(120)[50])]))
    (finding,) = found.findings
    assert (finding.kind, finding.severity, finding.where) == (kind, "error", "train, test")
    assert samples(found, finding) == [["train/dog/010.png", "test/dog/020.png"]]
    assert found.dataset.sample_ids()[finding.exclude[0]] == "train/dog/010.png"
    assert "1 of 41 test images (2.4%)" in finding.summary
    assert "dog 1 (5%)" in finding.summary


def test_near_duplicates_in_a_split_are_noted_and_stay(tmp_path: Path) -> None:
    found = audit(plain(tmp_path / "data", cat=[shifted(drawn_images(120)[3], 0, 1)]))
    finding = only(found, "near-duplicates")
    assert samples(found, finding) == [["train/cat/003.png", "train/cat/040.png"]]
    assert finding.severity == "note"
    assert finding.exclude == ()
    assert found.num_distinct["train"] == (40, 40)


def augmented(image: Pixels, random: np.random.Generator) -> Pixels:
    """Return what people save to disk to have more of a class."""
    if random.random() < 0.5:
        image = image[:, ::-1]
    moved = shifted(image, *random.integers(-2, 3, 2).tolist())
    return brightened(moved, int(random.integers(-25, 26)))


def polluted(root: Path) -> Path:
    """Write a class that was oversampled on disk, by flips, shifts, brightness, before a split."""
    random = np.random.default_rng(0)
    every = drawn_images(190)
    rare = [augmented(image, random) for image in every[:10] for _ in range(6)]
    order = random.permutation(len(rare))
    return write(
        root,
        {
            "train/common": list(every[10:110]),
            "train/other": list(every[110:150]),
            "train/rare": [rare[i] for i in order[:40]],
            "test/common": list(every[150:170]),
            "test/other": list(every[170:]),
            "test/rare": [rare[i] for i in order[40:]],
        },
    )


def test_oversampling_on_disk_before_the_split_is_called_so(tmp_path: Path) -> None:
    found = audit(polluted(tmp_path / "data"))
    finding = only(found, "oversampled-on-disk")
    assert (finding.where, finding.severity) == ("rare", "error")
    assert "60 samples of 10 distinct images, 6.0 per image" in finding.summary
    assert re.search("[0-9]+ images have duplicates in more than one split", finding.summary)
    assert "after the split" in finding.advice
    leak = only(found, "leaked-near-duplicates")
    assert "20 of 60 test images (33.3%)" in leak.summary
    assert "rare 20 (100%)" in leak.summary
    assert found.num_distinct["train"] == (100, 40, 10)


def test_oversampling_on_disk_inside_training_is_a_warning(tmp_path: Path) -> None:
    every = drawn_images(120)
    random = np.random.default_rng(1)
    more = [augmented(image, random) for image in every[:40]]
    found = audit(plain(tmp_path / "data", cat=more))
    finding = only(found, "oversampled-on-disk")
    assert (finding.where, finding.severity) == ("cat", "warning")
    assert len(finding.exclude) >= 38


def test_groups_in_training_and_evaluation_are_errors_that_name_them(tmp_path: Path) -> None:
    data = load(plain(tmp_path / "data"))
    first, last = data.indices("train")[[0, -1]].tolist()
    judged = data.indices("test").tolist()
    one, other = [first, first + 1, judged[0]], [last, *judged[-2:]]
    found = only(
        audit(grouped(data, anna=one, berta=other, carla=[first + 5, first + 6])),
        "leaked-groups",
    )
    assert (found.severity, found.where) == ("error", "train, test")
    assert found.names == ("anna", "berta")
    assert found.groups == (tuple(one), tuple(other))
    assert found.exclude == (first, first + 1, last)
    assert "anna, berta" in found.summary
    before = audit(grouped(data, anna=one, berta=other))
    left = audit(data.exclude(before))
    assert left.findings == ()
    train, test = fer_data.split(grouped(data, anna=one), validation=0, test=0.2, pool=True)
    assert not np.intersect1d(train.groups, test.groups).size


def test_classes_of_different_sizes_are_not_called_oversampled(tmp_path: Path) -> None:
    every = list(drawn_images(150))
    root = write(tmp_path / "data", {"train/few": every[:20], "train/many": every[20:]})
    assert audit(root).findings == ()


EVERY = KINDS.keys() - {"image-drift"}  # which has tests of its own
WITHOUT_GROUPS = EVERY - {"leaked-groups"}


def everything(root: Path) -> Path:
    """Write a data set that has at least one of every kind of finding."""
    polluted(root)
    first = drawn_images(190)[10:16]
    ramp = np.tile(np.linspace(40, 200, 48), (48, 1)).astype(np.uint8)
    spot = np.zeros((48, 48), np.uint8)
    spot[:8, :8] = 200
    write(
        root,
        {
            "train/Other": [first[0], first[1]],
            "test/common": [first[2], np.full((48, 48), 9, np.uint8)],
            "train/common": [
                *(first[3], first[3], np.full((48, 48), 9, np.uint8), ramp, spot, 255 - spot),
                *((128 + first[4] // 100), shifted(first[5], 1, 0)),
            ],
        },
        "more",
    )
    other = drawn_images(3, seed=9)
    Image.fromarray(np.stack([other[0]] * 3, axis=-1)).save(root / "train/common/rgb.png")
    Image.fromarray(other[1]).resize((64, 64)).save(root / "train/common/size.png")
    (root / "train/common/broken.png").write_bytes(b"not an image")
    return root


def grouped(data: Dataset, **samples: list[int]) -> Dataset:
    """Return a dataset whose groups are these, by name, and each other sample alone."""
    groups = len(samples) + np.arange(len(data))
    for number, indices in enumerate(samples.values()):
        groups[indices] = number
    names = np.array([*samples, *[""] * len(data)])
    return replace(data, groups=groups, group_names=names)


def group_across(root: Path) -> Dataset:
    """Return the dataset of a folder with a group in each split."""
    data = load(root)
    return grouped(data, patient=[int(data.indices(split)[0]) for split in data.splits])


def test_every_kind_of_finding_can_be_found(tmp_path: Path) -> None:
    found = audit(group_across(everything(tmp_path / "data")))
    assert {finding.kind for finding in found.findings} == EVERY
    order = [finding.severity for finding in found.findings]
    assert order == sorted(order, key=["error", "warning", "note"].index)
    names = {finding.kind: finding.names for finding in found.findings}
    assert names["unreadable"] == ("train/common/broken.png",)
    assert names["similar-class-names"] == ("Other", "other")
    assert names["missing-class"] == ("Other",)


def test_of_training_and_test_only_training_samples_are_for_exclusion(tmp_path: Path) -> None:
    found = audit(everything(tmp_path / "data"))
    excluded = {row for finding in found.findings for row in finding.exclude}
    assert excluded
    assert {found.dataset.splits[found.dataset.split_codes[row]] for row in excluded} == {"train"}


def test_without_the_exclusions_no_test_image_is_leaked(tmp_path: Path) -> None:
    root = everything(tmp_path / "data")
    found = audit(root)
    number = write_exclusions(found.findings, found.dataset, tmp_path / "out.csv")
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == number
    assert {row["kind"] for row in rows} <= set(KINDS)
    again = {one.kind for one in audit(root, exclude=tmp_path / "out.csv").findings}
    assert not again & {"leaked-duplicates", "leaked-near-duplicates", "conflicting-labels"}


def test_what_is_excluded_is_in_no_finding(tmp_path: Path) -> None:
    root = everything(tmp_path / "data")
    found = audit(root)
    names = found.dataset.sample_ids()
    odd = [finding for finding in found.findings if finding.kind in ("odd-size", "odd-color")]
    samples = [names[row] for finding in odd for group in finding.groups for row in group]
    listed = "\n".join(["sample", *samples, "train/common/broken.png"])
    (tmp_path / "out.csv").write_text(listed + "\n")
    again = audit(root, exclude=tmp_path / "out.csv")
    assert not again.of_kinds(("odd-size", "odd-color", "unreadable"))


def test_images_that_only_lost_their_colour_are_not_for_exclusion(tmp_path: Path) -> None:
    def striped(*color: int) -> Pixels:
        image = np.full((48, 48, 3), 255, np.uint8)
        image[::4] = color
        return image

    found = audit(
        write(
            tmp_path / "data",
            {"train/red": [striped(200, 0, 0)] * 25, "train/green": [striped(0, 102, 0)] * 25},
        )
    )
    assert found.of_kinds(("conflicting-labels",))
    names = found.dataset.sample_ids()
    excluded = {names[row] for one in found.findings for row in one.exclude}
    # the files of a colour are equal to the byte, so one of each stays
    assert excluded == {
        f"train/{color}/{n:03d}.png" for color in ("red", "green") for n in range(1, 25)
    }


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3), (90, 60), (17, 32, 3)])
def test_flat_images_are_for_exclusion_whatever_their_size_and_colour(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    flat = np.full(shape, 90, np.uint8)
    not_flat = np.zeros((*shape[:2], 3), np.uint8)
    not_flat[:] = 200, 0, 0
    not_flat[::2] = 0, 102, 0  # as bright
    root = write(tmp_path / "data", {"train/a": [flat, not_flat], "train/b": drawn_images(2)})
    flat_ones = only(audit(root), "flat")
    assert (flat_ones.groups, flat_ones.exclude) == (((0,),), (0,))


@pytest.mark.parametrize(("side", "is_found"), [(32, False), (48, True), (96, True)])
def test_small_images_are_not_called_blurred_for_being_enlarged(
    tmp_path: Path, side: int, is_found: bool
) -> None:
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    smooth = [np.roll(np.tile(ramp, (side, 1)), 3 * step, axis=1)[:, ::-1] for step in range(2)]
    root = write(tmp_path / "data", {"train/a": smooth, "train/b": drawn_images(2)})
    assert bool(audit(root).of_kinds(("blurred",))) == is_found


def colourful(seed: int) -> Pixels:
    return np.stack([*drawn_images(3, seed=seed)], axis=-1)


def test_of_equal_files_in_colour_all_but_one_are_for_exclusion(tmp_path: Path, run: Run) -> None:
    one, other = colourful(1), colourful(2)
    root = write(tmp_path / "data", {"train/cat": [one, one, other, one], "train/dog": [other]})
    found = audit(root)
    names = found.dataset.sample_ids()
    duplicates, conflict = only(found, "exact-duplicates"), only(found, "conflicting-labels")
    assert "48x48" not in duplicates.summary + conflict.summary
    excluded = [{names[row] for row in one.exclude} for one in (duplicates, conflict)]
    assert excluded == [
        {"train/cat/001.png", "train/cat/003.png", "train/dog/000.png"},
        {"train/cat/002.png", "train/dog/000.png"},
    ]
    ended = run("audit", root, "--write-exclusions", tmp_path / "out.csv")
    assert "4 samples are to be excluded" in ended.err


def test_images_that_are_equal_only_at_48x48_grey_are_reported_and_stay(tmp_path: Path) -> None:
    one = colourful(1)
    root = write(tmp_path / "data", {"train/cat": [one], "train/dog": [colourful(2)]})
    # the same pixels in another file: nothing says so without decoding both at their own size
    Image.fromarray(one).save(root / "train/cat/again.png", compress_level=0)
    Image.fromarray(one).save(root / "train/dog/again.png", compress_level=1)
    found = audit(root)
    for kind in ("exact-duplicates", "conflicting-labels"):
        finding = only(found, kind)
        assert "equal only at 48x48 grey" in finding.summary
        assert finding.exclude == ()
        assert "train on one of each" not in finding.advice
        assert "train without them" not in finding.advice


def test_a_leak_into_validation_is_mended_in_training(tmp_path: Path) -> None:
    every = drawn_images(60)
    root = write(
        tmp_path / "data",
        {"train/cat": list(every[:40]), "val/cat": [*every[40:], every[3], every[5][:, ::-1]]},
    )
    (root / "train/dog").mkdir()
    found = audit(root)
    errors = [one.where for one in found.of_kinds(("error",)) if one.kind != "missing-class"]
    assert errors == ["train, validation"] * 2
    names = found.dataset.sample_ids()
    excluded = {names[row] for finding in found.findings for row in finding.exclude}
    assert excluded == {"train/cat/003.png", "train/cat/005.png"}


def test_a_leak_of_validation_into_test_is_mended_in_validation(tmp_path: Path) -> None:
    every = drawn_images(60)
    root = write(tmp_path / "data", {"val/cat": list(every[:30]), "test/cat": list(every[29:])})
    (root / "val/dog").mkdir()
    found = audit(root)
    names = found.dataset.sample_ids()
    excluded = {names[row] for finding in found.findings for row in finding.exclude}
    assert excluded == {"val/cat/029.png"}


def test_it_says_where_exclusions_leave_less_than_half_of_a_class(tmp_path: Path) -> None:
    found = audit(polluted(tmp_path / "data"))
    (line,) = nearly_emptied(found)
    assert re.fullmatch("that leaves [0-9] of 40 training samples of rare", line)
    assert nearly_emptied(audit(plain(tmp_path / "good"))) == []


def test_a_version_goes_where_the_image_itself_is_known_too(tmp_path: Path) -> None:
    known = drawn_images(120)[90]
    root = plain(tmp_path / "data", cat=[known, known[:, ::-1], shifted(known, 1, 0)])
    found = audit(root)
    write_exclusions(found.findings, found.dataset, tmp_path / "out.csv")
    again = audit(root, exclude=tmp_path / "out.csv")
    assert not again.of_kinds(("leaked-duplicates", "leaked-near-duplicates"))
    assert again.dataset.num_excluded == 3


def test_a_csv_is_audited_too(tmp_path: Path) -> None:
    image = cell(drawn_images(1)[0])
    rows = [
        f"3,{image},Training",
        f"3,{image},PublicTest",
        f"4,{FLAT},Training",
        "3,1 2,Training",
    ]
    found = audit(write_csv(tmp_path / "fer.csv", rows))
    kinds = {finding.kind for finding in found.findings}
    assert {"leaked-duplicates", "flat", "unreadable", "missing-class"} <= kinds
    assert samples(found, only(found, "leaked-duplicates")) == [["row 0", "row 1"]]


def test_the_command_prints_and_fails_as_it_is_asked(tmp_path: Path) -> None:
    root, out = everything(tmp_path / "data"), tmp_path / "out.csv"
    run = call(DATA, "audit", root, "--write-exclusions", out)
    assert run.code == 0
    for kind in WITHOUT_GROUPS:
        assert kind in run.out
    assert out.read_text().startswith("sample,kind,split\n")
    run = call(DATA, "audit", root, "--json", "--fail-on", "dark,bright")
    assert run.code == 1
    printed = json.loads(run.out)
    assert printed["num_distinct"]["train"]["rare"] == 10
    leak = next(one for one in printed["findings"] if one["kind"] == "leaked-duplicates")
    assert leak["groups"][0] == ["train/common/002.png", "test/common/more000.png"]
    good = call(DATA, "audit", plain(tmp_path / "good"), "--fail-on", "note")
    assert good.code == 0
    assert "Nothing was found" in good.out


def test_kinds_to_fail_on_are_checked_before_any_work() -> None:
    assert parse_kinds("flat, error") == ("flat", "error")
    with pytest.raises(UsageError, match="'leaks' is no kind of finding; choose one of error"):
        parse_kinds("flat,leaks")
    with pytest.raises(UsageError, match="name a kind"):
        parse_kinds(" ,")


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
    found = audit(root)
    counts = {(one.kind, one.where): one.num_samples for one in found.findings}
    assert counts == {
        ("missing-class", "test"): 0,
        ("few-samples", "train"): 10,
        ("few-samples", "test"): 10,
        ("similar-class-names", ""): 20,
    }


def test_unreadable_files_are_counted(tmp_path: Path) -> None:
    root = plain(tmp_path / "data")
    (root / "train/cat/broken.png").write_bytes(b"not an image")
    assert only(audit(root), "unreadable").num_samples == 1


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
    found = {one.kind: one.summary for one in audit(root).findings}
    assert found["exact-duplicates"] == "1 redundant duplicate: 1 image appears twice"
    assert found["near-duplicates"] == "1 group of near-duplicates, 2 distinct images"
    assert found["flat"] == "1 image is of a single colour"
    assert "1 of 41 test images (2.4%) is equal to an image of train" in found["leaked-duplicates"]
