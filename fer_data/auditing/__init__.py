"""An audit of a data set: what makes scores wrong, or training worse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_data.analysis.measures import Measures
from fer_data.auditing import (
    classes,
    exact_duplicates,
    exposure,
    files,
    near_duplicates,
    oversampled,
    processing,
    split_groups,
)
from fer_data.auditing.exclusions import write_exclusions
from fer_data.auditing.finding import SEVERITIES, Finding
from fer_data.auditing.pairs import draw_pairs
from fer_data.auditing.subject import Subject
from fer_data.data.dataset import Dataset
from fer_data.data.emptied import emptied
from fer_data.data.options import check_options
from fer_data.data.reading import DatasetLike, load_skipping_bad
from fer_data.data.store import PixelStore, open_store
from fer_data.duplicates.duplicate_groups import COMPARED
from fer_data.errors import UsageError
from fer_data.util import notebook
from fer_data.util.notebook import shortened
from fer_data.util.words import counted, printable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "KINDS",
    "Audit",
    "Finding",
    "audit",
    "audit_store",
    "nearly_emptied",
    "parse_kinds",
    "write_exclusions",
]

_CHECKS = (
    exact_duplicates,
    near_duplicates,
    split_groups,
    oversampled,
    classes,
    files,
    processing,
    exposure,
)

KINDS: dict[str, str] = {kind: about for check in _CHECKS for kind, about in check.KINDS.items()}
"""Every kind of finding, with what it is."""


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    Attributes
    ----------
    store : PixelStore
        The samples that could be decoded, as 48x48 grey images.
    findings : tuple of Finding
        The worst first.
    num_distinct : dict
        Split -> number of distinct images of each class, in label order; near-duplicates count
        once.
    measures : Measures
        Brightness, contrast and sharpness of every image.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 48, 48), np.uint8)
    >>> images[5] = images[4]
    >>> audit = fer_data.audit((images, ["cat", "cat", "cat", "dog", "dog", "dog"]))
    >>> [finding.groups for finding in audit.findings if finding.kind == "exact-duplicates"]
    [((4, 5),)]
    """

    store: PixelStore
    findings: tuple[Finding, ...]
    num_distinct: dict[str, tuple[int, ...]]
    measures: Measures

    def __repr__(self) -> str:
        worst = f"; worst: {shortened(self.findings[0].summary)}" if self.findings else ""
        name = printable(str(self.dataset.root))
        return f"Audit({name}, {counted(len(self.dataset), 'sample')}: {self._found}{worst})"

    def _repr_html_(self) -> str:
        head = ("severity", "kind", "where", "samples", "what was found", "what to do")
        return notebook.page(
            str(self.dataset.root),
            f"{len(self.dataset):,} samples audited: {self._found}",
            notebook.table(head, self._rows(), most=40, kind="findings") if self.findings else "",
        )

    @property
    def _found(self) -> str:
        numbers = Counter(finding.severity for finding in self.findings)
        words = [counted(numbers[name], name) for name in SEVERITIES if numbers[name]]
        return ", ".join(words) or "nothing found"

    def _rows(self) -> list[tuple[str, str, str, int, str, str]]:
        return [
            (
                finding.severity,
                finding.kind,
                finding.where,
                finding.num_samples,
                finding.summary,
                finding.advice,
            )
            for finding in self.findings
        ]

    def plot(self) -> Figure:
        """Draw pairs of images of the worst four findings that have any, as they were compared.

        Returns
        -------
        matplotlib.figure.Figure
            Which notebooks show; ``savefig`` writes it.
        """
        return draw_pairs(self.store, self.findings)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a finding, the worst first.

        Columns are ``severity``, ``kind``, ``where``, ``num_samples``, ``summary`` and ``advice``.
        """
        import pandas as pd  # 0.7 s to import, and this is its only use here

        columns = ["severity", "kind", "where", "num_samples", "summary", "advice"]
        return pd.DataFrame(self._rows(), columns=columns)

    @property
    def dataset(self) -> Dataset:
        """The table of samples, whose rows the findings name."""
        return self.store.dataset

    @property
    def exclude_rows(self) -> NDArray[np.int64]:
        """Rows of the origin that the findings exclude, ascending."""
        return self.dataset.rows[self._excluded]

    @property
    def root(self) -> Path:
        """The folder or file that was audited."""
        return self.dataset.root

    @property
    def exclude_ids(self) -> tuple[str, ...]:
        """Ids of what the findings exclude and of what cannot be decoded; see `Dataset.exclude`."""
        bad = [item.sample_id for item in self.dataset.skipped if item.error]
        return (*self.dataset.sample_ids(self._excluded), *bad)

    @property
    def _excluded(self) -> NDArray[np.int64]:
        rows = {row for finding in self.findings for row in finding.exclude}
        return np.array(sorted(rows), np.int64)

    def leaked(self, split: str | None = None) -> NDArray[np.bool_]:
        """Return which samples have a duplicate or near-duplicate in an earlier split, bool [N].

        What `fer_model.compare_predictions` and `fer_model.compare_features` take as ``leaked``.

        Parameters
        ----------
        split : str, optional
            Of the samples of one split, in order; by default of all of `dataset`.

        Raises
        ------
        DataError
            If the data has no such split.

        Examples
        --------
        >>> import numpy as np, fer_data
        >>> images = np.random.default_rng(0).integers(0, 256, (5, 48, 48), np.uint8)
        >>> labels = ["cat", "dog", "cat", "dog", "cat"]
        >>> test = (images[[4, 1]], ["cat", "dog"])
        >>> audit = fer_data.audit({"train": (images[:4], labels[:4]), "test": test})
        >>> audit.leaked("test").tolist()
        [False, True]
        """
        flags = np.zeros(len(self.dataset), np.bool_)
        for finding in self.of_kinds(("leaked-duplicates", "leaked-near-duplicates")):
            rows = np.array([row for group in finding.groups for row in group], np.int64)
            later = self.dataset.indices(finding.where.rpartition(", ")[2])
            flags[np.intersect1d(rows, later)] = True
        return flags if split is None else flags[self.dataset.indices(split)]

    def of_kinds(self, kinds: tuple[str, ...]) -> tuple[Finding, ...]:
        """Return the findings of the given kinds or severities."""
        return tuple(f for f in self.findings if f.kind in kinds or f.severity in kinds)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as JSON-compatible values, with the names of samples."""
        names = self.dataset.sample_ids()
        return {
            "path": str(self.dataset.root),
            "layout": self.dataset.layout,
            "num_samples": len(self.dataset),
            "class_names": list(self.dataset.class_names),
            "notes": list(self.dataset.notes),
            "skipped": self.dataset.skipped_summary(),
            "num_distinct": {
                split: dict(zip(self.dataset.class_names, row, strict=True))
                for split, row in self.num_distinct.items()
            },
            "findings": [
                {
                    "kind": finding.kind,
                    "severity": finding.severity,
                    "where": finding.where,
                    "summary": finding.summary,
                    "advice": finding.advice,
                    "num_samples": finding.num_samples,
                    "groups": [[names[row] for row in group] for group in finding.groups],
                    "names": list(finding.names),
                    "exclude": [names[row] for row in finding.exclude],
                }
                for finding in self.findings
            ],
        }


