"""The report: one self-contained html page on a data set, for screen, phone and print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from fer_data import __version__
from fer_data.analysis.drift import ImageDrift, image_drift
from fer_data.analysis.stats import Stats, stats
from fer_data.auditing import Audit, Finding, audit_store
from fer_data.data.options import check_options
from fer_data.data.reading import DatasetLike, load_skipping_bad
from fer_data.data.store import open_store
from fer_data.duplicates.duplicate_groups import COMPARED
from fer_data.errors import DataError
from fer_data.reporting import figures
from fer_data.reporting.data_card import card_of
from fer_data.reporting.thumbnails import Group, mean_by_class, of_groups, samples_by_class
from fer_data.util.files import write_text
from fer_data.util.markdown import refuse_card
from fer_data.util.words import counted, printable, shown_class

__all__ = ["report", "write_audit_page"]

_MOST_CLASSES = 40
_COLUMNS = 10
_MOST_GROUPS, _MOST_OF_EACH = 12, 4
_MOST_NAMES = 30

_MEASURES = ("brightness", "contrast", "sharpness")


@dataclass(frozen=True)
class Plot:
    """A plot with its caption, which is also its text for screen readers."""

    svg: Markup
    words: str


@dataclass(frozen=True)
class FindingSection:
    """A finding with some of its images."""

    finding: Finding
    groups: list[Group]

    @property
    def hidden(self) -> int:
        """Number of groups that are not shown."""
        return len(self.finding.groups) - len(self.groups)

    @property
    def names(self) -> list[str]:
        """The first names of files, classes or groups."""
        return [printable(name) for name in self.finding.names[:_MOST_NAMES]]


def report(
    data: DatasetLike,
    out: str | Path,
    *,
    card: bool = False,
    cache: str | Path | None = None,
    **options: Any,
) -> Path:
    """Write ``out/index.html``: counts, samples, mean images, findings, effect of balancing.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes.
    out : path
        A folder, created if needed.
    card : bool
        Whether to write ``out/README.md``, too: a `data_card`. One that is there is not replaced.
    cache : path, optional
        As in `fer_data.open_store`.
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    Path
        The page: self-contained, without requests to the network.

    Raises
    ------
    DataError
        If the data cannot be read, or the page cannot be written.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.write_synthetic("faces", num_images=70)
    >>> fer_data.report("faces", "report").name
    'index.html'
    """
    check_options(options, report)
    page, readme = Path(out) / "index.html", Path(out) / "README.md"
    if card:
        refuse_card(readme)
    store = open_store(
        load_skipping_bad(data, **options), form=COMPARED, cache=cache, log="compared"
    )
    audit = audit_store(store)
    write_page(audit, page)
    if card:
        write_text(readme, card_of(audit))
    return page


def write_page(audit: Audit, page: Path) -> None:
    """Write the report of an audited data set; see `report`."""
    store = audit.store
    dataset, counts = store.dataset, stats(store.dataset)
    labelled = [split for split in dataset.splits if dataset.class_counts(split).any()]
    of_classes = _shown(
        len(counts.class_names), figures.MOST_CLASSES, "those with the most samples"
    )
    plots = {
        "counts": Plot(
            Markup(figures.counts_by_class(counts)), f"Samples of each class by split{of_classes}"
        )
    }
    if counts.balances:
        of_draws = _shown(
            len(counts.class_names), figures.MOST_CLASSES, "those with the most draws"
        )
        plots["balance"] = Plot(
            Markup(figures.draws_by_class(counts)),
            f"Samples of each class that an epoch draws, by strategy{of_draws}",
        )
    _write(
        page,
        audit,
        stats=counts,
        imbalance=_imbalance(counts),
        plots=plots,
        measures=_measures(audit),
        image_drift=_image_drift(audit),
        samples={
            split: samples_by_class(store, split, columns=_COLUMNS, most_classes=_MOST_CLASSES)
            for split in labelled[:1]
        },
        means={
            split: mean_by_class(store, split, most_classes=_MOST_CLASSES) for split in labelled
        },
        of_samples=_shown(len(dataset.class_names), _MOST_CLASSES, "the first by name"),
    )


def write_audit_page(audit: Audit, out: str | Path) -> None:
    """Write a page with only the findings.

    Raises
    ------
    DataError
        If the page cannot be written.
    """
    _write(Path(out), audit)


def _imbalance(counts: Stats) -> list[str]:
    """Return a sentence for each labelled split: its imbalance, or its classes without samples."""
    sentences = []
    for split, part in counts.splits.items():
        pairs = zip(counts.class_names, part.counts, strict=True)
        empty = [shown_class(name) for name, count in pairs if not count]
        if not any(part.counts):
            continue
        if empty:
            more = f" and {len(empty) - 10:,} more" if len(empty) > 10 else ""
            sentences.append(f"{split}: no sample of {', '.join(empty[:10])}{more}.")
        else:
            ratio = f"{part.imbalance_ratio:,.1f}"
            sentences.append(
                f"{split}: the largest class has {ratio} times the samples of the smallest."
            )
    return sentences


def _shown(number: int, most: int, which: str) -> str:
    """Return how many of all classes are shown and which, in brackets; "" where all are."""
    return f" ({most} of {number:,} classes shown, {which})" if number > most else ""


def _measures(audit: Audit) -> list[Plot]:
    """Plot the image measures by split."""
    dataset, measures = audit.dataset, audit.measures
    plots = []
    for name in _MEASURES:
        values = {
            split: getattr(measures, name)[rows]
            for split in dataset.splits
            if len(rows := dataset.indices(split))
        }
        means = ", ".join(f"{split} {part.mean():.3g}" for split, part in values.items())
        svg = figures.histograms(values, name)
        plots.append(
            Plot(Markup(svg), f"{name.capitalize()} of the images by split; means: {means}")
        )
    return plots


def _image_drift(audit: Audit) -> tuple[ImageDrift, ...]:
    """Compare the image measures of each split with the training split's."""
    measures, dataset = audit.measures, audit.dataset
    values = {name: getattr(measures, name) for name in _MEASURES}
    return image_drift(values, dataset.split_codes, dataset.splits)


def _write(page: Path, audit: Audit, **sections: Any) -> None:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fer_data", "reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    store, dataset = audit.store, audit.dataset
    counts = {split: dataset.class_counts(split).tolist() for split in audit.num_distinct}
    html = environment.get_template("page.html.j2").render(
        {
            "counted": counted,
            "name": printable(dataset.root.name),
            "layout": dataset.layout,
            "num_samples": len(dataset),
            "notes": dataset.notes,
            "version": __version__,
            "class_names": [shown_class(name) for name in dataset.class_names],
            "counts": counts,
            "num_distinct": audit.num_distinct,
            "skipped": dataset.skipped_summary(),
            "conversion": store.report.changes.line(store.report.num_samples, store.form),
            "severities": {
                severity: sum(finding.severity == severity for finding in audit.findings)
                for severity in ("error", "warning", "note")
            },
            "findings": [
                FindingSection(
                    finding,
                    of_groups(store, finding.groups, most=_MOST_GROUPS, most_of_each=_MOST_OF_EACH),
                )
                for finding in audit.findings
            ],
            "stats": None,
            "imbalance": [],
            "plots": {},
            "measures": [],
            "image_drift": (),
            "samples": {},
            "means": {},
            "of_samples": "",
            **sections,
        }
    )
    try:
        write_text(page, html)
    except OSError as error:
        raise DataError(f"{page}: cannot be written ({error.strerror or error})") from None
