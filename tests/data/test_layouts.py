"""Layouts of public data sets: read as they are meant, or refused with what to do."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import sys
import tarfile
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cyclopts import App
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import fer_data
import fer_model.cli
from fer_data.data.sources import class_folders
from fer_data.data.sources.tree import Listing
from fer_data.data.split_names import split_of_folder
from fer_data.errors import DataError, UsageError
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.programs import DATA, MODEL, commands, flags_of

TOLD = ("--layout", "class-folders")
CLASSES = {"cat": 3, "dog": 2}


def below(*folders: str) -> dict[str, int]:
    """Return two classes below each of some folders, for `make_folder`."""
    return {
        f"{folder}/{name}" if folder else name: number
        for folder in folders
        for name, number in CLASSES.items()
    }


def counts_of(root: Path, **options: str) -> dict[str, dict[str, int]]:
    dataset = fer_data.load(root, **options)  # type: ignore[arg-type]
    return {
        split: dict(zip(dataset.class_names, dataset.class_counts(split).tolist(), strict=True))
        for split in dataset.splits
    }


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


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


def test_what_systems_leave_beside_classes_is_skipped_and_counted(
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


# What is refused unless it is told so


def yolo(root: Path) -> None:
    for split in ("train", "valid"):
        write(root, {f"{split}/labels/{i:04d}.txt": "0 0.5 0.5 1 1\n" for i in range(3)})


def annotated(root: Path) -> None:
    for split in ("train_set", "val_set"):
        (root / split / "annotations").mkdir()
        np.save(root / split / "annotations" / "0_exp.npy", "3")


def labels_beside(root: Path) -> None:
    write(root, {"labels/0000.txt": "0 0.5 0.5 1 1\n"})


def names_with_endings(root: Path) -> None:
    write(
        root, {"labels.csv": "file,label\n" + "".join(f"{i:04d}.png,{i % 2}\n" for i in range(6))}
    )


def bare_names(root: Path) -> None:
    write(root, {"labels.tsv": "id\tdx\n" + "".join(f"{i:04d}\t{i % 2}\n" for i in range(6))})


def paths_with_labels(root: Path) -> None:
    lines = (f"part_{part}/{i:04d}.png,{'mn'[i % 2]}\n" for part in (1, 2) for i in range(6))
    write(root, {"labels.csv": "path,label\n" + "".join(lines)})


def of_train(root: Path) -> None:
    for path in root.glob("*/*/*.png"):
        path.rename(path.with_stem("_".join(path.with_suffix("").parts[-3:])))
    names = sorted(path.name for path in root.glob("train/*/*.png"))
    lines = (f"{name},{i % 2}\n" for i, name in enumerate(names))
    write(root, {"t.csv": "id,label\n" + "".join(lines)})


def words_of_names(root: Path) -> None:
    write(root, {"list.txt": "".join(f"{i:04d}.png {i % 3}\n" for i in range(6))})


def objects_of_json(root: Path) -> None:
    rows = [{"file": f"{i:04d}.png", "label": "ab"[i % 2]} for i in range(6)]
    write(root, {"meta.json": json.dumps(rows)})


def sheet(root: Path) -> None:
    texts = "".join(f"<si><t>{i:04d}.png</t></si><si><t>nv</t></si>" for i in range(6))
    with zipfile.ZipFile(root / "labels.xlsx", "w") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst>{texts}</sst>")


def metadata_inside(root: Path) -> None:
    for split in ("train", "test"):
        write(root, {f"{split}/metadata.csv": "file_name,label\n0000.png,cat\n0001.png,dog\n"})


def other_files(root: Path) -> None:
    write(root, {f"test/{i}.heic": "x" for i in range(5)})


def nothing_more(root: Path) -> None:
    pass


REFUSED: list[tuple[str, dict[str, int], Callable[[Path], None], list[str]]] = [
    ("one class", {"cat": 3}, nothing_more, ["cat"]),
    ("one class in splits", {"train/cat": 3, "test/cat": 3}, nothing_more, ["cat"]),
    ("classes of folders", {"cat": 2, "dog/old": 2, "dog/new": 1}, nothing_more, ["dog"]),
    ("two places", below("part1", "part2"), nothing_more, ["part1", "part2"]),
    ("in itself too", {**below("", "data")}, nothing_more, ["data"]),
    (
        "twice",
        below(*(f"archive/{x}/{s}" for x in ("images", "images/images") for s in ("train", "val"))),
        nothing_more,
        ["archive/images", "archive/images/images"],
    ),
    ("flat splits", {"train_images": 3, "test_images": 3}, nothing_more, ["train_images"]),
    ("flat train", {"train": 3, **below("test")}, nothing_more, ["train"]),
    ("all images", {"images": 6}, names_with_endings, ["images", "labels.csv"]),
    ("metadata", {"train": 2, "test": 2}, metadata_inside, ["train/metadata.csv"]),
    ("YOLO", {"train/images": 3, "valid/images": 3}, yolo, ["images", "labels", "YOLO"]),
    ("YOLO of one split", {"images": 3}, labels_beside, ["images", "labels", "YOLO"]),
    ("YOLO by kind", {"images/train": 3, "images/val": 3}, labels_beside, ["images", "YOLO"]),
    ("annotations", {"train_set/images": 3, "val_set/images": 3}, annotated, ["annotations"]),
    ("classes beside a split", {**below("", "test")}, nothing_more, ["cat", "dog", "test"]),
    ("a class beside a split", {**below("train"), "cow": 2}, nothing_more, ["cow"]),
    ("one class is called train", below("train", "bus"), nothing_more, ["bus"]),
    ("beside a split's folder", {**below("train/data"), "train/more/x": 1}, nothing_more, ["more"]),
    ("a split of unknown name", below("train", "ood_test"), nothing_more, ["ood_test", "same"]),
    ("an empty split", {**below("train"), "test": 0}, nothing_more, ["test"]),
    ("an empty split beside classes", {**CLASSES, "test": 0}, nothing_more, ["test"]),
    ("a split of other files", {**below("train"), "test": 0}, other_files, ["test", "5 .heic"]),
    ("one class in training", {"train/cat": 2, **below("test")}, nothing_more, ["train/cat"]),
    (
        "splits in the names of classes",
        {f"{name}_{split}": 2 for name in ("real", "fake") for split in ("train", "test")},
        nothing_more,
        ["real_train"],
    ),
    ("masks", {"images": 3, "masks": 3}, nothing_more, ["images", "masks"]),
    ("table", {"part_1": 6, "part_2": 6}, names_with_endings, ["labels.csv"]),
    ("bare names", {"part_1": 6, "part_2": 6}, bare_names, ["labels.tsv"]),
    ("paths", {"part_1": 6, "part_2": 6}, paths_with_labels, ["labels.csv"]),
    (
        "table of a split",
        {f"{s}/{c}": 4 for s in ("train", "val") for c in "ab"},
        of_train,
        ["t.csv"],
    ),
    ("text", {"part_1": 6, "part_2": 6}, words_of_names, ["list.txt"]),
    ("JSON", {"part_1": 6, "part_2": 6}, objects_of_json, ["meta.json"]),
    ("sheet", {"part_1": 6, "part_2": 6}, sheet, ["labels.xlsx"]),
]


@pytest.mark.parametrize(
    ("folders", "more", "words"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED]
)
def test_what_may_be_no_classes_is_refused_with_what_was_found(
    run: Run,
    make_folder: MakeFolder,
    folders: dict[str, int],
    more: Callable[[Path], None],
    words: list[str],
) -> None:
    root = make_folder(folders)
    more(root)
    ended = run("stats", root)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    for word in words:
        assert word in ended.err
    told = "class-folders" in ended.err
    assert told or words[0] not in ("images", "part_1", "labels.csv")
    if told:  # a training split without labels is none however it is read
        assert run("stats", root, *TOLD).code == 0


def test_the_layout_is_an_argument_and_an_option_wherever_data_is_read(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"train/images": 9, "test/images": 3})
    (root / "train/labels").mkdir()
    commands = {
        "stats": (),
        "audit": (),
        "plan": (),
        "split": ("--out", tmp_path / "splits.csv"),
        "samples": (tmp_path / "grid.png",),
        "report": ("--out", tmp_path / "report"),
        "convert": (tmp_path / "data.npz",),
    }
    for command, more in commands.items():
        ended = run(command, root, *more)
        assert ended.code == 2, command
        assert "class-folders" in ended.err
        assert run(command, root, *more, *TOLD).code == 0, command
    expected = {"train": {"images": 9, "labels": 0}, "test": {"images": 3, "labels": 0}}
    assert counts_of(root, layout="class-folders") == expected
    data = fer_data.load(root, layout="class-folders")
    cases: list[tuple[Any, dict[str, Any]]] = [(data, {}), (root, {"layout": "class-folders"})]
    for source, options in cases:
        store = fer_data.open_store(source, **options)
        assert store.dataset.class_names == ("images", "labels")
        assert fer_data.open_loader(source, **options).num_classes == 2
    with pytest.raises(DataError):
        fer_data.open_store(root)  # though a store of it is there
    with pytest.raises(UsageError):
        fer_data.load(root, layout="folders")
    with pytest.raises(UsageError):
        fer_data.load(write_csv(tmp_path / "x.csv", [f"3,{FLAT},Training"]), layout="class-folders")


@pytest.mark.parametrize("app", [DATA, MODEL], ids=["fer-data", "fer-model"])
def test_every_command_that_takes_a_data_set_takes_its_layout(app: App) -> None:
    taking = [name for name in commands(app) if {"PATH", "PATHS", "SRC"} & flags_of(app, name)]
    assert len(taking) >= 4
    assert [name for name in taking if "--layout" not in flags_of(app, name)] == []


@pytest.mark.parametrize("command", [["train"], ["compare", "--arms", "none,oversample"]])
def test_a_training_refuses_before_it_begins(
    command: list[str],
    make_folder: MakeFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = make_folder({"train": 3, "test": 3})
    monkeypatch.setattr(
        sys, "argv", ["fer-model", *command, str(root), "--out", str(tmp_path / "x")]
    )
    with pytest.raises(SystemExit) as end:
        fer_model.cli.main()
    assert end.value.code == 2
    assert "class-folders" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_table_that_says_what_the_folders_say_is_no_reason_to_refuse(
    make_folder: MakeFolder,
) -> None:
    root = make_folder(CLASSES)
    paths = [f"{name}/{i:04d}.png" for name, number in CLASSES.items() for i in range(number)]
    write(
        root,
        {
            "splits.csv": "sample,split\n" + "".join(f"{path},train\n" for path in paths),
            "list.csv": "file,label\n" + "".join(f"{p[4:]},{p[:3]}\n" for p in paths),
            "classes.csv": "id,name\n0,cat\n1,dog\n",
            "readme.txt": "Cite us.\n",
            "broken.xlsx": "no sheet",
        },
    )
    assert counts_of(root) == {"train": CLASSES}


HARMLESS: dict[str, tuple[str, str]] = {
    "numbers in a text": ("README.txt", "Pets\nVersion 0001 of 2023\nSee part 0000\n"),
    "numbers of classes": ("classes.csv", "id,name\n0000,Cat\n0001,Dog\n"),
    "labels that go with folders": (
        "labels.csv",
        "file,label\n"
        + "".join(
            f"{name}/{i:04d}.png,{k}\n"
            for k, (name, number) in enumerate(CLASSES.items())
            for i in range(number)
        ),
    ),
    "names alone": ("list.txt", "".join(f"cat/{i:04d}.png\n" for i in range(3))),
    "sizes": ("sizes.csv", "file,width\n" + "".join(f"{i:04d}.png,{i // 2}\n" for i in range(3))),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_table_that_says_nothing_of_classes_is_no_reason_to_refuse(
    make_folder: MakeFolder, kind: str
) -> None:
    root = make_folder({"cat": 30, "dog": 2} if "numbers" in kind else CLASSES)
    write(root, dict([HARMLESS[kind]]))
    assert len(fer_data.load(root)) == (32 if "numbers" in kind else 5)


def test_a_table_of_the_images_without_labels_is_no_reason_to_refuse(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({**below("train"), "test": 6})
    rows = "".join(f"{i:04d},0\n{i:04d}.png,1\n" for i in range(6))
    write(root, {"sample_submission.csv": f"id,label\n{rows}"})
    assert fer_data.load(root).num_unlabelled("test") == 6


@pytest.mark.parametrize("kind", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_broken_sheet_is_no_table(make_folder: MakeFolder, kind: int) -> None:
    root = make_folder(CLASSES)
    path = root / "labels.xlsx"
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("xl/sharedStrings.xml", "<t>hello</t>" * 2000)
    data = bytearray(path.read_bytes())
    start = data.find(b"sharedStrings.xml") + 37
    data[start : start + 30] = bytes(byte ^ 0xFF for byte in data[start : start + 30])
    path.write_bytes(data)
    assert counts_of(root) == {"train": CLASSES}


def test_hundreds_of_texts_are_looked_at_with_one_index(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder(CLASSES)
    write(root, {f"{i}.txt": "x" for i in range(300)})
    looks = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looks.append(path) or scandir(path))
    assert counts_of(root) == {"train": CLASSES}
    assert len(looks) < 30


def test_a_class_whose_files_cannot_be_read_is_named_and_does_not_vanish(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({**CLASSES, "eel": 0})
    write(root, {"eel/0.heic": "x", "eel/1.heic": "x"})
    with pytest.raises(DataError, match=r"eel .*2 \.heic"):
        fer_data.load(root)


def test_a_class_of_special_files_is_named_and_does_not_vanish(make_folder: MakeFolder) -> None:
    root = make_folder({**CLASSES, "eel": 0})
    os.mkfifo(root / "eel" / "0.png")
    with pytest.raises(DataError, match="eel"):
        fer_data.load(root)


def test_an_empty_split_keeps_its_classes(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({**below("train"), "test/eel": 0}))
    assert dataset.class_names == ("cat", "dog", "eel")


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


# Tables


def pixel_csv(path: Path, header: str, *rows: str) -> Path:
    return write_csv(path, [row.replace("@", FLAT) for row in rows], header=header)


@pytest.mark.parametrize(
    "name",
    ["label", "Labels", "class", "class_name", "emotion_id", "emotions", "expression", "target"],
)
@pytest.mark.parametrize("split", ["Usage", "split", "set", "subset", "type", "dataset", None])
def test_columns_of_labels_and_splits_are_known_by_common_names(
    tmp_path: Path, name: str, split: str | None
) -> None:
    ends = ["", ""] if split is None else [",train", ",TEST"]
    header = f"{name},pixels" + (f",{split}" if split else "")
    path = pixel_csv(tmp_path / "x.csv", header, f"0,@{ends[0]}", f"6,@{ends[1]}")
    dataset = fer_data.load(path)
    assert [dataset.class_names[label] for label in dataset.labels] == ["angry", "neutral"]
    assert dataset.splits == (("train", "test") if split else ("train",))
    assert any(name in note for note in dataset.notes)


def test_values_of_splits_are_known_whatever_their_case(tmp_path: Path) -> None:
    values = ["Train", "training", "VAL", "valid", "test", "PrivateTest", "publictest"]
    path = pixel_csv(tmp_path / "x.csv", "emotion,pixels,split", *(f"3,@,{v}" for v in values))
    dataset = fer_data.load(path)
    found = [dataset.splits[code] for code in dataset.split_codes]
    assert found == ["train", "train", "validation", "validation", "test", "test", "test"]


def test_columns_that_are_not_used_are_said(run: Run, tmp_path: Path) -> None:
    path = pixel_csv(tmp_path / "x.csv", ",emotion,pixels,source", "0,3,@,web", "1,4,@,film")
    assert counts_of(path)["train"]["happy"] == 1
    assert "source" in run("stats", path).out


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("mood,pixels,Usage", ["3,@,Training"]),
        ("label,target,pixels", ["3,4,@"]),
        ("id,class_weight,pixels", ["0,1,@", "1,1,@"]),
        ("target_gender,pixels", ["0,@", "1,@"]),
        ("label,pixels", ["0,@", "0,@"]),
        ("label,pixels", [f"{code},@" for code in range(1, 7)]),
        ("emotion,pixels,fold", ["3,@,1", "4,@,2"]),
        ("emotion,pixels,set", ["3,@,A", "4,@,B"]),
        ("emotion,pixels,split,subset", ["3,@,train,test", "4,@,test,train"]),
    ],
)
def test_columns_that_are_unclear_are_refused(
    run: Run, tmp_path: Path, header: str, rows: list[str]
) -> None:
    ended = run("stats", pixel_csv(tmp_path / "x.csv", header, *rows))
    assert (ended.code, ended.out) == (2, "")


def test_a_data_set_without_any_label_is_an_error_where_labels_are_needed(
    run: Run, tmp_path: Path
) -> None:
    path = pixel_csv(tmp_path / "test.csv", "pixels", "@", "@")
    assert run("stats", path).code == 0
    for command, *more in (
        ["audit"],
        ["convert", tmp_path / "x.npz"],
        ["convert", tmp_path / "out"],
        ["split", "--out", tmp_path / "splits.csv"],
        ["plan"],
    ):
        ended = run(command, path, *more)
        assert (ended.code, ended.out) == (2, ""), command
        assert "label" in ended.err or "emotion" in ended.err
    assert not (tmp_path / "x.npz").exists()


def test_class_names_and_whole_floats_are_labels(tmp_path: Path) -> None:
    rows = ["3.0,@", "happy,@", "Happy,@", " HAPPY ,@", "3.,@", "3,@"]
    assert counts_of(pixel_csv(tmp_path / "x.csv", "emotion,pixels", *rows))["train"]["happy"] == 6


@pytest.mark.parametrize("codes", [range(1, 8), [7, 6, 5, 1], range(8)])
def test_codes_of_another_list_are_refused_as_a_whole(
    run: Run, tmp_path: Path, codes: list[int]
) -> None:
    rows = [f"{code},@,Training" for code in codes] * 3
    path = pixel_csv(tmp_path / "x.csv", "emotion,pixels,Usage", *rows)
    for options in ((), ("--skip-bad",)):
        for ended in (
            run("stats", path, *options),
            run("convert-csv", path, tmp_path / "out", *options),
        ):
            assert ended.code == 2
            assert f"{min(codes)} to {max(codes)}" in ended.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("word", "rows"),
    [
        ("anger", ["happy,@,Training", "anger,@,Training"]),
        ("pleased", ["3,@,Training", "pleased,@,Training"]),
        ("later", ["3,@,Training", "3,@,later"]),
    ],
)
def test_words_of_another_list_are_refused_as_a_whole(
    run: Run, tmp_path: Path, word: str, rows: list[str]
) -> None:
    path = pixel_csv(tmp_path / "x.csv", "emotion,pixels,Usage", *rows * 3)
    for options in ((), ("--skip-bad",)):
        for ended in (
            run("stats", path, *options),
            run("convert-csv", path, tmp_path / "out", *options),
        ):
            assert ended.code == 2
            assert word in ended.err
    assert not (tmp_path / "out").exists()
    path = pixel_csv(tmp_path / "y.csv", "emotion,pixels,Usage", *rows)  # once: an accident
    assert fer_data.load(path, skip_bad=True).num_bad == 1


def test_a_few_bad_codes_are_bad_rows(tmp_path: Path) -> None:
    rows = [f"{i % 7},@" for i in range(300)] + ["7,@"]
    dataset = fer_data.load(pixel_csv(tmp_path / "x.csv", "emotion,pixels", *rows), skip_bad=True)
    assert (len(dataset), dataset.num_bad) == (300, 1)


# First bytes

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ef' * 32}\nsize 301\n"


def tarred(path: Path, mode: str, kind: int = tarfile.GNU_FORMAT) -> None:
    (path.parent / "in.csv").write_text("emotion,pixels\n")
    with tarfile.open(path, mode, format=kind) as archive:  # type: ignore[call-overload]
        archive.add(path.parent / "in.csv", "fer2013/fer2013.csv")


STRANGERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "tar": ("tar", lambda path: tarred(path, "w")),
    "ustar": ("tar", lambda path: tarred(path, "w", tarfile.USTAR_FORMAT)),
    "tar.gz": ("tar", lambda path: tarred(path, "w:gz")),
    "gzip of a pointer": ("LFS", lambda path: path.write_bytes(gzip.compress(POINTER.encode()))),
    "gzip of gzip": ("gzip", lambda path: path.write_bytes(gzip.compress(gzip.compress(b"x")))),
    "pointer": ("git lfs pull", lambda path: path.write_text(POINTER)),
    "page": ("HTML", lambda path: path.write_text("\n<!DOCTYPE html>\n<html>Sign in</html>")),
    "page in capitals": ("HTML", lambda path: path.write_text("<HTML><BODY>404")),
    "HDF5": ("HDF5", lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))),
    "RAR": ("RAR", lambda path: path.write_bytes(b"Rar!\x1a\x07\x01\0" + bytes(99))),
    "7z": ("7z", lambda path: path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(99))),
    "xz": ("xz", lambda path: path.write_bytes(b"\xfd7zXZ\0" + bytes(99))),
    "PDF": ("PDF", lambda path: path.write_bytes(b"%PDF-1.7\n" + bytes(99))),
    "pickle": ("pickle", lambda path: path.write_bytes(pickle.dumps({"x": [1]}, protocol=4))),
    "npy": ("NumPy", lambda path: path.write_bytes(b"\x93NUMPY\1\0" + bytes(99))),
    "link as text": ("link", lambda path: path.write_text("/cache/datasets/fer2013.csv")),
}


@pytest.mark.parametrize("ending", ["csv", "npz", "parquet", "data"])
@pytest.mark.parametrize("kind", STRANGERS)
def test_a_file_is_named_as_what_its_first_bytes_say(
    run: Run, tmp_path: Path, kind: str, ending: str
) -> None:
    path = tmp_path / f"fer2013.{ending}"
    word, make = STRANGERS[kind]
    make(path)
    for command in (["stats", path], ["audit", path], ["convert", path, tmp_path / "out"]):
        ended = run(*command)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert word in ended.err
        assert "--skip-bad" not in ended.err
    assert not (tmp_path / "out").exists()


def test_images_that_are_pointers_are_named(run: Run, make_folder: MakeFolder) -> None:
    root = make_folder(CLASSES)
    for path in root.glob("*/*.png"):
        path.write_text(POINTER)
    for command in ("stats", "audit", "plan"):
        ended = run(command, root)
        assert ended.code == 2
        assert "git lfs pull" in ended.err
        assert "--skip-bad" not in ended.err


def test_one_pointer_among_images_is_named(make_folder: MakeFolder) -> None:
    root = make_folder(CLASSES)
    (root / "cat" / "0001.png").write_text(POINTER)
    with pytest.raises(DataError, match="git lfs pull"):
        fer_data.open_store(root)


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
    if cased is str.upper and after == "Set":  # TRAINSet: no words can be told apart
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
            told = [*paths, *(note.split()[0] for note in layout.notes if "not read" in note)]
            for name, listing in found.items():  # no image is lost without a word
                if listing.num_images and name not in layout.parents:
                    assert any(f"{name}/".startswith(f"{path}/") for path in told), name
