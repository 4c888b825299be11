"""Class folders: splits, classes, links, and what is skipped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import fer_data
from fer_data.errors import DataError
from tests.conftest import MakeFolder
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.dataset_parts import classes_of, skipped
from tests.helpers.keys import fingerprint
from tests.helpers.programs import NOT_ROOT

# Folders


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val"])
def test_split_folders_are_read_under_any_of_their_names(
    make_folder: MakeFolder, name: str
) -> None:
    root = make_folder({"test/cat": 2, f"{name}/cat": 3, "train/cat": 4, "train/dog": 5})
    dataset = fer_data.load(root)
    assert dataset.splits == ("train", "validation", "test")
    assert dataset.class_names == ("cat", "dog")
    assert dataset.class_counts("train").tolist() == [4, 5]
    assert dataset.class_counts("validation").tolist() == [3, 0]
    assert dataset.class_counts("test").tolist() == [2, 0]


@pytest.mark.parametrize(
    ("name", "split"),
    [("train", "train"), ("test", "test"), ("valid", "validation"), ("anything", "train")],
)
def test_a_folder_of_class_folders_is_the_split_of_its_name_or_train(
    make_folder: MakeFolder, name: str, split: str
) -> None:
    dataset = fer_data.load(make_folder({"cat": 1, "dog": 2}, name=name))
    assert dataset.splits == (split,)
    assert dataset.class_counts(split).tolist() == [1, 2]


def test_labels_follow_the_alphabet_whatever_order_folders_were_made_in(
    make_folder: MakeFolder,
) -> None:
    names = ["zebra", "Ärger", "a b", "幸せ", "Zoo", "😀", "10", "9"]
    dataset = fer_data.load(make_folder(dict.fromkeys(names, 1)))
    assert dataset.class_names == tuple(sorted(names))
    assert classes_of(dataset) == [location.split("/")[0] for location in dataset.locations]


def test_a_class_name_that_is_no_utf8_is_read_and_shown_escaped(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({os.fsdecode(b"caf\xe9"): 1, "zoo": 0}))
    assert dataset.class_names == ("caf\udce9", "zoo")
    assert dataset.sample_ids() == ["caf\\udce9/0000.png"]


def test_strangers_are_skipped_counted_and_named(make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 1, "test/cat": 1, ".git/cat": 1, "train/zoo": 0})
    for name in (
        "train/cat/Thumbs.db",
        "train/cat/notes.txt",
        "train/cat/.DS_Store",
        "train/cat/.hidden.png",
        "train/readme.md",
        "train/.DS_Store",
        "licence.txt",
    ):
        (root / name).write_bytes(b"x")
    (root / "other").mkdir()
    dataset = fer_data.load(root)
    assert len(dataset) == 2
    assert skipped(dataset) == {
        "train/cat/Thumbs.db": "not an image file",
        "train/cat/notes.txt": "not an image file",
        "train/cat/.DS_Store": "hidden",
        "train/cat/.hidden.png": "hidden",
        "train/readme.md": "not a class folder",
        "train/.DS_Store": "hidden",
        "licence.txt": "next to the split folders",
        "other": "next to the split folders",
        ".git": "hidden",
    }
    assert "2 skipped, not an image file: train/cat/Thumbs.db, train/cat/notes.txt" in (
        dataset.skipped_summary()
    )


def test_a_folder_that_is_no_regular_file_by_an_images_name_is_skipped(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    os.mkfifo(root / "cat" / "pipe.png")
    assert skipped(fer_data.load(root)) == {"cat/pipe.png": "not a regular file"}


def test_links_to_files_and_folders_are_followed_but_in_a_circle(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"train/cat": 1, "train/dog": 1})
    outside = make_folder({"cat": 1, "zoo": 0}, name="outside")
    cat = root / "train" / "cat"
    (cat / "inside.png").symlink_to("../dog/0000.png")
    (cat / "out.png").symlink_to(outside / "cat" / "0000.png")
    (cat / "broken.png").symlink_to("nowhere.png")
    (cat / "loop.png").symlink_to("loop.png")
    (cat / "up").symlink_to("../..")
    (root / "train" / "linked").symlink_to(outside / "cat")
    (root / "test").symlink_to(outside)
    dataset = fer_data.load(root)
    assert dataset.locations.tolist() == [
        "test/cat/0000.png",
        "train/cat/0000.png",
        "train/cat/inside.png",
        "train/cat/out.png",
        "train/dog/0000.png",
        "train/linked/0000.png",
    ]
    assert skipped(dataset).keys() == {
        "train/cat/broken.png",
        "train/cat/loop.png",
        "train/cat/up",
    }
    before = fingerprint(root)
    (outside / "cat" / "0000.png").write_bytes(b"another")
    assert fingerprint(root) != before


def test_a_data_set_can_be_reached_over_a_link(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    (tmp_path / "link").symlink_to(root)
    assert len(fer_data.load(tmp_path / "link")) == 2


def test_an_empty_class_is_kept_with_no_samples(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({"cat": 2, "dog": 0}))
    assert dataset.class_names == ("cat", "dog")
    assert dataset.class_counts("train").tolist() == [2, 0]


def test_folders_inside_a_class_belong_to_it(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({"cat/old/grey": 2, "cat": 1, "dog/train": 0, "dog": 1}))
    assert dataset.class_names == ("cat", "dog")
    assert dataset.class_counts("train").tolist() == [3, 1]


def test_two_folders_for_one_split_are_refused(make_folder: MakeFolder) -> None:
    root = make_folder({"val/cat": 1, "valid/cat": 1})
    with pytest.raises(DataError, match="val and valid both stand for the validation split"):
        fer_data.load(root)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: there is no such file or folder"):
        fer_data.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="nowhere: there is no such file or folder"):
        fingerprint(tmp_path / "nowhere")


def test_a_path_that_cannot_be_looked_at_is_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "loop", tmp_path / "file" / "below", tmp_path / ("long" * 100)):
        with pytest.raises(DataError, match="cannot be read"):
            fer_data.load(path)


def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe: is a FIFO"):
        fer_data.load(tmp_path / "pipe")


@NOT_ROOT
def test_an_unreadable_folder_and_file_are_named(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    table = write_csv(tmp_path / "fer.csv", [f"0,{FLAT},Training"])
    for path in (root / "cat", table):
        path.chmod(0)
        try:
            with pytest.raises(DataError, match=f"{path}: cannot be read"):
                fer_data.load(root if path.is_dir() else path)
        finally:
            path.chmod(0o700)


def test_a_folder_without_class_folders_says_what_is_expected(make_folder: MakeFolder) -> None:
    root = make_folder({".": 2})
    with pytest.raises(
        DataError, match=r"no class folders here, but 2 images;.* data/<class>/<image>"
    ):
        fer_data.load(root)


def test_class_folders_without_images_say_what_was_found(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 0, "zoo": 0})
    (root / "cat" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"no image in it .* 1 \.txt"):
        fer_data.load(root)


def test_a_split_that_is_not_there_is_named(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({"cat": 1, "zoo": 0}))
    with pytest.raises(DataError, match="there is no test split here, only train"):
        dataset.class_counts("test")


def test_a_folder_s_fingerprint_changes_with_its_files(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    seen = [fingerprint(root)]
    assert fingerprint(root) == seen[0]
    shutil.copy2(root / "cat" / "0000.png", root / "cat" / "copy.png")
    seen.append(fingerprint(root))
    shutil.copy2(root / "cat" / "0001.png", root / "cat" / "copy.png")
    seen.append(fingerprint(root))
    (root / "cat" / "copy.png").rename(root / "cat" / "other.png")
    seen.append(fingerprint(root))
    assert len(set(seen)) == 4


def test_splits_of_bare_images_are_not_taken_for_classes(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="no class folders in test, train"):
        fer_data.load(make_folder({"train": 2, "test": 2}))


def test_a_class_may_be_called_train(make_folder: MakeFolder) -> None:
    assert fer_data.load(make_folder({"train": 2, "car": 2})).class_names == ("car", "train")


def test_an_empty_class_that_comes_or_goes_changes_the_fingerprint(make_folder: MakeFolder) -> None:
    root = make_folder({"train/b": 2, "train/zoo": 0})
    before = fingerprint(root)
    (root / "train" / "a").mkdir()
    assert fingerprint(root) != before
