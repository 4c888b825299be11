"""The emotions of FER2013, the codes and the values of ``Usage`` in its csv files.

A class is its name; its label is the name's place in alphabetical order, as Keras and torchvision
number class folders. The codes follow another order and are mapped by name.
"""

from __future__ import annotations

import re

from fer_data.data.split_names import split_of_folder

EMOTIONS_BY_CODE = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Class name of each csv code, 0 to 6."""

EMOTIONS = tuple(sorted(EMOTIONS_BY_CODE))
"""The seven class names in label order."""

USAGES = {"Training": "train", "PublicTest": "public_test", "PrivateTest": "private_test"}
"""Split of each value of the column ``Usage``, the two test splits apart."""

_VALUE = re.compile(r"[A-Za-z][A-Za-z _-]{0,31}")


def split_of_usage(usage: str, *, merge_test: bool) -> str | None:
    """Return the split of a ``Usage`` value, both test splits as ``test`` where they are merged.

    Other words for splits (``train``, ``Val``, ``TEST``) are known as those of folders are.
    """
    split = USAGES.get(usage)
    if split is None and _VALUE.fullmatch(usage):
        split = split_of_folder(usage)
    return "test" if merge_test and split in ("public_test", "private_test") else split
