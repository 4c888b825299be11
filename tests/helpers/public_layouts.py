"""Layouts of public data sets, made up of a few files each: a table of cases.

A case lays its files out below a folder. `given` has the options that settle what is doubtful, in
the order in which the errors name them; a path of a table is below the folder.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fer_data.data.sources import layout_checks

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Case:
    """A layout, and what is right.

    Attributes
    ----------
    make : callable
        Lays it out below a folder.
    counts : mapping, optional
        What is read, by split and class; without, it is refused for good.
    given : mapping
        What has to be said before that, each of which the error before names in its ``fix``.
    path : str
        What is read, below the folder.
    says : str
        In the error of what is refused for good.
    unlabelled : mapping
        Images without a label, by split.
    more : mapping
        Options that no error asks for.
    """

    make: Callable[[Path], object]
    counts: Counts | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    says: str = ""
    unlabelled: Mapping[str, int] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def image(number: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def put(root: Path, *names: str) -> None:
    """Write images, each another one."""
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(image(number))


def folders(root: Path, *paths: str, size: int = 2, name: str = "{}.jpg") -> None:
    """Write so many images into each of some folders."""
    put(root, *(f"{path}/{name.format(n)}" for path in paths for n in range(size)))


def text(root: Path, name: str, content: str = "x\n") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content)


def table(root: Path, name: str, header: str, rows: Iterable[Sequence[object]]) -> None:
    """Write a csv."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([header.split(","), *rows])
    text(root, name, file.getvalue())


def each(splits: str, names: str, size: int = 2) -> Counts:
    """Return the counts of a balanced data set."""
    return {split: dict.fromkeys(names.split(), size) for split in splits.split()}


def below(splits: str, names: str) -> list[str]:
    return [f"{split}/{name}" for split in splits.split() for name in names.split()]


def arrays(
    split: str, number: int, images: str, labels: str, *, column: bool = False, least: int = 0
) -> dict[str, Any]:
    """Return images of a split and labels of three classes, as arrays by their names."""
    pixels = np.random.default_rng(number).integers(0, 256, (number, 28, 28, 3), np.uint8)
    codes = (least + np.arange(number) % 3).astype(np.uint8)
    return {images.format(split): pixels, labels.format(split): codes[:, None] if column else codes}


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


# Animals, plants, food, objects


def kaggle_cats(root: Path) -> None:
    put(root, *(f"train/{name}.{n}.jpg" for name in ("cat", "dog") for n in range(2)))
    folders(root, "test1", size=2)


def pet_images(root: Path) -> None:
    folders(root, "PetImages/Cat", "PetImages/Dog")
    text(root, "PetImages/Cat/Thumbs.db")
    text(root, "readme[1].txt")


def stanford_dogs(root: Path) -> None:
    names = ("n02085620-Chihuahua", "n02085782-Japanese_spaniel")
    for name in names:
        folders(root, f"images/Images/{name}", name=f"{name[:9]}_{{}}.jpg")
        text(root, f"annotations/Annotation/{name}/{name[:9]}_0")


def stanford_cars(root: Path) -> None:
    names = ("Acura RL Sedan 2012", "AM General Hummer SUV 2000")
    for split in ("train", "test"):
        folders(root, *(f"car_data/car_data/{split}/{name}" for name in names), name="0{}.jpg")
        text(root, f"anno_{split}.csv", "00.jpg,39,116,569,375,14\n01.jpg,36,116,868,587,3\n")
    text(root, "names.csv", "\n".join(names))


def cub(root: Path) -> None:
    names = [f"{n:03d}.{name}" for n, name in enumerate(("Albatross", "Auklet"), 1)]
    folders(root, *(f"CUB_200_2011/images/{name}" for name in names))
    paths = [f"{name}/{n}.jpg" for name in names for n in range(2)]
    for file, values in {
        "images.txt": paths,
        "image_class_labels.txt": [1, 1, 2, 2],
        "train_test_split.txt": [0, 1, 0, 1],
        "classes.txt": names,
    }.items():
        lines = [f"{n} {value}" for n, value in enumerate(values, 1)]  # type: ignore[var-annotated, arg-type]
        text(root, f"CUB_200_2011/{file}", "\n".join(lines))


