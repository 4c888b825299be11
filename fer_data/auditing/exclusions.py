"""The list of samples to exclude, which ``exclude=`` takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from fer_data.auditing.files import UNREADABLE
from fer_data.auditing.finding import Finding
from fer_data.data.dataset import Dataset
from fer_data.data.skipped import sample_id
from fer_data.util.files import write_text


def write_exclusions(findings: Sequence[Finding], dataset: Dataset, out: str | Path) -> int:
    """Write the samples that the findings exclude; return how many there are.

    A csv with the columns ``sample``, ``kind`` (the first finding that names it) and ``split``,
    which is empty for what cannot be decoded. No image is changed or deleted.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 48, 48), np.uint8)
    >>> images[5] = images[4]
    >>> data = fer_data.load((images, ["cat", "cat", "cat", "dog", "dog", "dog"]))
    >>> fer_data.write_exclusions(fer_data.audit(data).findings, data, "exclusions.csv")
    1
    >>> len(fer_data.load(data, exclude="exclusions.csv"))
    5
    """
    kinds: dict[int, str] = {}
    for finding in findings:
        for row in finding.exclude:
            kinds.setdefault(row, finding.kind)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sample", "kind", "split"])
    names = dataset.sample_ids()
    for row in sorted(kinds):
        split = dataset.splits[dataset.split_codes[row]]
        writer.writerow([names[row], kinds[row], split])
    unreadable = next((found.names for found in findings if found.kind == UNREADABLE), ())
    writer.writerows([sample_id(name), UNREADABLE, ""] for name in unreadable)
    write_text(Path(out), text.getvalue())
    return len(kinds) + len(unreadable)
