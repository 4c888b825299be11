"""FER+: ten people's votes on every image of FER2013, as a csv that `relabel` takes.

The votes (Barsoum et al. 2016, arXiv:1608.01041) come as ``fer2013new.csv``, one row for each row
of ``fer2013.csv`` in the same order. They are joined by that order alone: the file's image names do
not follow it.

Microsoft's own code (``src/ferplus.py`` of microsoft/FERPlus) decides otherwise here and there.
It drops an emotion's single vote as an outlier; then, for "majority", it keeps an image only where
an emotion has more than half of the votes that are left, and it discards images whose top is
unknown or no face. For soft labels ("crossentropy") it keeps the top emotions up to three quarters
of the votes, and discards an image with more than three. Where votes tie, the first column wins.
Here the emotion with most votes is the label, no majority needed: an image that people disagree on
is hard, not useless, and the soft labels say how hard. Single votes count, as in the paper's
formula of a soft label. Ties are decided by the label that FER2013 itself gives, an eleventh vote,
instead of the order of columns; where that is not among the tied, the image is excluded. Contempt,
which FER2013 does not have, is excluded unless it is asked for.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_data.data.chosen import UNLABELLED
from fer_data.data.options import check_options
from fer_data.data.reading import DatasetLike, load
from fer_data.fer2013.votes import NUM_EMOTIONS, columns_of, read_votes, rows_of
from fer_data.util.files import write_text
from fer_data.util.words import counted

UNUSABLE = "most votes for unknown or no face"
UNDECIDED = "tied at the top"
CONTEMPT = "contempt"


@dataclass(frozen=True)
class FerPlusLabels:
    """How many samples of a data set got which label by FER+.

    Attributes
    ----------
    num_labels : int
        Samples with a label by the votes.
    num_tied : int
        Those of them that are tied at the top, and decided by the data's own label.
    num_unusable : int
        Most votes for unknown or no face.
    unusable_kept : bool
        Whether these are not in the file, and so keep their own label, or are excluded.
    num_undecided : int
        Excluded: tied at the top, and the own label is not among the tied.
    num_contempt : int
        Excluded: contempt, where that is no class.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.FerPlusLabels(33, 2, 1, False, num_undecided=1, num_contempt=0).num_labels
    33
    """

    num_labels: int
    num_tied: int
    num_unusable: int
    unusable_kept: bool
    num_undecided: int
    num_contempt: int

    def lines(self) -> list[str]:
        """Return a line for each kind of samples, for people."""
        unusable = "keep their own label" if self.unusable_kept else "excluded"
        return [
            f"{counted(self.num_labels, 'label')} by FER+, {self.num_tied:,} of them tied at the "
            "top and decided by the data's own label",
            f"{self.num_unusable:,} {unusable}: {UNUSABLE}",
            f"{self.num_undecided:,} excluded: {UNDECIDED}",
        ] + [f"{self.num_contempt:,} excluded: contempt"] * bool(self.num_contempt)


def ferplus_labels(
    data: DatasetLike,
    votes: str | Path,
    out: str | Path,
    *,
    contempt: bool = False,
    keep_unusable: bool = False,
    **options: Any,
) -> FerPlusLabels:
    """Write the labels that most of FER+'s votes are for, as a csv that `relabel` takes.

    Its columns are ``sample``, ``label``, ``exclude`` (the reason, where there is one) and the
    votes for each class, which ``soft`` trains on.

    Parameters
    ----------
    data : path or Dataset
        FER2013, as `fer_data.load` takes it: a csv, or folders whose file names end in the row's
        number, with its seven classes.
    votes : path
        ``fer2013new.csv``.
    out : path
        The csv to write.
    contempt : bool
        Whether contempt is an eighth class, or excluded.
    keep_unusable : bool
        Whether a sample that most take for no face, or cannot tell, keeps its own label, or is
        excluded.
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    FerPlusLabels

    Raises
    ------
    DataError
        If a file cannot be read or written, the samples cannot be joined to the votes, or the
        classes are not FER2013's.

    Examples
    --------
    >>> import csv, fer_data
    >>> fer_data.write_synthetic("fer2013.csv", num_images=21)
    >>> with open("fer2013.csv") as file:
    ...     usages = [row["Usage"] for row in csv.DictReader(file)]
    >>> names = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    >>> with open("fer2013new.csv", "w") as file:
    ...     print(f"Usage,Image name,{names}", file=file)
    ...     for usage in usages:
    ...         print(usage, "", 10, *[0] * 9, sep=",", file=file)
    >>> fer_data.ferplus_labels("fer2013.csv", "fer2013new.csv", "labels.csv").num_labels
    21
    >>> fer_data.load("fer2013.csv", relabel="labels.csv").class_counts("train").tolist()
    [0, 0, 0, 0, 7, 0, 0]
    """
    check_options(options, ferplus_labels)
    dataset = load(data, **options)
    cast = read_votes(votes)
    names = tuple(sorted({*dataset.class_names, CONTEMPT})) if contempt else dataset.class_names
    column_of = columns_of(dataset, names)
    own = np.full(len(dataset), UNLABELLED)
    labelled = dataset.labels >= 0
    own[labelled] = columns_of(dataset, dataset.class_names)[dataset.labels[labelled]]

    counts = cast.counts[rows_of(dataset, cast)]
    top = (counts == counts.max(axis=1, keepdims=True)) & (counts > 0)
    unusable = ~top[:, :NUM_EMOTIONS].any(axis=1)
    tie = ~unusable & (top.sum(axis=1) > 1)
    by_own = tie & labelled & top[np.arange(len(dataset)), own]
    column = np.where(by_own, own, top.argmax(axis=1))
    undecided = tie & ~by_own
    other = ~unusable & ~undecided & ~np.isin(column, column_of)
    reasons = np.select([unusable, undecided, other], [UNUSABLE, UNDECIDED, CONTEMPT], "")

    name_of = {int(place): name for name, place in zip(names, column_of, strict=True)}
    lines = [("sample", "label", "exclude", *names)]
    for index, sample in enumerate(dataset.sample_ids()):
        if not (unusable[index] and keep_unusable):
            label = "" if reasons[index] else name_of[int(column[index])]
            cells = counts[index, column_of].tolist()
            lines.append((sample, label, str(reasons[index]), *map(str, cells)))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    write_text(Path(out), text.getvalue())
    return FerPlusLabels(
        num_labels=int((reasons == "").sum()),
        num_tied=int(by_own.sum()),
        num_unusable=int(unusable.sum()),
        unusable_kept=keep_unusable,
        num_undecided=int(undecided.sum()),
        num_contempt=int(other.sum()),
    )
