"""Keras trains exactly the steps that an uninterrupted training would, on each backend."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import UsageError
from fer_data.loading.opening import open_loader
from tests.conftest import MakeFolder, write_noise
from tests.helpers.extras import marked

pytestmark = [pytest.mark.extra("tensorflow", "keras")]

COUNTS = {"train/a": 14, "train/b": 7, "train/c": 2}
WHOLE = list(range(2, 20))
FOUR = list(range(2, 14))
"""Three epochs of 6 steps, or of 4, from step 2 on."""


def printed(tmp: Path, *options: str, backend: str = "tensorflow") -> Any:
    data = write_noise(tmp / "data", COUNTS, side=12)
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.keras_fits", str(data), str(tmp), *options],
        env={**os.environ, "KERAS_BACKEND": backend, "FER_DATA_CACHE": str(tmp / "cache")},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("backend", marked(["tensorflow", "jax", "torch"]))
def test_a_stopped_training_goes_on_to_the_same_steps(tmp_path: Path, backend: str) -> None:
    found = printed(tmp_path, backend=backend)
    assert len(found) == 15
    for name, steps in found.items():
        whole = FOUR if "steps_per_epoch=4" in name else WHOLE
        expected = whole[: len(whole) // 3] if "initial_epoch" in name else whole
        assert steps == expected, name


@pytest.mark.slow
def test_a_mirrored_strategy_trains_every_step_once(tmp_path: Path) -> None:
    halves, num_steps = printed(tmp_path, "--mirrored")
    assert len(halves) == 2 * 2 * num_steps
    assert sorted(halves) == [[step, part] for step in range(2 * num_steps) for part in range(2)]


def model_and_data(data: Path, **options: Any) -> tuple[Any, Any]:
    import keras

    model = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(3, activation="softmax"))
    model.compile("sgd", "categorical_crossentropy")
    loader = open_loader(data, balance="batch", batch_size=4, **options)
    return model, fer_data.tf_dataset(loader)


def test_data_that_cannot_go_on_is_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    data = make_folder(COUNTS, side=12)
    model, dataset = model_and_data(data)
    with pytest.raises(UsageError, match="tf_dataset"):
        fer_data.ResumeData(dataset.prefetch(1), tmp_path)
    for options in ({"steps_per_epoch": 2}, {}):
        resume = fer_data.ResumeData(dataset, tmp_path)
        fit = {"epochs": 1, "verbose": 0, "shuffle": False, "callbacks": [resume], **options}
        if options:
            with pytest.raises(UsageError, match="steps_per_epoch"):
                model.fit(dataset, **fit)
        else:
            model.fit(dataset, **fit)
    model, dataset = model_and_data(data, seed=1)
    fit["callbacks"] = [fer_data.ResumeData(dataset, tmp_path)]
    with pytest.raises(UsageError, match="other data or settings"):
        model.fit(dataset, **fit)
    (tmp_path / "data.json").write_text("[]")
    with pytest.raises(UsageError, match="remove it"):
        model.fit(dataset, **fit)


@pytest.mark.parametrize("adapter", ["tf_dataset", "keras_dataset"])
def test_a_second_fit_goes_on_and_the_dataset_says_where(
    make_folder: MakeFolder, adapter: str
) -> None:
    loader = open_loader(make_folder(COUNTS, side=12), balance="batch", batch_size=4)
    model, _ = model_and_data(loader.store.dataset.root)
    dataset = getattr(fer_data, adapter)(loader)
    assert dataset.class_names == ("a", "b", "c")
    for fits in range(3):
        assert f"the next one begins at step {fits * 2 * loader.num_steps}:" in repr(dataset)
        model.fit(dataset, epochs=2, verbose=0, shuffle=False)


def test_indices_for_tf_data_are_the_sampler_s_batches_whatever_was_iterated() -> None:
    labels = np.repeat([0, 1, 2], [14, 7, 2])
    for with_repeats in (False, True):
        sampler = fer_data.BalancedBatchSampler(
            labels, "batch", batch_size=5, with_repeats=with_repeats
        )
        expected = [sampler[step] for step in range(30)]
        sampler.load_state_dict(sampler.state_dict(3))
        for num_steps in (None, 2, 7):
            dataset = fer_data.tf_indices(sampler, steps_per_epoch=num_steps)
            assert len(dataset) == (num_steps or len(sampler))
            found = [batch for _ in range(2) for batch in dataset]
            pairs = [
                list(zip(*(x.numpy().tolist() for x in batch), strict=True))
                if with_repeats
                else batch.numpy().tolist()
                for batch in found
            ]
            assert pairs == expected[3 : 3 + 2 * len(dataset)]
            assert dataset.class_names == ("0", "1", "2")
    with pytest.raises(UsageError, match="steps_per_epoch"):
        fer_data.tf_indices(sampler, steps_per_epoch=0)
