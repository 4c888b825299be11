"""The only list of emotions, csv codes, split names and their aliases.

A class is its name; its label is the name's place in alphabetical order, as Keras and torchvision
number class folders. FER2013's csv codes follow another order and are mapped by name.
"""

EMOTIONS_BY_CODE = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Class name of each FER2013 csv code, 0 to 6."""

EMOTIONS = tuple(sorted(EMOTIONS_BY_CODE))
"""The seven class names in label order."""

SPLITS = ("train", "validation", "test", "public_test", "private_test")
"""Every split name there is, in the order in which splits are shown."""

EVALUATION_SPLITS = SPLITS[1:]

TEST_SPLITS = ("test", "private_test", "public_test")
"""Where the test samples are looked for, the first that is there."""

_ALIASES = {
    "training": "train",
    "valid": "validation",
    "val": "validation",
    "testing": "test",
    "publictest": "public_test",
    "privatetest": "private_test",
}

USAGES = {"Training": "train", "PublicTest": "public_test", "PrivateTest": "private_test"}
"""Split of each value of FER2013's ``Usage`` column, the two test splits apart."""


def split_of_folder(name: str) -> str | None:
    """Return the split that a folder's name stands for, or None where it stands for none."""
    name = name.lower()
    name = _ALIASES.get(name, name)
    return name if name in SPLITS else None


def split_of_usage(usage: str, *, merge_test: bool) -> str | None:
    """Return the split of a ``Usage`` value, both test splits as ``test`` where they are merged."""
    split = USAGES.get(usage)
    return "test" if merge_test and split in ("public_test", "private_test") else split
