"""Layouts of class folders that are read: wrapping folders, names of splits, links."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import fer_data
from fer_data.data.sources import class_folders
from fer_data.data.sources.tree import Listing
from fer_data.data.split_names import split_of_folder
from fer_data.errors import DataError
from tests.conftest import MakeFolder, Run
from tests.helpers.layout_folders import CLASSES, below, counts_of, pixel_csv, write

# What is read


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("plants",), ("train",)),
        (("a/b/c/d",), ("train",)),
        (("seg_train/seg_train", "seg_test/seg_test"), ("train", "test")),
        (("archive/images/train", "archive/images/validation"), ("train", "validation")),
        (("data/data/train", "data/data/test"), ("train", "test")),
        (("train_set", "val_set"), ("train", "validation")),
        (("Training", "Testing"), ("train", "test")),
        (("TrainImages", "TestImages"), ("train", "test")),
        (("train/images", "test/images"), ("train", "test")),
        (("Final_Training/Images", "Final_Test/Images"), ("train", "test")),
        (("train", "valid", "test1"), ("train", "validation", "test")),
        (("train", "Public_Test", "PrivateTest"), ("train", "public_test", "private_test")),
        (("train", "eval"), ("train", "validation")),
        (("Train", "Evaluation", "holdout"), ("train", "validation", "test")),
        (("x/test",), ("test",)),
    ],
)
def test_wrapping_folders_are_entered_and_splits_known_by_their_names(
    make_folder: MakeFolder, folders: tuple[str, ...], splits: tuple[str, ...]
) -> None:
    root = make_folder(below(*folders))
    dataset = fer_data.load(root)
    assert counts_of(root) == dict.fromkeys(splits, CLASSES)
    assert len(fer_data.open_store(root).pixels) == 5 * len(folders)
    for folder in folders:  # what is not where it is looked for first is said
        if folder.count("/") > 1 or folder == "train_set":
            place = folder.rpartition("/")[0] or folder
            assert any(place in note for note in dataset.notes)


def test_what_was_entered_is_said_by_every_command_that_shows_notes(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder(below("archive/images"))
    for command in (["stats", root], ["audit", root], ["audit", root], ["plan", root]):
        ended = run(*command)
        assert "archive/images" in ended.out + ended.err, command
    ended = run("convert", root, tmp_path / "out")
    assert "archive/images" in ended.err
    assert counts_of(tmp_path / "out") == {"train": CLASSES}
    assert sorted(path.name for path in (tmp_path / "out/train/cat").iterdir()) == [
        "0000.png",
        "0001.png",
        "0002.png",
    ]


def test_what_systems_leave_next_to_classes_is_skipped_and_counted(
    run: Run, make_folder: MakeFolder
) -> None:
    root = make_folder({**CLASSES, "__MACOSX/cat": 2, "@eaDir/dog": 1, "dog/__MACOSX": 1})
    write(root, {".DS_Store": "x", "cat/._0000.png": "x", ".cache/cat/0.png": "x"})
    assert counts_of(root) == {"train": CLASSES}
    shown = json.loads(run("stats", root, "--json").out)["skipped"]
    for name in ("__MACOSX", "@eaDir", ".DS_Store", "._0000.png", ".cache"):
        assert any(name in line for line in shown), name


def test_a_test_folder_without_class_folders_is_a_split_without_labels(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    for name, flat in (("plain", "test"), ("wrapped", "test/test"), ("images", "test/images")):
        root = make_folder({**below("train"), flat: 4}, name=name)
        dataset = fer_data.load(root)
        assert counts_of(root) == {"train": CLASSES, "test": {"cat": 0, "dog": 0}}
        assert dataset.num_unlabelled("test") == 4
        assert any("test" in note for note in dataset.notes)
    assert run("convert", root, tmp_path / "data.npz").code == 0
    assert fer_data.load(tmp_path / "data.npz").num_unlabelled("test") == 4


def test_files_of_more_formats_are_images(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 0, "dog": 0})
    for name, ending in (("cat", "ppm"), ("cat", "jfif"), ("dog", "pgm"), ("dog", "jpe")):
        kind = "JPEG" if ending.startswith("j") else "PPM"
        Image.new("L", (48, 48), 9).save(root / name / f"x.{ending}", kind)
    assert fer_data.open_store(root).pixels.shape == (4, 48, 48, 1)


def test_a_test_folder_among_class_folders_is_a_split_without_labels(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({**CLASSES, "test": 4})
    dataset = fer_data.load(root)
    assert counts_of(root) == {"train": CLASSES, "test": {"cat": 0, "dog": 0}}
    assert dataset.num_unlabelled("test") == 4
    assert any("test" in note for note in dataset.notes)
    assert len(fer_data.open_store(root).pixels) == 9


@pytest.mark.parametrize(
    "classes",
    [
        ("frames", "boxes", "bags"),
        ("valid", "invalid"),
        ("test", "control"),
        ("train", "bus", "car"),
    ],
)
def test_classes_that_are_called_like_something_else_are_classes(
    make_folder: MakeFolder, classes: tuple[str, ...]
) -> None:
    root = make_folder(dict.fromkeys(classes, 3))
    assert counts_of(root) == {"train": dict.fromkeys(sorted(classes), 3)}


def test_folders_of_texts_and_of_images_without_labels_are_skipped_and_counted(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({**CLASSES, "code": 0})
    write(root, {"code/train.py": "pass", "code/notes.txt": "x"})
    assert counts_of(root) == {"train": CLASSES}
    assert any(left.name == "code" for left in fer_data.load(root).skipped)
    root = make_folder({**below("seg_train", "seg_test"), "seg_pred/seg_pred": 3}, name="intel")
    dataset = fer_data.load(root)
    assert len(dataset) == 10
    assert any("seg_pred" in note for note in dataset.notes)
    assert any(left.name == "seg_pred" for left in dataset.skipped)


def test_what_is_skipped_says_why(make_folder: MakeFolder) -> None:
    root = make_folder({**below("data"), "__MACOSX/cat": 1})
    write(root, {".x": "x", "readme.txt": "x"})
    reasons = {left.name: left.reason for left in fer_data.load(root).skipped}
    assert reasons[".x"] == "hidden"
    assert "system" in reasons["__MACOSX"]
    assert "split" not in reasons["readme.txt"]


# Links


def test_linked_classes_splits_and_files_are_read(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"train/cat": 3, "train/dog": 2})
    disk = make_folder({"eel": 4, "held/cat": 1, "held/dog": 1}, name="disk")
    (root / "train" / "eel").symlink_to("../../disk/eel")
    (root / "test").symlink_to(disk / "held")
    (root / "train" / "dog" / "linked.png").symlink_to(disk / "eel" / "0000.png")
    expected = {"train": {"cat": 3, "dog": 3, "eel": 4}, "test": {"cat": 1, "dog": 1, "eel": 0}}
    assert counts_of(root) == expected
    assert len(fer_data.open_store(root).pixels) == 12


@pytest.mark.parametrize("name", ["eel", "003.Eel", "c.eel"])
def test_a_link_that_leads_nowhere_is_an_error_where_it_may_be_a_class(
    make_folder: MakeFolder, tmp_path: Path, name: str
) -> None:
    root = make_folder(CLASSES)
    (root / "readme.txt").symlink_to(tmp_path / "gone")
    assert counts_of(root) == {"train": CLASSES}
    (root / name).symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"[eE]el"):
        fer_data.load(root)


def test_links_that_double_at_each_step_end(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder(CLASSES)
    steps = [tmp_path / "steps" / str(i) for i in range(40)]
    for step in steps:
        step.mkdir(parents=True)
    for step, following in pairwise(steps):
        for name in "ab":
            (step / name).symlink_to(following)
    (steps[-1] / "0.png").write_bytes((root / "cat" / "0000.png").read_bytes())
    (root / "cat" / "steps").symlink_to(steps[0])
    assert counts_of(root) == {"train": {"cat": 4, "dog": 2}}


def test_links_in_a_circle_end(make_folder: MakeFolder) -> None:
    root = make_folder(below("train"))
    (root / "train" / "cat" / "up").symlink_to("..")
    (root / "train" / "again").symlink_to("../..")
    (root / "train" / "dog" / "self").symlink_to(".")
    (root / "train" / "dog" / "back").symlink_to("../../train")
    (root / "train" / "cat" / "out").symlink_to(root.parent)
    assert counts_of(root) == {"train": CLASSES}
    assert len(fer_data.load(root).skipped) >= 4


def test_a_folder_that_holds_one_file_of_data_is_read_as_it(make_folder: MakeFolder) -> None:
    for where in ("", "fer2013"):
        root = make_folder({where or ".": 0}, name=f"data{where}")
        path = root / where / "fer2013.csv"
        pixel_csv(path, "emotion,pixels", "3,@")
        write(root, {"README.md": "x", ".hidden.csv": "x"})
        dataset = fer_data.load(root)
        assert dataset.root == path
        assert any("fer2013.csv" in note for note in dataset.notes)
        fer_data.convert(dataset, root.with_name(f"new{where}.parquet"))
        (root / where / "more.csv").write_bytes(path.read_bytes())
        with pytest.raises(DataError, match=os.path.join(where, "fer2013.csv")):
            fer_data.load(root)
        path.unlink()
        (root / where / "more.csv").unlink()
        root.with_name(f"new{where}.parquet").rename(root / where / "x.parquet")
        assert len(fer_data.load(root)) == 1


# Invariants

AFFIXES = st.sampled_from(["", "seg_", "Final-", "face_", "2017"])


ENDS = st.sampled_from(["", "_set", "-images", "_data", "Set", " faces", "1", "_2017", "_split"])


@given(
    AFFIXES,
    st.sampled_from([("train", "train"), ("training", "train"), ("val", "validation")]),
    ENDS,
    st.sampled_from([str, str.upper, str.title]),
)
def test_affixes_and_case_do_not_change_a_split(
    before: str, named: tuple[str, str], after: str, cased: Callable[[str], str]
) -> None:
    word, split = named
    whole = before + cased(word) + after
    if cased is str.upper and after == "Set":  # TRAINSet: no words can be distinguished
        return
    assert split_of_folder(whole) == split


@given(st.text(max_size=12))
def test_a_name_without_a_split_s_word_is_none(name: str) -> None:
    words = ("tr", "val", "dev", "te", "ts", "holdout")
    if not any(word in name.lower() for word in words):
        assert split_of_folder(name) is None


TREES = st.recursive(
    st.integers(0, 2),
    lambda inner: st.dictionaries(
        st.sampled_from(["train", "test", "a", "b", "images", "labels"]), inner, max_size=3
    ),
    max_leaves=8,
)


def listings(tree: int | dict[str, object], path: str = "") -> dict[str, Listing]:
    if isinstance(tree, int):
        return {path: Listing(num_images=tree)}
    found = {path: Listing(tuple(sorted(tree)))}
    for name, inner in tree.items():
        found |= listings(inner, f"{path}/{name}" if path else name)  # type: ignore[arg-type]
    return found


@given(TREES)
def test_any_tree_is_read_or_refused_and_no_image_is_in_two_classes(
    tree: int | dict[str, object],
) -> None:
    found = listings(tree)
    for read in (class_folders.find, class_folders.read_as_named):
        try:
            layout = read(Path("/data"), found.__getitem__)
        except DataError:
            continue
        paths = [folder.path for folder in layout.folders]
        assert len(set(paths)) == len(paths)
        assert not any(a != b and a.startswith(f"{b}/") for a in paths for b in paths)
        assert set(paths) <= found.keys()
        if read is class_folders.find:  # every class has images of its own, or none at all
            for path in paths:
                below = [name for name in found if name.startswith(f"{path}/")]
                own = found[path].num_images
                assert (
                    own
                    or not any(found[name].num_images for name in below)
                    or any(folder.path == path and folder.name is None for folder in layout.folders)
                )
            assert len({folder.name for folder in layout.folders} - {None}) > 1
            reported = [*paths, *(note.split()[0] for note in layout.notes if "not read" in note)]
            for name, listing in found.items():  # no image is lost without a word
                if listing.num_images and name not in layout.parents:
                    assert any(f"{name}/".startswith(f"{path}/") for path in reported), name
