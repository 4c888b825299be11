"""Layouts of ImageNet and its kin, of tables and of archives."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

from tests.helpers.layout_files import below, folders, table, text
from tests.helpers.layouts_of_people import fairface

# ImageNet and its kin


def imagenet(root: Path) -> None:
    folders(root, *below("ILSVRC/Data/CLS-LOC/train", "n01440764 n01443537"), name="n_{}.JPEG")
    folders(root, "ILSVRC/Data/CLS-LOC/val", name="ILSVRC2012_val_{}.JPEG")
    text(root, "ILSVRC/Annotations/CLS-LOC/val/ILSVRC2012_val_0.xml")
    text(root, "LOC_synset_mapping.txt", "n01440764 tench\nn01443537 goldfish\n")
    rows = [(f"ILSVRC2012_val_{n}", "n01440764 1 2 3 4") for n in range(2)]
    table(root, "LOC_val_solution.csv", "ImageId,PredictionString", rows)


def tiny_imagenet(root: Path) -> None:
    top = "tiny-imagenet-200"
    for name in ("n01443537", "n01629819"):
        folders(root, f"{top}/train/{name}/images", name=f"{name}_{{}}.JPEG")
        text(root, f"{top}/train/{name}/{name}_boxes.txt", f"{name}_0.JPEG\t0\t0\t62\t61\n")
    folders(root, f"{top}/val/images", name="val_{}.JPEG")
    folders(root, f"{top}/test/images", name="test_{}.JPEG")
    rows = [f"val_{n}.JPEG\tn0144353{7 + n}\t0\t32\t44\t62" for n in range(2)]
    text(root, f"{top}/val/val_annotations.txt", "\n".join(rows))
    text(root, f"{top}/wnids.txt", "n01443537\nn01629819\n")


def mnist_png(root: Path) -> None:
    folders(root, *below("mnist_png/training mnist_png/testing", "0 1 2"), name="{}.png")


def svhn(root: Path) -> None:
    folders(root, "train", "test", size=3, name="{}.png")
    for split in ("train", "test"):
        text(root, f"{split}/digitStruct.mat")
        text(root, f"{split}/see_bboxes.m")


def dtd(root: Path) -> None:
    for name in ("banded", "blotchy"):
        folders(root, f"dtd/images/{name}", name=name + "_000{}.jpg")
    text(root, "dtd/labels/train1.txt", "banded/banded_0000.jpg\nblotchy/blotchy_0000.jpg\n")
    text(root, "dtd/imdb/imdb.mat")


def omniglot(root: Path) -> None:
    alphabets = "images_background/Greek images_background/Latin"
    folders(root, *below(alphabets, "character01 character02"), name="0709_0{}.png")


def sun397(root: Path) -> None:
    folders(root, "SUN397/a/abbey", "SUN397/a/airport", "SUN397/b/bar", "SUN397/b/beach")


def imagenette(root: Path) -> None:
    folders(root, *below("imagenette2/train imagenette2/val", "n01440764 n03888257"))
    rows = [(f"train/n01440764/{n}.jpg", "n01440764", "n03888257", "False") for n in range(2)]
    rows += [(f"train/n03888257/{n}.jpg", "n03888257", "n03888257", "False") for n in range(2)]
    header = "path,noisy_labels_0,noisy_labels_5,is_valid"
    table(root, "imagenette2/noisy_imagenette.csv", header, rows)


def cifar_pickles(root: Path) -> None:
    for name in ("data_batch_1", "test_batch", "batches.meta"):
        (root / "cifar-10-batches-py").mkdir(exist_ok=True)
        (root / "cifar-10-batches-py" / name).write_bytes(b"\x80\x04x.")


# Tables and archives


def hugging_face(root: Path, *, lines: bool) -> None:
    folders(root, "train", size=4, name="000{}.png")
    records = [{"file_name": f"000{n}.png", "label": ("cat", "dog")[n % 2]} for n in range(4)]
    if lines:
        text(root, "train/metadata.jsonl", "\n".join(map(json.dumps, records)))
    else:
        table(
            root,
            "train/metadata.csv",
            "file_name,label",
            [(*record.values(),) for record in records],
        )


def one_hot(root: Path) -> None:
    for split in ("train", "valid"):
        folders(root, split, size=4, name=split + "_{}_jpg.rf.0a{}.jpg".replace("0a{}", "0a"))
        rows = [(f"{split}_{n}_jpg.rf.0a.jpg", int(n % 2 == 0), int(n % 2 == 1)) for n in range(4)]
        table(root, f"{split}/_classes.csv", "filename,cat,dog", rows)


def yolo(root: Path) -> None:
    for split in ("train", "val"):
        folders(root, f"images/{split}")
        for n in range(2):
            text(root, f"labels/{split}/{n}.txt", "0 0.5 0.5 0.1 0.1\n")


def kaggle_zip(root: Path) -> None:
    folders(root, *below("x/train x/test", "cat dog"))
    with zipfile.ZipFile(root / "archive.zip", "w") as archive:
        for path in sorted((root / "x").rglob("*.jpg")):
            archive.write(path, path.relative_to(root / "x"))
        archive.writestr("__MACOSX/train/cat/._0.jpg", b"x")
    shutil.rmtree(root / "x")


def zip_with_table(root: Path) -> None:
    fairface(root / "x")
    with zipfile.ZipFile(root / "fairface.zip", "w") as archive:
        for path in sorted((root / "x").rglob("*.*")):
            archive.write(path, path.relative_to(root / "x"))
    shutil.rmtree(root / "x")


def tar_of_images(root: Path) -> None:
    folders(root, "cat", "dog")
    shutil.make_archive(str(root / "images"), "gztar", root, "cat")
    shutil.rmtree(root / "cat")
    shutil.rmtree(root / "dog")
