"""Which folders of a tree are classes and splits: pure functions over a listing of it.

Nothing is guessed: where a tree could be meant otherwise, it is refused with what was found, and
`read_as_named` takes the folders as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from fer_data.data.sources import layout_checks
from fer_data.data.sources.tree import IMAGES, TEXTS, ClassFolder, Layout, ListFolder, Tree
from fer_data.data.sources.tree_paths import (
    between,
    ending,
    endings,
    hold,
    join,
    last,
    listed,
    parent,
    plain,
)
from fer_data.data.split_names import split_of_folder
from fer_data.errors import DataError

_UNLABELLED = re.compile(r"(seg)?(pred|predict|predictions?|unlabell?ed)(set|data|images?)?")
"""Folders next to the splits whose images have no labels, so that they are in none."""

_USUAL = {"train", "training", "valid", "val", "validation", "test", "testing"}
_USUAL |= {"publictest", "privatetest"}


def find(root: Path, list_folder: ListFolder) -> Layout:
    """Find the class folders of a tree.

    Parameters
    ----------
    root : Path
        What errors call the data set; nothing is read there.
    list_folder : callable

    Raises
    ------
    DataError
        If there are none, they are in several places, or the folders are not clearly classes.
    """
    return _Finder(root, list_folder).find()


def read_as_named(root: Path, list_folder: ListFolder) -> Layout:
    """Take the folders as classes: those of the split folders where there are any, else the root's.

    Raises
    ------
    DataError
        If there is no folder, or two split folders stand for one split.
    """
    splits = [
        (split, name)
        for name in list_folder("").folders
        if (split := split_of_folder(name)) and list_folder(name).folders
    ]
    layout_checks.refuse_twice(root, splits)
    parents = [name for _, name in splits] or [""]
    folders = tuple(
        ClassFolder(split_of_folder(last(parent) or root.name) or "train", name, join(parent, name))
        for parent in parents
        for name in list_folder(parent).folders
    )
    if not folders:
        raise layout_checks.none_here(Tree(root, list_folder))
    return Layout(bool(splits), folders, ("", *parents) if splits else ("",))


class _Finder:
    """What is found of one tree, and what was passed on the way."""

    def __init__(self, root: Path, list_folder: ListFolder) -> None:
        self.tree = Tree(root, list_folder)
        self.passed: list[str] = []
        self.notes: list[str] = []

    def find(self) -> Layout:
        top = self._entered()
        holding, deeper = self.tree.holding(top), self.tree.deeper(top)
        splits = [(split, path) for path in deeper if (split := split_of_folder(last(path)))]
        if splits:
            return self._of_splits(top, splits)
        if holding and deeper and all(map(self.tree.is_flat, holding)):
            raise layout_checks.classes_next_to_flat(self.tree, deeper, holding)
        if holding:
            layout_checks.refuse_flat_splits(self.tree, top, holding)
            unlabelled = self._split_among_classes(holding)
            split = self._split_of(top)
            folders = self._classes(top, split, but=[path for _, path in unlabelled])
            layout_checks.refuse_pairs(self.tree, top, [folder.path for folder in folders])
            self._refuse_vanished(top, unlabelled)
            self._take_flat(unlabelled, folders)
            self._refuse_one_class(folders)
            return Layout(False, tuple(folders), tuple(self.passed), tuple(self.notes))
        if deeper:
            raise layout_checks.several(self.tree, self.tree.places(top))
        raise layout_checks.nothing(self.tree, top)

    def _entered(self) -> str:
        """Return the folder that holds classes or splits, below those that hold just one folder."""
        top = ""
        while True:
            self.passed.append(top)
            layout_checks.refuse_detection(self.tree, top)
            deeper = self._without_masks(top)
            if self.tree.holding(top) or len(deeper) != 1 or split_of_folder(last(deeper[0])):
                break
            top = deeper[0]
        if top:
            self.notes.append(f"read from {top}, the folder that holds the classes")
        return top

    def _without_masks(self, top: str) -> list[str]:
        """Return the folders with class folders, but for masks and the like next to images."""
        deeper = self.tree.deeper(top)
        kept = [path for path in deeper if not layout_checks.LABELS.fullmatch(plain(last(path)))]
        if len(kept) == 1 < len(deeper) and IMAGES.fullmatch(plain(last(kept[0]))):
            others = [path for path in deeper if path not in kept]
            self.notes.append(f"{listed(others)} next to {kept[0]} is not read: masks or the like")
            return kept
        return deeper

    def _of_splits(self, top: str, splits: list[tuple[str, str]]) -> Layout:
        named = {path for _, path in splits}
        for path in self.tree.deeper(top):
            within = self.tree.places(path) if path not in named else ()
            below = [part for place in within for part in place[len(path) :].split("/")]
            if any(map(split_of_folder, below)):
                outer_places = sorted({top or ".", *map(parent, within)})
                raise layout_checks.doubtful(
                    self.tree,
                    f"data sets in {len(outer_places)} places: {', '.join(outer_places)}",
                    "name one of them",
                )
        flat = [
            (split, path)
            for path in self.tree.holding(top)
            if (split := split_of_folder(last(path))) is not None
        ]
        layout_checks.refuse_twice(
            self.tree.root, [(split, last(path)) for split, path in splits + flat]
        )
        folders: list[ClassFolder] = []
        for split, path in splits:
            places = self.tree.places(path)
            if len(places) > 1:
                raise layout_checks.several(self.tree, places)
            layout_checks.refuse_detection(self.tree, places[0])
            held = [child for child in self.tree.holding(places[0]) if not self.tree.is_flat(child)]
            if not held and len(self.tree.holding(places[0])) == 1:
                flat.append((split, path))
                continue
            if places[0] != path:
                self.notes.append(f"{split} is read from {places[0]}")
            else:
                self._say_unusual(split, path)
            way = between(path, places[0])
            for outer, inner in pairwise(way):
                self._refuse_others(outer, {inner}, splits)
            self.passed += way
            folders += self._classes(places[0], split)
            here = [folder.path for folder in folders if folder.split == split]
            layout_checks.refuse_pairs(self.tree, places[0], here)
        for path in self.tree.children(top):
            split = split_of_folder(last(path))
            if split and self.tree.listing(path).folders and not self.tree.has_images(path):
                folders += self._classes(path, split)  # empty, and classes all the same
        known = [*splits, *flat, *((folder.split, parent(folder.path)) for folder in folders)]
        self._refuse_vanished(top, known)
        self._refuse_others(top, {path for _, path in known}, splits)
        self._take_flat(flat, folders)
        if all(folder.name is None for folder in folders):
            raise layout_checks.flat(self.tree, [path for _, path in flat], top)
        self._refuse_one_class(folders)
        layout_checks.refuse_other_case(self.tree, folders)
        return Layout(True, tuple(folders), tuple(self.passed), tuple(self.notes))

    def _refuse_vanished(self, top: str, known: list[tuple[str, str]]) -> None:
        """Refuse a folder that is named as a split and holds nothing that is read."""
        paths = {path for _, path in known}
        for path in self.tree.children(top):
            if split_of_folder(last(path)) and path not in paths and not self.tree.has_images(path):
                others = self.tree.listing(path).others
                what = f"no image that is read, only {endings(others)}" if others else "no image"
                raise layout_checks.doubtful(
                    self.tree,
                    f"{path} holds {what}, so its split would be missing",
                    "fill it or move it away",
                )

    def _refuse_others(self, top: str, known: set[str], splits: list[tuple[str, str]]) -> None:
        """Refuse folders next to those that are read where they hold images, at any depth."""
        names = {
            last(child)
            for _, path in splits
            for place in self.tree.places(path)
            for child in self.tree.holding(place)
        }
        others = []
        for path in self.tree.children(top):
            if path in known or not self.tree.has_images(path):
                continue
            if len(names.intersection(self.tree.listing(path).folders)) > 1:
                raise DataError(
                    f"{self.tree.root}: {path} holds the same class folders as {splits[0][1]}, and "
                    "its name is no split's; call it train, validation or test, or move it away"
                )
            letters = plain(last(path))
            if not self.tree.has_classes(path) and any(
                kind.fullmatch(letters) for kind in (layout_checks.LABELS, IMAGES, _UNLABELLED)
            ):
                self.notes.append(f"{path} next to the splits is not read")
            else:
                others.append(path)
        if others:
            raise layout_checks.doubtful(
                self.tree,
                f"{listed(others)} next to {listed([path for _, path in splits])} {hold(others)} "
                "images, in no split",
                "move them into the splits, or away",
            )

    def _split_among_classes(self, holding: list[str]) -> list[tuple[str, str]]:
        """Return the folder of images that is named as a split, if it is no class.

        With one other folder only, it is a class; so is *train*, as training has labels.
        """
        named = [(split, path) for path in holding if (split := split_of_folder(last(path)))]
        unlabelled = [(split, path) for split, path in named if split != "train"]
        if len(holding) - len(unlabelled) < 2:
            unlabelled = []
        for pair in named:
            if pair not in unlabelled:
                self.notes.append(f"{pair[1]} is taken for a class, though it is named as a split")
        return unlabelled

    def _take_flat(self, flat: list[tuple[str, str]], folders: list[ClassFolder]) -> None:
        for split, path in flat:
            if split == "train":
                raise layout_checks.doubtful(
                    self.tree,
                    f"{path} holds images without class folders, so training has no labels",
                    f"sort them into {path}/<class>/",
                    path,
                    patterns=(),
                )
            tables = layout_checks.tables_around(self.tree, path)
            self.notes.append(
                f"{path} has no class folders: its images are the {split} split, without labels"
                + (f"; {listed(tables)} may hold their labels" if tables else "")
            )
            folders.append(ClassFolder(split, None, path))

    def _say_unusual(self, split: str, path: str) -> None:
        if re.sub(r"[^a-z]", "", last(path).lower()) not in _USUAL:
            self.notes.append(f"{path} is the {split} split")

    def _classes(self, top: str, split: str, but: Sequence[str] = ()) -> list[ClassFolder]:
        """Return the class folders of one place, or refuse what may be none."""
        layout_checks.refuse_detection(self.tree, top)
        if top not in self.passed:
            self.passed.append(top)
        paths = [path for path in self.tree.children(top) if path not in but]
        if hollow := [path for path in paths if self.tree.has_images_deeper(path)]:
            raise layout_checks.doubtful(
                self.tree,
                f"{listed(hollow)} {hold(hollow)} no images, only folders that do",
                "name the folder whose folders are the classes",
                top,
            )
        kept: list[ClassFolder] = []
        for path in paths:
            listing = self.tree.listing(path)
            if self.tree.inner_images(path) and not kept:
                self.notes.append(f"{split}: images of a class lie in a folder of it, as {path}")
            if listing.num_images or listing.folders or not listing.others:
                kept.append(ClassFolder(split, last(path), path))
            elif any(ending(name) not in TEXTS for name in listing.others):
                raise layout_checks.doubtful(
                    self.tree,
                    f"{path} lies among the class folders and holds no image that is read, only "
                    f"{endings(listing.others)}",
                    "move it away or convert its files",
                )
        return kept

    def _split_of(self, top: str) -> str:
        for part in (*reversed(top.split("/")), self.tree.root.name):
            if split := split_of_folder(part):
                return split
        return "train"

    def _refuse_one_class(self, folders: list[ClassFolder]) -> None:
        labelled = [folder for folder in folders if folder.name is not None]
        training = [folder for folder in labelled if folder.split == "train"] or labelled
        if len({folder.name for folder in training}) == 1:
            path = training[0].path
            raise layout_checks.doubtful(
                self.tree,
                f"one class only{' in training' if training != labelled else ''}, "
                f"{training[0].name} ({path})",
                "name the folder that holds all classes",
                *self.passed,
                path,
                patterns=(),
            )
