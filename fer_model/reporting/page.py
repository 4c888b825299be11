"""The report of a comparison: one self-contained page of html, the verdict first."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from fer_data import __version__
from fer_data.errors import DataError
from fer_data.util.files import write_json, write_text
from fer_data.util.words import printable
from fer_model.comparison.results import Results
from fer_model.reporting import figures
from fer_model.reporting.class_plots import recalls, write_card
from fer_model.reporting.methods import methods_text
from fer_model.reporting.plot import Plot, save_plots
from fer_model.reporting.summary import Summary
from fer_model.reporting.table import arms_table
from fer_model.statistics.differences import Differences
from fer_model.statistics.verdict import EQUIVALENT, HELPS, HURTS
from fer_model.words import figure_name, points

_OF_ARMS = ("balance", "loss", "mix", "seed")
"""What differs from run to run, and is no part of the common recipe."""

_TONES = {HELPS: "good", HURTS: "error", EQUIVALENT: "note"}


def write_report(comparison: Results | Summary) -> Path:
    """Write ``results.json`` and the page into the comparison's folder; return the page's path.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    summary = Summary.of(comparison)
    assert summary.results.out is not None
    page = summary.results.out / "index.html"
    try:
        write_json(summary.results.out / "results.json", summary.to_dict())
    except OSError as error:
        raise DataError(f"{page.parent}: cannot be written ({error.strerror or error})") from None
    write_comparison(summary, page)
    return page


def write_comparison(comparison: Results | Summary, page: str | Path) -> None:
    """Write the page.

    Parameters
    ----------
    comparison : Results or Summary
    page : path
        It needs no other file, and asks nothing of the network.

    Raises
    ------
    DataError
        If it cannot be written.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": [0 * labels] * 3, "own": good})
    >>> fer_model.write_comparison(results, "index.html")
    """
    summary = Summary.of(comparison)
    results, clean = summary.results, summary.results.clean_differences
    recipe = results.training.protocol.recipe.shown() if results.training else {}
    plots = plots_of(summary)
    table = arms_table(summary)
    downloads = {plot.name: _csv(plot.csv) for plot in plots.values() if plot}
    downloads["runs"] = _csv(results.to_frame().to_csv(index=False, float_format="%.6g"))
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader("fer_model", "reporting"),
                jinja2.PackageLoader("fer_data", "reporting"),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("page.html.j2").render(
        name=printable(Path(results.source).name),
        figure=figure_name(results.figure),
        arms=results.arms,
        seeds=results.seeds,
        num_samples=len(results.labels),
        num_leaked=int(results.leaked.sum()),
        headline=summary.headline,
        arms_columns=list(table.columns),
        arms_rows=list(zip(table.index, table.to_numpy().tolist(), strict=True)),
        titles=list(map(figure_name, summary.compared)),
        verdicts=[
            {
                "arm": verdict.difference.arm,
                "word": verdict.word,
                "tone": _TONES.get(verdict.word, "quiet"),
                "text": verdict.text,
                "cost": summary.cost_of(verdict.difference.arm),
            }
            for verdict in summary.main
        ],
        differences=_differences(summary, results.differences),
        clean=clean and _differences(summary, clean),
        hidden_confusions=_hidden_confusions(summary),
        of_classes=_of_classes(summary),
        order=f"most {'training' if results.train_counts else 'test'} samples first",
        remarks=results.all_remarks,
        notes=[note for note in summary.notes() if note not in results.all_remarks],
        methods=methods_text(summary).splitlines(),
        smallest=[
            (figure_name(name), f"{100 * least:.1f}") for name, least in summary.smallest.items()
        ],
        recipe={name: value for name, value in recipe.items() if name not in _OF_ARMS},
        points=points,
        versions=_versions(summary),
        version=__version__,
        downloads=downloads,
        **plots,
    )
    try:
        write_text(Path(page), html)
    except OSError as error:
        raise DataError(f"{page}: cannot be written ({error.strerror or error})") from None


def plots_of(summary: Summary) -> dict[str, Plot | None]:
    """Draw the plots of a comparison; None where there is nothing to draw."""
    results = summary.results
    others = results.arms[1:]
    return {
        "leading": recalls(results, [summary.headline_arm], name="headline"),
        "forest": figures.forest(results),
        "recalls": recalls(results, others) if len(others) > 1 else None,
        "reliability": figures.reliability(results, summary.calibrations),
        "confusions": figures.confusions(results),
        "curves": figures.curves(results),
    }


def write_figures(comparison: Results | Summary, folder: str | Path) -> None:
    """Write every plot as pdf, svg and png with its csv, ``runs.csv``, and ``card.png``.

    Raises
    ------
    DataError
        If a file cannot be written.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": [0 * labels] * 3, "own": good})
    >>> fer_model.write_figures(results, "figures")
    """
    summary = Summary.of(comparison)
    folder = Path(folder)
    save_plots(filter(None, plots_of(summary).values()), folder)
    runs = summary.results.to_frame().to_csv(index=False, float_format="%.6g")
    write_text(folder / "runs.csv", runs)
    write_card(summary, folder / "card.png")


def _differences(summary: Summary, differences: Differences) -> list[dict[str, Any]]:
    figure = summary.results.figure
    by_name = {(row.arm, row.figure): row for row in differences.rows}
    rows = []
    for arm in differences.arms:
        p_values, judged = np.array(summary.mcnemar[arm]), by_name.get((arm, figure))
        rows.append(
            {
                "arm": arm,
                "all": [by_name.get((arm, name)) for name in summary.compared],
                "p": "–" if judged is None or judged.is_open else f"{judged.p_holm:.2g}",
                "mcnemar": f"{(p_values < 0.05).sum()} of {len(p_values)}",
            }
        )
    return rows


def _of_classes(summary: Summary) -> list[dict[str, Any]]:
    results = summary.results
    by_name = {(row.arm, row.figure): row for row in results.differences.rows}
    names = results.predicted.class_names
    return [
        {
            "name": names[label],
            "trained": f"{results.train_counts[label]:,}" if results.train_counts else "–",
            "num": int(results.test_counts[label]),
            "all": [by_name.get((arm, f"recall of {names[label]}")) for arm in results.arms[1:]],
        }
        for label in results.by_frequency
    ]


def _hidden_confusions(summary: Summary) -> str:
    """Say why there are no confusion matrices; "" where there are."""
    num, most = len(summary.results.class_names), figures.MOST_CLASSES
    if num <= most:
        return ""
    return f"Confusion matrices are drawn for up to {most} classes; these are {num:,}."


def _versions(summary: Summary) -> dict[str, str]:
    training = summary.results.training
    return training.runs[0][0].versions if training else {}


def _csv(text: str) -> str:
    return "data:text/csv;base64," + base64.b64encode(text.encode()).decode()
