"""The report of a comparison: one self-contained page of html, the verdict first."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from fer_data import __version__
from fer_data.errors import DataError
from fer_data.util.files import write_text
from fer_data.util.words import printable
from fer_model.reporting import figures
from fer_model.reporting.summary import Summary
from fer_model.statistics.differences import Differences
from fer_model.statistics.scores import SUMMARIES
from fer_model.statistics.verdict import HELPS, HURTS
from fer_model.words import duration, points

_OF_ARMS = ("balance", "loss", "mix", "seed")
"""What differs from run to run, and is no part of the common recipe."""

_TONES = {HELPS: "good", HURTS: "error"}


def write_comparison(summary: Summary, page: str | Path) -> None:
    """Write the page.

    Parameters
    ----------
    summary : Summary
    page : path
        It needs nothing beside it, and asks nothing of the network.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    found = summary.results
    recipe = found.training.protocol.recipe.to_dict() if found.training else {}
    plots = {
        "forest": figures.forest(found),
        "recalls": figures.recalls(found),
        "reliability": figures.reliability(found, summary.calibrations),
        "confusions": figures.confusions(found),
        "curves": figures.curves(found),
    }
    downloads = {plot.name: _csv(figures.as_csv(plot)) for plot in plots.values() if plot}
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
        name=printable(Path(found.source).name),
        figure=_words(found.figure),
        arms=found.arms,
        seeds=found.seeds,
        num_samples=len(found.labels),
        num_leaked=int(found.leaked.sum()),
        titles=list(map(_words, SUMMARIES)),
        verdicts=[
            {
                "arm": one.difference.arm,
                "word": one.word,
                "tone": _TONES.get(one.word, "quiet"),
                "text": one.text,
                "cost": summary.cost_of(one.difference.arm),
            }
            for one in summary.main
        ],
        table=_table(summary),
        differences=_differences(summary, found.differences),
        clean=_differences(summary, found.clean_differences) if found.clean_differences else None,
        hidden_confusions=_hidden_confusions(summary),
        of_classes=_of_classes(summary),
        notes=summary.notes(),
        smallest=[(_words(name), f"{100 * least:.1f}") for name, least in summary.smallest.items()],
        recipe={name: value for name, value in recipe.items() if name not in _OF_ARMS},
        points=points,
        versions=_versions(summary),
        version=__version__,
        downloads={**downloads, "runs": _csv(_runs(summary))},
        **plots,
    )
    try:
        write_text(Path(page), html)
    except OSError as error:
        raise DataError(f"{page}: cannot be written ({error.strerror or error})") from None


def _table(summary: Summary) -> list[dict[str, Any]]:
    found = summary.results
    rows = []
    for place, arm in enumerate(found.arms):
        values = 100 * found.predicted.scores[place, :, : len(SUMMARIES)]
        spread = values.std(axis=0, ddof=1) if len(values) > 1 else [None] * len(SUMMARIES)
        rows.append(
            {
                "arm": arm,
                "cells": [
                    {"mean": mean, "spread": one}
                    for mean, one in zip(values.mean(axis=0), spread, strict=True)
                ],
                "calibration": summary.calibration_error(place),
                "time": duration(float(found.costs[place])),
            }
        )
    return rows


def _differences(summary: Summary, found: Differences) -> list[dict[str, Any]]:
    figure = summary.results.figure
    rows = []
    for arm in found.arms:
        p_values = np.array(summary.mcnemar[arm])
        rows.append(
            {
                "arm": arm,
                "all": [found.of(arm, name) for name in SUMMARIES],
                "p": found.of(arm, figure).p_holm,
                "mcnemar": f"{(p_values < 0.05).sum()} of {len(p_values)}",
            }
        )
    return rows


def _of_classes(summary: Summary) -> list[dict[str, Any]]:
    found = summary.results
    support = np.bincount(found.labels, minlength=len(found.class_names))
    return [
        {
            "name": name,
            "num": int(num),
            "all": [found.differences.of(arm, f"recall of {name}") for arm in found.arms[1:]],
        }
        for name, num in zip(found.predicted.class_names, support, strict=True)
        if num
    ]


def _hidden_confusions(summary: Summary) -> str:
    """Say why there are no confusion matrices; "" where there are."""
    num, most = len(summary.results.class_names), figures.MOST_CLASSES
    if num <= most:
        return ""
    return f"Confusion matrices are drawn for up to {most} classes; these are {num:,}."


def _runs(summary: Summary) -> str:
    """Return every run's scores as csv."""
    found = summary.results
    rows = [
        {
            "arm": arm,
            "seed": seed,
            **dict(
                zip(found.predicted.figures, found.predicted.scores[a, s].tolist(), strict=True)
            ),
            "seconds": float(found.seconds[a, s]),
        }
        for a, arm in enumerate(found.arms)
        for s, seed in enumerate(found.seeds)
    ]
    return str(pd.DataFrame(rows).to_csv(index=False, float_format="%.6g"))


def _versions(summary: Summary) -> dict[str, str]:
    training = summary.results.training
    return training.runs[0][0].versions if training else {}


def _words(figure: str) -> str:
    return figure.replace("_", " ")


def _csv(text: str) -> str:
    return "data:text/csv;base64," + base64.b64encode(text.encode()).decode()