def cub_with_masks(root: Path) -> None:
    names = "001.Albatross 002.Auklet"
    folders(root, *below("CUB_200_2011/images", names))
    folders(root, *below("CUB_200_2011/segmentations", names), name="{}.png")


def voc(root: Path) -> None:
    folders(root, "VOCdevkit/VOC2012/JPEGImages", name="2007_{}.jpg")
    folders(root, "VOCdevkit/VOC2012/SegmentationClass", name="2007_{}.png")
    text(root, "VOCdevkit/VOC2012/Annotations/2007_0.xml")


def ade20k(root: Path) -> None:
    folders(root, *below("ADE/images", "training validation"))
    folders(root, *below("ADE/annotations", "training validation"), name="{}.png")


def cityscapes(root: Path) -> None:
    folders(root, *below("leftImg8bit/train leftImg8bit/val", "aachen bochum"))
    folders(root, *below("gtFine/train gtFine/val", "aachen bochum"))


def ucf101(root: Path) -> None:
    folders(root, *below("train/Archery train/Biking", "v_g01_c01 v_g01_c02"), name="frame{}.jpg")


def patients(root: Path) -> None:
    folders(root, *(f"train/{n:05d}" for n in range(6)), name="img-{}.png")
    rows = [(f"{n:05d}", n % 2) for n in range(6)]
    table(root, "train_labels.csv", "BraTS21ID,MGMT_value", rows)


