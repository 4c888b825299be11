"""The audit: duplicates, leaks, conflicting labels, oversampling, and the command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fer_data
from fer_data.auditing import (
    audit,
    parse_kinds,
)
from fer_data.data.reading import load
from fer_data.errors import DataError, UsageError
from tests.helpers.audited_folders import (
    EVERY,
    WITHOUT_GROUPS,
    Pixels,
    augmented,
    everything,
    group_across,
    grouped,
    only,
    plain,
    polluted,
    samples,
    write,
)
from tests.helpers.csv_files import FLAT, cell, write_csv
from tests.helpers.drawn_images import brightened, drawn_images, shifted
from tests.helpers.programs import DATA, call


def test_in_good_data_nothing_is_found(tmp_path: Path) -> None:
    audited = audit(plain(tmp_path / "data"))
    assert audited.findings == ()
    assert audited.num_distinct == {"train": (40, 40), "test": (20, 20)}


def test_redundant_copies_are_counted_and_all_but_one_are_for_exclusion(tmp_path: Path) -> None:
    again = drawn_images(120)[3]
    audited = audit(plain(tmp_path / "data", cat=[again, again]))
    finding = only(audited, "exact-duplicates")
    assert finding.where == "train"
    assert samples(audited, finding) == [[f"train/cat/{n:03d}.png" for n in (3, 40, 41)]]
    names = audited.dataset.sample_ids()
    assert [names[row] for row in finding.exclude] == ["train/cat/040.png", "train/cat/041.png"]
    assert audited.num_distinct["train"] == (40, 40)


def test_one_image_under_two_labels_is_skipped_of_training_under_both(tmp_path: Path) -> None:
    audited = audit(plain(tmp_path / "data", dog=[drawn_images(120)[3]]))
    finding = only(audited, "conflicting-labels")
    assert samples(audited, finding) == [["train/cat/003.png", "train/dog/040.png"]]
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
    audited = audit(plain(tmp_path / "data", test_dog=[change(drawn_images(120)[50])]))
    (finding,) = audited.findings
    assert (finding.kind, finding.severity, finding.where) == (kind, "error", "train, test")
    assert samples(audited, finding) == [["train/dog/010.png", "test/dog/020.png"]]
    assert audited.dataset.sample_ids()[finding.exclude[0]] == "train/dog/010.png"
    assert "1 of 41 test images (2.4%)" in finding.summary
    assert "dog 1 (5%)" in finding.summary


def test_near_duplicates_in_a_split_are_noted_and_stay(tmp_path: Path) -> None:
    audited = audit(plain(tmp_path / "data", cat=[shifted(drawn_images(120)[3], 0, 1)]))
    finding = only(audited, "near-duplicates")
    assert samples(audited, finding) == [["train/cat/003.png", "train/cat/040.png"]]
    assert finding.severity == "note"
    assert finding.exclude == ()
    assert audited.num_distinct["train"] == (40, 40)


def test_oversampling_on_disk_before_the_split_is_called_so(tmp_path: Path) -> None:
    audited = audit(polluted(tmp_path / "data"))
    finding = only(audited, "oversampled-on-disk")
    assert (finding.where, finding.severity) == ("rare", "error")
    assert "60 samples of 10 distinct images, 6.0 per image" in finding.summary
    assert re.search("[0-9]+ images have duplicates in more than one split", finding.summary)
    assert "after the split" in finding.advice
    leak = only(audited, "leaked-near-duplicates")
    assert "20 of 60 test images (33.3%)" in leak.summary
    assert "rare 20 (100%)" in leak.summary
    assert audited.num_distinct["train"] == (100, 40, 10)


def test_oversampling_on_disk_inside_training_is_a_warning(tmp_path: Path) -> None:
    every = drawn_images(120)
    random = np.random.default_rng(1)
    more = [augmented(image, random) for image in every[:40]]
    audited = audit(plain(tmp_path / "data", cat=more))
    finding = only(audited, "oversampled-on-disk")
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


def test_every_kind_of_finding_can_be_found(tmp_path: Path) -> None:
    audited = audit(group_across(everything(tmp_path / "data")))
    assert {finding.kind for finding in audited.findings} == EVERY
    order = [finding.severity for finding in audited.findings]
    assert order == sorted(order, key=["error", "warning", "note"].index)
    names = {finding.kind: finding.names for finding in audited.findings}
    assert names["unreadable"] == ("train/common/broken.png",)
    assert names["similar-class-names"] == ("Other", "other")
    assert names["missing-class"] == ("Other",)


def test_a_csv_is_audited_too(tmp_path: Path) -> None:
    image = cell(drawn_images(1)[0])
    rows = [
        f"3,{image},Training",
        f"3,{image},PublicTest",
        f"4,{FLAT},Training",
        "3,1 2,Training",
    ]
    audited = audit(write_csv(tmp_path / "fer.csv", rows))
    kinds = {finding.kind for finding in audited.findings}
    assert {"leaked-duplicates", "flat", "unreadable", "missing-class"} <= kinds
    assert samples(audited, only(audited, "leaked-duplicates")) == [["row 0", "row 1"]]


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
    leak = next(
        finding for finding in printed["findings"] if finding["kind"] == "leaked-duplicates"
    )
    assert leak["groups"][0] == ["train/common/002.png", "test/common/more000.png"]
    good = call(DATA, "audit", plain(tmp_path / "good"), "--fail-on", "note")
    assert good.code == 0
    assert "Nothing was found" in good.out


def test_what_cannot_be_found_cannot_be_failed_on(tmp_path: Path) -> None:
    root = plain(tmp_path / "data")
    refused = call(DATA, "audit", root, "--fail-on", "leaked-groups")
    assert refused.code == 2
    assert "name their column (--group-column)" in refused.err
    refused = call(DATA, "audit", root / "train", "--fail-on", "leaked-duplicates")
    assert refused.code == 2
    assert "the data has one split" in refused.err


def test_kinds_to_fail_on_are_checked_before_any_work() -> None:
    assert parse_kinds("flat, error") == ("flat", "error")
    with pytest.raises(UsageError, match="'leaks' is no kind of finding; choose one of error"):
        parse_kinds("flat,leaks")
    with pytest.raises(UsageError, match="name a kind"):
        parse_kinds(" ,")


def test_leaked_samples_are_those_of_the_later_split(tmp_path: Path) -> None:
    copies = [drawn_images(120)[50], drawn_images(120)[51][:, ::-1]]
    audited = audit(plain(tmp_path / "data", test_dog=copies))
    names = np.array(audited.dataset.sample_ids())
    assert names[audited.leaked()].tolist() == ["test/dog/020.png", "test/dog/021.png"]
    assert audited.leaked("test").sum() == 2
    assert not audited.leaked("train").any()
    with pytest.raises(DataError, match="no validation split"):
        audited.leaked("validation")
