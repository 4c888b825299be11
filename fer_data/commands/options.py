"""Options that several commands share, of both command lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.fields import DATA, OUTPUT, Given, fields_of
from fer_data.data.options import LoadOptions

DataPath = Annotated[
    Path, Parameter(help="Folder of class folders, FER2013 csv, .npz, parquet or TFRecord.")
]
AsJson = Annotated[bool, Parameter(name="--json", help="Print JSON.", group=OUTPUT)]
Cache = Annotated[
    Path | None,
    Parameter(
        metavar="DIR",
        help="Where decoded images are kept; by default FER_DATA_CACHE, or the user's cache.",
    ),
]

WORDS = {
    "skip_bad": Parameter(help="Skip rows and images that cannot be read, and list them."),
    "test_apart": Parameter(
        help="Keep a csv's PublicTest and PrivateTest apart, as public_test and private_test."
    ),
    "layout": Parameter(
        metavar="class-folders", help="Read folders as classes where they may be something else."
    ),
    "labels": Parameter(metavar="FILE", help="A table of labels for a folder of images."),
    "image_column": Parameter(metavar="NAME", help="Column of --labels with the images' names."),
    "label_column": Parameter(
        metavar="NAME", help="Column of --labels with the labels; all one-hot columns, with commas."
    ),
    "split_column": Parameter(metavar="NAME", help="Column of --labels with the splits."),
    "label_from": Parameter(
        metavar="REGEX", help="Find the label in each file's path: a group, or one named label."
    ),
    "group_column": Parameter(
        metavar="NAME", help="Column of the groups, such as patients, that are never divided."
    ),
    "images": Parameter(
        metavar="DIR", help="For a table as PATH: the folder of its images; by default its own."
    ),
    "class_names": Parameter(
        metavar="NAMES",
        help="Names or order of the classes: a,b,c, or numeric, or a csv of old,new.",
    ),
    "exclude": Parameter(
        metavar="FILE", help="A csv whose first column is sample: exclude these samples."
    ),
    "splits": Parameter(
        metavar="FILE", help="A csv of splits or folds, as `fer-data split` writes it."
    ),
    "fold": Parameter(metavar="K", help="With --splits of folds: fold K, from 1, validates."),
    "relabel": Parameter(
        metavar="FILE", help="A csv of other labels: sample,label, or a number for each class."
    ),
    "soft": Parameter(help="With --relabel: train on the proportions of the numbers."),
}
"""What only the command line says of `LoadOptions`."""

LIBRARY_ONLY = ("from_float",)
"""Fields that are about what is in memory."""

TRAINING_ONLY = ("soft",)
"""Fields that change nothing but what a model is trained on."""

_NOT_HERE = (*LIBRARY_ONLY, *TRAINING_ONLY)


@fields_of(LoadOptions, WORDS, group=DATA, without=_NOT_HERE)
class DataOptions(Given):
    """How a data set is read."""


_SKIPPED_HERE = Parameter(help="Bad items are skipped here in any case, and are a finding.")


@fields_of(LoadOptions, WORDS | {"skip_bad": _SKIPPED_HERE}, group=DATA, without=_NOT_HERE)
class AuditedData(Given):
    """How a data set is read by what lists its bad rows and images as findings."""


@fields_of(LoadOptions, WORDS, group=DATA, without=(*_NOT_HERE, "splits", "fold"))
class UndividedData(Given):
    """How a data set is read that is to be divided, or was divided by the runs on it."""
