"""Which folders of a tree are classes and splits: pure functions over a listing of it.

Nothing is guessed: where a tree could be meant otherwise, it is refused with what was found, and
`read_as_told` takes the folders as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from fer_data.data.labels import split_of_folder, splits_in
from fer_data.data.options import CLASS_FOLDERS
from fer_data.data.sources.image_tables import is_table
from fer_data.errors import DataError

TYPE_IT = "to take the folders as classes all the same, name the layout"
AS_CLASSES = {"layout": [CLASS_FOLDERS]}

MAX_DEPTH = 16
"""Folders between the data set's own and its class folders."""

_IMAGES = re.compile(r"(jpeg|jpg|png)?(images?|imgs?|pictures?|pics?|photos?|frames)")
_LABELS = re.compile(
    r"(label|annotation|anno|ann|bbox|box|mask|xml|txt|segmentation|segmentationclass|landmark|target)"
    r"(s|es)?"
)
_MASKS = re.compile(
    r"(label|annotation|anno|ann|mask|segmentation|segmentationclass|target)(s|es)?"
)
"""Of these, what may hold images: a mask each."""

_UNLABELLED = re.compile(r"(seg)?(pred|predict|predictions?|unlabell?ed)(set|data|images?)?")
"""Folders beside the splits whose images have no labels, so that they are in none."""

