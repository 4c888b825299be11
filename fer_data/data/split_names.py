"""The names of splits: those that a dataset has, and the words that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fer_data.errors import UsageError
from fer_data.util.words import printable

SPLITS = ("train", "validation", "test", "public_test", "private_test")
"""Every split name there is, in the order in which splits are shown."""

EVALUATION_SPLITS = SPLITS[1:]

TEST_SPLITS = ("test", "private_test", "public_test")
"""Where the test samples are looked for, the first that is there."""

_ALIASES = {
    "training": "train",
    "trn": "train",
    "valid": "validation",
    "val": "validation",
    "validate": "validation",
    "dev": "validation",
    "eval": "validation",
    "evaluation": "validation",
    "holdout": "test",
    "testing": "test",
    "tst": "test",
    "publictest": "public_test",
    "privatetest": "private_test",
}

_USUAL = ("train", "val", "test")

_FILLERS = (
    {"set", "sets", "subset", "split", "data", "dataset", "seg", "final", "the"}
    | {"image", "images", "img", "imgs", "pic", "pics", "picture", "pictures", "photo", "photos"}
    | {"face", "faces", "sample", "samples", "file", "files", "folder", "dir"}
    | {"cropped", "aligned", "resized"}
)
"""Other words that a split's name may have in it: ``seg_train``, ``val_set``, ``TestImages``."""

_LETTERS = re.compile(r"[^\W\d_]+")
_AFFIX = re.compile(r"(?:set|data|dataset|images?|imgs?|split|files)$")


def split_of_folder(name: str) -> str | None:
    """Return the split that a folder's name stands for, or None where it stands for none.

    Case, separators, numbers and words as *set* or *images* aside: ``Train``, ``seg_train``,
    ``val_set``, ``TestImages`` and ``test1`` are splits, ``train_station`` is none.
    """
    words = _LETTERS.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    whose = [word for word in words if word in ("public", "private")]
    splits = set()
    for word in words:
        if split := _split_of_word(word):
            splits.add(split)
        elif word not in _FILLERS and word not in whose:
            return None
    if len(splits) != 1:
        return None
    split = splits.pop()
    if whose:
        return f"{whose[0]}_test" if split == "test" and len(whose) == 1 else None
    return split


def splits_in(name: str) -> set[str]:
    """Return the splits whose words a name contains, with other words or without."""
    words = _LETTERS.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    return {split for word in words if (split := _split_of_word(word))}


def split_notes(splits: Iterable[tuple[str, str | None]]) -> tuple[str, ...]:
    """Return a line for each name that was taken for a split by an unusual word, as *holdout*."""
    return tuple(
        f"{printable(name)!r} is the {split} split"
        for name, split in dict(splits).items()
        if split and not any(word in name.lower() for word in _USUAL)
    )


def _split_of_word(word: str) -> str | None:
    for name in (word, _AFFIX.sub("", word)):
        name = _ALIASES.get(name, name)
        if name in SPLITS:
            return name
    return None


def split_to_take(
    split: str | None, present: Sequence[str], where: str, usual: Sequence[str] = ("train",)
) -> str:
    """Return the split that is asked for: by default the usual one, or the only one there is.

    Parameters
    ----------
    split : str, optional
        As a folder of it may be named (``val``).
    present : sequence of str
    where : str
        What an error names.
    usual : sequence of str
        What is taken where nothing is asked for: the first that is present.

    Raises
    ------
    UsageError
        If none is asked for, and there are several, none of them usual.
    """
    if split is not None:
        return split_of_folder(split) or split
    splits = [*(name for name in usual if name in present), *present]
    if len(present) > 1 and splits[0] not in usual:
        raise UsageError(
            f"{where}: several splits, name the one to take", fix={"split": tuple(present)}
        )
    return splits[0]
