"""How a tree of folders is read: which of them are classes, and of which split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fer_data.data.sources.tree_paths import listed


class ClassFolder(NamedTuple):
    """A folder of one class and split; `name` is None where its images have no label."""

    split: str
    name: str | None
    path: str


@dataclass(frozen=True)
class Layout:
    """How a tree is read.

    Attributes
    ----------
    in_splits : bool
        Whether class folders lie in split folders.
    folders : tuple of ClassFolder
    parents : tuple of str
        The folders that hold them, whose other content is no part of the data.
    notes : tuple of str
        What was not as plain as it could be, for people.
    """

    in_splits: bool
    folders: tuple[ClassFolder, ...]
    parents: tuple[str, ...]
    notes: tuple[str, ...] = ()


def strange_classes(folders: Sequence[ClassFolder]) -> Iterator[str]:
    """Yield a line for each split with classes that training has not, or calls otherwise."""
    known = {folder.name for folder in folders if folder.split == "train"}
    for split in dict.fromkeys(folder.split for folder in folders):
        names = [one.name for one in folders if one.split == split and one.name is not None]
        strange = [name for name in names if name not in known]
        if known and strange:
            yield f"{split} has classes that train has not: {listed(strange)}"
