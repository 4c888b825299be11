"""Results of runs that this package did not train, kept in one file of a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path

import numpy as np

from fer_data.errors import DataError, UsageError
from fer_data.util.arrays import read_arrays, write_arrays
from fer_data.util.words import printable
from fer_model.comparison.results import Results
from fer_model.comparison.sample_table import load_samples, save_samples
from fer_model.statistics.scores import JUDGED, SHOTS
from fer_model.statistics.verdict import MARGIN

KEPT = "compared.npz"
"""The file's name in a comparison's folder, next to the samples."""

_OURS = {KEPT, "samples.npz", "index.html", "results.json"}
_TEXTS = ("arms", "class_names", "remarks")
_EXPECTED = {
    **dict.fromkeys((*_TEXTS, "figure"), ("U", 1)),
    "seeds": ("i", 1),
    "train_counts": ("i", 1),
    "predicted_labels": ("i", 3),
    "confidences": ("f", 3),
    "seconds": ("f", 2),
}
_NEWER: dict[str, tuple[str, int]] = {
    "scaled_confidences": ("f", 3),
    "ensemble_labels": ("i", 2),
    "aurocs": ("f", 2),
    "shots": ("i", 1),
    "margin": ("f", 1),
    "of_features": ("b", 1),
    "num_given": ("i", 1),
}
"""Arrays that files of older versions lack."""


def is_kept(out: Path) -> bool:
    """Whether a folder holds such results."""
    return (out / KEPT).exists()


def check_place(out: Path, file: str = KEPT, others: Collection[str] = _OURS) -> None:
    """Refuse a folder that holds something else than a comparison, known by a file of it.

    Parameters
    ----------
    out : Path
    file : str
        What a comparison's folder holds.
    others : collection of str
        What a folder may hold where that file is not written yet.

    Raises
    ------
    UsageError
        If it does, or it is none.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: expected a folder, got a file", fix={"out": []})
    if out.is_dir() and not (out / file).exists():
        names = (path.name for path in out.iterdir() if not path.name.startswith("."))
        other = next((name for name in names if name not in others), None)
        if other is not None:
            raise UsageError(
                f"{out}: holds something already ({printable(other)}); choose another folder",
                fix={"out": []},
            )


def refuse_loss(out: Path, arms: Collection[str], num_seeds: int) -> None:
    """Refuse to replace results of more arms or seeds than these.

    Raises
    ------
    UsageError
        If the folder has such.
    """
    if not is_kept(out):
        return
    before = load_kept(out)
    lost = [arm for arm in before.arms if arm not in arms]
    if lost or len(before.seeds) > num_seeds:
        what = f"{len(before.seeds)} seeds of {', '.join(before.arms)}"
        raise UsageError(
            f"{out}: holds a comparison of {what}, which this would replace; choose another "
            "folder, or delete it",
            fix={"out": []},
        )


def save_kept(results: Results, out: Path) -> Results:
    """Write results into a folder, and return them as they are there.

    Raises
    ------
    DataError
        If the folder cannot be written.
    UsageError
        If that would replace results of more arms or seeds.
    """
    refuse_loss(out, results.arms, len(results.seeds))
    try:
        out.mkdir(parents=True, exist_ok=True)
        save_samples(out, results.samples)
        arrays = {name: np.array(getattr(results, name), np.str_) for name in _TEXTS}
        arrays["figure"] = np.array([results.figure])
        arrays["margin"] = np.array([results.margin])
        arrays["of_features"] = np.array([results.of_features])
        for name in ("seeds", "train_counts", "shots", "num_given"):
            arrays[name] = np.array(getattr(results, name), np.int64)
        for name in (
            *("predicted_labels", "confidences", "seconds"),
            *("scaled_confidences", "ensemble_labels", "aurocs"),
        ):
            arrays[name] = getattr(results, name)
        write_arrays(out / KEPT, arrays)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
    return dataclasses.replace(results, out=out)


def load_kept(out: Path) -> Results:
    """Read what `save_kept` wrote.

    Raises
    ------
    DataError
        If a file is broken, or they do not fit together.
    """
    arrays = read_arrays(out / KEPT, _EXPECTED, remedy="compare again", optional=_NEWER)
    texts = {name: tuple(arrays[name].tolist()) for name in _TEXTS}
    num_classes = len(texts["class_names"])
    samples = load_samples(out, num_classes)
    predicted, shape = arrays["predicted_labels"], (len(texts["arms"]), len(arrays["seeds"]))
    scaled = arrays.get("scaled_confidences", np.full(arrays["confidences"].shape, np.nan))
    ensembles = arrays.get("ensemble_labels", np.full((shape[0], len(samples)), -1))
    aurocs = arrays.get("aurocs", np.full(shape, np.nan))
    shots = tuple(arrays.get("shots", np.array(SHOTS)).tolist())
    margin = arrays.get("margin", np.array([MARGIN])).tolist()
    num_given = tuple(arrays.get("num_given", np.zeros(0, np.int64)).tolist())
    of_features = arrays.get("of_features", np.array([False])).tolist()
    if (
        predicted.shape != (*shape, len(samples))
        or not arrays["confidences"].shape == scaled.shape == predicted.shape
        or ensembles.shape != (shape[0], len(samples))
        or not arrays["seconds"].shape == aurocs.shape == shape
        or not predicted.size
        or not -1 <= ensembles.min() <= ensembles.max() < num_classes
        or not (len(shots) == 2 and 0 < shots[0] <= shots[1])
        or not (len(margin) == 1 and 0 <= margin[0] < 1)
        or not 0 <= predicted.min() <= predicted.max() < num_classes
        or len(arrays["train_counts"]) not in (0, num_classes)
        or len(num_given) not in (0, shape[0])
        or len(of_features) != 1
        or tuple(arrays["figure"])[:1] not in {(name,) for name in JUDGED}
    ):
        raise DataError(f"{out / KEPT}: its arrays do not fit together; compare again")
    return Results(
        arms=texts["arms"],
        class_names=texts["class_names"],
        remarks=texts["remarks"],
        seeds=tuple(arrays["seeds"].tolist()),
        figure=str(arrays["figure"][0]),
        predicted_labels=predicted.astype(np.int32),
        confidences=arrays["confidences"].astype(np.float32),
        scaled_confidences=scaled.astype(np.float32),
        ensemble_labels=ensembles.astype(np.int32),
        aurocs=aurocs.astype(np.float64),
        samples=samples,
        train_counts=tuple(arrays["train_counts"].tolist()),
        seconds=arrays["seconds"].astype(np.float64),
        out=out,
        shots=shots,
        margin=margin[0],
        of_features=of_features[0],
        num_given=num_given,
    )