def nearly_emptied(audit: Audit) -> list[str]:
    """Return a line for each class that loses more than half of its samples by the exclusions."""
    dataset = audit.dataset
    if "train" not in dataset.splits:
        return []
    before = dataset.class_counts("train")
    excluded = np.intersect1d(audit._excluded, dataset.indices("train"))
    gone = np.bincount(dataset.labels[excluded], minlength=len(before))[: len(before)]
    return emptied(dataset.class_names, before, before - gone)


def parse_kinds(text: str) -> tuple[str, ...]:
    """Return kinds and severities from a comma-separated list.

    Raises
    ------
    UsageError
        If one of them is neither.
    """
    kinds = tuple(kind.strip() for kind in text.split(",") if kind.strip())
    choices = [*SEVERITIES, *KINDS]
    for kind in kinds:
        if kind not in choices:
            raise UsageError(f"{kind!r} is no kind of finding; choose one of {', '.join(choices)}")
    if not kinds:
        raise UsageError(f"name a kind of finding: {', '.join(choices)}")
    return kinds


def audit(data: DatasetLike, *, cache: str | Path | None = None, **options: Any) -> Audit:
    """Look for everything in `KINDS` in a data set.

    Images are compared at 48x48 grey. An image that cannot be decoded is a finding, not an error.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes.
    cache : path, optional
        As in `fer_data.open_store`.
    **options
        As in `fer_data.load`, for a path.

    Raises
    ------
    DataError
        If the data cannot be read at all.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 48, 48), np.uint8)
    >>> images[5] = images[0]
    >>> audit = fer_data.audit((images, ["cat", "cat", "cat", "dog", "dog", "dog"]))
    >>> audit.findings[0].kind, audit.findings[0].severity
    ('conflicting-labels', 'error')
    """
    check_options(options, audit)
    return audit_store(
        open_store(load_skipping_bad(data, **options), form=COMPARED, cache=cache, log="compared")
    )


def audit_store(store: PixelStore) -> Audit:
    """Look for everything in `KINDS` in a store of 48x48 grey images; see `audit`."""
    store.dataset.check_labels()
    subject = Subject(store)
    findings = [finding for check in _CHECKS for finding in check.find(subject)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    dataset = store.dataset
    num_distinct = {}
    for split in dataset.splits:
        rows = dataset.indices(split)
        rows = rows[dataset.labels[rows] >= 0]
        pairs = np.unique(np.stack([dataset.labels[rows], subject.duplicate_groups[rows]]), axis=1)
        counts = np.bincount(pairs[0], minlength=len(dataset.class_names))
        num_distinct[split] = tuple(counts.tolist())
    return Audit(store, tuple(findings), num_distinct, subject.measures)
