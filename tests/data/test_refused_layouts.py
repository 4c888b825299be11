"""Layouts that may be no class folders: refused with what was found, and read when asked."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cyclopts import App

import fer_data
import fer_model.cli
from fer_data.errors import DataError, UsageError
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.layout_folders import CLASSES, below, counts_of, write
from tests.helpers.programs import DATA, MODEL, commands, flags_of

CLASS_FOLDERS = ("--layout", "class-folders")


# What is refused unless an option is given


def yolo(root: Path) -> None:
    for split in ("train", "valid"):
        write(root, {f"{split}/labels/{i:04d}.txt": "0 0.5 0.5 1 1\n" for i in range(3)})


def annotated(root: Path) -> None:
    for split in ("train_set", "val_set"):
        (root / split / "annotations").mkdir()
        np.save(root / split / "annotations" / "0_exp.npy", "3")


def labels_next_to_images(root: Path) -> None:
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
    ("YOLO of one split", {"images": 3}, labels_next_to_images, ["images", "labels", "YOLO"]),
    (
        "YOLO by kind",
        {"images/train": 3, "images/val": 3},
        labels_next_to_images,
        ["images", "YOLO"],
    ),
    ("annotations", {"train_set/images": 3, "val_set/images": 3}, annotated, ["annotations"]),
    ("classes next to a split", {**below("", "test")}, nothing_more, ["cat", "dog", "test"]),
    ("a class next to a split", {**below("train"), "cow": 2}, nothing_more, ["cow"]),
    ("one class is called train", below("train", "bus"), nothing_more, ["bus"]),
    (
        "next to a split's folder",
        {**below("train/data"), "train/more/x": 1},
        nothing_more,
        ["more"],
    ),
    ("a split of unknown name", below("train", "ood_test"), nothing_more, ["ood_test", "same"]),
    ("an empty split", {**below("train"), "test": 0}, nothing_more, ["test"]),
    ("an empty split next to classes", {**CLASSES, "test": 0}, nothing_more, ["test"]),
    ("a split of other files", {**below("train"), "test": 0}, other_files, ["test", "5 .heic"]),
    ("one class in training", {"train/cat": 2, **below("test")}, nothing_more, ["train/cat"]),
    (
        "splits in the names of classes",
        {f"{name}_{split}": 2 for name in ("real", "fake") for split in ("train", "test")},
        nothing_more,
        ["real_train"],
    ),
    ("masks", {"images": 3, "masks": 3}, nothing_more, ["images", "masks"]),
    ("masks of pictures", {"pictures": 3, "masks": 3}, nothing_more, ["pictures", "masks"]),
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
    is_readable = "class-folders" in ended.err
    assert is_readable or words[0] not in ("images", "part_1", "labels.csv")
    if is_readable:  # a training split without labels is none however it is read
        assert run("stats", root, *CLASS_FOLDERS).code == 0


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
        assert run(command, root, *more, *CLASS_FOLDERS).code == 0, command
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
