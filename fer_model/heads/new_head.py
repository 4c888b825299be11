"""A run from another one: the same net with a new last layer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.reading import DatasetLike
from fer_data.loading.loader import Loader
from fer_data.util.files import write_json
from fer_data.util.folders import atomic_folder
from fer_model.environment import versions
from fer_model.heads.choice import Head, HeadChoice, HeadInputs
from fer_model.training import models
from fer_model.training.evaluate import judge
from fer_model.training.feed import feed
from fer_model.training.parts import evaluation_loader, parts_of
from fer_model.training.runs import Run


def with_new_head(
    base: Run,
    choice: HeadChoice,
    out: str | Path,
    *,
    data: DatasetLike | None = None,
    cache: str | Path | None = None,
) -> Run:
    """Give a finished run's net a new last layer, and leave a run folder of it.

    What is chosen is chosen by training and validation samples; the test split is scored once.

    Parameters
    ----------
    base : Run
    choice : HeadChoice
    out : path
        A folder that does not exist, or is empty; it appears when all is done.
    data : optional
        What the base was trained on, as `fer_data.load` takes it; by default what its path gives.
    cache : path, optional
        As in `fer_data.open_store`.

    Raises
    ------
    DataError
        If the base is not finished, its model is not in its folder, or its data has changed.
    UsageError
        If its net does not end in a dense layer.
    OSError
        If `out` holds something, or cannot be written.
    """
    began = time.monotonic()
    training, parts = base.metrics["training"], parts_of(base, data, cache=cache)
    model, metadata = models.load(base.model_path)
    features = models.feature_model(model, str(base.path))
    last = model.layers[-1]

    def seen(loader: Loader) -> tuple[NDArray[Any], NDArray[Any]]:
        loader = evaluation_loader(base.recipe, loader.store, loader.rows)
        outputs = features.predict(feed(loader), verbose=0)
        return np.asarray(outputs, np.float64), loader.labels

    trained = Head(*(np.asarray(part, np.float64) for part in last.get_weights()))
    inputs = HeadInputs(
        trained, parts.train.counts, lambda: seen(parts.train), lambda: seen(parts.validation)
    )
    head, chosen = choice.build(inputs)
    last.set_weights([part.astype(np.float32) for part in head])
    out = Path(out).absolute()
    with atomic_folder(out) as temporary:
        about = {"head": str(choice), "base": str(base.path), **chosen}
        run = Run.create(temporary, base.recipe, base.data, versions(), about)
        models.save(model, run.model_path, metadata)
        metrics = judge(run, parts)
        seconds = training["seconds"] + time.monotonic() - began
        metrics["training"] = {**training, "seconds": seconds}
        write_json(run.path / "metrics.json", metrics)
    return Run(out)