TEXTS = frozenset(
    (".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".toml")
) | {".py", ".ipynb", ".m", ".r", ".sh", ".bat", ".html", ".pdf", ".doc", ".docx", ".xls", ".xlsx"}
TEXTS |= {".cfg", ".ini", ".log", ".pyc", ".names", ".data"}
"""Endings of texts, code and tables: a folder that holds nothing else is no class."""

NO_FILE = " (no regular file)"
"""Follows the name of what is neither a folder nor a regular file."""

_DATA = (".csv", ".csv.gz", ".npz", ".parquet", ".zip", ".tar", ".tar.gz", ".tgz")
"""Endings of files that hold a data set each."""

_USUAL = {"train", "training", "valid", "val", "validation", "test", "testing"}
_USUAL |= {"publictest", "privatetest"}


class Listing(NamedTuple):
    """What a folder holds, but for what is hidden or left there by a system.

    Attributes
    ----------
    folders : tuple of str
        Names, in order.
    num_images : int
        Files that are images by their names.
    others : tuple of str
        Names of other files.
    stems : frozenset of str
        Names of the first images, without their endings.
    """

    folders: tuple[str, ...] = ()
    num_images: int = 0
    others: tuple[str, ...] = ()
    stems: frozenset[str] = frozenset()


Look = Callable[[str], Listing]
"""Gives the listing of a folder by its path below the data set, ``""`` for the data set itself."""


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


def find(root: Path, look: Look) -> Layout:
    """Find the class folders of a tree.

    Parameters
    ----------
    root : Path
        What errors call the data set; nothing is read there.
    look : callable

    Raises
    ------
    DataError
        If there are none, they are in several places, or the folders are not clearly classes.
    """
    return _Finder(root, look).find()


def read_as_told(root: Path, look: Look) -> Layout:
    """Take the folders as classes: those of the split folders where there are any, else the root's.

    Raises
    ------
    DataError
        If there is no folder, or two split folders stand for one split.
    """
    splits = [
        (split, name)
        for name in look("").folders
        if (split := split_of_folder(name)) and look(name).folders
    ]
    _refuse_twice(root, splits)
    parents = [name for _, name in splits] or [""]
    folders = tuple(
        ClassFolder(
            split_of_folder(_last(parent) or root.name) or "train", name, _join(parent, name)
        )
        for parent in parents
        for name in look(parent).folders
    )
    if not folders:
        raise _none_here(root)
    return Layout(bool(splits), folders, ("", *parents) if splits else ("",))


class _Finder:
    """The questions about one tree, each answered once."""

    def __init__(self, root: Path, look: Look) -> None:
        self.root, self.look = root, cache(look)
        self.places: Callable[[str], tuple[str, ...]] = cache(self._places)
        self.passed: list[str] = []
        self.notes: list[str] = []

    def find(self) -> Layout:
        top = self._entered()
        holding, deeper = self._holding(top), self._deeper(top)
        splits = [(split, path) for path in deeper if (split := split_of_folder(_last(path)))]
        if splits:
            return self._of_splits(top, splits)
        if holding:
            self._refuse_flat_splits(top, holding)
            unlabelled = self._split_beside_classes(holding)
            split = self._split_of(top)
            folders = self._classes(top, split, but=[path for _, path in unlabelled])
            self._refuse_vanished(top, unlabelled)
            self._take_flat(unlabelled, folders)
            self._refuse_one_class(folders)
            return Layout(False, tuple(folders), tuple(self.passed), tuple(self.notes))
        if deeper:
            raise self._several(self.places(top))
        raise self._nothing(top)

    def _entered(self) -> str:
        """Return the folder that holds classes or splits, below those that hold just one folder."""
        top = ""
        while True:
            self.passed.append(top)
            self._refuse_detection(top)
            deeper = self._deeper(top)
            if self._holding(top) or len(deeper) != 1 or split_of_folder(_last(deeper[0])):
                break
            top = deeper[0]
        if top:
            self.notes.append(f"read from {top}, the folder that holds the classes")
        return top

    def _of_splits(self, top: str, splits: list[tuple[str, str]]) -> Layout:
        named = {path for _, path in splits}
        for path in self._deeper(top):
            within = self.places(path) if path not in named else ()
            below = [part for place in within for part in place[len(path) :].split("/")]
            if any(map(split_of_folder, below)):
                found = sorted({top or ".", *map(_parent, within)})
                raise DataError(
                    f"{self.root}: data sets in {len(found)} places: {', '.join(found)}; name one "
                    "of them, and the layout where it holds another",
                    fix=AS_CLASSES,
                )
        flat = [
            (split, path)
            for path in self._holding(top)
            if (split := split_of_folder(_last(path))) is not None
        ]
        _refuse_twice(self.root, [(split, _last(path)) for split, path in splits + flat])
        folders: list[ClassFolder] = []
        for split, path in splits:
            places = self.places(path)
            if len(places) > 1:
                raise self._several(places)
            self._refuse_detection(places[0])
            held = [child for child in self._holding(places[0]) if not self._is_flat(child)]
            if not held and len(self._holding(places[0])) == 1:
                flat.append((split, path))
                continue
            if places[0] != path:
                self.notes.append(f"{split} is read from {places[0]}")
            else:
                self._say_unusual(split, path)
            way = _between(path, places[0])
            for outer, inner in pairwise(way):
                self._refuse_beside(outer, {inner}, splits)
            self.passed += way
            folders += self._classes(places[0], split)
        for path in self._children(top):
            split = split_of_folder(_last(path))
            if split and self.look(path).folders and not self._has_images(path):
                folders += self._classes(path, split)  # empty, and classes all the same
        known = [*splits, *flat, *((folder.split, _parent(folder.path)) for folder in folders)]
        self._refuse_vanished(top, known)
        self._refuse_beside(top, {path for _, path in known}, splits)
        self._take_flat(flat, folders)
        if all(folder.name is None for folder in folders):
            raise self._flat([path for _, path in flat], top)
        self._refuse_one_class(folders)
        return Layout(True, tuple(folders), tuple(self.passed), tuple(self.notes))

    def _refuse_vanished(self, top: str, known: list[tuple[str, str]]) -> None:
        """Refuse a folder that is named as a split and holds nothing that is read."""
        paths = {path for _, path in known}
        for path in self._children(top):
            if split_of_folder(_last(path)) and path not in paths and not self._has_images(path):
                others = self.look(path).others
                what = f"no image that is read, only {_endings(others)}" if others else "no image"
                raise DataError(
                    f"{self.root}: {path} holds {what}, so its split would be missing; "
                    f"fill it or move it away; {TYPE_IT}",
                    fix=AS_CLASSES,
                )

    def _refuse_beside(self, top: str, known: set[str], splits: list[tuple[str, str]]) -> None:
        """Refuse folders beside those that are read where they hold images, at any depth."""
        names = {
            _last(child)
            for _, path in splits
            for place in self.places(path)
            for child in self._holding(place)
        }
        found = []
        for path in self._children(top):
            if path in known or not self._has_images(path):
                continue
            if len(names.intersection(self.look(path).folders)) > 1:
                raise DataError(
                    f"{self.root}: {path} holds the same class folders as {splits[0][1]}, and its "
                    "name is no split's; call it train, validation or test, or move it away"
                )
            plain = _plain(_last(path))
            if not self._has_classes(path) and any(
                kind.fullmatch(plain) for kind in (_LABELS, _IMAGES, _UNLABELLED)
            ):
                self.notes.append(f"{path} beside the splits is not read")
            else:
                found.append(path)
        if found:
            raise DataError(
                f"{self.root}: {_listed(found)} beside {_listed([path for _, path in splits])} "
                f"{_hold(found)} images, in no split; move them into the splits, or away"
            )

    def _split_beside_classes(self, holding: list[str]) -> list[tuple[str, str]]:
        """Return the folder of images that is named as a split, if it is no class.

        With one other folder only, it is a class; so is *train*, as training has labels.
        """
        named = [(split, path) for path in holding if (split := split_of_folder(_last(path)))]
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
                raise DataError(
                    f"{self.root}: {path} holds images without class folders, so training has no "
                    f"labels{self._tables(path)}; sort them into {path}/<class>/"
                )
            self.notes.append(
                f"{path} has no class folders: its images are the {split} split, without labels"
                f"{self._tables(path)}"
            )
            folders.append(ClassFolder(split, None, path))

    def _say_unusual(self, split: str, path: str) -> None:
        if re.sub(r"[^a-z]", "", _last(path).lower()) not in _USUAL:
            self.notes.append(f"{path} is the {split} split")

    def _classes(self, top: str, split: str, but: Sequence[str] = ()) -> list[ClassFolder]:
        """Return the class folders of one place, or refuse what may be none."""
        self._refuse_detection(top)
        if top not in self.passed:
            self.passed.append(top)
        paths = [path for path in self._children(top) if path not in but]
        if hollow := [path for path in paths if self._has_images_deeper(path)]:
            raise DataError(
                f"{self.root}: {_listed(hollow)} {_hold(hollow)} no images, only folders that do; "
                f"name the folder whose folders are the classes; {TYPE_IT}",
                fix=AS_CLASSES,
            )
        kept = []
        for path in paths:
            listing = self.look(path)
            if listing.num_images or listing.folders or not listing.others:
                kept.append(ClassFolder(split, _last(path), path))
            elif any(_ending(name) not in TEXTS for name in listing.others):
                raise DataError(
                    f"{self.root}: {path} lies among the class folders and holds no image that is "
                    f"read, only {_endings(listing.others)}; move it away or convert its files; "
                    f"{TYPE_IT}",
                    fix=AS_CLASSES,
                )
        return kept

    def _has_images(self, path: str) -> bool:
        return bool(self.look(path).num_images) or self._has_images_deeper(path)

    def _has_images_deeper(self, path: str) -> bool:
        """Whether a folder without images has folders with images somewhere below."""
        if self.look(path).num_images:
            return False
        return any(
            self.look(child).num_images or self._has_images_deeper(child)
            for child in self._children(path)
            if child.count("/") < MAX_DEPTH
        )

    def _places(self, path: str) -> tuple[str, ...]:
        """Return the folders at or below a path whose own folders hold images."""
        if self._holding(path) and not self._deeper_splits(path):
            return (path,)
        return tuple(place for child in self._deeper(path) for place in self.places(child))

    def _deeper_splits(self, path: str) -> bool:
        return any(split_of_folder(_last(child)) for child in self._deeper(path))

    def _holding(self, path: str) -> list[str]:
        return [child for child in self._children(path) if self.look(child).num_images]

    def _deeper(self, path: str) -> list[str]:
        """Return the folders in one that hold no images, and class folders at any depth."""
        if path.count("/") >= MAX_DEPTH:
            return []
        return [
            child
            for child in self._children(path)
            if not self.look(child).num_images and self.places(child)
        ]

    def _children(self, path: str) -> list[str]:
        return [_join(path, name) for name in self.look(path).folders]

    def _split_of(self, top: str) -> str:
        for part in (*reversed(top.split("/")), self.root.name):
            if split := split_of_folder(part):
                return split
        return "train"

    def _is_flat(self, path: str) -> bool:
        """Whether a folder of images is named as all images or a split, not as a class."""
        name = _last(path)
        return bool(split_of_folder(name) or _IMAGES.fullmatch(_plain(name)))

    def _refuse_flat_splits(self, top: str, holding: list[str]) -> None:
        """Refuse folders of images that are named as splits, or as images, and not as classes."""
        flat = [path for path in holding if self._is_flat(path)]
        splits = {split_of_folder(_last(path)) for path in flat} - {None}
        if len(flat) == len(holding) or ("train" in splits and len(splits) > 1):
            raise self._flat(flat, top)
        mixed = [path for path in holding if splits_in(_last(path)) and not self._is_flat(path)]
        found = {split for path in mixed for split in splits_in(_last(path))}
        if len(found) > 1 and 2 * len(mixed) >= len(holding):  # real_train, real_test, …
            raise DataError(
                f"{self.root}: {_listed(mixed)} have splits in their names; sort them into "
                f"<split>/<class>/<picture>; {TYPE_IT}",
                fix=AS_CLASSES,
            )

    def _flat(self, paths: list[str], top: str) -> DataError:
        return DataError(
            f"{self.root}: no class folders in {_listed(paths)}; expected <class>/<picture> in "
            f"{'it' if len(paths) == 1 else 'each'}{self._tables(top, *paths)}; {TYPE_IT}",
            fix=AS_CLASSES,
        )

    def _refuse_detection(self, top: str) -> None:
        """Refuse images and labels side by side, which is how data for detection is laid out."""
        names = self.look(top).folders
        images = [name for name in names if _IMAGES.fullmatch(_plain(name))]
        labels = [name for name in names if _LABELS.fullmatch(_plain(name))]
        if not images or not labels or self._has_classes(_join(top, images[0])):
            return
        beside = self.look(_join(top, labels[0]))
        if all(self._may_be_class(_join(top, images[0]), _join(top, name)) for name in labels):
            return
        is_yolo = any(name.lower().endswith(".txt") for name in self._some_files(top, labels[0]))
        kind = "a detection layout (YOLO)" if is_yolo else "a detection or segmentation layout"
        what = "" if beside else " (empty)"
        raise DataError(
            f"{self.root}: {_join(top, images[0])} beside {labels[0]}{what} is {kind}, not class "
            f"folders; sort the images into one folder a class; {TYPE_IT}",
            fix=AS_CLASSES,
        )

    def _may_be_class(self, images: str, path: str) -> bool:
        """Whether a folder that is named as labels holds images, and these are no masks."""
        held, beside = self.look(images), self.look(path)
        if not held.num_images or not beside.num_images or beside.others:
            return False
        return not (
            _MASKS.fullmatch(_plain(_last(path)))
            and any(stem.startswith(tuple(held.stems)) for stem in beside.stems)
        )

    def _some_files(self, top: str, name: str) -> tuple[str, ...]:
        path = _join(top, name)
        within = (self.look(child).others for child in self._children(path)[:8])
        return self.look(path).others + tuple(file for files in within for file in files)

    def _has_classes(self, path: str) -> bool:
        """Whether class folders lie in a folder: two or more that are named as no split."""
        return any(
            sum(not self._is_flat(child) for child in self._holding(place)) > 1
            for place in self.places(path)
        )

    def _refuse_one_class(self, folders: list[ClassFolder]) -> None:
        labelled = [folder for folder in folders if folder.name is not None]
        training = [folder for folder in labelled if folder.split == "train"] or labelled
        if len({folder.name for folder in training}) == 1:
            path = training[0].path
            raise DataError(
                f"{self.root}: one class only{' in training' if training != labelled else ''}, "
                f"{training[0].name} ({path}){self._tables(*self.passed, path)}; name the folder "
                f"that holds all classes; {TYPE_IT}",
                fix=AS_CLASSES,
            )

    def _several(self, places: tuple[str, ...]) -> DataError:
        return DataError(
            f"{self.root}: class folders in {len(places)} places: {_listed(list(places))}; name "
            f"one of them, or call the folders train, validation, test; {TYPE_IT}",
            fix=AS_CLASSES,
        )

    def _nothing(self, top: str) -> DataError:
        paths = self._children(top)
        files = [_join(path, name) for path in ("", *paths) for name in self.look(path).others]
        if data := [name for name in files if name.lower().endswith(_DATA)]:
            return DataError(
                f"{self.root}: no class folders here, but {_listed(data)}; name the file"
            )
        if paths and all(split_of_folder(_last(path)) for path in paths):
            names = ", ".join(map(_last, paths))
            return DataError(
                f"{self.root}: no class folders in {names}; expected {names}/<class>/<picture>"
            )
        if found := [_last(name) for name in files if "/" in name]:
            return DataError(
                f"{self.root}: class folders, but no picture in it that can be read, only "
                f"{_endings(tuple(found))}"
            )
        return _none_here(self.root)

    def _tables(self, *paths: str) -> str:
        """Return the words on tables that lie in some folders, or beside them."""
        around = dict.fromkeys(part for path in paths for part in (path, _parent(path)))
        found = [
            _join(path, name)
            for path in around
            for name in self.look(path).others
            if is_table(name)
        ]
        return f"; {_listed(found)} may hold their labels" if found else ""


def _refuse_twice(root: Path, splits: list[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for split, name in splits:
        if split in seen:
            raise DataError(
                f"{root}: {seen[split]} and {name} both stand for the {split} split; "
                "rename or merge one of them"
            )
        seen[split] = name


def _none_here(root: Path) -> DataError:
    return DataError(
        f"{root}: no class folders here; expected {root.name}/<class>/<picture>, "
        f"or {root.name}/train/<class>/<picture>"
    )


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path and name else path or name


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _between(outer: str, inner: str) -> list[str]:
    """Return the paths from one folder down to another below it, both too."""
    found = [inner]
    while found[-1] != outer:
        found.append(_parent(found[-1]))
    return found[::-1]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _listed(paths: list[str]) -> str:
    return ", ".join(paths[:4]) + (f" and {len(paths) - 4:,} more" if len(paths) > 4 else "")


def _hold(paths: list[str]) -> str:
    return "holds" if len(paths) == 1 else "hold"


def _ending(name: str) -> str:
    return name[name.rfind(".") :].lower() if "." in name else ""


def _endings(names: tuple[str, ...]) -> str:
    counts: dict[str, int] = {}
    for name in names:
        ending = f".{name.rpartition('.')[2].lower()}" if "." in name else "no ending"
        counts[ending] = counts.get(ending, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:4]
    return ", ".join(f"{number:,} {ending}" for ending, number in most)
