"""When a training saves: never less than a resumed run needs, and else seldom where it is slow."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_data.data.decode import PixelFormat
from fer_model.training import models, recorder
from fer_model.training.recorder import Averaging, Progress, Recorder, Stopped
from fer_model.training.runs import Run

STEPS = 3


@dataclass
class World:
    """A clock, and what was saved when: model or checkpoint, with a copy of the progress."""

    seconds_to_save: float
    now: float = 0.0
    saving: float = 0.0
    saved: list[tuple[str, Any]] = field(default_factory=list)
    stop_in_save: int = -1
    recorder: Recorder | None = None

    def monotonic(self) -> float:
        return self.now

    def save(self, model: Any, path: Path, use: Any, training: Any = None) -> None:
        if len(self.saved) == self.stop_in_save and self.recorder:
            self.recorder.ask_to_stop()
        self.now += self.seconds_to_save
        self.saving += self.seconds_to_save
        self.saved.append((path.stem, copy.deepcopy(training)))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


def trained(
    model: keras.Model,
    world: World,
    accuracies: list[float],
    *,
    keep: str,
    seconds: float,
    stop_after: int = -1,
) -> tuple[Progress, bool]:
    """Go through the epochs; where the training stands, and whether it was stopped."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "time", world)
        patch.setattr(models, "save", world.save)
        use, progress = models.ModelMetadata(("a", "b"), PixelFormat(4, 4, "grey")), Progress()
        one = Recorder(
            Run(Path(folder)),
            use,
            progress,
            Averaging(),
            epochs=len(accuracies),
            steps=STEPS,
            keep=keep,
        )
        one._averaging.set_model(model)
        one.set_model(model)
        world.recorder = one
        done = 0
        try:
            for epoch, accuracy in enumerate(accuracies):
                one.on_epoch_begin(epoch)
                for step in range(STEPS):
                    world.now += seconds / STEPS
                    done += 1
                    if done == stop_after:
                        one.ask_to_stop()
                    one.on_train_batch_end(step)
                one.on_epoch_end(epoch, {"val_accuracy": accuracy})
        except Stopped:
            return progress, True
        return progress, False


KEEP = st.sampled_from(["best", "last"])
TIMES = st.sampled_from([0.0, 0.1, 1.0, 30.0, 300.0])


@given(
    accuracies=st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=1, max_size=8),
    keep=KEEP,
    seconds=TIMES,
    to_save=TIMES,
    stop_after=st.integers(-1, 24),
    stop_in_save=st.integers(-1, 8),
)
@settings(max_examples=200)
def test_what_was_saved_is_all_that_a_run_needs_to_go_on(
    model: keras.Model,
    accuracies: list[float],
    keep: str,
    seconds: float,
    to_save: float,
    stop_after: int,
    stop_in_save: int,
) -> None:
    world = World(to_save, stop_in_save=stop_in_save)
    progress, is_stopped = trained(
        model, world, accuracies, keep=keep, seconds=seconds, stop_after=stop_after
    )
    if is_stopped:  # where it stands is where its checkpoint stands
        name, saved = world.saved[-1]
        assert name == "checkpoint"
        assert (saved["epoch"], saved["step"]) == (progress.epoch, progress.step)
    else:
        assert progress.epoch == len(accuracies)
        assert "model" in {name for name, _ in world.saved}
    best = -1.0
    for (name, _), (after, checkpoint) in zip(world.saved, world.saved[1:], strict=False):
        if name == "model":  # the checkpoint next to a model knows of it
            assert after == "checkpoint"
            assert checkpoint["step"] == 0
            if keep == "best":
                assert checkpoint["history"][-1]["val_accuracy"] > best
                best = checkpoint["best"]
    if keep == "last" and not is_stopped:
        assert [name for name, _ in world.saved[-2:]] == ["model", "checkpoint"]
    if keep == "best" and progress.history:
        assert best == max(row["val_accuracy"] for row in progress.history)


@pytest.mark.parametrize(
    ("seconds", "to_save", "epochs"), [(0.5, 1.0, 1000), (2.0, 30.0, 1000), (300.0, 10.0, 100)]
)
def test_saving_takes_a_small_part_of_a_long_training(
    model: keras.Model, seconds: float, to_save: float, epochs: int
) -> None:
    world = World(to_save)
    trained(model, world, [0.5] * epochs, keep="last", seconds=seconds)
    assert world.saving < 0.15 * world.now


def test_where_saving_costs_nothing_every_epoch_has_a_checkpoint(model: keras.Model) -> None:
    world = World(0.0)
    trained(model, world, [0.5] * 5, keep="last", seconds=1.0)
    epochs = [saved["epoch"] for name, saved in world.saved if name == "checkpoint"]
    assert epochs == [1, 2, 3, 4, 5]
