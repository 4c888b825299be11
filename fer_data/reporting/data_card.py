"""A data card: Markdown with YAML front matter, as the Hugging Face Hub reads it of a data set."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from fer_data.analysis.stats import Stats
from fer_data.analysis.stats import stats as count
from fer_data.auditing import Audit, audit
from fer_data.data.options import check_options
from fer_data.data.reading import DatasetLike
from fer_data.util.markdown import escaped, front_matter, table
from fer_data.util.words import counted, printable, shown_class

LICENCES = "https://huggingface.co/docs/hub/repositories-licenses"

_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B")
"""Size categories of the Hub, a power of ten each from the second on."""

_MOST_CLASSES = 200


def data_card(data: DatasetLike, *, cache: str | Path | None = None, **options: Any) -> str:
    """Return a data card: counts, imbalance, splits and what the audit found.

    What no program can know has a place to fill in: the licence, where the images come from, who
    labelled them.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes.
    cache : path, optional
        As in `fer_data.open_store`.
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    str
        A ``README.md`` for the data.

    Raises
    ------
    DataError
        If the data cannot be read.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 48, 48), np.uint8)
    >>> card = fer_data.data_card((images, ["cat", "cat", "dog"] * 2))
    >>> [line for line in card.splitlines() if line.startswith("## ")]
    ['## Classes and splits', '## Audit', '## Licence']
    """
    check_options(options, data_card)
    return card_of(audit(data, cache=cache, **options))


def card_of(audit: Audit) -> str:
    """Return the data card of an audited data set; see `data_card`."""
    dataset = audit.dataset
    stats = count(dataset)
    name = printable(dataset.root.name.split(".")[0]) or "data"
    parts = [
        front_matter(
            {
                "pretty_name": name,
                "license": "unknown",
                "task_categories": ["image-classification"],
                "size_categories": [_size(len(dataset))],
                "tags": ["class-imbalance"],
            },
            {"license": f"replace it by the licence's name, see {LICENCES}"},
        ),
        f"# {escaped(name)}\n",
        f"{counted(len(dataset), 'image')} in "
        f"{counted(len(dataset.class_names), 'class', 'classes')}, for image classification. "
        f"Layout: {escaped(dataset.layout)}.\n",
        "*To fill in: what the images show, where they come from, who labelled them and how, what "
        "they may and may not be used for.*\n",
        "## Classes and splits\n",
        _classes(stats),
        _splits(stats),
        "## Audit\n",
        _findings(audit),
        "## Licence\n",
        "*To fill in: the licence of the images and of the labels, here and in the first lines of "
        "this file.*\n",
    ]
    return "\n".join(part for part in parts if part)


def _size(num: int) -> str:
    return _SIZES[min(max(0, int(math.log10(max(num, 1))) - 2), len(_SIZES) - 1)]


def _classes(stats: Stats) -> str:
    """Return a table of the samples of each class in each split, of many the largest."""
    splits = stats.splits.values()
    labels = sorted(
        range(len(stats.class_names)), key=lambda k: -sum(split.counts[k] for split in splits)
    )
    shown = sorted(labels[:_MOST_CLASSES])
    rows = [
        [
            shown_class(stats.class_names[k]),
            *(
                cell
                for split in splits
                for cell in (f"{split.counts[k]:,}", f"{split.fractions[k]:.1%}")
            ),
        ]
        for k in shown
    ]
    head = ["class", *(cell for name in stats.splits for cell in (name, "%"))]
    more = len(labels) - len(shown)
    return table(head, rows) + (
        f"\n{counted(more, 'smaller class', 'smaller classes')} more.\n" if more else ""
    )


def _splits(stats: Stats) -> str:
    """Return a table of each split's size and imbalance."""
    rows = [
        [
            name,
            f"{split.num_samples:,}",
            f"{split.num_unlabelled:,}",
            _number(split.imbalance_ratio),
            _number(split.effective_num_classes),
        ]
        for name, split in stats.splits.items()
    ]
    head = ["split", "images", "without label", "imbalance ratio", "effective classes"]
    return (
        table(head, rows)
        + "\nImbalance ratio: images of the largest class over those of the smallest. Effective "
        "classes: how many classes of one size are as diverse (exponential of the entropy).\n"
    )


def _number(value: float) -> str:
    return f"{value:,.2f}" if math.isfinite(value) else "–"


def _findings(audit: Audit) -> str:
    """Return what the audit found, and how many training samples it would exclude."""
    if not audit.findings:
        return "`fer-data audit` found nothing.\n"
    rows = [
        [
            finding.kind,
            finding.severity,
            finding.where or "all",
            f"{finding.num_samples:,}",
            finding.summary,
        ]
        for finding in audit.findings
    ]
    num = len(audit.exclude_rows)
    advice = (
        f"\nThe audit advises to train without {counted(num, 'sample')}, which "
        "`fer_data.write_exclusions` lists.\n"
        if num
        else ""
    )
    return table(["finding", "severity", "where", "samples", "what was found"], rows) + advice
