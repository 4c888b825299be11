"""What is refused of a tree of folders, as it may be meant otherwise: each with what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from fer_data.data.options import CLASS_FOLDERS
from fer_data.data.sources.image_tables import LABELS_TABLES, is_labels_table
from fer_data.data.sources.tree import IMAGES, Tree
from fer_data.data.sources.tree_paths import ending, endings, join, last, listed, parent, plain
from fer_data.data.split_names import split_of_folder, splits_in
from fer_data.errors import DataError
from fer_data.util.words import counted

TYPE_IT = "to take the folders as classes all the same, name the layout"

BY_FOLDER = r"([^/]+)/[^/]+$"
"""Finds the folder that a file lies in."""

LABELS = re.compile(
    r"(label|annotation|anno|ann|bbox|box|mask|xml|txt|segmentation|segmentationclass|landmark|target)"
    r"(s|es)?"
)
_MASKS = re.compile(
    r"(label|annotation|anno|ann|mask|segmentation|segmentationclass|target)(s|es)?"
)
"""Of these, what may hold images: a mask each."""

_PAIRS = frozenset(
    frozenset(pair.split())
    for pair in (
        *(
            "original groundtruth",
            "originals groundtruth",
            "image groundtruth",
            "images groundtruth",
        ),
        *("image gt", "images gt", "rgb depth", "color depth", "hr lr", "input target"),
        *("input output", "inputs targets", "noisy groundtruth", "noisy gt"),
    )
)
"""Names of two folders that are images and what a model is to make of each."""

DATA = (".csv", ".csv.gz", ".npz", ".parquet", ".zip", ".tar", ".tar.gz", ".tgz")
"""Endings of files that hold a data set each."""


def doubtful(
    tree: Tree, what: str, advice: str, *around: str, patterns: tuple[str, ...] | None = None
) -> DataError:
    """Return the error that a tree is which may be meant otherwise.

    Parameters
    ----------
    tree : Tree
    what, advice : str
        What was found, and what to do about it.
    *around : str
        Folders in which, or next to which, a table may hold the labels.
    patterns : tuple of str, optional
        Where the names of files may have the labels in them: expressions that find these.
    """
    tables = tables_around(tree, *around) or tree.tables()
    may = f"; {listed(tables)} may hold their labels" if tables else ""
    fix = _labels(tree, tables) | ({} if patterns is None else {"label_from": patterns})
    return DataError(
        f"{tree.root}: {what}{may}; {advice}; {TYPE_IT}", fix=fix | {"layout": (CLASS_FOLDERS,)}
    )


def _labels(tree: Tree, tables: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the option that names a table of labels, the likeliest first, if there is one."""
    readable = sorted(
        filter(is_labels_table, tables),
        key=lambda path: (
            _is_of_evaluation(path),
            LABELS_TABLES.index(ending(path)),
            path.count("/"),
        ),
    )
    return {"labels": tuple(str(tree.root / path) for path in readable)} if readable else {}


def _is_of_evaluation(path: str) -> bool:
    """Whether a table is of a test or validation split, or of what is to be predicted."""
    splits = splits_in(path[: path.rfind(".")])
    return "submission" in path.lower() or (bool(splits) and "train" not in splits)


def refuse_other_case(tree: Tree, folders: Iterable[tuple[str, str | None, str]]) -> None:
    """Refuse a class that is written otherwise in another split: *Cat* and *cat*."""
    in_split: dict[str, set[str]] = {}
    path_of: dict[str, dict[str, str]] = {}
    for split, name, path in folders:
        if name is not None:
            in_split.setdefault(split, set()).add(name)
            path_of.setdefault(name.casefold(), {})[name] = path
    for spellings in path_of.values():
        if len(spellings) > 1 and not any(names >= spellings.keys() for names in in_split.values()):
            raise doubtful(
                tree,
                f"{listed(list(spellings.values()))} differ in case only, in different splits",
                "give the class one name",
            )


def refuse_detection(tree: Tree, top: str) -> None:
    """Refuse images and labels side by side, which is how data for detection is laid out."""
    names = tree.listing(top).folders
    images = [name for name in names if IMAGES.fullmatch(plain(name))]
    labels = [name for name in names if LABELS.fullmatch(plain(name))]
    if not images or not labels or tree.has_classes(join(top, images[0])):
        return
    held = tree.listing(join(top, labels[0]))
    if all(_may_be_class(tree, join(top, images[0]), join(top, name)) for name in labels):
        return
    is_yolo = any(name.lower().endswith(".txt") for name in _some_files(tree, top, labels[0]))
    kind = "a detection layout (YOLO)" if is_yolo else "a detection or segmentation layout"
    what = "" if held else " (empty)"
    raise doubtful(
        tree,
        f"{join(top, images[0])} next to {labels[0]}{what} is {kind}, not class folders",
        "sort the images into one folder a class",
        top,
    )


def refuse_pairs(tree: Tree, top: str, paths: list[str]) -> None:
    """Refuse two folders of the same names that are no classes, as images and what is sought."""
    names = frozenset(plain(last(path)) for path in paths)
    stems = [tree.listing(path).stems for path in paths]
    if len(paths) == 2 and names in _PAIRS and stems[0] and stems[0] == stems[1]:
        raise doubtful(
            tree,
            f"{listed(paths)} hold images of the same names, in pairs, and may be no classes",
            "name the folder of the images that are to be classified",
            top,
            patterns=(),
        )


