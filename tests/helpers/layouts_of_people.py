"""Layouts of public data sets of faces and of medicine."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.helpers.layout_files import below, folders, put, table, text

# Faces


FER = "angry disgust fear happy neutral sad surprise"


FER_COUNTS = {
    "train": dict.fromkeys(FER.split(), 1),
    "test": dict.fromkeys(FER.split(), 0) | {"angry": 1, "disgust": 1},
}


def fer_csv(root: Path, name: str, header: str, *, usage: bool = True) -> None:
    pixels = " ".join(["7", "200"] * 1152)
    rows = [f"{code},{pixels}" + ",Training" * usage for code in range(7)]
    if usage:
        rows += [f"0,{pixels},PublicTest", f"1,{pixels},PrivateTest"]
    text(root, name, "\n".join([header, *rows, ""]))


def icml(root: Path) -> None:
    fer_csv(root, "x.csv", "emotion,pixels,Usage")
    lines = [line.split(",") for line in (root / "x.csv").read_text().splitlines()]
    (root / "x.csv").unlink()
    swapped = [f"{label},{usage},{pixels}" for label, pixels, usage in lines[1:]]
    text(root, "icml_face_data.csv", "\n".join(["emotion, Usage, pixels", *swapped, ""]))


def raf_db(root: Path) -> None:
    folders(root, *below("DATASET/train DATASET/test", "1 2 3"), name="x_{}_aligned.jpg")
    for split in ("train", "test"):
        rows = [(f"x_{n}_aligned.jpg", label) for label in (1, 2, 3) for n in range(2)]
        table(root, f"{split}_labels.csv", "image,label", rows)


def affectnet(root: Path) -> None:
    for split in ("train_set", "val_set"):
        folders(root, f"{split}/images", size=4)
        for number in range(4):
            text(root, f"{split}/annotations/{number}_exp.npy")


def ckplus(root: Path) -> None:
    folders(root, *below("CK+48", "anger contempt fear"), name="S010_004_0000001{}.png")


def utk_face(root: Path) -> None:
    put(root, *(f"UTKFace/{20 + n}_{n % 2}_{n % 3}_2017010{n}.jpg" for n in range(6)))


def fairface(root: Path) -> None:
    for split in ("train", "val"):
        folders(root, split, size=4, name="{}.jpg")
        rows = [
            (f"{split}/{n}.jpg", f"{20 + n // 2}-29", ("Male", "Female")[n % 2], "ABBA"[n], "True")
            for n in range(4)
        ]
        table(root, f"fairface_label_{split}.csv", "file,age,gender,race,service_test", rows)


def celeba(root: Path) -> None:
    names = [f"{n:06d}.jpg" for n in range(6)]
    put(root, *(f"img_align_celeba/img_align_celeba/{name}" for name in names))
    rows = [(name, (-1, 1)[n % 2], (-1, 1)[n > 2], 1) for n, name in enumerate(names)]
    table(root, "list_attr_celeba.csv", "image_id,Male,Young,Smiling", rows)
    rows = [(name, n // 2) for n, name in enumerate(names)]
    table(root, "list_eval_partition.csv", "image_id,partition", rows)


def ck_extended(root: Path) -> None:
    pixels = " ".join(["7", "200"] * 1152)
    rows = [f"{code},{pixels},Training" for code in range(8) for _ in range(3)]
    text(root, "ckextended.csv", "\n".join(["emotion,pixels,Usage", *rows, ""]))


def lfw(root: Path) -> None:
    folders(root, "lfw/George_W_Bush", size=3)
    folders(root, "lfw/Aaron_Peirsol", "lfw/Colin_Powell", size=1)


# Medicine


def ham10000(root: Path) -> None:
    names = [f"ISIC_002430{n}" for n in range(8)]
    for n, name in enumerate(names):
        put(root, f"HAM10000_images_part_{1 + n // 4}/{name}.jpg")
    rows = [
        (f"HAM_{n // 2}", name, ("nv", "mel")[n % 2], ("histo", "follow_up")[n // 2 % 2], 40 + n)
        for n, name in enumerate(names)
    ]
    table(root, "HAM10000_metadata.csv", "lesion_id,image_id,dx,dx_type,age", rows)


def isic_2019(root: Path) -> None:
    folders(root, "ISIC_2019_Training_Input", size=6, name="ISIC_000000{}.jpg")
    rows = [(f"ISIC_000000{n}", *(float(n % 3 == c) for c in range(3))) for n in range(6)]
    table(root, "ISIC_2019_Training_GroundTruth.csv", "image,MEL,NV,BCC", rows)


def aptos(root: Path) -> None:
    folders(root, "train_images", size=6, name="{}ab.png")
    folders(root, "test_images", size=2, name="{}cd.png")
    table(root, "train.csv", "id_code,diagnosis", [(f"{n}ab", n % 3) for n in range(6)])
    table(root, "test.csv", "id_code", [(f"{n}cd",) for n in range(2)])
    table(root, "sample_submission.csv", "id_code,diagnosis", [(f"{n}cd", 0) for n in range(2)])


def chexpert(root: Path) -> None:
    name = "CheXpert-v1.0-small"
    for split in ("train", "valid"):
        paths = [f"{name}/{split}/patient{n // 2}/study{n % 2}/view1.jpg" for n in range(6)]
        put(root, *paths)
        rows = [(p, "MF"[n // 3], n % 2, 1, 1 - n % 2) for n, p in enumerate(paths)]
        table(root, f"{name}/{split}.csv", "Path,Sex,Edema,Support,Fracture", rows)


def chest_xray_twice(root: Path) -> None:
    folders(root, *below("chest_xray/train chest_xray/test", "NORMAL PNEUMONIA"))
    shutil.copytree(root / "chest_xray", root / "chest_xray/chest_xray")
    text(root, "chest_xray/__MACOSX/._train")


def histopathology(root: Path) -> None:
    folders(root, "train", size=4, name="f{}.tif")
    folders(root, "test", size=2, name="a{}.tif")
    table(root, "train_labels.csv", "id,label", [(f"f{n}", n % 2) for n in range(4)])
    table(root, "sample_submission.csv", "id,label", [(f"a{n}", 0) for n in range(2)])
