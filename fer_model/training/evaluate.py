"""Scores of a model on labelled samples, and what a finished run says of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.analysis.ledger import record_ledger
from fer_data.analysis.predictions import PREDICTIONS, concatenated, save_predictions
from fer_data.data.class_names import renamed
from fer_data.data.reading import DatasetLike, load
from fer_data.data.split_names import TEST_SPLITS, split_to_take
from fer_data.errors import DataError, TrainingError
from fer_data.loading.loader import Loader
from fer_data.loading.opening import open_loader
from fer_data.util.files import atomic_file, write_json
from fer_data.util.words import printable
from fer_model.training import models, plots
from fer_model.training.feed import feed
from fer_model.training.parts import Parts
from fer_model.training.recorder import Progress
from fer_model.training.runs import Run
from fer_model.training.score import score, with_samples
from fer_model.training.test_time import averaged


def predict(model: keras.Model, loader: Loader) -> NDArray[np.float32]:
    """Return the probabilities of one epoch of a loader, float32 [N, C], in its order."""
    return np.asarray(model.predict(feed(loader), verbose=0), np.float32)


def evaluate_run(
    run: str | Path | Run,
    data: DatasetLike,
    *,
    split: str | None = None,
    test_time: str | None = None,
    cache: str | Path | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Score a run's model on a split of what `fer_data.load` takes; see `score`.

    The split is by default the first of `fer_data.data.split_names.TEST_SPLITS` that there is, or
    the only one.

    Probabilities are averaged over flips or shifts of an image by `test_time`, by default the
    recipe's. The data may lack some of the model's classes; where it names them otherwise,
    ``class_names`` maps its names to the model's.

    Raises
    ------
    DataError
        If the run has no model, the data has no such split, or other classes.
    UsageError
        If no split is named, and there are several without a test split.

    Examples
    --------
    >>> import fer_data, fer_model
    >>> fer_data.write_synthetic("faces", num_images=210)
    >>> recipe = fer_model.Recipe(net="small", epochs=1, batch_size=32, keep="last")
    >>> run = fer_model.train(recipe, "faces", "run")
    >>> fer_model.evaluate_run("run", "faces", split="test")["num_samples"]
    43
    """
    opened = Run.open(run)
    dataset = load(data, **options)
    split = split_to_take(split, dataset.splits, str(dataset.root), TEST_SPLITS)
    model, metadata = models.load(opened.model_path)
    if unknown := [name for name in dataset.class_names if name not in metadata.class_names]:
        raise DataError(
            f"{dataset.root}: the model has no class {', '.join(map(printable, unknown[:8]))}; its "
            f"classes are {', '.join(map(printable, metadata.class_names[:40]))}",
            fix={"class_names": (f"{unknown[0]}={metadata.class_names[0]}",)},
        )
    dataset = renamed(dataset, metadata.class_names)
    loader = open_loader(
        dataset,
        split=split,
        # as in training: on some processors another size rounds another way
        batch_size=opened.recipe.batch_size,
        augment="none",
        shuffle=False,
        image_size=(metadata.form.height, metadata.form.width),
        color=metadata.form.color,
        fit=metadata.form.fit,
        cache=cache,
    )
    judged = averaged(model, test_time or opened.recipe.test_time)
    return score(loader.labels, predict(judged, loader), metadata.class_names)


def judge(run: Run, parts: Parts) -> dict[str, Any]:
    """Write a run's predictions, weights and confusion plots; return its scores by split."""
    model, metadata = models.load(run.model_path)
    with atomic_file(run.path / "model.weights.h5") as temporary:
        model.save_weights(temporary)
    splits = {"test": parts.test} if parts.test else {}
    if run.recipe.protocol == "standard":  # the notebook's validation is the test split, flipped
        splits["validation"] = parts.validation
    judged = averaged(model, run.recipe.test_time)
    metrics: dict[str, Any] = {}
    predicted = []
    for split, loader in splits.items():
        probabilities = predict(judged, loader)
        if not np.isfinite(probabilities).all():
            raise TrainingError(
                f"{run.path}: predictions are not finite: the training diverged; lower the "
                "learning rate"
            )
        metrics[split] = score(loader.labels, probabilities, metadata.class_names)
        predicted.append(with_samples(split, loader, probabilities))
        if "confusion" in metrics[split]:
            plots.confusion(metrics[split], run.path / "plots" / f"confusion-{split}.png", split)
    save_predictions(run.path / PREDICTIONS, concatenated(predicted))
    return metrics


def finish(run: Run, parts: Parts, progress: Progress) -> None:
    """Score the run's model and write what the folder still lacks, the metrics last."""
    metrics = judge(run, parts)
    plots.curves(run.history, run.path / "plots" / "curves.png")
    kept = max(progress.history, key=lambda row: row["val_accuracy"])
    metrics["training"] = {
        "epochs": len(progress.history),
        "steps": int(sum(row["steps"] for row in progress.history)),
        "seconds": sum(row["seconds"] for row in progress.history),
        "best_epoch": int(kept["epoch"]),
    }
    ledger = record_ledger(parts.train, metrics["training"]["steps"])
    write_json(run.path / "ledger.json", ledger.to_dict())
    write_json(run.path / "metrics.json", metrics)
    run.checkpoint_path.unlink(missing_ok=True)