def _may_be_class(tree: Tree, images: str, path: str) -> bool:
    """Whether a folder that is named as labels holds images, and these are no masks."""
    images_held, labels_held = tree.listing(images), tree.listing(path)
    if not images_held.num_images or not labels_held.num_images or labels_held.others:
        return False
    return not (
        _MASKS.fullmatch(plain(last(path)))
        and any(stem.startswith(tuple(images_held.stems)) for stem in labels_held.stems)
    )


def _some_files(tree: Tree, top: str, name: str) -> tuple[str, ...]:
    path = join(top, name)
    within = (tree.listing(child).others for child in tree.children(path)[:8])
    return tree.listing(path).others + tuple(file for files in within for file in files)


def several(tree: Tree, places: tuple[str, ...]) -> DataError:
    """Return the error that class folders in several places are."""
    return doubtful(
        tree,
        f"class folders in {len(places)} places: {listed(list(places))}",
        "name one of them, or call the folders train, validation, test",
        patterns=(BY_FOLDER,),
    )


def classes_next_to_flat(tree: Tree, deeper: list[str], flat: list[str]) -> DataError:
    """Return the error that class folders are next to flat folders of splits, and in none."""
    places = [place for path in deeper for place in tree.places(path)]
    return doubtful(
        tree,
        f"class folders in {listed(places)}, whose name is no split's, next to {listed(flat)}",
        f"name {places[0]}, or call it train",
        patterns=(),
    )


def nothing(tree: Tree, top: str) -> DataError:
    """Return the error that a tree without class folders is."""
    paths = tree.children(top)
    files = [join(path, name) for path in ("", *paths) for name in tree.listing(path).others]
    if tree.listing("").num_images:
        return none_here(tree)
    if data := [name for name in files if name.lower().endswith(DATA)]:
        packed = ", unpacked" if tree.root.suffix.lower() == ".zip" else ""
        return DataError(
            f"{tree.root}: no class folders here, but {listed(data)}; name the file{packed}"
        )
    if paths and all(split_of_folder(last(path)) for path in paths):
        names = ", ".join(map(last, paths))
        return DataError(
            f"{tree.root}: no class folders in {names}; expected {names}/<class>/<image>"
        )
    if names_inside := [last(name) for name in files if "/" in name]:
        return DataError(
            f"{tree.root}: class folders, but no image in it that can be read, only "
            f"{endings(tuple(names_inside))}"
        )
    return none_here(tree)


def tables_around(tree: Tree, *paths: str) -> list[str]:
    """Return the tables that lie in some folders, or next to them."""
    around = dict.fromkeys(part for path in paths for part in (path, parent(path)))
    return [table for path in around for table in tree.tables_in(path)]


def flat(tree: Tree, paths: list[str], top: str) -> DataError:
    """Return the error that folders of images without class folders are."""
    where = "it" if len(paths) == 1 else "each"
    return doubtful(
        tree,
        f"no class folders in {listed(paths)}",
        f"expected <class>/<image> in {where}",
        top,
        *paths,
        patterns=(),
    )


def refuse_flat_splits(tree: Tree, top: str, holding: list[str]) -> None:
    """Refuse folders of images that are named as splits, or as images, and not as classes."""
    flat_paths = [path for path in holding if tree.is_flat(path)]
    splits = {split_of_folder(last(path)) for path in flat_paths} - {None}
    if len(flat_paths) == len(holding) or ("train" in splits and len(splits) > 1):
        raise flat(tree, flat_paths, top)
    mixed = [path for path in holding if splits_in(last(path)) and not tree.is_flat(path)]
    within = {split for path in mixed for split in splits_in(last(path))}
    if len(within) > 1 and 2 * len(mixed) >= len(holding):  # real_train, real_test, …
        raise doubtful(
            tree,
            f"{listed(mixed)} have splits in their names",
            "sort them into <split>/<class>/<image>",
            top,
        )


def refuse_twice(root: Path, splits: list[tuple[str, str]]) -> None:
    """Refuse two folders that stand for one split."""
    seen: dict[str, str] = {}
    for split, name in splits:
        if split in seen:
            raise DataError(
                f"{root}: {seen[split]} and {name} both stand for the {split} split; "
                "rename or merge one of them"
            )
        seen[split] = name


def none_here(tree: Tree) -> DataError:
    """Return the error that a tree without a folder of images is."""
    name, number = tree.root.name, tree.listing("").num_images
    if not number:
        return DataError(
            f"{tree.root}: no class folders here; expected {name}/<class>/<image>, "
            f"or {name}/train/<class>/<image>"
        )
    tables = tree.tables()
    may = f"; {listed(tables)} may hold their labels" if tables else ""
    return DataError(
        f"{tree.root}: no class folders here, but {counted(number, 'image')}{may}; name the table "
        "of their labels, or a pattern that finds the label in their names, or expected "
        f"{name}/<class>/<image>",
        fix=_labels(tree, tables) | {"label_from": ()},
    )
