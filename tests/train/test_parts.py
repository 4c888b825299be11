"""Which samples a run trains on, and which it holds out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

import fer_data
from fer_data.data.store import open_store
from fer_data.loading.opening import open_loader
from fer_data.transforms import as_transform
from fer_model.training.parts import divide
from fer_model.training.recipe import Recipe
from tests.conftest import MakeFolder


def test_validation_is_held_out_of_training_and_test_is_untouched(faces: Path) -> None:
    store = open_loader(faces).store
    parts = divide(Recipe(validation_fraction=0.2), store)
    train_rows, held_out = set(parts.train.rows), set(parts.validation.rows)
    assert parts.test
    assert not train_rows & held_out
    assert train_rows | held_out == set(store.dataset.indices("train"))
    assert set(parts.test.rows) == set(store.dataset.indices("test"))
    assert parts.validation.settings()["shuffle"] == "False"
    assert parts.validation.transform == as_transform("none")


def test_groups_and_their_duplicates_are_held_out_whole() -> None:
    images = np.random.default_rng(0).integers(0, 256, (90, 48, 48), np.uint8)
    images[60:] = images[:30, :, ::-1]
    groups = np.concatenate([np.arange(60) // 2, np.arange(60, 90)])
    data = fer_data.load((images, np.arange(90) // 2 % 3))
    data = dataclasses.replace(data, groups=groups, group_names=np.full(90, "x"))
    for seed in range(3):
        parts = divide(Recipe(validation_fraction=0.3, seed=seed), open_store(data))
        held = np.isin(np.arange(90), parts.validation.rows)
        together = np.arange(60) // 2
        together = np.concatenate([together, together[:30]])
        for group in range(30):
            assert len(set(held[together == group])) == 1
        assert 15 <= held.sum() <= 39
        assert any("duplicates and groups kept together" in note for note in parts.notes)


def test_the_datas_own_validation_split_is_used(make_folder: MakeFolder) -> None:
    data = make_folder({"train/a": 5, "train/b": 5, "valid/a": 3, "valid/b": 2})
    store = open_loader(data).store
    parts = divide(Recipe(), store)
    assert parts.validation.rows.tolist() == store.dataset.indices("validation").tolist()
    assert len(parts.train.rows) == 10


def test_the_notebooks_protocol_validates_on_flipped_test_images_and_says_so(
    faces: Path,
) -> None:
    store = open_loader(faces).store
    parts = divide(Recipe(protocol="notebook", batch_size=32), store)
    assert parts.validation.rows.tolist() == store.dataset.indices("test").tolist()
    assert parts.train.rows.tolist() == store.dataset.indices("train").tolist()
    assert parts.validation.transform == as_transform("flip")
    assert any(batch.parameters.flipped.any() for batch in parts.validation.epoch(0))
    assert any("serves as validation" in note for note in parts.notes)
    assert parts.train.num_steps == len(parts.train.rows) // 32
