"""The run folder: all that a training leaves, and all that evaluate and compare read.

=====================  ===========================================================================
``recipe.json``        what was trained and how: the `Recipe`, the data, the versions
``history.csv``        a row an epoch
``metrics.json``       scores of the finished run, by split
``predictions.npz``    a row a sample: split, sample, label, probability of each class
``ledger.json``        how often each class was drawn, and its samples used
``model.keras``        the model, with its class names and the form of its images
``model.json``, ``model.weights.h5``  the same as architecture and weights
``plots/``             curves, confusion matrix, architecture
``checkpoint.keras``   where an unfinished run continues
=====================  ===========================================================================
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_data.errors import DataError, UsageError
from fer_data.util import notebook
from fer_data.util.files import refuse_no_file, refuse_special, was_left, write_json
from fer_data.util.words import printable, shown_class
from fer_model.training.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_OF_DATA: dict[str, type] = {
    "path": str,
    "fingerprint": str,
    "selected": str,
    "options": dict,
    "class_names": list,
}
"""Of what a run says of its data."""

_SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "geometric_mean", "num_samples")


@dataclass(frozen=True)
class Run:
    """A run folder; functions that take its path take it, too.

    Attributes
    ----------
    path : Path

    Examples
    --------
    >>> from pathlib import Path
    >>> import fer_model
    >>> data = {"path": "pets", "class_names": ["cat", "dog"]}
    >>> run = fer_model.Run.create(Path("run"), fer_model.Recipe(net="small"), data, {})
    >>> fer_model.Run.open("run").recipe.net, run.is_finished
    ('small', False)
    """

    path: Path

    def __fspath__(self) -> str:
        return str(self.path)

    @classmethod
    def create(
        cls,
        path: Path,
        recipe: Recipe,
        data: dict[str, Any],
        versions: Any,
        head: dict[str, Any] | None = None,
    ) -> Run:
        """Make a new run folder; `head` says what became of a trained run's last layer.

        Raises
        ------
        DataError
            If the folder holds something already, or is none.
        """
        if not path.is_dir():
            refuse_special(path)
            if path.exists():
                raise DataError(f"{path}: is a file; choose another folder", fix={"out": []})
        if path.exists() and any(not was_left(entry.name) for entry in path.iterdir()):
            hint = "resume it, or " if (path / "recipe.json").exists() else ""
            raise DataError(
                f"{path}: holds something already; {hint}choose another folder", fix={"out": []}
            )
        about = {"recipe": recipe.to_dict(), "data": data, "versions": versions}
        if head is not None:
            about["head"] = head
        write_json(path / "recipe.json", about)
        return cls(path)

    @classmethod
    def open(cls, path: str | Path | Run) -> Run:
        """Open an existing run folder.

        Raises
        ------
        DataError
            If there is no run.
        """
        path = Path(path).absolute()
        if not is_run(path):
            raise DataError(f"{path}: no run here (a run folder holds recipe.json)")
        return cls(path)

    def __repr__(self) -> str:
        return f"Run({printable(str(self.path))}: {self._state()})"

    def _repr_html_(self) -> str:
        try:
            metrics = self.metrics if self.is_finished else {}
            recipe, data = self.recipe, self.data
        except DataError as error:
            return notebook.page(str(self.path), str(error))
        splits = [split for split in ("validation", "test") if split in metrics]
        scores = [
            (name.replace("_", " "), *(f"{metrics[split][name]:.1%}" for split in splits))
            for name in _SCORES[:-1]
        ]
        recalls = [
            (shown_class(name), *(_percent(metrics[split], name) for split in splits))
            for name in data["class_names"]
        ]
        html = recipe._repr_html_()
        return notebook.page(
            str(self.path),
            f"{self._state()}, of {data['path']}",
            notebook.table(("score", *splits), scores) if splits else "",
            notebook.folded(
                "recall of each class", notebook.table(("class", *splits), recalls, most=60)
            )
            if splits
            else "",
            notebook.folded("recipe", html),
        )

    def _state(self) -> str:
        """Say in a few words what the run is and how far it is."""
        try:
            parts = [repr(self.recipe)]
            if not self.is_finished:
                return f"{parts[0]}, not finished"
            metrics = self.metrics
        except DataError:
            return "broken"
        parts += [
            f"{split} accuracy {metrics[split]['accuracy']:.1%}"
            for split in ("validation", "test")
            if split in metrics
        ]
        return ", ".join(parts)

    def plot(self) -> Figure:
        """Draw loss and metrics of training and validation over the epochs.

        Returns
        -------
        matplotlib.figure.Figure
            Which notebooks show; ``savefig`` writes it.

        Raises
        ------
        DataError
            If the history cannot be read.
        UsageError
            If no epoch has ended.
        """
        from fer_model.plotting.history import plot_history  # matplotlib, for this alone

        return plot_history(self.history)

    def plot_confusion(self, split: str = "test") -> Figure:
        """Draw the confusion matrix of a split's predictions; see `fer_model.plot_confusion`."""
        from fer_model.plotting.confusion import plot_confusion

        found = load_predictions(self.path / PREDICTIONS)
        if split not in found.splits:
            known = ", ".join(sorted(set(found.splits.tolist())))
            raise UsageError(f"split: expected one of {known}, got {split!r}")
        part = found.of_split(split)
        return plot_confusion(part.labels, part.probabilities, part.class_names)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def model_path(self) -> Path:
        """The model that the run gave."""
        return self.path / "model.keras"

    @property
    def checkpoint_path(self) -> Path:
        """Where an unfinished run continues."""
        return self.path / "checkpoint.keras"

    @property
    def is_finished(self) -> bool:
        """Whether the run has its metrics."""
        return (self.path / "metrics.json").exists()

    @property
    def recipe(self) -> Recipe:
        """What was trained and how."""
        try:
            return Recipe.from_dict(self._about()["recipe"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _broken(self.path / "recipe.json", error) from None

    def is_of(self, recipe: Recipe, data: dict[str, Any]) -> bool:
        """Whether it is a training by a recipe on some data, as `about_data` records it."""
        return (
            self.recipe.to_dict() == recipe.to_dict()
            and self.head is None
            and all(
                self.data.get(key) == data[key] for key in ("fingerprint", "selected", "counts")
            )
        )

    @property
    def data(self) -> dict[str, Any]:
        """What it was trained on: path, fingerprint, class names, counts, notes."""
        try:
            data = dict(self._about()["data"])
            for name, kind in _OF_DATA.items():
                if name in data and not isinstance(data[name], kind):
                    raise TypeError(f"{name} is {data[name]!r:.80}")
            str(data["path"]), list(data["class_names"])
        except (KeyError, TypeError, ValueError) as error:
            raise _broken(self.path / "recipe.json", error) from None
        return data

    @property
    def train_counts(self) -> tuple[int, ...]:
        """Training samples of each class; empty where a run of an older version lacks them."""
        try:
            return tuple(map(int, self.data["counts"]["train"]))
        except (KeyError, TypeError, ValueError):
            return ()

    @property
    def versions(self) -> dict[str, str]:
        """Of Python, the backend and packages as it was trained."""
        try:
            return dict(self._about()["versions"])
        except (KeyError, TypeError, ValueError) as error:
            raise _broken(self.path / "recipe.json", error) from None

    @property
    def head(self) -> dict[str, Any] | None:
        """What became of the last layer once the rest was trained; None where nothing did."""
        head: dict[str, Any] | None = self._about().get("head")
        return head

    @property
    def metrics(self) -> dict[str, Any]:
        """Scores by split, and the cost.

        Raises
        ------
        DataError
            If the run is not finished.
        """
        if not self.is_finished:
            raise DataError(f"{self.path}: the run is not finished; resume its training")
        path = self.path / "metrics.json"
        metrics = _read_json(path)
        try:
            metrics["training"]["steps"] + metrics["training"]["seconds"]
            for split in {"test", "validation"} & metrics.keys():
                for name in _SCORES:
                    metrics[split][name] + 0.0
                for row in metrics[split]["per_class"].values():
                    row["support"] + (row["recall"] or 0.0)  # None where there is no sample
        except (KeyError, TypeError, AttributeError) as error:
            raise _broken(path, error) from None
        return metrics

    @property
    def seconds(self) -> float:
        """Of the training.

        Raises
        ------
        DataError
            If the run is not finished, or its metrics are broken.
        """
        try:
            return float(self.metrics["training"]["seconds"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{self.path / 'metrics.json'}: broken ({error!r})") from None

    @property
    def history(self) -> pd.DataFrame:
        """A row an epoch, empty before the first has ended."""
        import pandas as pd

        path = self.path / "history.csv"
        refuse_no_file(path)
        try:
            return pd.read_csv(path) if path.exists() else pd.DataFrame()
        except ValueError as error:  # pandas' own errors are such
            raise DataError(f"{path}: cannot be read ({error})") from None

    @property
    def predictions(self) -> pd.DataFrame:
        """A row a sample of the validation and test splits."""
        return load_predictions(self.path / PREDICTIONS).to_frame()

    def _about(self) -> dict[str, Any]:
        return _read_json(self.path / "recipe.json")


def _percent(scores: dict[str, Any], name: str) -> str:
    """Return a class's recall; a dash where it has no sample."""
    recall = scores["per_class"].get(name, {}).get("recall")
    return "–" if recall is None else f"{recall:.1%}"


def is_run(path: Path) -> bool:
    """Whether a path is a run folder."""
    return (path / "recipe.json").is_file()


def _read_json(path: Path) -> dict[str, Any]:
    refuse_no_file(path)
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: cannot be read (no JSON object)")
    return content


def _broken(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: broken ({type(error).__name__}: {error}); train again")
