"""What a trained net's last layer is given: features, for `compare_features` and other uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.reading import DatasetLike
from fer_data.data.store import open_store
from fer_data.util.progress import track
from fer_model.training import models
from fer_model.training.runs import Run


def extract_features(
    run: str | Path | Run, data: DatasetLike, *, cache: str | Path | None = None, **options: Any
) -> NDArray[np.float32]:
    """Return a trained net's features of every sample: the inputs of its last layer.

    Images are brought to the size and colour of the run's training, and neither augmented nor
    averaged over flips.

    Parameters
    ----------
    run : path or Run
        A run folder.
    data : path or Dataset
        What `fer_data.load` takes; samples may lack labels.
    cache : path, optional
        As in `fer_data.open_store`.
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    ndarray of float32, shape [N, D]
        In the order of the dataset's samples.

    Raises
    ------
    DataError
        If the run has no model, or the data cannot be read.
    UsageError
        If the net does not end in a dense layer.

    Examples
    --------
    >>> import fer_data, fer_model, numpy as np
    >>> fer_data.write_synthetic("faces", num_images=210)
    >>> recipe = fer_model.Recipe(net="small", epochs=1, batch_size=32, keep="last")
    >>> run = fer_model.train(recipe, "faces", "run")
    >>> data = fer_data.load("faces")
    >>> features = fer_model.extract_features("run", data)
    >>> features.shape
    (210, 64)
    >>> splits = np.array(data.splits)[data.split_codes]
    >>> arms = ["none", "crt"]
    >>> results = fer_model.compare_features(
    ...     features, data.labels, arms, seeds=1, splits=splits, class_names=data.class_names
    ... )
    """
    opened = Run.open(run)
    model, metadata = models.load(opened.model_path)
    features = models.feature_model(model, str(opened.path))
    store = open_store(data, form=metadata.form, cache=cache, **options)
    size, num_samples = opened.recipe.batch_size, len(store.dataset)
    starts = range(0, num_samples, size)
    batches = (
        features.predict_on_batch(store.pixels[np.arange(start, min(start + size, num_samples))])
        for start in track(starts, total=len(starts), description="Extracting features")
    )
    return np.concatenate([np.asarray(batch, np.float32) for batch in batches])