def names_of_classes(root: Path) -> None:
    folders(root, *(f"train/{n}" for n in range(4)))
    table(root, "classes.csv", "ClassId,ShapeId,Name", [(n, n // 2, "abcd"[n]) for n in range(4)])


def traffic_signs(root: Path) -> None:
    folders(root, *below("traffic_Data/DATA", "0 1 2"), "traffic_Data/TEST")
    table(root, "labels.csv", "ClassId,Name", [(n, "abc"[n]) for n in range(3)])


def nih_chest(root: Path) -> None:
    names = [f"0000{n}_000.png" for n in range(8)]
    put(root, *(f"images_00{1 + n // 4}/images/{name}" for n, name in enumerate(names)))
    rows = [(name, ("Mass", "Mass|Edema")[n % 2], "MF"[n // 4]) for n, name in enumerate(names)]
    table(root, "Data_Entry_2017.csv", "Image Index,Finding Labels,Gender", rows)


def lung_and_colon(root: Path) -> None:
    folders(root, *below("set/lung_image_sets", "lung_aca lung_n"))
    folders(root, *below("set/colon_image_sets", "colon_aca colon_n"))


def chest_ct(root: Path) -> None:
    folders(root, *below("Data/train", "adenocarcinoma_left.lower.lobe normal"))
    folders(root, *below("Data/test", "adenocarcinoma normal"))


def oxford_pets(root: Path) -> None:
    put(
        root, *(f"images/{name}_{n}.jpg" for name in ("Abyssinian", "great_pyrenees") for n in "12")
    )
    put(root, *(f"annotations/trimaps/Abyssinian_{n}.png" for n in "12"))
    text(root, "annotations/list.txt", "#Image CLASS-ID SPECIES BREED ID\nAbyssinian_1 1 1 1\n")


def caltech101(root: Path) -> None:
    names = "accordion BACKGROUND_Google"
    folders(root, *below("caltech-101/101_ObjectCategories", names), name="image_000{}.jpg")
    text(root, "caltech-101/Annotations/accordion/annotation_0001.mat")


def flowers_original(root: Path) -> None:
    folders(root, "jpg", size=4, name="image_0000{}.jpg")
    text(root, "imagelabels.mat")
    text(root, "setid.mat")


def flowers_kaggle(root: Path) -> None:
    folders(root, *below("dataset/train dataset/valid", "1 2"), name="image_0{}.jpg")
    folders(root, "dataset/test", name="image_9{}.jpg")
    text(root, "cat_to_name.json", json.dumps({"1": "pink primrose", "2": "orchid"}))


def food101(root: Path) -> None:
    folders(root, *below("food-101/images", "apple_pie waffles"))
    of = {name: [f"{name}/{n}" for n in range(2)] for name in ("apple_pie", "waffles")}
    text(root, "food-101/meta/train.json", json.dumps(of))
    text(root, "food-101/meta/train.txt", "\n".join([*of["apple_pie"], *of["waffles"]]))
    text(root, "food-101/meta/classes.txt", "apple_pie\nwaffles\n")


def gtsrb(root: Path) -> None:
    folders(root, *below("GTSRB/Final_Training/Images", "00000 00001"), name="0000_{}.ppm")
    folders(root, "GTSRB/Final_Test/Images", name="{}.ppm")
    for name in ("00000", "00001"):
        rows = [f"0000_{n}.ppm;29;30;{int(name)}" for n in range(2)]
        path = f"GTSRB/Final_Training/Images/{name}/GT-{name}.csv"
        text(root, path, "\n".join(["Filename;Width;Height;ClassId", *rows]))
    text(root, "GTSRB/Final_Test/Images/GT-final_test.test.csv", "Filename;Width\n0.ppm;3\n")


def gtsrb_kaggle(root: Path) -> None:
    folders(root, *below("Train", "0 1"), name="000_{}.png")
    folders(root, "Test", size=2, name="0{}.png")
    put(root, "Meta/0.png", "Meta/1.png")
    rows = [(30, 30, c, f"Train/{c}/000_{n}.png") for c in range(2) for n in range(2)]
    table(root, "Train.csv", "Width,Height,ClassId,Path", rows)
    table(
        root,
        "Test.csv",
        "Width,Height,ClassId,Path",
        [(30, 30, n, f"Test/0{n}.png") for n in (0, 1)],
    )
    table(root, "Meta.csv", "Path,ClassId", [(f"Meta/{n}.png", n) for n in (0, 1)])


def eurosat(root: Path) -> None:
    folders(root, *below("EuroSAT/2750", "AnnualCrop Forest"))


def eurosat_kaggle(root: Path) -> None:
    for name in ("AnnualCrop", "Forest"):
        folders(root, f"EuroSAT/{name}", name=name + "_{}.jpg")
    rows = [(f"{c}/{c}_0.jpg", n, c) for n, c in enumerate(("AnnualCrop", "Forest"))]
    table(root, "EuroSAT/train.csv", "Filename,Label,ClassName", rows)
    text(root, "EuroSAT/label_map.json", json.dumps({"AnnualCrop": 0, "Forest": 1}))


def plant_village_three(root: Path) -> None:
    kinds = " ".join(f"plantvillage/{kind}" for kind in ("color", "grayscale", "segmented"))
    folders(root, *below(kinds, "Apple___healthy Apple___scab"))


def plant_pathology(root: Path) -> None:
    put(root, *(f"images/Train_{n}.jpg" for n in range(6)), *(f"images/Test_{n}.jpg" for n in "01"))
    rows = [(f"Train_{n}", *(int(n % 3 == c) for c in range(3))) for n in range(6)]
    table(root, "train.csv", "image_id,healthy,rust,scab", rows)
    table(root, "test.csv", "image_id", [("Test_0",), ("Test_1",)])
    rows = [(f"Test_{n}", 0.25, 0.25, 0.5) for n in range(2)]
    table(root, "sample_submission.csv", "image_id,healthy,rust,scab", rows)


def cassava(root: Path) -> None:
    folders(root, "train_images", size=4, name="10{}.jpg")
    folders(root, "test_images", size=1, name="22{}.jpg")
    table(root, "train.csv", "image_id,label", [(f"10{n}.jpg", n % 2) for n in range(4)])
    table(root, "sample_submission.csv", "image_id,label", [("220.jpg", 4)])
    text(root, "label_num_to_disease_map.json", json.dumps({"0": "CBB", "1": "CBSD"}))


def dog_breeds(root: Path) -> None:
    folders(root, "train", size=4, name="a{}.jpg")
    folders(root, "test", size=2, name="b{}.jpg")
    rows = [(f"a{n}", ("pug", "boxer")[n % 2]) for n in range(4)]
    table(root, "labels.csv", "id,breed", rows)
    table(root, "sample_submission.csv", "id,boxer,pug", [(f"b{n}", 0.5, 0.5) for n in range(2)])


def fruits(root: Path) -> None:
    for split in ("Training", "Test"):
        folders(root, f"fruits-360/{split}/Apple Red 1", f"fruits-360/{split}/Kiwi")
    text(root, "fruits-360/LICENSE")
    text(root, "fruits-360/papers/paper.pdf")


def state_farm(root: Path) -> None:
    folders(root, *below("imgs/train", "c0 c1"), name="img_{}.jpg")
    folders(root, "imgs/test", name="img_9{}.jpg")
    rows = [("p002", c, f"img_{n}.jpg") for c in ("c0", "c1") for n in range(2)]
    table(root, "driver_imgs_list.csv", "subject,classname,img", rows)


def iwildcam(root: Path) -> None:
    folders(root, "train", size=8, name="5998{}-21ea.jpg")
    rows = [
        (n % 2, f"2011-05-{10 + n} 23:43:18", f"5998{n}-21ea.jpg", n // 4, f"seq{n // 3}")
        for n in range(8)
    ]
    table(root, "train.csv", "category_id,date_captured,file_name,location,seq_id", rows)


def inaturalist(root: Path) -> None:
    paths = [f"train_val2018/{kind}/{n}/{n}a.jpg" for kind in ("Aves", "Fungi") for n in (1, 2, 3)]
    put(root, *paths)
    ids = range(len(paths))
    text(
        root,
        "train2018.json",
        json.dumps(
            {
                "images": [{"id": n, "file_name": paths[n]} for n in ids],
                "annotations": [{"id": n, "image_id": n, "category_id": n // 3} for n in ids],
                "categories": [{"id": 0, "name": "Aves"}, {"id": 1, "name": "Fungi"}],
            }
        ),
    )


def coco(root: Path) -> None:
    folders(root, "train2017", size=4, name="00000000{}.jpg")
    pairs = [{"id": n, "image_id": n, "category_id": n % 2, "bbox": [0, 0, 3, 3]} for n in range(4)]
    found = {
        "images": [{"id": n, "file_name": f"00000000{n}.jpg"} for n in range(4)],
        "annotations": pairs,
        "categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}],
    }
    text(root, "annotations/instances_train2017.json", json.dumps(found))


def fashion(root: Path) -> None:
    folders(root, "images", size=6, name="150{}.jpg")
    rows = [
        (f"150{n}", ("Men", "Women")[n % 2], ("Apparel", "Footwear")[n // 3], f"Shirt {n}")
        for n in range(6)
    ]
    table(root, "styles.csv", "id,gender,masterCategory,productDisplayName", rows)


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
        table(root, "train/metadata.csv", "file_name,label", [(*one.values(),) for one in records])


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


CASES: dict[str, Case] = {
    # Faces
    "FER2013 folders": Case(
        lambda root: folders(root, *below("train test", FER)), each("train test", FER)
    ),
    "fer2013.csv": Case(
        lambda root: fer_csv(root, "fer2013.csv", "emotion,pixels,Usage"),
        FER_COUNTS,
        path="fer2013.csv",
    ),
    "FER2013 as it unpacks": Case(
        lambda root: (
            fer_csv(root / "fer2013", "fer2013.csv", "emotion,pixels,Usage"),
            text(root, "fer2013/README"),
            text(root, "fer2013/fer2013.bib"),
        ),
        FER_COUNTS,
    ),
    "FER2013's challenge": Case(
        lambda root: (
            fer_csv(root, "icml_face_data.csv", "emotion,pixels,Usage"),
            fer_csv(root, "train.csv", "emotion,pixels", usage=False),
            text(root, "example_submission.csv", "emotion\n0\n"),
        ),
        says="icml_face_data.csv, train.csv",
    ),
    "icml_face_data.csv": Case(icml, FER_COUNTS, path="icml_face_data.csv"),
    "Kaggle's train.csv": Case(
        lambda root: fer_csv(root, "train.csv", "emotion,pixels", usage=False),
        each("train", FER, 1),
        path="train.csv",
    ),
    "RAF-DB": Case(raf_db, each("train test", "1 2 3")),
    "AffectNet": Case(affectnet, says="annotations"),
    "CK+": Case(ckplus, each("train", "anger contempt fear")),
    "UTKFace": Case(
        utk_face, each("train", "0 1", 3), given={"label_from": r"\d+_(\d)_\d_\d+\.jpg$"}
    ),
    "FairFace": Case(
        fairface,
        {"train": {"Female": 2, "Male": 2}},
        given={"labels": "fairface_label_train.csv", "label_column": "gender"},
    ),
    "CelebA": Case(
        celeba,
        {"train": {"-1": 3, "1": 3}},
        given={"labels": "list_attr_celeba.csv", "label_column": "Male"},
    ),
    "CK+ as csv": Case(ck_extended, says="emotion", path="ckextended.csv"),
    "LFW": Case(lfw, {"train": {"Aaron_Peirsol": 1, "Colin_Powell": 1, "George_W_Bush": 3}}),
    # Medicine
    "HAM10000": Case(
        ham10000,
        each("train", "mel nv", 4),
        given={"labels": "HAM10000_metadata.csv", "label_column": "dx"},
    ),
    "ISIC 2019": Case(
        isic_2019,
        each("train", "BCC MEL NV"),
        given={"labels": "ISIC_2019_Training_GroundTruth.csv"},
    ),
    "APTOS": Case(aptos, each("train", "0 1 2"), given={"labels": "train.csv"}),
    "CheXpert": Case(
        chexpert,
        {"train": {"F": 3, "M": 3}},
        given={"labels": "CheXpert-v1.0-small/train.csv", "label_column": "Sex"},
    ),
    "chest X-ray": Case(
        lambda root: folders(root, *below("chest_xray/train chest_xray/val", "NORMAL PNEUMONIA")),
        each("train validation", "NORMAL PNEUMONIA"),
    ),
    "chest X-ray twice": Case(chest_xray_twice, says="2 places"),
    "brain tumours": Case(
        lambda root: folders(root, *below("Training Testing", "glioma_tumor no_tumor")),
        each("train test", "glioma_tumor no_tumor"),
    ),
    "PatchCamelyon": Case(
        lambda root: (root / "x.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)),
        says="HDF5",
        path="x.h5",
    ),
    "MedMNIST": Case(
        lambda root: np.savez_compressed(
            root / "bloodmnist.npz",
            **arrays("train", 6, "{}_images", "{}_labels", column=True),
            **arrays("val", 3, "{}_images", "{}_labels", column=True),
            **arrays("test", 3, "{}_images", "{}_labels", column=True),
        ),
        each("train", "0 1 2") | each("validation test", "0 1 2", 1),
        path="bloodmnist.npz",
    ),
    "MedMNIST multi-label": Case(
        lambda root: np.savez(
            root / "chestmnist.npz",
            train_images=np.zeros((4, 28, 28), np.uint8),
            train_labels=np.ones((4, 14), np.uint8),
        ),
        says="multi-label",
        path="chestmnist.npz",
    ),
    "histopathology": Case(
        histopathology, each("train", "0 1"), given={"labels": "train_labels.csv"}
    ),
    # Animals, plants, food, objects
    "Cats vs Dogs, Kaggle": Case(
        kaggle_cats,
        each("train", "cat dog") | each("test", "cat dog", 0),
        given={"label_from": r"(cat|dog)\.\d+"},
        unlabelled={"test": 2},
    ),
    "Cats vs Dogs, Microsoft": Case(pet_images, each("train", "Cat Dog")),
    "Stanford Dogs": Case(
        stanford_dogs, each("train", "n02085620-Chihuahua n02085782-Japanese_spaniel")
    ),
    "Stanford Cars": Case(
        stanford_cars,
        {
            split: {"AM General Hummer SUV 2000": 2, "Acura RL Sedan 2012": 2}
            for split in ("train", "test")
        },
    ),
    "CUB-200": Case(cub, each("train", "001.Albatross 002.Auklet")),
    "CUB-200 with masks": Case(cub_with_masks, each("train", "001.Albatross 002.Auklet")),
    "Pascal VOC": Case(voc, says="segmentation"),
    "ADE20K": Case(ade20k, says="annotations"),
    "Cityscapes": Case(cityscapes, says="places"),
    "Kvasir": Case(lambda root: folders(root, "images", "masks"), says="masks"),
    "CVC-ClinicDB": Case(lambda root: folders(root, "Original", "Ground Truth"), says="pairs"),
    "CycleGAN": Case(
        lambda root: folders(root, "trainA", "trainB", "testA", "testB"), says="splits"
    ),
    "UCF101 frames": Case(
        ucf101, each("train", "Archery Biking", 4), given={"layout": "class-folders"}
    ),
    "patients in folders": Case(patients, says="patients"),
    "names of classes": Case(names_of_classes, each("train", "0 1 2 3")),
    "traffic signs": Case(traffic_signs, says="traffic_Data/DATA"),
    "NIH chest X-rays": Case(
        nih_chest,
        {"train": {"F": 4, "M": 4}},
        given={"labels": "Data_Entry_2017.csv", "label_column": "Gender"},
    ),
    "lung and colon": Case(
        lung_and_colon,
        each("train", "colon_aca colon_n lung_aca lung_n"),
        given={"label_from": layout_checks.BY_FOLDER},
    ),
    "other case": Case(
        lambda root: folders(root, *below("train", "Cat Dog"), *below("test", "cat dog")),
        says="case",
    ),
    "flower_photos": Case(
        lambda root: (
            folders(root, *below("flower_photos", "daisy roses")),
            text(root, "flower_photos/LICENSE.txt"),
        ),
        each("train", "daisy roses"),
    ),
    "chest CT": Case(
        chest_ct,
        {
            "train": {"adenocarcinoma": 0, "adenocarcinoma_left.lower.lobe": 2, "normal": 2},
            "test": {"adenocarcinoma": 2, "adenocarcinoma_left.lower.lobe": 0, "normal": 2},
        },
    ),
    "Oxford Pets": Case(
        oxford_pets,
        each("train", "Abyssinian great_pyrenees"),
        given={"label_from": r"^(.+)_\d+\.jpg$"},
        path="images",
    ),
    "Oxford Pets as it unpacks": Case(oxford_pets, says="annotations"),
    "Caltech 101": Case(caltech101, each("train", "BACKGROUND_Google accordion")),
    "Flowers 102": Case(flowers_original, says="jpg"),
    "Flowers 102, Kaggle": Case(
        flowers_kaggle,
        each("train validation", "1 2") | each("test", "1 2", 0),
        unlabelled={"test": 2},
    ),
    "Food-101": Case(food101, each("train", "apple_pie waffles")),
    "GTSRB": Case(
        gtsrb, each("train", "00000 00001") | each("test", "00000 00001", 0), unlabelled={"test": 2}
    ),
    "GTSRB, Kaggle": Case(gtsrb_kaggle, each("train", "0 1"), given={"labels": "Train.csv"}),
    "EuroSAT": Case(eurosat, each("train", "AnnualCrop Forest")),
    "EuroSAT, Kaggle": Case(eurosat_kaggle, each("train", "AnnualCrop Forest")),
    "PlantVillage": Case(
        lambda root: folders(root, *below("PlantVillage/PlantVillage", "Potato___healthy Tomato")),
        each("train", "Potato___healthy Tomato"),
    ),
    "PlantVillage in three forms": Case(plant_village_three, says="3 places"),
    "Plant Pathology": Case(
        plant_pathology, each("train", "healthy rust scab"), given={"labels": "train.csv"}
    ),
    "Cassava": Case(cassava, each("train", "0 1"), given={"labels": "train.csv"}),
    "Dog breeds": Case(dog_breeds, each("train", "boxer pug"), given={"labels": "labels.csv"}),
    "Fruits-360": Case(
        fruits, {split: {"Apple Red 1": 2, "Kiwi": 2} for split in ("train", "test")}
    ),
    "State Farm": Case(
        state_farm, each("train", "c0 c1") | each("test", "c0 c1", 0), unlabelled={"test": 2}
    ),
    "Intel scenes": Case(
        lambda root: folders(
            root,
            *below("seg_train/seg_train seg_test/seg_test", "forest sea"),
            "seg_pred/seg_pred",
        ),
        each("train test", "forest sea"),
    ),
    "iWildCam": Case(
        iwildcam,
        each("train", "0 1", 4),
        given={"labels": "train.csv"},
        more={"group_column": "seq_id"},
    ),
    "iNaturalist": Case(
        inaturalist, each("train", "Aves Fungi", 3), given={"labels": "train2018.json"}
    ),
    "COCO": Case(
        coco, each("train", "cat dog"), given={"labels": "annotations/instances_train2017.json"}
    ),
    "fashion products": Case(
        fashion,
        each("train", "Apparel Footwear", 3),
        given={"labels": "styles.csv", "label_column": "masterCategory"},
    ),
    # ImageNet and its kin
    "ImageNet": Case(
        imagenet,
        each("train", "n01440764 n01443537") | each("validation", "n01440764 n01443537", 0),
        unlabelled={"validation": 2},
    ),
    "Tiny ImageNet": Case(
        tiny_imagenet,
        each("train", "n01443537 n01629819") | each("validation test", "n01443537 n01629819", 0),
        unlabelled={"validation": 2, "test": 2},
    ),
    "MNIST as files": Case(mnist_png, each("train test", "0 1 2")),
    "SVHN": Case(svhn, says="class folders"),
    "DTD": Case(dtd, each("train", "banded blotchy")),
    "Omniglot": Case(
        omniglot,
        each("train", "character01 character02", 4),
        given={"label_from": layout_checks.BY_FOLDER},
    ),
    "SUN397": Case(
        sun397,
        each("train", "abbey airport bar beach"),
        given={"label_from": layout_checks.BY_FOLDER},
    ),
    "Imagenette": Case(imagenette, each("train validation", "n01440764 n03888257")),
    "CIFAR-10 as pickles": Case(cifar_pickles, says="no image"),
    # Tables and archives
    "Hugging Face csv": Case(
        lambda root: hugging_face(root, lines=False),
        each("train", "cat dog"),
        given={"labels": "train/metadata.csv"},
    ),
    "Hugging Face jsonl": Case(
        lambda root: hugging_face(root, lines=True),
        each("train", "cat dog"),
        given={"labels": "train/metadata.jsonl"},
    ),
    "Roboflow one-hot": Case(
        one_hot, each("train", "cat dog"), given={"labels": "train/_classes.csv"}
    ),
    "YOLO": Case(yolo, says="YOLO"),
    "MNIST of Keras": Case(
        lambda root: np.savez(
            root / "mnist.npz",
            **arrays("train", 6, "x_{}", "y_{}"),
            **arrays("test", 3, "x_{}", "y_{}"),
        ),
        each("train", "0 1 2") | each("test", "0 1 2", 1),
        path="mnist.npz",
    ),
    "arrays of Keras without a test": Case(
        lambda root: np.savez(root / "x.npz", **arrays("train", 6, "X_{}", "y_{}", least=1)),
        each("train", "cat dog fox"),
        path="x.npz",
        more={"class_names": {"1": "cat", "2": "dog", "3": "fox"}},
    ),
    "a folder of arrays": Case(
        lambda root: np.savez(root / "mnist.npz", **arrays("train", 6, "x_{}", "y_{}")),
        each("train", "0 1 2"),
    ),
    "two files of arrays": Case(
        lambda root: [
            np.savez(root / name, **arrays("train", 6, "x_{}", "y_{}")) for name in ("a", "b")
        ],
        says="a.npz, b.npz",
    ),
    "arrays of other names": Case(
        lambda root: np.savez(root / "x.npz", data=np.zeros((2, 8, 8), np.uint8), y=[0, 1]),
        says="data, y",
        path="x.npz",
    ),
    "zip of Kaggle's": Case(kaggle_zip, each("train test", "cat dog"), path="archive.zip"),
    "zip with a table": Case(
        zip_with_table,
        {"train": {"Female": 2, "Male": 2}},
        given={"labels": "fairface.zip/fairface_label_train.csv", "label_column": "gender"},
        path="fairface.zip",
    ),
    "tar.gz": Case(tar_of_images, says="tar", path="images.tar.gz"),
}
