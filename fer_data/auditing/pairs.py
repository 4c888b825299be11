"""Pairs of images that illustrate the worst findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fer_data.auditing.finding import Finding
from fer_data.data.store import PixelStore
from fer_data.util.notebook import shortened
from fer_data.util.words import shown_class

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FINDINGS = 4
_PAIRS = 4


def draw_pairs(store: PixelStore, findings: Sequence[Finding]) -> Figure:
    """Draw up to four pairs of images of each of the first four findings that have pairs.

    Parameters
    ----------
    store : PixelStore
    findings : sequence of Finding
        The worst first.
    """
    from fer_data.plotting.images import Strip, message, strips  # matplotlib, for this alone

    rows: list[Strip] = []
    for finding in findings:
        groups = [group for group in finding.groups if len(group) > 1][:_PAIRS]
        pairs = [_pair(store, group) for group in groups]
        if pairs and len(rows) < _FINDINGS:
            title = shortened(f"{finding.severity}: {finding.kind}. {finding.summary}", 230)
            images = [(store.pixels[first], store.pixels[second]) for first, second in pairs]
            words = [(_words(store, first), _words(store, second)) for first, second in pairs]
            rows.append(Strip(title, images, words))
    if not rows:
        return message("No finding has pairs of images.")
    return strips(rows, pairs=_PAIRS)


def _pair(store: PixelStore, group: Sequence[int]) -> tuple[int, int]:
    """Return two rows of a group, of different splits or labels if there are such."""
    codes, labels = store.dataset.split_codes, store.dataset.labels
    first, *others = group
    other = max(
        others, key=lambda row: (codes[row] != codes[first], labels[row] != labels[first], -row)
    )
    return first, other


def _words(store: PixelStore, row: int) -> str:
    data = store.dataset
    label = int(data.labels[row])
    name = shown_class(data.class_names[label]) if label >= 0 else "no label"
    return f"{shortened(name, 18)}\n{data.splits[data.split_codes[row]]}"
