"""Layouts of public data sets, made up of a few files each: a table of cases.

A case lays its files out below a folder. `given` has the options that settle what is doubtful, in
the order in which the errors name them; a path of a table is below the folder.
"""

from __future__ import annotations

import numpy as np

from fer_data.data.sources import layout_checks
from tests.helpers import layouts_of_benchmarks as benchmarks
from tests.helpers import layouts_of_people as people
from tests.helpers import layouts_of_things as things
from tests.helpers.layout_case import Case
from tests.helpers.layout_files import arrays, below, each, folders, text

CASES: dict[str, Case] = {
    # Faces
    "FER2013 folders": Case(
        lambda root: folders(root, *below("train test", people.FER)), each("train test", people.FER)
    ),
    "fer2013.csv": Case(
        lambda root: people.fer_csv(root, "fer2013.csv", "emotion,pixels,Usage"),
        people.FER_COUNTS,
        path="fer2013.csv",
    ),
    "FER2013 as it unpacks": Case(
        lambda root: (
            people.fer_csv(root / "fer2013", "fer2013.csv", "emotion,pixels,Usage"),
            text(root, "fer2013/README"),
            text(root, "fer2013/fer2013.bib"),
        ),
        people.FER_COUNTS,
    ),
    "FER2013's challenge": Case(
        lambda root: (
            people.fer_csv(root, "icml_face_data.csv", "emotion,pixels,Usage"),
            people.fer_csv(root, "train.csv", "emotion,pixels", usage=False),
            text(root, "example_submission.csv", "emotion\n0\n"),
        ),
        says="icml_face_data.csv, train.csv",
    ),
    "icml_face_data.csv": Case(people.icml, people.FER_COUNTS, path="icml_face_data.csv"),
    "Kaggle's train.csv": Case(
        lambda root: people.fer_csv(root, "train.csv", "emotion,pixels", usage=False),
        each("train", people.FER, 1),
        path="train.csv",
    ),
    "RAF-DB": Case(people.raf_db, each("train test", "1 2 3")),
    "AffectNet": Case(people.affectnet, says="annotations"),
    "CK+": Case(people.ckplus, each("train", "anger contempt fear")),
    "UTKFace": Case(
        people.utk_face, each("train", "0 1", 3), given={"label_from": r"\d+_(\d)_\d_\d+\.jpg$"}
    ),
    "FairFace": Case(
        people.fairface,
        {"train": {"Female": 2, "Male": 2}},
        given={"labels": "fairface_label_train.csv", "label_column": "gender"},
    ),
    "CelebA": Case(
        people.celeba,
        {"train": {"-1": 3, "1": 3}},
        given={"labels": "list_attr_celeba.csv", "label_column": "Male"},
    ),
    "CK+ as csv": Case(people.ck_extended, says="emotion", path="ckextended.csv"),
    "LFW": Case(people.lfw, {"train": {"Aaron_Peirsol": 1, "Colin_Powell": 1, "George_W_Bush": 3}}),
    # Medicine
    "HAM10000": Case(
        people.ham10000,
        each("train", "mel nv", 4),
        given={"labels": "HAM10000_metadata.csv", "label_column": "dx"},
    ),
    "ISIC 2019": Case(
        people.isic_2019,
        each("train", "BCC MEL NV"),
        given={"labels": "ISIC_2019_Training_GroundTruth.csv"},
    ),
    "APTOS": Case(people.aptos, each("train", "0 1 2"), given={"labels": "train.csv"}),
    "CheXpert": Case(
        people.chexpert,
        {"train": {"F": 3, "M": 3}},
        given={"labels": "CheXpert-v1.0-small/train.csv", "label_column": "Sex"},
    ),
    "chest X-ray": Case(
        lambda root: folders(root, *below("chest_xray/train chest_xray/val", "NORMAL PNEUMONIA")),
        each("train validation", "NORMAL PNEUMONIA"),
    ),
    "chest X-ray twice": Case(people.chest_xray_twice, says="2 places"),
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
        people.histopathology, each("train", "0 1"), given={"labels": "train_labels.csv"}
    ),
    # Animals, plants, food, objects
    "Cats vs Dogs, Kaggle": Case(
        things.kaggle_cats,
        each("train", "cat dog") | each("test", "cat dog", 0),
        given={"label_from": r"(cat|dog)\.\d+"},
        unlabelled={"test": 2},
    ),
    "Cats vs Dogs, Microsoft": Case(things.pet_images, each("train", "Cat Dog")),
    "Stanford Dogs": Case(
        things.stanford_dogs, each("train", "n02085620-Chihuahua n02085782-Japanese_spaniel")
    ),
    "Stanford Cars": Case(
        things.stanford_cars,
        {
            split: {"AM General Hummer SUV 2000": 2, "Acura RL Sedan 2012": 2}
            for split in ("train", "test")
        },
    ),
    "CUB-200": Case(things.cub, each("train", "001.Albatross 002.Auklet")),
    "CUB-200 with masks": Case(things.cub_with_masks, each("train", "001.Albatross 002.Auklet")),
    "Pascal VOC": Case(things.voc, says="segmentation"),
    "ADE20K": Case(things.ade20k, says="annotations"),
    "Cityscapes": Case(things.cityscapes, says="places"),
    "Kvasir": Case(lambda root: folders(root, "images", "masks"), says="masks"),
    "CVC-ClinicDB": Case(lambda root: folders(root, "Original", "Ground Truth"), says="pairs"),
    "CycleGAN": Case(
        lambda root: folders(root, "trainA", "trainB", "testA", "testB"), says="splits"
    ),
    "UCF101 frames": Case(
        things.ucf101, each("train", "Archery Biking", 4), given={"layout": "class-folders"}
    ),
    "patients in folders": Case(things.patients, says="patients"),
    "names of classes": Case(things.names_of_classes, each("train", "0 1 2 3")),
    "traffic signs": Case(things.traffic_signs, says="traffic_Data/DATA"),
    "NIH chest X-rays": Case(
        things.nih_chest,
        {"train": {"F": 4, "M": 4}},
        given={"labels": "Data_Entry_2017.csv", "label_column": "Gender"},
    ),
    "lung and colon": Case(
        things.lung_and_colon,
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
        things.chest_ct,
        {
            "train": {"adenocarcinoma": 0, "adenocarcinoma_left.lower.lobe": 2, "normal": 2},
            "test": {"adenocarcinoma": 2, "adenocarcinoma_left.lower.lobe": 0, "normal": 2},
        },
    ),
    "Oxford Pets": Case(
        things.oxford_pets,
        each("train", "Abyssinian great_pyrenees"),
        given={"label_from": r"^(.+)_\d+\.jpg$"},
        path="images",
    ),
    "Oxford Pets as it unpacks": Case(things.oxford_pets, says="annotations"),
    "Caltech 101": Case(things.caltech101, each("train", "BACKGROUND_Google accordion")),
    "Flowers 102": Case(things.flowers_original, says="jpg"),
    "Flowers 102, Kaggle": Case(
        things.flowers_kaggle,
        each("train validation", "1 2") | each("test", "1 2", 0),
        unlabelled={"test": 2},
    ),
    "Food-101": Case(things.food101, each("train", "apple_pie waffles")),
    "GTSRB": Case(
        things.gtsrb,
        each("train", "00000 00001") | each("test", "00000 00001", 0),
        unlabelled={"test": 2},
    ),
    "GTSRB, Kaggle": Case(things.gtsrb_kaggle, each("train", "0 1"), given={"labels": "Train.csv"}),
    "EuroSAT": Case(things.eurosat, each("train", "AnnualCrop Forest")),
    "EuroSAT, Kaggle": Case(things.eurosat_kaggle, each("train", "AnnualCrop Forest")),
    "PlantVillage": Case(
        lambda root: folders(root, *below("PlantVillage/PlantVillage", "Potato___healthy Tomato")),
        each("train", "Potato___healthy Tomato"),
    ),
    "PlantVillage in three forms": Case(things.plant_village_three, says="3 places"),
    "Plant Pathology": Case(
        things.plant_pathology, each("train", "healthy rust scab"), given={"labels": "train.csv"}
    ),
    "Cassava": Case(things.cassava, each("train", "0 1"), given={"labels": "train.csv"}),
    "Dog breeds": Case(
        things.dog_breeds, each("train", "boxer pug"), given={"labels": "labels.csv"}
    ),
    "Fruits-360": Case(
        things.fruits, {split: {"Apple Red 1": 2, "Kiwi": 2} for split in ("train", "test")}
    ),
    "State Farm": Case(
        things.state_farm, each("train", "c0 c1") | each("test", "c0 c1", 0), unlabelled={"test": 2}
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
        things.iwildcam,
        each("train", "0 1", 4),
        given={"labels": "train.csv"},
        more={"group_column": "seq_id"},
    ),
    "iNaturalist": Case(
        things.inaturalist, each("train", "Aves Fungi", 3), given={"labels": "train2018.json"}
    ),
    "COCO": Case(
        things.coco,
        each("train", "cat dog"),
        given={"labels": "annotations/instances_train2017.json"},
    ),
    "fashion products": Case(
        things.fashion,
        each("train", "Apparel Footwear", 3),
        given={"labels": "styles.csv", "label_column": "masterCategory"},
    ),
    # ImageNet and its kin
    "ImageNet": Case(
        benchmarks.imagenet,
        each("train", "n01440764 n01443537") | each("validation", "n01440764 n01443537", 0),
        unlabelled={"validation": 2},
    ),
    "Tiny ImageNet": Case(
        benchmarks.tiny_imagenet,
        each("train", "n01443537 n01629819") | each("validation test", "n01443537 n01629819", 0),
        unlabelled={"validation": 2, "test": 2},
    ),
    "MNIST as files": Case(benchmarks.mnist_png, each("train test", "0 1 2")),
    "SVHN": Case(benchmarks.svhn, says="class folders"),
    "DTD": Case(benchmarks.dtd, each("train", "banded blotchy")),
    "Omniglot": Case(
        benchmarks.omniglot,
        each("train", "character01 character02", 4),
        given={"label_from": layout_checks.BY_FOLDER},
    ),
    "SUN397": Case(
        benchmarks.sun397,
        each("train", "abbey airport bar beach"),
        given={"label_from": layout_checks.BY_FOLDER},
    ),
    "Imagenette": Case(benchmarks.imagenette, each("train validation", "n01440764 n03888257")),
    "CIFAR-10 as pickles": Case(benchmarks.cifar_pickles, says="no image"),
    # Tables and archives
    "Hugging Face csv": Case(
        lambda root: benchmarks.hugging_face(root, lines=False),
        each("train", "cat dog"),
        given={"labels": "train/metadata.csv"},
    ),
    "Hugging Face jsonl": Case(
        lambda root: benchmarks.hugging_face(root, lines=True),
        each("train", "cat dog"),
        given={"labels": "train/metadata.jsonl"},
    ),
    "Roboflow one-hot": Case(
        benchmarks.one_hot, each("train", "cat dog"), given={"labels": "train/_classes.csv"}
    ),
    "YOLO": Case(benchmarks.yolo, says="YOLO"),
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
    "zip of Kaggle's": Case(
        benchmarks.kaggle_zip, each("train test", "cat dog"), path="archive.zip"
    ),
    "zip with a table": Case(
        benchmarks.zip_with_table,
        {"train": {"Female": 2, "Male": 2}},
        given={"labels": "fairface.zip/fairface_label_train.csv", "label_column": "gender"},
        path="fairface.zip",
    ),
    "tar.gz": Case(benchmarks.tar_of_images, says="tar", path="images.tar.gz"),
}
