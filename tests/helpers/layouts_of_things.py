"""Layouts of public data sets of animals, plants, food and objects."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers.layout_files import below, folders, put, table, text

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
