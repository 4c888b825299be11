"""How a data set is read and what of it is taken: every option, its default and its check."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fer_data.errors import UsageError
from fer_data.util.words import meant

CLASS_FOLDERS = "class-folders"
"""The layout to name where the folders are classes, whatever they are called and hold."""


@dataclass(frozen=True)
class LoadOptions:
    """How a data set is read, and which samples are taken, in which split, under which labels.

    Attributes
    ----------
    skip_bad : bool
        Whether rows that cannot be read, images that cannot be decoded or are missing, and samples
        without a label in a split where others have one are skipped and noted, or are an error,
        unless they are excluded.
    test_apart : bool
        Whether a csv's PublicTest and PrivateTest are the splits ``public_test`` and
        ``private_test``, or both are ``test``, as in Kaggle's folder.
    layout : {"class-folders"}, optional
        Take the folders in a folder, or in its split folders, as classes where they may be
        something else: splits, images next to labels, one class only, images that a table names.
        Without it, that is refused.
    labels : path, optional
        A table of labels for a folder of images: csv, tsv, jsonl, json (COCO, too), txt or parquet;
        one in a zip archive of images by its path in it, too.
        Its columns are found where they can only be meant so, and which were used is noted.
    image_column, label_column, split_column : str, optional
        With `labels`: columns of the images' names, of the labels (one-hot ones with commas
        between them) and of the splits. Of TFRecord files: features of the images and labels.
    group_column : str, optional
        Column of what a sample belongs to, as a patient or a lesion: samples of one group stay on
        one side of every division.
    label_from : str or callable, optional
        A regular expression with a group, or groups named ``label`` and ``split``, that finds the
        label in each file's path. For a dataset of PyTorch's, a function of the dataset that
        returns a label for each item.
    images : path, optional
        For a table of labels as the source: the folder or zip archive of its images; by default its
        own.
    from_float : bool
        Whether arrays of floats from 0 to 1 are images, brought to 0 to 255.
    class_names : sequence, mapping, text or path, optional
        Other names of the classes, or another order: all names; or new ones where they are
        numbers from 0; or old names with their new ones (two may get the same one). As text: names
        with commas between them, ``numeric`` for the order of numbers, or a csv of old,new.
    exclude : path, optional
        A csv whose first column is ``sample``: these are in no split, and so in no count and no
        batch. Further columns are for people.
    splits : path, optional
        A csv with the columns ``sample,split`` or ``sample,fold``, as ``fer-data split`` writes
        it, in place of the data's own splits. A sample that it does not name is in no split; with
        folds, the data's own test splits stay as they are.
    fold : int, optional
        Which fold of `splits` is the validation split, from 1; the others are the training split.
    relabel : path, optional
        A csv, gzipped or not, of other labels of some samples or all: first column ``sample``, a
        class name in ``label``, or a number for each class in columns of their names, and reasons
        to exclude in ``exclude``; see `fer_data.data.relabelling`.
    soft : bool
        Whether training is on the proportions of the numbers in `relabel`; balancing goes by the
        label all the same.

    Raises
    ------
    UsageError
        If there is no such layout, labels are to come from two places, a column is named without
        `labels`, a fold without `splits`, or soft labels without `relabel`.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((2, 48, 48), np.uint8), ["cat", "dog"])
    >>> options = fer_data.load(data, class_names=["dog", "cat"]).options
    >>> options.class_names, options.skip_bad
    (['dog', 'cat'], False)
    """

    skip_bad: bool = False
    test_apart: bool = False
    layout: str | None = None
    labels: str | Path | None = None
    image_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    label_from: str | Callable[[Any], Any] | None = None
    images: str | Path | None = None
    from_float: bool = False
    class_names: Any = None
    exclude: str | Path | None = None
    splits: str | Path | None = None
    fold: int | None = None
    relabel: str | Path | None = None
    soft: bool = False

    def __post_init__(self) -> None:
        for name in ("labels", "images", "exclude", "splits", "relabel"):
            path = getattr(self, name)
            if path is not None and not isinstance(path, str | os.PathLike):
                hint = "; load the data, then take data.exclude(...)" if name == "exclude" else ""
                raise UsageError(f"{name}: expected a path, got {type(path).__name__}{hint}")
            object.__setattr__(self, name, None if path is None else Path(path).absolute())
        if self.fold is not None and self.splits is None:
            raise UsageError(
                f"fold {self.fold} needs a file of folds: name the file", fix={"splits": []}
            )
        if self.soft and self.relabel is None:
            raise UsageError("soft labels need a csv of labels: name the file", fix={"relabel": []})
        if (self.labels, self.label_from, self.layout).count(None) < 2:
            raise UsageError("labels, label_from and layout: give one of them")
        if self.layout not in (None, CLASS_FOLDERS):
            raise UsageError(f"layout is {self.layout!r}; the only one to name is {CLASS_FOLDERS}")

    @property
    def may_skip_bad(self) -> bool:
        """Whether a bad row or image may be no error: it is skipped, or a list may exclude it."""
        return self.skip_bad or self.exclude is not None or self.relabel is not None

    def to_dict(self) -> dict[str, Any]:
        """Return what is not as by default, as JSON holds it."""
        return {
            name: str(value) if isinstance(value, Path) or callable(value) else value
            for name, value in vars(self).items()
            if value is not None and value is not False
        }


def check_options(given: Iterable[str], *functions: Callable[..., Any]) -> None:
    """Refuse options that neither reading data nor any of some functions has.

    Parameters
    ----------
    given : iterable of str
    *functions : callable
        That which was called, and those that it hands options to.

    Raises
    ------
    UsageError
        If there is one; the text has the name that was meant, and all that there are.
    """
    known = known_options(*functions)
    for name in given:
        if name not in known:
            raise UsageError(
                f"{name}: no such option{meant(name, known) or '.'} Options are {', '.join(known)}"
            )


def known_options(*functions: Callable[..., Any]) -> list[str]:
    """Return the names of the options of some functions, and of reading data."""
    known: list[str] = []
    for function in functions:
        _, *names = inspect.signature(function).parameters  # the first is the data
        known += [name for name in names if name != "options"]
    known += [option.name for option in fields(LoadOptions)]
    return list(dict.fromkeys(known))
