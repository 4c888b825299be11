"""A comparison's folder as trainings would leave it, made up in a moment."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import softmax

from fer_data.analysis.predictions import (
    PREDICTIONS,
    SavedPredictions,
    concatenated,
    save_predictions,
)
from fer_data.util.files import write_json, write_text
from fer_model.comparison.arm import parse_arms
from fer_model.comparison.protocol import Cell, Protocol, is_finished
from fer_model.comparison.results import Results, Training
from fer_model.comparison.runner import Event, EventHandler, train_missing
from fer_model.comparison.sample_table import SampleTable, save_samples
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run

RECIPE = Recipe(
    net="small", epochs=5, steps_per_epoch=2, batch_size=32, schedule="cosine", keep="last"
)
"""Of trainings that take a second."""


def make_comparison(
    out: Path,
    *,
    arms: tuple[str, ...] = ("none", "oversample", "crt"),
    seeds: tuple[int, ...] = (0, 1, 2),
    class_names: tuple[str, ...] = ("cat", "dog", "rare"),
    num: int = 240,
    base_bias: float = -1.5,
    other_bias: float = 0.3,
    path: str = "/data/pets",
    train_counts: tuple[int, ...] | None = None,
    counts_of_runs: tuple[int, ...] = (),
    sharpness: float = 0.0,
) -> Path:
    """Write a comparison; the biases are of the last class, in the first arm and in the others.

    Training has the fewest samples of the last class, where no `train_counts` are given. With a
    `sharpness` logits are that many times too large, and there are validation samples.
    """
    random = np.random.default_rng(0)
    size = len(class_names)
    labels = np.sort(random.integers(0, size, num))
    labels[labels == size - 1] = random.integers(0, size, (labels == size - 1).sum())
    data = {"path": path, "class_names": list(class_names)}
    protocol = Protocol(
        Recipe(net="small", epochs=3, steps_per_epoch=10, schedule="cosine", keep="last"),
        data,
        parse_arms(arms),
        seeds,
        "balanced_accuracy",
        train_counts=(*[200] * (size - 1), 20) if train_counts is None else train_counts,
    )
    protocol.write(out)
    names = np.array([f"test/{place:04}.png" for place in range(num)])
    groups = np.arange(num)
    groups[1::10] -= 1
    leaked = np.isin(groups, random.choice(num, num // 10, replace=False))
    save_samples(out, SampleTable(names, labels, groups, leaked))
    hard = random.normal(size=(num, size))
    for cell in protocol.cells(out):
        is_base = cell.arm == protocol.arms[0]
        run = Run.create(
            cell.folder,
            protocol.recipe_of(cell),
            {**data, "counts": {"train": list(counts_of_runs)}},
            {"python": "3"},
            None if is_base else {},
        )
        logits = 1.5 * np.eye(size)[labels] + hard + 0.5 * random.normal(size=hard.shape)
        logits[:, -1] += base_bias if is_base else other_bias
        probabilities = softmax(logits * (sharpness or 1), axis=1).astype(np.float32)
        predictions = SavedPredictions(
            class_names, np.full(num, "test"), names, labels, probabilities
        )
        if sharpness:
            held_out = dataclasses.replace(predictions, splits=np.full(num, "validation"))
            predictions = concatenated([held_out, predictions])
        save_predictions(run.path / PREDICTIONS, predictions)
        write_json(
            run.path / "metrics.json", {"training": {"steps": 30, "seconds": 12.0, "epochs": 3}}
        )
        if cell.arm.head is None:
            history = pd.DataFrame(
                {
                    "epoch": [1, 2, 3],
                    "loss": [1.0, 0.8, 0.7],
                    "val_loss": [1.1, 0.9, 0.9],
                    "accuracy": [0.4, 0.5, 0.6],
                    "val_accuracy": [0.4, 0.5, 0.5],
                }
            )
            write_text(run.path / "history.csv", history.to_csv(index=False))
    return out


def training_of(results: Results) -> Training:
    """Return how the runs of a comparison were trained."""
    assert results.training is not None
    return results.training


class Heard:
    """A display that remembers what it was shown."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.errors: list[str] = []
        self.steps: list[int] = []

    def begin(self, steps: Mapping[Cell, int], num_at_once: int) -> None:
        self.begun, self.num_steps = list(map(str, steps)), max(steps.values(), default=0)

    def show(self, cell: Cell, event: Event) -> None:
        if event["event"] == "end":
            assert is_finished(cell)
            self.ended.append(str(cell))
        elif event["event"] == "failed":
            self.errors.append(f"{cell}: {event['error']}")
        elif event["event"] in ("step", "epoch"):
            self.steps.append(event["number"])


class InThisProcess:
    """Makes runs without a process for each."""

    num_at_once = 1

    def __init__(self, protocol: Protocol, out: Path, cache: Path | None = None) -> None:
        self.protocol, self.out, self.cache = protocol, out, cache

    def run(self, cells: Sequence[Cell], tell: EventHandler) -> None:
        from fer_model.comparison.child import make_runs

        make_runs(
            self.protocol,
            cells,
            self.out,
            lambda event, **about: tell({"event": event, **about}),
            cache=None if self.cache is None else str(self.cache),
        )

    def stop(self) -> None:
        raise AssertionError

    def kill(self) -> None:
        pass


def train_here(protocol: Protocol, out: Path, cache: Path | None = None) -> Heard:
    """Train what is missing of a comparison in this process; return what its display was shown."""
    heard = Heard()
    train_missing(protocol, out, heard, InThisProcess(protocol, out, cache))
    return heard
