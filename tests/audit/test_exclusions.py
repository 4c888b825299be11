"""Which samples the audit excludes."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data.auditing import (
    KINDS,
    audit,
    nearly_emptied,
    write_exclusions,
)
from fer_data.errors import DataError, UsageError
from tests.conftest import Run
from tests.helpers.audited_folders import Pixels, everything, only, plain, polluted, write
from tests.helpers.drawn_images import drawn_images, shifted


def test_of_training_and_test_only_training_samples_are_for_exclusion(tmp_path: Path) -> None:
    audited = audit(everything(tmp_path / "data"))
    excluded = {row for finding in audited.findings for row in finding.exclude}
    assert excluded
    assert {audited.dataset.splits[audited.dataset.split_codes[row]] for row in excluded} == {
        "train"
    }


def test_without_the_exclusions_no_test_image_is_leaked(tmp_path: Path) -> None:
    root = everything(tmp_path / "data")
    audited = audit(root)
    number = write_exclusions(audited.findings, audited.dataset, tmp_path / "out.csv")
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == number
    assert {row["kind"] for row in rows} <= set(KINDS)
    again = {finding.kind for finding in audit(root, exclude=tmp_path / "out.csv").findings}
    assert not again & {"leaked-duplicates", "leaked-near-duplicates", "conflicting-labels"}


def test_what_is_excluded_is_in_no_finding(tmp_path: Path) -> None:
    root = everything(tmp_path / "data")
    audited = audit(root)
    names = audited.dataset.sample_ids()
    odd = [finding for finding in audited.findings if finding.kind in ("odd-size", "odd-color")]
    samples = [names[row] for finding in odd for group in finding.groups for row in group]
    listed = "\n".join(["sample", *samples, "train/common/broken.png"])
    (tmp_path / "out.csv").write_text(listed + "\n")
    again = audit(root, exclude=tmp_path / "out.csv")
    assert not again.of_kinds(("odd-size", "odd-color", "unreadable"))


@pytest.mark.filterwarnings("ignore:.* training samples are excluded")
def test_what_cannot_be_decoded_is_excluded(tmp_path: Path) -> None:
    root = everything(tmp_path / "data")
    audited = audit(root)
    with pytest.raises(DataError, match="can be decoded"):
        fer_data.open_loader(root, image_size=48, color="grey")
    clean = fer_data.load(root).exclude(audited)
    assert len(clean) == len(audited.dataset) - len(audited.exclude_rows)
    write_exclusions(audited.findings, audited.dataset, tmp_path / "out.csv")
    listed = fer_data.load(root, exclude=tmp_path / "out.csv")
    for data in (clean, listed, audited.dataset.exclude(audited)):
        assert "train/common/broken.png" not in data.sample_ids()
        assert fer_data.open_loader(data, image_size=48, color="grey").num_steps
        assert not audit(data).of_kinds(("unreadable",))


def test_an_audit_skips_bad_items_however_it_is_asked(tmp_path: Path, run: Run) -> None:
    root = everything(tmp_path / "data")
    outputs = [run("audit", root, "--json", *more).out for more in ((), ("--skip-bad",))]
    assert outputs[0] == outputs[1]
    assert '"unreadable"' in outputs[0]
    assert "are skipped here in any case" in " ".join(run("audit", "--help").out.split())


@pytest.mark.filterwarnings("ignore:.* training samples are excluded")
def test_an_audit_excludes_the_same_samples_once_files_are_gone_or_new(tmp_path: Path) -> None:
    root = everything(tmp_path / "data")
    audited = audit(root)
    bad = set(audited.exclude_ids)
    (root / "train/common/broken.png").unlink()
    first = min((root / "train/common").glob("*.png"))
    (first.parent / "0000-first.png").write_bytes(first.read_bytes())
    data = fer_data.load(root)
    clean = data.exclude(audited)
    assert {*clean.sample_ids()} == {*data.sample_ids()} - bad
    other = everything(tmp_path / "other")
    with pytest.raises(UsageError, match="is other data than"):
        fer_data.load(other).exclude(audited)


def test_images_that_only_lost_their_colour_are_not_for_exclusion(tmp_path: Path) -> None:
    def striped(*color: int) -> Pixels:
        image = np.full((48, 48, 3), 255, np.uint8)
        image[::4] = color
        return image

    audited = audit(
        write(
            tmp_path / "data",
            {"train/red": [striped(200, 0, 0)] * 25, "train/green": [striped(0, 102, 0)] * 25},
        )
    )
    assert audited.of_kinds(("conflicting-labels",))
    names = audited.dataset.sample_ids()
    excluded = {names[row] for finding in audited.findings for row in finding.exclude}
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
    audited = audit(root)
    names = audited.dataset.sample_ids()
    duplicates, conflict = only(audited, "exact-duplicates"), only(audited, "conflicting-labels")
    assert "48x48" not in duplicates.summary + conflict.summary
    excluded = [{names[row] for row in finding.exclude} for finding in (duplicates, conflict)]
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
    audited = audit(root)
    for kind in ("exact-duplicates", "conflicting-labels"):
        finding = only(audited, kind)
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
    audited = audit(root)
    errors = [
        finding.where for finding in audited.of_kinds(("error",)) if finding.kind != "missing-class"
    ]
    assert errors == ["train, validation"] * 2
    names = audited.dataset.sample_ids()
    excluded = {names[row] for finding in audited.findings for row in finding.exclude}
    assert excluded == {"train/cat/003.png", "train/cat/005.png"}


def test_a_leak_of_validation_into_test_is_mended_in_validation(tmp_path: Path) -> None:
    every = drawn_images(60)
    root = write(tmp_path / "data", {"val/cat": list(every[:30]), "test/cat": list(every[29:])})
    (root / "val/dog").mkdir()
    audited = audit(root)
    names = audited.dataset.sample_ids()
    excluded = {names[row] for finding in audited.findings for row in finding.exclude}
    assert excluded == {"val/cat/029.png"}


def test_it_says_where_exclusions_leave_less_than_half_of_a_class(tmp_path: Path) -> None:
    audited = audit(polluted(tmp_path / "data"))
    (line,) = nearly_emptied(audited)
    assert re.fullmatch("that leaves [0-9] of 40 training samples of rare", line)
    with pytest.warns(UserWarning, match=f"; {line}. Where groups .* fer_data.split") as warned:
        left = fer_data.load(tmp_path / "data").exclude(audited)
    assert warned[0].filename == __file__
    assert line.split()[2] == str(left.counts["train"]["rare"])
    assert nearly_emptied(audit(plain(tmp_path / "good"))) == []


def test_a_version_goes_where_the_image_itself_is_known_too(tmp_path: Path) -> None:
    known = drawn_images(120)[90]
    root = plain(tmp_path / "data", cat=[known, known[:, ::-1], shifted(known, 1, 0)])
    audited = audit(root)
    write_exclusions(audited.findings, audited.dataset, tmp_path / "out.csv")
    again = audit(root, exclude=tmp_path / "out.csv")
    assert not again.of_kinds(("leaked-duplicates", "leaked-near-duplicates"))
    assert again.dataset.num_excluded == 3
