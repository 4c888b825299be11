"""What a run's model sees: probabilities of every class, for images of any size and colour."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.data.changes import Changes
from fer_data.data.fill import decoded
from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError, skippable
from fer_data.util.files import atomic_file
from fer_data.util.progress import track
from fer_data.util.words import printable
from fer_model.inference.sources import Source, sources_of
from fer_model.training import models
from fer_model.training.models import ModelMetadata
from fer_model.training.runs import Run
from fer_model.training.test_time import averaged

if TYPE_CHECKING:
    import pandas as pd

_LOGGER = logging.getLogger("fer_data")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model sees in N images, in the order of the paths and of what they hold.

    Attributes
    ----------
    class_names : tuple of str, length C
        The model's.
    sources : list of str, length N
        The path that was given, in which the sample lies.
    samples : list of str, length N
        Ids as in `fer_data.Dataset.sample_ids`; of an image file, its path.
    splits, true_classes : list of (str or None), length N
        What the data says; None where it says nothing.
    probabilities : ndarray of float32, shape [N, C]
    skipped : tuple of str
        Why each image that cannot be decoded was skipped.
    notes : tuple of str
        What was skipped before any image was decoded, and how folders were taken.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> predictions = fer_model.Predictions(
    ...     class_names=("cat", "dog"),
    ...     sources=["new"],
    ...     samples=["new/1.png"],
    ...     splits=[None],
    ...     true_classes=[None],
    ...     probabilities=np.array([[0.1, 0.9]], np.float32),
    ...     skipped=(),
    ...     notes=(),
    ... )
    >>> predictions.class_names[predictions.probabilities[0].argmax()]
    'dog'
    """

    class_names: tuple[str, ...]
    sources: list[str]
    samples: list[str]
    splits: list[str | None]
    true_classes: list[str | None]
    probabilities: NDArray[np.float32]
    skipped: tuple[str, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def predicted_classes(self) -> list[str]:
        """Name of the likeliest class of each sample."""
        return [self.class_names[label] for label in self.probabilities.argmax(axis=1)]

    @property
    def counts(self) -> dict[str, int]:
        """How many samples each class is the likeliest of."""
        counts = Counter(self.predicted_classes)
        return {name: counts[name] for name in self.class_names}

    def to_dicts(self, stop: int | None = None) -> list[dict[str, Any]]:
        """Return a dict a sample (the first `stop` of them), the likeliest class first."""
        rows = []
        for place, row in enumerate(self.probabilities[:stop]):
            order = np.argsort(-row, kind="stable")
            rows.append(
                {
                    "source": self.sources[place],
                    "sample": self.samples[place],
                    "split": self.splits[place],
                    "true_class": self.true_classes[place],
                    "predicted_class": self.class_names[order[0]],
                    "probabilities": {self.class_names[k]: float(row[k]) for k in order},
                }
            )
        return rows

    def to_frame(self) -> pd.DataFrame:
        """Return a row a sample, with the columns of the csv.

        ``source``, ``sample``, ``split``, ``true_class``, ``predicted_class``, and
        ``probability_<class>`` of each class of the model.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            "source": self.sources,
            "sample": self.samples,
            "split": self.splits,
            "true_class": [name and printable(name) for name in self.true_classes],
            "predicted_class": [printable(name) for name in self.predicted_classes],
        }
        for label, name in enumerate(self.class_names):
            columns[f"probability_{printable(name)}"] = self.probabilities[:, label]
        return pd.DataFrame(columns)

    def write_csv(self, path: str | Path) -> None:
        """Write `to_frame` as a csv, whole or not at all."""
        with atomic_file(Path(path)) as temporary:
            self.to_frame().to_csv(temporary, index=False)


def predict_paths(
    run: str | Path | Run,
    paths: Sequence[str | Path],
    *,
    split: str | None = None,
    test_time: str | None = None,
    skip_bad: bool = False,
    layout: str | None = None,
) -> Predictions:
    """Return what a run's model sees in image files, folders and data sets.

    Images are brought to the run's size and colour as those of its training were, and go through
    the model in batches of the same size: a split has the probabilities that `evaluate_run` scores.
    Only a few batches of images are in memory at a time.

    Parameters
    ----------
    run : path or Run
        A run folder.
    paths : sequence of path
        See `fer_model.inference.sources.sources_of`.
    split : str, optional
        Of data sets: this split alone.
    test_time : str, optional
        Over which flips or shifts of an image probabilities are averaged; by default the
        recipe's. See `fer_model.training.test_time`.
    skip_bad : bool
        Whether what cannot be read or decoded is skipped and noted, or an error.
    layout : {"class-folders"}, optional
        Of folders, as in `fer_data.load`; by default they are read so where they have class
        folders of the model's.

    Raises
    ------
    DataError
        If the run has no model, a path cannot be read, an image not be decoded and `skip_bad` is
        false, or not one can.
    UsageError
        If a split is asked of what has none.

    Examples
    --------
    >>> import fer_data, fer_model
    >>> fer_data.write_synthetic("faces", num_images=210)
    >>> recipe = fer_model.Recipe(net="small", epochs=1, batch_size=32, keep="last")
    >>> run = fer_model.train(recipe, "faces", "run")
    >>> fer_model.predict_paths("run", ["faces"], split="test").probabilities.shape
    (43, 7)
    """
    opened = Run.open(run)
    model, metadata = models.load(opened.model_path)
    model = averaged(model, test_time or opened.recipe.test_time)
    sources = sources_of(paths, metadata.class_names, split=split, skip_bad=skip_bad, layout=layout)
    size = opened.recipe.batch_size
    causes: list[str] = []
    changes: list[Changes] = []
    kept: list[tuple[Source, NDArray[np.int64]]] = []
    probabilities = []
    batches = (
        (source, *batch)
        for source in sources
        for batch in _batches(source, metadata, size, causes, changes, skip_bad=skip_bad)
    )
    total = sum(-(-len(source.dataset) // size) for source in sources)
    for source, rows, pixels in track(batches, total=total, description="Predicting"):
        probabilities.append(_predicted(model, pixels))
        kept.append((source, rows))
    if not kept:
        raise DataError(f"none of the images can be decoded; the first: {causes[0]}")
    line = sum(changes, Changes()).line(sum(len(rows) for _, rows in kept), metadata.form)
    if line:
        _LOGGER.warning(line)
    return _put_together(metadata, kept, np.concatenate(probabilities), causes, sources)


def _batches(
    source: Source,
    metadata: ModelMetadata,
    size: int,
    causes: list[str],
    changes: list[Changes],
    *,
    skip_bad: bool,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Yield rows and images, `size` at a time; note what was changed, and why some are skipped."""
    rows, pixels = np.empty(0, np.int64), np.empty((0, *metadata.form.shape), np.uint8)
    for part in decoded(source.dataset, metadata.form, chunks=source.chunks):
        if part.bad and not skip_bad:
            raise skippable(part.bad[0].cause)
        causes += [bad.cause for bad in part.bad]
        changes.append(part.changes)
        check_bad_rows(source.dataset.root, len(causes))
        rows, pixels = np.concatenate([rows, part.rows]), np.concatenate([pixels, part.pixels])
        whole = len(rows) // size * size
        for start in range(0, whole, size):
            yield rows[start : start + size], pixels[start : start + size]
        rows, pixels = rows[whole:], pixels[whole:]
    if len(rows):
        yield rows, pixels


def _predicted(model: keras.Model, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(model.predict_on_batch(inputs), np.float32)


def _put_together(
    metadata: ModelMetadata,
    kept: list[tuple[Source, NDArray[np.int64]]],
    probabilities: NDArray[np.float32],
    causes: list[str],
    sources: list[Source],
) -> Predictions:
    names: list[str] = []
    samples: list[str] = []
    splits: list[str | None] = []
    true_classes: list[str | None] = []
    for source, rows in kept:
        dataset = source.dataset.take(rows)
        ids = dataset.sample_ids()
        samples += ids
        names += ids if source.name is None else [printable(source.name)] * len(ids)
        # the last name stands for -1: no split, no label
        splits += [
            dataset.splits[code] if source.has_splits else None for code in dataset.split_codes
        ]
        true_classes += [(*dataset.class_names, None)[label] for label in dataset.labels]
    return Predictions(
        class_names=metadata.class_names,
        sources=names,
        samples=samples,
        splits=splits,
        true_classes=true_classes,
        probabilities=probabilities,
        skipped=tuple(causes),
        notes=tuple(note for source in sources for note in source.notes),
    )
